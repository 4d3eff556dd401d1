/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/client.h"
#include "ctl/progress.h"

/* Something that is done with pools, with all of them at the same time. */

typedef struct PoolCall {
    const Options *options;
    sd_bus *bus;
    const char *pool_id;
    void *userdata; /* that of the verb */
    const PoolProgress *progress;
} PoolCall;

typedef struct PoolVerb {
    const char *method;         /* of the manager object: (pool, …) -> the operation's number */
    const char *method_waiting; /* the same, answered when it has ended, with JSON */
    const char *noun;           /* "stop": the stop of a pool */
    const char *under_way;      /* "is being stopped" */
    ProgressMode progress;      /* while it waits; with --json it is quiet */

    /* Appends the arguments behind the pool; NULL: there are none. Returns 0 or negative errno. */
    int (*append)(const PoolCall *call, sd_bus_message *message);
    /* Tells people of the answer of method_waiting. */
    void (*print)(const PoolCall *call, json_object *answer);
    /* Tells people more about an error, which is printed already; NULL: there is nothing to tell.
     */
    void (*explain)(const PoolCall *call, const Error *error);
    void *userdata;
} PoolVerb;

/*
 * Does it with the pools, and waits as the options say. Interrupting it does not interrupt the
 * daemon. Returns the exit status: that of the first pool that failed.
 */
int pool_calls_run(const Options *options, const PoolVerb *verb, char *const *pool_ids);
