/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/runtime_dir.h"

#define STATE_FILE_SUFFIX ".json"

/* runtime_dir_read_states() on an open folder. */
int state_files_read(int dir_fd, RuntimeStateFunc f, void *userdata);
