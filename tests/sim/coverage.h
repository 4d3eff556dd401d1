/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/machine.h"

/* How often each thing was seen, over all seeds. */
typedef struct Coverage {
    uint64_t transitions[POOL_STATE_MAX][POOL_STATE_MAX];
    uint64_t events[EVENT_MAX][POOL_STATE_MAX];
    uint64_t effects[EFFECT_MAX];
    uint64_t logs[LOG_KIND_MAX];
    uint64_t results[OPERATION_MAX][PM_ERROR_MAX];
    uint64_t phases[RELOAD_PHASE_MAX][RELOAD_PHASE_MAX];
    uint64_t phase_recoveries[RELOAD_PHASE_MAX];
    uint64_t rolled_back, unchanged; /* reloads */
    uint64_t judged[FAILURE_MAX];    /* as what the engines that ended were judged */
    uint64_t release_recoveries;     /* while memory of a GPU was waited for */
    uint64_t release_stops;
    uint64_t recoveries[POOL_STATE_MAX][UNIT_VERDICT_GONE + 1];
    size_t effects_max;
    uint64_t steps;
    uint64_t kills;
    uint64_t seeds;
    uint64_t waits;        /* starts whose GPU another one had */
    uint64_t left_running; /* units that the service manager gave up while their process hung */
} Coverage;

void coverage_step(Coverage *c, const Pool *before, const Pool *pool, const Event *event,
                   const Effects *effects);

void coverage_print(const Coverage *c);

/* Says on stderr what should have been seen and never was. Returns how much that is. */
unsigned coverage_missing(const Coverage *c);
