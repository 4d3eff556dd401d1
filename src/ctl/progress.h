/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "ctl/options.h"
#include "ctl/progress_text.h"

/*
 * How far the pools are that a command waits for, shown on standard error: on a terminal as one
 * line that is written anew, else as one line for each new phase of a pool.
 */
typedef enum ProgressMode {
    PROGRESS_QUIET,
    PROGRESS_TERMINAL, /* only on a terminal */
    PROGRESS_ALWAYS,
} ProgressMode;

typedef struct Progress Progress;

/* The strings of `pool_ids` must outlive it. Returns 0 or -ENOMEM. */
int progress_new(ProgressMode mode, char *const *pool_ids, size_t n_pools, Progress **ret);
Progress *progress_free(Progress *p);

/*
 * Watches the pools on `bus`, and draws, from the loop that the bus is attached to. Nothing when it
 * is quiet. `at_once` false: nothing is drawn before something happens to a pool, because there may
 * be a question for a password on the terminal. Returns 0 or negative errno.
 */
int progress_watch(Progress *p, sd_bus *bus, bool at_once);

const PoolProgress *progress_at(const Progress *p, size_t i);

/* The operation that holds a pool, as GetOperation describes it now: its phase counts from the
 * start, and is asked for again. Before progress_watch(). */
void progress_set_operation(Progress *p, size_t i, uint64_t id, json_object *view);

/* There is nothing to wait for any more. */
void progress_set_ended(Progress *p, size_t i);

/* Takes the line away before something else is written. */
void progress_clear(Progress *p);

DEFINE_CLEANUP(Progress *, progress_free)
