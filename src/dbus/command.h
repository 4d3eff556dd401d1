/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "dbus/authorize.h"
#include "dbus/methods.h"
#include "manager/api.h"

/*
 * A method call from its arrival to its answer: it is authorised, waits for the registry lock or
 * the GPUs, is carried out, and, if the caller wants so, waited for.
 */

enum {
    COMMANDS_MAX = 512 /* at one time; each holds its message, which is bounded */
};

struct DbusServer;

typedef struct Command {
    struct DbusServer *server;
    sd_bus_message *call;
    const Method *method;
    char pool_id[PM_ID_MAX + 1]; /* valid; "" for a method without */
    MethodArgument arguments[METHOD_ARGUMENTS_MAX];
    char correlation_id[PM_CORRELATION_ID_MAX + 1];

    /* What it waits for: one of them. */
    Authorization *authorization;
    AccessWaiter *access;
    DevicesWaiter *devices;
    PlanWaiter *plan;
    OperationWaiter *waiter;

    struct Command *previous;
    struct Command *next;
} Command;

/*
 * Takes on a call of the method; `pool_id` is that of the object called, NULL for the manager's.
 * Returns what a method handler returns: 1 for a call that was or will be answered, or negative
 * with `ret_error` set.
 */
int command_start(struct DbusServer *s, sd_bus_message *call, const Method *method,
                  const char *pool_id, sd_bus_error *ret_error);

/*
 * For methods that start an operation: answers with its number, or waits for its end to answer
 * then. Returns 0 or negative errno.
 */
int command_follow(Command *c, Operation *operation);

/*
 * For a plan of a start (manager_plan()): answers with it once it is made. Returns 0 or negative
 * errno, with `error` set where it is to be told.
 */
int command_plan(Command *c, EngineSpec **spec, char *const *warnings, Error *error);

/* Drops the commands of a caller that left the bus: nobody is there for an answer. Operations that
 * were started go on. */
void commands_drop_caller(struct DbusServer *s, const char *caller);

/* Drops all commands. */
void commands_done(struct DbusServer *s);
