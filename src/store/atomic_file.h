/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "store/file_version.h"

/*
 * Names in a folder that are replaced in one step: whoever looks sees what was there or what is
 * there now, whole. Each is built under a temporary name first, which no valid id can produce.
 *
 * `dir_fd` is an open folder, `name` a single component. All return 0 or negative errno; on failure
 * what stood under `name` stands untouched and the temporary name is gone.
 */

/*
 * `name` becomes a regular file, mode 0644 whatever the umask, with the `n` bytes of `data`.
 * *ret_version (NULL allowed) tells this very file from others that anybody puts in its place.
 */
int atomic_file_replace(int dir_fd, const char *name, const char *data, size_t n,
                        FileVersion *ret_version);

/* `name` becomes a symbolic link to `target`. -EEXIST: a regular file stands there, which stays. */
int atomic_symlink_replace(int dir_fd, const char *name, const char *target);

/*
 * Removes the temporary files that a killed process left in `dir_fd`. Those that cannot be removed
 * stay: they do no harm. Returns 0, or negative errno when the folder cannot be read.
 */
int atomic_file_sweep(int dir_fd);
