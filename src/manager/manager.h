/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "manager/api.h"
#include "manager/config.h"
#include "store/runtime_dir.h"

/* The manager as its owner, the daemon's main program, sees it. */

/*
 * `event` and `bus` (attached to the event loop by the caller) must outlive the manager; it takes
 * over `*runtime`, on failure too, and copies what it needs of `settings`. Returns 0 or negative
 * errno.
 */
int manager_new(sd_event *event, sd_bus *bus, RuntimeDir **runtime, const Settings *settings,
                Manager **ret);

/* Leaves all engines and files as they are. */
Manager *manager_free(Manager *m);

/*
 * Reads the state files and attaches to the service manager; `recovered` is called from the loop
 * once running engines are found again and have been probed: error 0, or negative errno when the
 * service manager cannot be talked to.
 */
typedef void (*ManagerRecoveredFunc)(int error, void *userdata);
int manager_start(Manager *m, ManagerRecoveredFunc recovered, void *userdata);

/* Reads the files of pools.d, and makes the pools what those say that have changed. What is wrong
 * with a file is logged, and its pool stays as it is. Before recovery is done nothing happens. */
void manager_read_declared(Manager *m);

/* New numbers for what happens from now on. Returns 0 or -ENOMEM with the old ones in force. */
int manager_set_settings(Manager *m, const Settings *settings);

DEFINE_CLEANUP(Manager *, manager_free)
