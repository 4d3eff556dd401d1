/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/parse.h"
#include "core/pool.h"

static const char *const state_names[POOL_STATE_MAX] = {
        [POOL_OFF] = "off",           [POOL_PREFLIGHT] = "preflight", [POOL_STARTING] = "starting",
        [POOL_WARMING] = "warming",   [POOL_READY] = "ready",         [POOL_DRAINING] = "draining",
        [POOL_STOPPING] = "stopping", [POOL_BACKOFF] = "backoff",     [POOL_TRIPPED] = "tripped",
        [POOL_FAILED] = "failed",     [POOL_ADOPTING] = "adopting",   [POOL_EXTERNAL] = "external",
};

const char *pool_state_to_string(PoolState state)
{
    return state >= 0 && state < POOL_STATE_MAX ? state_names[state] : NULL;
}

PoolState pool_state_from_string(const char *s)
{
    for (int i = 0; i < POOL_STATE_MAX; i++)
        if (streq(state_names[i], s))
            return (PoolState)i;
    return POOL_STATE_INVALID;
}

const char *pool_state_shown(const Pool *pool)
{
    return pool_state_to_string(pool->judging ? POOL_STOPPING : pool->state);
}

static const char *const role_names[ROLE_MAX] = {
        [ROLE_SERVING] = "serving",
        [ROLE_ARRIVING] = "arriving",
        [ROLE_LEAVING] = "leaving",
};

const char *pool_role_to_string(PoolRole role)
{
    return role >= 0 && role < ROLE_MAX ? role_names[role] : NULL;
}

static void pool_init(Pool *pool, const char *id)
{
    *pool = (Pool){
            .state = POOL_OFF,
            .phase_deadline = USEC_INFINITY,
            .probe_at = USEC_INFINITY,
            .drain_deadline = USEC_INFINITY,
            .stable_at = USEC_INFINITY,
            .load_read_bytes = SPEC_UNSET,
            .load_model_bytes = SPEC_UNSET,
    };
    (void)snprintf(pool->id, sizeof(pool->id), "%s", id);
    pool_meta_init(&pool->meta);
}

/* Frees what it holds. */
static void pool_done(Pool *pool)
{
    engine_spec_free(pool->spec);
    pool_meta_done(&pool->meta);
    handoff_free(pool->external);
    supervision_done(&pool->supervision);
    reload_done(&pool->reload);
    (void)lease_release_all(pool);
    free(pool->operation_note);
    free(pool->release.held);
    free(pool->gpu_warning);
    free(pool->probe_error);
    free(pool->last_error);
    pool_free(pool->beside);
    pool_free(pool->gone);
}

int pool_new(const char *id, Pool **ret)
{
    Pool *pool;

    if (!id_is_valid(id))
        return -EINVAL;
    pool = malloc(sizeof(Pool));
    if (!pool)
        return -ENOMEM;
    pool_init(pool, id);
    *ret = pool;
    return 0;
}

Pool *pool_free(Pool *pool)
{
    if (!pool)
        return NULL;
    pool_done(pool);
    free(pool);
    return NULL;
}

void pool_take(Pool *pool, Pool *from)
{
    void *userdata = pool->userdata;

    pool_done(pool);
    *pool = *from;
    pool->userdata = userdata;
    pool_init(from, pool->id);
}

Pool *pool_engine(Pool *pool, uint64_t generation)
{
    if (pool->generation == generation)
        return pool;
    return pool->beside && pool->beside->generation == generation ? pool->beside : NULL;
}

uint64_t pool_last_generation(const Pool *pool)
{
    uint64_t last = usec_max(pool->generation, pool->last_generation);

    return pool->beside ? usec_max(last, pool->beside->generation) : last;
}

Pool *pool_beside(const Pool *pool)
{
    return pool->beside ? pool->beside : pool->gone;
}

void pool_bury(Pool *pool)
{
    pool->gone = pool_free(pool->gone);
}

#define EXCHANGE(a, b)            \
    do {                          \
        __typeof__(a) kept = (a); \
        (a) = (b);                \
        (b) = kept;               \
    } while (0)

