/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "manager/declared_files.h"
#include "store/plain_file.h"
#include "json/declaration.h"

int declared_file_refuse(DeclaredFile *file, const char *format, ...)
{
    char *problem;
    va_list args;
    int n;

    va_start(args, format);
    n = vasprintf(&problem, format, args);
    va_end(args);
    if (n < 0)
        return -ENOMEM;
    free(file->problem);
    file->problem = problem;
    declaration_done(&file->declaration);
    return 0;
}

static int refuse_errno(DeclaredFile *file, int error)
{
    if (error == -EISDIR || error == -EINVAL)
        return declared_file_refuse(file, "%s: this is no regular file", file->path);
    if (error == -EFBIG)
        return declared_file_refuse(file, "%s: is larger than %d bytes", file->path,
                                    (int)PM_BODY_MAX);
    if (error == -ENOSPC)
        return declared_file_refuse(file,
                                    "%s: is not read: all files together have more than %d bytes",
                                    file->path, (int)DECLARED_BYTES_MAX);
    return declared_file_refuse(file, "%s: cannot be read: %s", file->path, strerror(-error));
}

/* An error of JSON says where, which people look for behind the name of the file. */
static int refuse_content(DeclaredFile *file, const Error *error)
{
    static const char at[] = "invalid JSON at line ";
    const char *line = strstr(error->text, at);

    if (line != error->text)
        return declared_file_refuse(file, "%s: %s", file->path, error->text);
    line += sizeof(at) - 1;
    return declared_file_refuse(file, "%s:%.*s: %s", file->path, (int)strspn(line, "0123456789"),
                                line, error->text);
}

/* Whoever may write it may run any program as an engine. */
static int warn_of_writers(DeclaredFile *file, const struct stat *st)
{
    int r = 0;

    if (st->st_uid != 0 && st->st_uid != geteuid())
        r = strv_extendf(&file->warnings,
                         "%s: belongs to the user %" PRIuMAX
                         ", who decides by it what is run: chown it to root",
                         file->path, (uintmax_t)st->st_uid);
    if (r >= 0 && (st->st_mode & S_IWOTH))
        r = strv_extendf(&file->warnings,
                         "%s: everybody may write it, and decide by it what is run: chmod o-w",
                         file->path);
    return r;
}

static int read_content(const DeclaredFile *file, char *buffer, size_t *ret_length,
                        struct stat *ret_st)
{
    _cleanup_close_ int fd = -1;
    int r;

    /* Links are followed, as those of all configuration. O_NONBLOCK: for a fifo nobody waits. */
    fd = open(file->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, ret_st) < 0)
        return -errno;
    if (S_ISCHR(ret_st->st_mode) && ret_st->st_rdev == makedev(1, 3))
        return 0;
    r = plain_file_check_kind(ret_st);
    if (r >= 0)
        r = plain_file_read_up_to(fd, buffer, PM_BODY_MAX + 1, ret_length);
    if (r < 0)
        return r;
    buffer[*ret_length] = '\0';
    return *ret_length > PM_BODY_MAX ? -EFBIG : 0;
}

static int parse(DeclaredFile *file, const char *text, size_t length)
{
    _cleanup_strv_free_ char **warnings = NULL;
    Error error = {.code = PM_ERROR_NONE};
    int r;

    if (length == 0)
        return declared_file_refuse(
                file, "%s: is empty; a link to /dev/null says that there is no such pool",
                file->path);
    r = declaration_parse(text, length, file->pool_id, &file->declaration, &warnings, &error);
    if (r == -ENOMEM)
        return r;
    if (r < 0)
        return refuse_content(file, &error);
    STRV_FOREACH (w, warnings)
        if (strv_extendf(&file->warnings, "%s: %s", file->path, *w) < 0)
            return -ENOMEM;
    return 0;
}

int declared_file_read(DeclaredFile *file, char *buffer, size_t *left)
{
    size_t length = 0;
    struct stat st = {0};
    int r = read_content(file, buffer, &length, &st);

    if (r >= 0 && S_ISCHR(st.st_mode)) {
        file->masked = true;
        return 0;
    }
    if (r >= 0 && length > *left)
        r = -ENOSPC;
    if (r < 0)
        return refuse_errno(file, r);
    *left -= length;
    r = warn_of_writers(file, &st);
    return r < 0 ? r : parse(file, buffer, length);
}
