/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/pool_metrics.h"

void pool_metrics_done(PoolMetrics *m)
{
    for (size_t i = 0; i < POOL_FAILURE_MAX; i++)
        free(m->failures[i]);
    for (size_t i = 0; i < POOL_TIME_MAX; i++)
        free(m->times[i]);
    *m = (PoolMetrics){.counts = {0}};
}

static void add_failure(PoolMetrics *m, PoolFailure which, size_t reason)
{
    if (!m->failures[which])
        m->failures[which] = calloc(REASON_MAX, sizeof(m->failures[which][0]));
    if (m->failures[which])
        m->failures[which][reason]++;
}

static void add_time(PoolMetrics *m, PoolTime which, usec_t span)
{
    if (!m->times[which])
        m->times[which] = calloc(1, sizeof(Histogram));
    if (m->times[which])
        histogram_add(m->times[which], span);
}

static void count_log(PoolMetrics *m, const Pool *pool, LogKind kind, Instant now)
{
    switch (kind) {
    case LOG_ENGINE_READY:
        add_time(m, POOL_TIME_START, usec_sub(now.mono, pool->started.mono));
        break;
    case LOG_ENGINE_CRASHED:
        add_failure(m, POOL_FAILURE_CRASH, pool->last_error_class);
        break;
    case LOG_RESTART_SCHEDULED:
        add_failure(m, POOL_FAILURE_RESTART_SCHEDULED, pool->last_error_class);
        add_time(m, POOL_TIME_BACKOFF, pool->supervision.delay_usec);
        break;
    case LOG_RESTART_DUE:
        m->counts[POOL_COUNT_RESTARTED]++;
        break;
    case LOG_BREAKER_OPENED:
        m->counts[POOL_COUNT_BREAKER_OPENED]++;
        break;
    case LOG_RESTART_STORM:
        m->counts[POOL_COUNT_RESTART_STORM]++;
        break;
    case LOG_GPU_MEMORY_HELD:
        m->counts[POOL_COUNT_GPU_MEMORY_HELD]++;
        break;
    case LOG_DRAIN_FORCED:
        m->counts[POOL_COUNT_DRAIN_FORCED]++;
        break;
    default:
        break;
    }
}

/* Why the operation failed. */
static size_t reason_of(const Pool *pool, const OperationResult *result)
{
    if (result->error.code == PM_ERROR_CANCELLED)
        return REASON_CANCELLED;
    if (result->error.code == PM_ERROR_STOP_FAILED)
        return REASON_STOP_FAILED;
    return pool->last_error_class;
}

static DrainOutcome drain_outcome(const OperationResult *result)
{
    if (result->error.code == PM_ERROR_CANCELLED)
        return DRAIN_CANCELLED;
    if (error_is_set(&result->error))
        return DRAIN_FAILED;
    return result->force_stopped ? DRAIN_FORCED : DRAIN_COMPLETED;
}

static void count_outcome(PoolMetrics *m, const Pool *pool, const OperationResult *result,
                          PoolCount good, PoolFailure bad)
{
    if (error_is_set(&result->error))
        add_failure(m, bad, reason_of(pool, result));
    else
        m->counts[good]++;
}

static void count_end(PoolMetrics *m, const Pool *pool, const OperationResult *result)
{
    if (result->refused || result->unchanged)
        return;
    switch (result->kind) {
    case OPERATION_PRELOAD:
        count_outcome(m, pool, result, POOL_COUNT_PRELOADED, POOL_FAILURE_PRELOAD);
        break;
    case OPERATION_RELOAD:
        count_outcome(m, pool, result, POOL_COUNT_RELOADED, POOL_FAILURE_RELOAD);
        add_time(m, POOL_TIME_RELOAD, result->duration_usec);
        break;
    case OPERATION_DRAIN:
        m->drains[drain_outcome(result)]++;
        add_time(m, POOL_TIME_DRAIN, result->duration_usec);
        break;
    default:
        break;
    }
}

void pool_metrics_count(PoolMetrics *m, const Pool *pool, const Effect *effect, Instant now)
{
    if (effect->type == EFFECT_LOG)
        count_log(m, pool, effect->log.kind, now);
    else if (effect->type == EFFECT_END_OPERATION)
        count_end(m, pool, &effect->result);
}
