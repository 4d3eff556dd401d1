/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { FILE_TAIL_MAX = 16 * 1024 };

/*
 * Reads the end of the regular file `path`, which others write to: what stands behind its first
 * `from` bytes (0 where the file is shorter: it was begun anew), at most FILE_TAIL_MAX bytes, from
 * the start of a line on where it is cut. `buffer` has room for them; whatever stands at the path
 * never makes us wait. Returns 0 or negative errno: -ENOENT, -EACCES, -EINVAL and so on.
 */
int file_tail_read(const char *path, uint64_t from, char buffer[static FILE_TAIL_MAX],
                   size_t *ret_length);

/* How long the regular file is; 0 when there is none. */
uint64_t file_tail_position(const char *path);
