/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>
#include <poolmgr/limits.h>
#include <stdint.h>

#include "base/text.h"

/* What a pool goes through while something is done with it, and how people are told. */

typedef struct PoolProgress {
    const char *pool_id;
    bool ended;       /* nothing to wait for any more */
    char state[32];   /* "": nothing is known yet */
    char phase[32];   /* of the loading engine, "": none */
    uint64_t percent; /* of the model that was read; UINT64_MAX: unknown */
    uint64_t eta_ms;  /* UINT64_MAX: unknown */
    char health_check_error[PM_ERROR_TEXT_MAX + 1];
    char unit[PM_UNIT_NAME_MAX + 1]; /* "" until it is known */
    uint64_t generation;             /* UINT64_MAX until it is known */
    bool staging;                    /* the model is being provided, which is no state of a pool */
    uint64_t staged_percent;         /* of it; UINT64_MAX: unknown */
    char told[32];                   /* the phase of which people were told last */
} PoolProgress;

void pool_progress_init(PoolProgress *p, const char *pool_id);

/* Takes in the status field `load`, as JSON text; "" is none. */
void pool_progress_set_load(PoolProgress *p, const char *json);

/* Takes in how the operation is that holds the pool: as GetOperation describes it. */
void pool_progress_set_operation(PoolProgress *p, json_object *view);

/* What the pool is in: the phase of a reload that has a model provided, that of the load, else the
 * state; "waiting" when neither is known. */
const char *pool_progress_phase(const PoolProgress *p);

/*
 * One line about those of the `n` pools that have not ended, after `elapsed_ms`: of one in full, of
 * several one after the other. Empty when all have.
 */
void progress_text(const PoolProgress *pools, size_t n, uint64_t elapsed_ms, Text *text);
