/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "ctl/options.h"

/*
 * What a pool goes through while its engine starts, shown on standard error: on a terminal as one
 * line that is written anew, else as one line for each new state.
 */
typedef struct Progress {
    const char *pool_id;
    bool quiet;
    bool terminal;
    bool drawn; /* the line is there */
    uint64_t started_ms;
    char state[32];
    char health_check_error[PM_ERROR_TEXT_MAX + 1];
    char unit[PM_UNIT_NAME_MAX + 1]; /* "" until it is known */
    uint64_t generation;             /* 0 until it is known */
} Progress;

void progress_init(Progress *p, const char *pool_id, bool quiet);

/* Reads a{sv}, at which `m` stands: properties of the pool that are new. Returns 0 or negative
 * errno. */
int progress_read(Progress *p, sd_bus_message *m);

/* Writes the line anew, if there is one. */
void progress_draw(Progress *p);

/* Takes the line away before something else is written. */
void progress_clear(Progress *p);
