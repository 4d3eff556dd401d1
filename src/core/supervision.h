/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/classify.h"
#include "core/time_window.h"

/*
 * What happens after an engine that was to run has ended: when it is started again, and when not
 * (contract: defaults from "backoff" to "storm", decision 3).
 *
 * One record for each pool: a copy of it is all that has to be kept, and a zeroed one is that of a
 * pool that never failed. Only the windows have memory of their own; what happens while there is
 * none for them is not counted in them, as breakers and delays count it all the same. Deadlines
 * hold both clocks, so that they can be kept over a reboot (supervision_rebooted()). Whoever runs
 * the engines reports what happens:
 *
 *     failed -> at the deadline: restarting -> ready -> stable
 *
 * and, whenever a restart that is due is not to happen any more, cancel.
 */

/* How far the numbers can be set, wherever they come from. */
enum {
    SUPERVISION_COUNT_MAX = TIME_WINDOW_MAX - 1, /* "more than" that many must be countable */
    SUPERVISION_FACTOR_MAX = 100,
    SUPERVISION_FAILURES_MAX = 1000,
};
#define SUPERVISION_SPAN_MAX_USEC (24 * 60 * USEC_PER_MINUTE)

/*
 * The numbers, each in 64 bits, which spec_policy.c relies on. Counts that a window measures are 1
 * to SUPERVISION_COUNT_MAX, others at least 1.
 */
typedef struct SupervisionSettings {
    usec_t backoff_initial_usec;
    usec_t backoff_max_usec;
    usec_t backoff_min_usec; /* backoff_max_usec wins over it */
    uint64_t backoff_factor;
    uint64_t backoff_jitter_percent;  /* to either side; at most 100 */
    uint64_t backoff_cuda_multiplier; /* for the failures of FAILURE_CUDA's kind */
    usec_t backoff_reset_usec;        /* a run of that length: the next delay is the first again */
    usec_t counter_reset_usec;        /* a run of that length: restart_count is 0 again */

    uint64_t breaker_threshold; /* failures in a row that open it */
    usec_t breaker_open_usec;
    usec_t breaker_stable_usec;   /* a run of that length closes it, and ends what is in a row */
    uint64_t breaker_factor;      /* on the open time, each time that it opens again */
    usec_t breaker_open_max_usec; /* it does not grow beyond that */

    uint64_t restart_limit; /* at most that many in the window */
    usec_t restart_window_usec;
    uint64_t storm_warning_count; /* restarts; more than that many in the window */
    usec_t storm_warning_window_usec;
    uint64_t storm_breaker_count; /* restarts; that many in the window open the breaker */
    usec_t storm_breaker_window_usec;
    uint64_t oom_storm_count; /* ends for want of memory; that many in the window */
    usec_t oom_storm_window_usec;
} SupervisionSettings;

/* Which breaker counts a failure. */
typedef enum BreakerKind {
    BREAKER_GENERAL,
    BREAKER_CUDA, /* cuda_error, driver_reset, vram_oom: those of the GPU */
    BREAKER_MAX,
} BreakerKind;

typedef struct Breaker {
    uint64_t failures; /* in a row; at least 1 while it is open */
    bool open;         /* or half-open, when open_until is over */
    Instant open_until;
    usec_t open_usec; /* how long it was opened for; the next time it is longer */
} Breaker;

typedef struct Supervision {
    uint64_t restart_count; /* automatic ones, since the counter was reset */
    uint64_t backoff_count; /* automatic ones, since the backoff was reset */

    bool pending; /* a restart is to come, at `due` */
    Instant due;
    usec_t delay_usec; /* the one chosen last, until the engine is ready; 0: none, or tripped */

    Breaker breakers[BREAKER_MAX];
    bool trial;        /* the engine that runs or starts is the single test of an open breaker */
    bool allowed_once; /* the pending restart is one that was allowed in spite of the breaker */

    TimeWindow restarts; /* automatic ones */
    TimeWindow ooms;
    bool storm_warned; /* of the storm that goes on */
    bool oom_storm_warned;
} Supervision;

void supervision_done(Supervision *s);

/* Returns 0 and a copy that shares nothing with `s`, or -ENOMEM. */
int supervision_copy(const Supervision *s, Supervision *ret);

/* The values are those of the metric circuit_breaker_state. */
typedef enum CircuitState {
    CIRCUIT_CLOSED,
    CIRCUIT_OPEN,
    CIRCUIT_HALF_OPEN,
    CIRCUIT_MAX,
    CIRCUIT_INVALID = -EINVAL,
} CircuitState;

