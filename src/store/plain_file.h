/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* Reading files that anybody may have put there. */

/* 0 for a regular file, -EISDIR for a folder, -ELOOP for a symbolic link, else -EINVAL. */
int plain_file_check_kind(const struct stat *st);

/* Reads at most `size` bytes, fewer only at the end of the file. Returns 0 or negative errno. */
int plain_file_read_up_to(int fd, char *buffer, size_t size, size_t *ret_length);

/*
 * Reads the file `name` of an open folder, and whatever stands there never makes us wait. `buffer`
 * has room for PM_BODY_MAX + 2 bytes: one more to notice a larger file, and a NUL that is added.
 * *ret_st (NULL allowed) is how the file was before it was read.
 *
 * Returns 0 or negative errno: those of plain_file_check_kind(), -EFBIG: larger than PM_BODY_MAX,
 * -ENOENT, -EACCES and so on.
 */
int plain_file_read(int dir_fd, const char *name, char *buffer, size_t *ret_length,
                    struct stat *ret_st);
