/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "support.h"

#include "core/pool.h"

/* Pools named p1, as they are written to disk and read back. */

typedef enum StateSpec {
    STATE_SPEC_NONE,
    STATE_SPEC_SMALL, /* what is required */
    STATE_SPEC_LARGE, /* every member set */
} StateSpec;

/* A pool in that state as a preload, or a handoff, leaves it; everything else as it was made. */
Pool *pool_of(StateSpec spec, PoolState state);

/* One in which everything that is kept is set: its engine is being stopped to be started again. */
Pool *full_pool(void);
/* The same of a pool that is served by somebody else's engine. */
Pool *full_external_pool(void);

/* A zeroed record in which everything is set, with that many times in each of its windows. */
void fill_supervision(Supervision *s, uint64_t times);
void assert_same_supervision(const Supervision *a, const Supervision *b);
/* Of as many bytes as an error may have. */
char *longest_text(char c);
void fill_window(TimeWindow *w, usec_t first, uint64_t count);

/* What is written. The caller frees it. */
char *state_text(const Pool *pool);
/* What is read of it; fails the test when it is refused. */
Pool *state_parse(const char *text);

/* Fails unless everything that is kept is the same. */
void assert_same(const Pool *a, const Pool *b);
