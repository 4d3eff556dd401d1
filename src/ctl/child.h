/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

/*
 * Runs a command beside the loop, with our standard streams. Signals that we get go to it, but not
 * those of a terminal's keys, which it gets itself; it is told to end when we do. `f` is called
 * once, with its exit status: its own, 128 + the signal that ended it, 127 when there is no such
 * program, or 126 when it cannot be run. Returns 0 or negative errno.
 */
typedef void (*ChildFunc)(int status, void *userdata);

int child_start(sd_event *event, char *const *command, ChildFunc f, void *userdata);
