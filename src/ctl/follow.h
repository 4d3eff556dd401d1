/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/client.h"

/* Operations of the daemon that a command looks at, or waits for. */
typedef struct Follow {
    const Options *options;
    sd_bus *bus;
    sd_event *event;
    const uint64_t *ids;
    size_t count;
    json_object **views; /* as they are known; NULL: there is none of that id */
    bool wait;
    size_t running;
    int status; /* the exit status: that of the first that is not there, or that failed */
} Follow;

/* For operations of these numbers, which must outlive it. Returns 0 or -ENOMEM. */
int follow_init(Follow *f, const Options *options, sd_bus *bus, const uint64_t *ids, size_t count);
void follow_done(Follow *f);

/* Looks at all of them once. */
void follow_look(Follow *f);

/*
 * The same, and waits until all have ended, or a signal ends the command (`status` is as shells
 * have it then); tells how far they are meanwhile. Returns 0 or negative errno.
 */
int follow_wait(Follow *f);

/* The exit status that belongs to how an operation ended. */
int follow_result_status(json_object *result);
