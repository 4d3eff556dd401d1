/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "manager/api.h"

/* A method call that acts on a pool, from its arrival to its answer: it is authorised, carried out,
 * and, if the caller wants so, waited for. */
typedef struct Command Command;

enum {
    COMMANDS_MAX = 256 /* at one time; each holds its message, which is bounded */
};

struct DbusServer;

/*
 * Takes on a call of Preload, PreloadAndWait, Stop or StopAndWait. `prepared` is the text of a
 * preload and belongs to the message. `wait`: the answer comes when the operation has ended, and is
 * its JSON text; else at once, and is its number. Returns 1, which a method handler returns for a
 * call that it will answer; or negative with `error` set.
 */
int command_preload(struct DbusServer *s, sd_bus_message *call, const char *pool_id,
                    const char *prepared, bool wait, sd_bus_error *error);
int command_stop(struct DbusServer *s, sd_bus_message *call, const char *pool_id, bool wait,
                 sd_bus_error *error);

/* Drops all commands. */
void commands_done(struct DbusServer *s);
