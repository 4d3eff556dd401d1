/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/histogram.h"
#include "base/text.h"
#include "core/effect.h"
#include "core/pool.h"
#include "core/settings.h"

/*
 * What happens to a pool in numbers (contract: metrics), from the start of the daemon on. Counted
 * out of the effects of the machine, as they are done; what a pool is now stands in the pool.
 */

typedef enum PoolCount {
    POOL_COUNT_PRELOADED,
    POOL_COUNT_RESTARTED,
    POOL_COUNT_BREAKER_OPENED,
    POOL_COUNT_RESTART_STORM,
    POOL_COUNT_DRAIN_FORCED,
    POOL_COUNT_RELOADED,
    POOL_COUNT_GPU_MEMORY_HELD,
    POOL_COUNT_MAX,
} PoolCount;

typedef enum PoolFailure {
    POOL_FAILURE_PRELOAD,
    POOL_FAILURE_CRASH,
    POOL_FAILURE_RESTART_SCHEDULED,
    POOL_FAILURE_RELOAD,
    POOL_FAILURE_MAX,
} PoolFailure;

/* Why: a FailureClass, FAILURE_NONE standing for what has none, or one of these. */
enum {
    REASON_CANCELLED = FAILURE_MAX,
    REASON_STOP_FAILED,
    REASON_MAX,
};

typedef enum DrainOutcome {
    DRAIN_COMPLETED,
    DRAIN_FORCED, /* its deadline was over */
    DRAIN_CANCELLED,
    DRAIN_FAILED,
    DRAIN_OUTCOME_MAX,
} DrainOutcome;

typedef enum PoolTime {
    POOL_TIME_BACKOFF,
    POOL_TIME_DRAIN,
    POOL_TIME_RELOAD,
    POOL_TIME_START,
    POOL_TIME_MAX,
} PoolTime;

/* A zeroed one is that of a pool to which nothing has happened. What hardly any pool ever has takes
 * memory once there is something to count; NULL: nothing was. */
typedef struct PoolMetrics {
    uint64_t counts[POOL_COUNT_MAX];
    uint64_t *failures[POOL_FAILURE_MAX]; /* by reason: REASON_MAX */
    uint64_t drains[DRAIN_OUTCOME_MAX];
    Histogram *times[POOL_TIME_MAX];
} PoolMetrics;

void pool_metrics_done(PoolMetrics *m);

/* An effect of the step that has made `pool` what it is. Without memory for the
 * counters of a kind its first events are left out. */
void pool_metrics_count(PoolMetrics *m, const Pool *pool, const Effect *effect, Instant now);

/* The names, each of which has samples of every pool: `i` counts from 0 to this. */
size_t pool_metrics_names(void);
void pool_metrics_describe(Text *t, size_t i);
/* The samples of one pool. Those that only an engine can have are left out where there never was
 * one, so that a host with thousands of entries is still scraped quickly. */
void pool_metrics_write(Text *t, size_t i, const Pool *pool, const PoolMetrics *m,
                        const PolicySettings *settings, Instant now);
