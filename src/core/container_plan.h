/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/pool.h"
#include "core/settings.h"

/*
 * The command that runs the pool's engine in a container, by rootless podman: argv, podman first.
 * The container keeps nothing but what is bound: all that podman writes is in the folder of
 * container_directory(), which goes with the unit. `devices` are the nodes that it may use; `unit`
 * is the name of its unit, for credentials. Returns 0 or -ENOMEM.
 */
int container_command(const Pool *pool, const PolicySettings *settings, char *const *devices,
                      const char *unit, char ***ret);

enum { CONTAINER_DIRECTORY_MAX = 96 };
/* Below /run, for one generation of the pool's engine. */
void container_directory(const Pool *pool, char buffer[static CONTAINER_DIRECTORY_MAX]);
