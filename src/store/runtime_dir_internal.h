/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <limits.h>

#include "store/file_table.h"
#include "store/runtime_dir.h"

/* What the files of this folder share of the runtime directory. */

#define HANDOFF_SYMLINK "engine.json"

struct RuntimeDir {
    char *path; /* without a slash at the end */
    int root_fd;
    int engines_fd;
    int state_fd;
    int leases_fd;
    int provision_fd;
    FileTable own_handoffs; /* those that were written since it was opened */
};

typedef struct FileName {
    char text[NAME_MAX + 1];
} FileName;

/* Of valid ids, else -EINVAL. */
int runtime_dir_handoff_name(const char *pool_id, const char *replica_id, FileName *ret);

/* "<pool><suffix>"; of a valid id, else -EINVAL. */
int runtime_dir_pool_name(const char *pool_id, const char *suffix, FileName *ret);

/* R, then `folder` with slashes around it, then the name; the caller frees. Returns 0 or -ENOMEM.
 */
int runtime_dir_join(const RuntimeDir *r, const char *folder, const FileName *name, char **ret);

/*
 * Opens the folder `name`, making it (0755) when it is missing; `extra_flags` are those of open(2).
 * Returns a descriptor or negative errno.
 */
int runtime_dir_open_folder(int parent_fd, const char *name, int extra_flags);

/* As atomic_file_replace(); -EFBIG: over PM_BODY_MAX. */
int runtime_dir_write_file(int dir_fd, const char *name, const char *text,
                           FileVersion *ret_version);
int runtime_dir_remove_file(int dir_fd, const char *name); /* 0 too when there is none */

/* Whether this file in engines/ is the handoff that was written there last, and untouched. */
bool runtime_dir_owns_handoff(const RuntimeDir *r, const char *name, const struct stat *st);
