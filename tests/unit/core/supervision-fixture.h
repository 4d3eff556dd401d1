/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "../base/cmocka-all.h"

#include "core/supervision.h"

#define MS(n) ((n)*USEC_PER_MSEC)
#define S(n)  ((n)*USEC_PER_SEC)

/* The numbers of the contract, but without jitter, so that delays are exact. */
extern const SupervisionSettings contract_settings;

/* One engine's life on a clock that stands still until it is moved. */
typedef struct Life {
    Supervision s;
    SupervisionSettings settings;
    Instant now;
    uint64_t random;            /* of the failures to come */
    SupervisionVerdict verdict; /* of the last failure */
} Life;

/* An engine that never failed. */
Life life_new(void);
void life_done(Life *l);

void pass(Life *l, usec_t span_usec);

/* The engine ends now. */
void fail_engine(Life *l, FailureClass failure);

/* The clock goes to the deadline, and the engine is started. Returns whether that is a trial. */
bool restart_engine(Life *l);

/* It fails, is restarted when that is due, and so on: `n` failures, the last without a restart. */
void crash_loop(Life *l, FailureClass failure, uint64_t n);

/* The engine runs well for that long; what a stable run changes is done when it is due. Returns all
 * changes. */
unsigned run_well(Life *l, usec_t span_usec);

/* Opens the general breaker by failures in a row. */
void trip(Life *l);

#define assert_usec(found, wanted) assert_usec_at(found, wanted, __FILE__, __LINE__)
void assert_usec_at(usec_t found, usec_t wanted, const char *file, int line);
