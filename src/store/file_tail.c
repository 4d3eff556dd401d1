/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/file_tail.h"

#include <errno.h>
#include <fcntl.h>

#include "base/macros.h"
#include "store/plain_file.h"

int file_tail_read(const char *path, uint64_t from, char buffer[static FILE_TAIL_MAX],
                   size_t *ret_length)
{
    _cleanup_close_ int fd = -1;
    const char *newline;
    size_t length = 0;
    bool cut = false;
    struct stat st;
    off_t offset;
    int r;

    fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    r = plain_file_check_kind(&st);
    if (r < 0)
        return r;
    offset = from <= (uint64_t)st.st_size ? (off_t)from : 0;
    if (st.st_size - offset > FILE_TAIL_MAX) {
        offset = st.st_size - FILE_TAIL_MAX;
        cut = true;
    }
    if (lseek(fd, offset, SEEK_SET) < 0)
        return -errno;
    r = plain_file_read_up_to(fd, buffer, FILE_TAIL_MAX, &length);
    if (r < 0)
        return r;
    newline = cut ? memchr(buffer, '\n', length) : NULL;
    if (newline) {
        length -= (size_t)(newline + 1 - buffer);
        memmove(buffer, newline + 1, length);
    }
    *ret_length = length;
    return 0;
}

uint64_t file_tail_position(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
}
