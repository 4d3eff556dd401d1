/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/runtime_dir.h"

#define POOL_FILE_SUFFIX ".json"

/* Folders with one file for each pool: runtime_dir_read_states() on an open one. */
int pool_files_read(int dir_fd, RuntimeStateFunc f, void *userdata);

/* Renames the file to <name>.bad. Returns 0 or negative errno. */
int pool_files_set_aside(int dir_fd, const char *name);
