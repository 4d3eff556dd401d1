/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/strv.h"
#include "manager/manager_internal.h"
#include "manager/placement.h"

/* What is done to the entries of the registry at once, without an operation. */

static int cannot_save(int r, Error *error)
{
    return error_set(error, PM_ERROR_INTERNAL, NULL, "the registry cannot be put on disk: %s",
                     strerror(-r));
}

/* Puts the pool on disk; one that cannot be put there and is new is gone again. */
static int save_entry(Manager *m, Pool *pool, bool is_new, Error *error)
{
    int r = persist_state(pool_shell(pool));

    if (r >= 0) {
        notify_pool_changed(pool_shell(pool));
        return 0;
    }
    if (is_new)
        manager_forget_pool(m, pool_shell(pool));
    return cannot_save(r, error);
}

int manager_register(Manager *m, const char *pool_id, const char *correlation_id, bool *ret_new,
                     Error *error)
{
    Pool *pool = NULL;
    bool is_new, was;
    int r = manager_refuse_unrecovered(m, error);

    if (r >= 0)
        r = manager_ensure_pool(m, pool_id, &pool, &is_new, error);
    if (r < 0)
        return r;
    was = pool->registered;
    if (is_new)
        manager_set_correlation_id(pool, correlation_id);
    pool->registered = true;
    r = was ? 0 : save_entry(m, pool, is_new, error);
    if (r < 0) {
        if (!is_new)
            pool->registered = was;
        return r;
    }
    *ret_new = is_new;
    return 0;
}

/* Merges, or leaves everything as it was. */
static int update(Manager *m, Pool *pool, bool is_new, const PoolUpdate *u, Error *error)
{
    bool was = pool->registered;
    PoolMeta before;
    int r = pool_meta_copy(&pool->meta, &before);

    if (r < 0)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "out of memory");
    r = pool_update_apply(pool, u, error);
    if (r >= 0) {
        pool->registered = true;
        r = save_entry(m, pool, is_new, error);
        if (r >= 0 || is_new) {
            pool_meta_done(&before);
            return r;
        }
        pool_meta_done(&pool->meta);
        pool->meta = before;
        pool->registered = was;
        return r;
    }
    pool_meta_done(&before);
    if (is_new)
        manager_forget_pool(m, pool_shell(pool));
    if (!error_is_set(error))
        return error_set(error, PM_ERROR_INTERNAL, NULL, "out of memory");
    return r;
}

/* The engine goes on as it was started. Without memory for the sentence nobody is told. */
static void warn_of_mask(const Pool *pool, char ***warnings)
{
    const char *runs = pool->spec->device_mask, *next = pool->meta.device_mask;

    (void)strv_extendf(
            warnings,
            "device_mask: the engine that runs has %s%s; %s takes effect at its next start",
            runs ? "the mask " : "no mask", runs ? runs : "", next ? next : "that it has none");
}

int manager_update(Manager *m, const char *pool_id, const PoolUpdate *u, const char *correlation_id,
                   bool *ret_new, char ***warnings, Error *error)
{
    Pool *pool = NULL;
    bool is_new;
    int r = manager_refuse_unrecovered(m, error);

    if (r >= 0)
        r = placement_check_mask(m, u->meta.device_mask, "device_mask", error);
    if (r >= 0)
        r = manager_ensure_pool(m, pool_id, &pool, &is_new, error);
    if (r >= 0) {
        /* The engine that runs is still the doing of whoever started it. */
        if (is_new)
            manager_set_correlation_id(pool, correlation_id);
        r = update(m, pool, is_new, u, error);
    }
    if (r < 0)
        return r;
    if ((u->given & POOL_FIELD_DEVICE_MASK) && warnings && pool_mask_waits(pool))
        warn_of_mask(pool, warnings);
    *ret_new = is_new;
    return 0;
}

int manager_heartbeat(Manager *m, const char *pool_id, uint64_t timestamp_ms, uint64_t *ret_ms,
                      Error *error)
{
    usec_t before;
    Pool *pool;
    int r = manager_find_pool(m, pool_id, &pool, error);

    if (r < 0)
        return r;
    before = pool->last_heartbeat_real;
    pool->last_heartbeat_real =
            timestamp_ms == SPEC_UNSET ? manager_now(m).real : usec_from_ms(timestamp_ms);
    r = save_entry(m, pool, false, error);
    if (r < 0) {
        pool->last_heartbeat_real = before;
        return r;
    }
    *ret_ms = usec_to_ms(pool->last_heartbeat_real);
    return 0;
}

static int breaker_event(Manager *m, Pool *pool, EventType type, const char *correlation_id,
                         Error *error)
{
    Event event = {.type = type};

    manager_set_correlation_id(pool, correlation_id);
    if (manager_post(m, pool->id, &event) < 0)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "out of memory");
    return 0;
}

int manager_reset_breaker(Manager *m, const char *pool_id, const char *correlation_id, Error *error)
{
    Pool *pool;
    int r = manager_find_pool(m, pool_id, &pool, error);

    return r < 0 ? r : breaker_event(m, pool, EVENT_BREAKER_RESET, correlation_id, error);
}

int manager_allow_restart(Manager *m, const char *pool_id, const char *correlation_id, Error *error)
{
    Pool *pool;
    int r = manager_find_pool(m, pool_id, &pool, error);

    if (r < 0)
        return r;
    if (pool->state != POOL_TRIPPED)
        return error_set(error, PM_ERROR_BREAKER_CLOSED, NULL,
                         "no restart of pool %s is held back by its circuit breaker", pool->id);
    return breaker_event(m, pool, EVENT_BREAKER_ALLOW, correlation_id, error);
}