void pool_exchange_engines(Pool *a, Pool *b)
{
    EXCHANGE(a->state, b->state);
    EXCHANGE(a->spec, b->spec);
    EXCHANGE(a->generation, b->generation);
    EXCHANGE(a->stop_reason, b->stop_reason);
    EXCHANGE(a->kills, b->kills);
    EXCHANGE(a->unit, b->unit);
    EXCHANGE(a->started, b->started);
    EXCHANGE(a->was_ready, b->was_ready);
    EXCHANGE(a->ready_since, b->ready_since);
    EXCHANGE(a->leases, b->leases);
    EXCHANGE(a->judging, b->judging);
    EXCHANGE(a->end, b->end);
    EXCHANGE(a->releasing, b->releasing);
    EXCHANGE(a->release, b->release);
    EXCHANGE(a->held_pid, b->held_pid);
    EXCHANGE(a->load_read_bytes, b->load_read_bytes);
    EXCHANGE(a->load_model_bytes, b->load_model_bytes);
    EXCHANGE(a->probe_running, b->probe_running);
    EXCHANGE(a->probe_failures, b->probe_failures);
    EXCHANGE(a->phase_deadline, b->phase_deadline);
    EXCHANGE(a->probe_at, b->probe_at);
    EXCHANGE(a->probe_error, b->probe_error);
}

bool pool_has_engine(const Pool *pool)
{
    switch (pool->state) {
    case POOL_STARTING:
    case POOL_WARMING:
    case POOL_READY:
    case POOL_DRAINING:
    case POOL_STOPPING:
    case POOL_ADOPTING:
        return true;
    case POOL_OFF:
    case POOL_PREFLIGHT:
    case POOL_BACKOFF:
    case POOL_TRIPPED:
    case POOL_FAILED:
    case POOL_EXTERNAL:
    case POOL_STATE_MAX:
    case POOL_STATE_INVALID:
        break;
    }
    return false;
}

bool pool_is_coming(const Pool *pool)
{
    return pool->state == POOL_STARTING || pool->state == POOL_WARMING ||
           (pool->state == POOL_STOPPING && !pool->was_ready && pool->kills < POOL_STUCK_KILLS);
}

bool pool_is_live(const Pool *pool)
{
    UnitVerdict verdict = unit_observation_verdict(&pool->unit);

    if (pool->state == POOL_EXTERNAL)
        return !pool->external_is_lost;
    return pool_has_engine(pool) && (verdict == UNIT_VERDICT_RUNNING ||
                                     (verdict == UNIT_VERDICT_STOPPING && pool->unit.main_pid > 0));
}

bool pool_is_ready(const Pool *pool)
{
    return (pool->state == POOL_READY ||
            (pool->state == POOL_EXTERNAL && !pool->external_is_lost)) &&
           pool->probe_failures == 0;
}

bool pool_is_draining(const Pool *pool)
{
    /* After our restart the engine is looked at before the drain goes on. */
    return pool->state == POOL_DRAINING ||
           (pool->state == POOL_ADOPTING && (pool->operation.kind == OPERATION_DRAIN ||
                                             (pool->operation.kind == OPERATION_RELOAD &&
                                              pool->reload.strategy != RELOAD_BLUE_GREEN)));
}

bool pool_has_handoff(const Pool *pool)
{
    return pool->state == POOL_READY || pool->state == POOL_DRAINING ||
           (pool->state == POOL_ADOPTING && pool->was_ready);
}

const char *pool_host(const Pool *pool)
{
    if (pool->state == POOL_EXTERNAL)
        return pool->external->host;
    return pool->spec ? pool->spec->host : NULL;
}

uint16_t pool_port(const Pool *pool)
{
    if (pool->state == POOL_EXTERNAL)
        return pool->external->port;
    return pool->spec ? pool->spec->port : 0;
}

const char *pool_replica(const Pool *pool)
{
    if (pool->state == POOL_EXTERNAL)
        return pool->external->replica_id;
    return pool->spec ? pool->spec->replica_id : NULL;
}

/* Of everything but the next health check. */
static usec_t next_but_probe(const Pool *pool)
{
    usec_t deadline = usec_min(pool->phase_deadline, pool->stable_at);

    deadline = usec_min(deadline, lease_next_expiry(pool));
    return pool->beside ? usec_min(deadline, pool_next_deadline(pool->beside)) : deadline;
}

usec_t pool_next_deadline(const Pool *pool)
{
    return usec_min(next_but_probe(pool), pool->probe_at);
}

usec_t pool_deadline_slack(const Pool *pool, usec_t most)
{
    bool leisurely = pool->state == POOL_READY || pool->state == POOL_DRAINING ||
                     pool->state == POOL_EXTERNAL;
    usec_t other = next_but_probe(pool);

    if (!leisurely || pool->probe_at >= other)
        return 0;
    return usec_min(other - pool->probe_at, most);
}
