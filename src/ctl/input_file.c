/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/input_file.h"

#include <errno.h>
#include <fcntl.h>

#include "json/reader.h"

static int read_bounded(int fd, const char *name, char **ret, size_t *ret_length, Error *error)
{
    _cleanup_free_ char *text = malloc(PM_BODY_MAX + 1);
    size_t length = 0;
    ssize_t n;

    if (!text)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "%s", strerror(ENOMEM));
    while (length <= PM_BODY_MAX) {
        n = read(fd, text + length, PM_BODY_MAX + 1 - length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(error, PM_ERROR_BAD_REQUEST, NULL, "cannot read %s: %s", name,
                             strerror(errno));
        if (n == 0)
            break;
        length += (size_t)n;
    }
    if (length > PM_BODY_MAX)
        return error_set(error, PM_ERROR_BODY_TOO_LARGE, NULL, "%s has more than %d bytes", name,
                         PM_BODY_MAX);
    text[length] = '\0';
    *ret = TAKE_PTR(text);
    *ret_length = length;
    return 0;
}

static int read_text(const char *path, const char *name, char **ret, size_t *ret_length,
                     Error *error)
{
    _cleanup_close_ int fd = -1;

    if (streq(path, "-"))
        return read_bounded(STDIN_FILENO, name, ret, ret_length, error);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return error_set(error, PM_ERROR_BAD_REQUEST, NULL, "cannot open %s: %s", name,
                         strerror(errno));
    return read_bounded(fd, name, ret, ret_length, error);
}

int input_file_read(const char *path, char **ret_text, json_object **ret_object, Error *error)
{
    const char *name = streq(path, "-") ? "standard input" : path;
    _cleanup_free_ char *text = NULL;
    Error malformed = {0};
    size_t length;
    int r;

    r = read_text(path, name, &text, &length, error);
    if (r < 0)
        return r;
    r = json_read(text, length, ret_object, &malformed);
    if (r < 0)
        return error_set(error, malformed.code, malformed.field, "%s: %s", name, malformed.text);
    *ret_text = TAKE_PTR(text);
    return 0;
}
