/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/plain_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poolmgr/limits.h>

#include "base/macros.h"

int plain_file_check_kind(const struct stat *st)
{
    if (S_ISREG(st->st_mode))
        return 0;
    if (S_ISDIR(st->st_mode))
        return -EISDIR;
    return S_ISLNK(st->st_mode) ? -ELOOP : -EINVAL;
}

int plain_file_read_up_to(int fd, char *buffer, size_t size, size_t *ret_length)
{
    size_t length = 0;

    while (length < size) {
        ssize_t n = read(fd, buffer + length, size - length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        length += (size_t)n;
    }
    *ret_length = length;
    return 0;
}

int plain_file_read(int dir_fd, const char *name, char *buffer, size_t *ret_length,
                    struct stat *ret_st)
{
    _cleanup_close_ int fd = -1;
    size_t length = 0;
    struct stat st;
    int r;

    /* O_NONBLOCK: opening a fifo must not wait for its writer. */
    fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0)
        return -errno;
    r = plain_file_check_kind(&st);
    if (r >= 0)
        r = plain_file_read_up_to(fd, buffer, PM_BODY_MAX + 1, &length);
    if (r < 0)
        return r;
    if (length > PM_BODY_MAX)
        return -EFBIG;
    buffer[length] = '\0';
    *ret_length = length;
    if (ret_st)
        *ret_st = st;
    return 0;
}
