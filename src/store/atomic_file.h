/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <limits.h>
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
 * `name` becomes a regular file, mode 0644 whatever the umask, with the `n` bytes of `data`. It is
 * not synced: for files that live as long as the boot.
 * *ret_version (NULL allowed) tells this very file from others that anybody puts in its place.
 */
int atomic_file_replace(int dir_fd, const char *name, const char *data, size_t n,
                        FileVersion *ret_version);

typedef struct AtomicTemporary {
    char name[NAME_MAX + 1];
} AtomicTemporary;

/*
 * The same in two steps, for files that outlive the boot: the first, which is slow, has the data on
 * disk; of the second only the folder is to be synced. One that was prepared must be committed or
 * discarded; to commit one that fails discards it.
 */
int atomic_file_prepare(int dir_fd, const char *name, const char *data, size_t n,
                        AtomicTemporary *ret);
int atomic_file_commit(int dir_fd, const AtomicTemporary *temporary, const char *name);
void atomic_file_discard(int dir_fd, const AtomicTemporary *temporary);

/* `name` becomes a symbolic link to `target`. -EEXIST: a regular file stands there, which stays. */
int atomic_symlink_replace(int dir_fd, const char *name, const char *target);

/*
 * Removes the temporary files that a killed process left in `dir_fd`. Those that cannot be removed
 * stay: they do no harm. Returns 0, or negative errno when the folder cannot be read.
 */
int atomic_file_sweep(int dir_fd);