/* "closed", "open", "half_open"; NULL for values out of range. */
const char *circuit_state_to_string(CircuitState state);

/* What follows from a failure. The flags are what is worth a line in the log; each storm has one.
 */
typedef struct SupervisionVerdict {
    bool tripped;      /* `at` is that of a trial, not of an ordinary restart */
    Instant at;        /* the `due` of the record */
    usec_t delay_usec; /* the backoff chosen; 0 when tripped */
    uint64_t restart;  /* which one it is since the backoff was reset, from 1 */
    bool rate_limited; /* `at` is later than breaker or backoff alone would have it */

    BreakerKind breaker; /* the one that counted the failure */
    uint64_t failures;   /* what it counts in a row, this one included */
    bool opened;         /* that one has opened */
    bool storm_opened;   /* ... because of a storm */
    bool reopened;       /* the trial failed: what was half-open is open for longer */

    bool storm_warning;
    uint64_t storm_restarts; /* in the window of the warning */
    bool oom_storm;
    uint64_t ooms; /* in the window of the OOM storm */
} SupervisionVerdict;

/*
 * An engine that was to run has ended at `now`, for the reason `failure` (any but FAILURE_NONE).
 * Not for ends that are not retried: those call supervision_cancel().
 *
 * The delay before restart n is initial * factor^(n-1) * the multiplier of the class, capped,
 * then jittered by `random` (any number, each as likely), within the minimum and the maximum.
 * While a breaker is open there is no restart before it is half-open. Neither kind comes before
 * the window of restarts has room. Sums that do not fit are "never".
 */
void supervision_failed(Supervision *s, const SupervisionSettings *settings, FailureClass failure,
                        Instant now, uint64_t random, SupervisionVerdict *ret);

/* When the pending restart is due on the monotonic clock; USEC_INFINITY: none is pending. */
usec_t supervision_deadline(const Supervision *s);

/* The pending restart begins. Returns whether it is a trial, the single test of a circuit that is
 * half-open, or open and allowed once. */
bool supervision_restarting(Supervision *s, Instant now);

/* The pending restart is not to happen, and a trial is none any more: the pool was stopped, started
 * by hand, or cannot be started at all. A breaker stays as it is. */
void supervision_cancel(Supervision *s);

/* The engine is ready; whether it is stable remains to be seen. */
void supervision_ready(Supervision *s);

/* What a stable run changes. */
typedef enum SupervisionChange {
    SUPERVISION_ROW_ENDED = 1 << 0, /* failures in a row are forgotten */
    SUPERVISION_BREAKER_CLOSED = 1 << 1,
    SUPERVISION_BACKOFF_RESET = 1 << 2,
    SUPERVISION_COUNTER_RESET = 1 << 3,
} SupervisionChange;

/*
 * Does what is due for an engine that has been ready, without a break, since `ready_since` on the
 * monotonic clock. Returns the SupervisionChanges made, 0 for none: then the record is as before.
 */
unsigned supervision_stable(Supervision *s, const SupervisionSettings *settings, usec_t ready_since,
                            Instant now);

/* When supervision_stable() will next change something; USEC_INFINITY: never. */
usec_t supervision_next_change(const Supervision *s, const SupervisionSettings *settings,
                               usec_t ready_since);

/*
 * By hand: breakers close, backoff and windows begin anew, and a pending restart is due at once.
 * The counter stays: the restarts have been. Returns whether a breaker was open.
 */
bool supervision_reset(Supervision *s, Instant now);

/*
 * By hand: one trial at once, in spite of the breaker and of the window. When it fails before the
 * breaker's time is over, the breaker is as if nobody had asked. Returns false, and changes
 * nothing, when there is nothing to allow: no breaker is open, or no restart is pending.
 */
bool supervision_allow_once(Supervision *s, Instant now);

/* Of both breakers together: half-open from the end of the open time, and during a trial. */
CircuitState supervision_circuit(const Supervision *s, Instant now);

/* When the open breakers are half-open. Returns false when none is open. */
bool supervision_open_until(const Supervision *s, Instant *ret);

/* How many automatic restarts there were in the window of the restart limit. */
uint64_t supervision_rate(const Supervision *s, const SupervisionSettings *settings, Instant now);

/*
 * The record comes from before a reboot: the monotonic clock has begun anew. Windows are empty;
 * deadlines stay where they are on the wall clock, but come no later than if their whole span
 * began now, whatever that clock says.
 */
void supervision_rebooted(Supervision *s, Instant now);
