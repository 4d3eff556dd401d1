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
    FileTable own_handoffs; /* those that were written since it was opened */
};

typedef struct FileName {
    char text[NAME_MAX + 1];
} FileName;

/* Of valid ids, else -EINVAL. */
int runtime_dir_handoff_name(const char *pool_id, const char *replica_id, FileName *ret);

/* As atomic_file_replace(); -EFBIG: over PM_BODY_MAX. */
int runtime_dir_write_file(int dir_fd, const char *name, const char *text,
                           FileVersion *ret_version);
int runtime_dir_remove_file(int dir_fd, const char *name); /* 0 too when there is none */

/* Whether this file in engines/ is the handoff that was written there last, and untouched. */
bool runtime_dir_owns_handoff(const RuntimeDir *r, const char *name, const struct stat *st);
