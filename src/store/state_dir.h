/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/runtime_dir.h"
#include "store/state_writer.h"

/*
 * A folder of the state directory (contract: files in R, last lines): what outlives a reboot. It
 * has a file <pool>.json for each pool: in pools/ what is remembered of it, in declared/ what was
 * applied of the file that declares it. Files are written as in state_writer.h.
 */
typedef struct StateDir StateDir;

/*
 * Opens `folder` of the directory at `path` (absolute; its parent must exist), making both (0755
 * whatever the umask) where they are missing, and sweeps temporary files that a killed manager
 * left. `f` is told of failures. Returns 0 or negative errno.
 */
int state_dir_open(const char *path, const char *folder, sd_event *event, StateWriterFunc f,
                   void *userdata, StateDir **ret);
StateDir *state_dir_free(StateDir *d); /* as state_writer_free() */
const char *state_dir_path(const StateDir *d);

/* As runtime_dir_read_states(), for the files of pools. */
int state_dir_read_pools(StateDir *d, RuntimeStateFunc f, void *userdata);

/* <pool>.json: takes `text` over, and writes it soon. Returns 0, -EINVAL for an id that is
 * none, -EFBIG for a text over PM_BODY_MAX, or -ENOMEM. */
int state_dir_write_pool(StateDir *d, const char *pool_id, char **text);
int state_dir_remove_pool(StateDir *d, const char *pool_id); /* as state_writer_remove() */

/* As state_writer_flush(). */
size_t state_dir_flush(StateDir *d, usec_t within);

DEFINE_CLEANUP(StateDir *, state_dir_free)
