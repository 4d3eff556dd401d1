/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/strv.h"

/*
 * The files of the standard places that there are, in the order in which they are read: the main
 * file of the strongest place that has one, then the drop-ins of all places. Returns 0 or -ENOMEM.
 */
int config_files_find(bool user_mode, char ***ret);

/*
 * The folders in which pools are declared, the strongest first. Those of the system are the
 * system's daemon's: a user's has one of its own only, or none. Returns 0 or -ENOMEM.
 */
int config_files_pools(bool user_mode, char ***ret);
