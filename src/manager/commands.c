/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "manager/manager_internal.h"

/* The commands that take their time: each becomes an operation and an event of the machine. */

static int out_of_memory(Error *error)
{
    return error_set(error, PM_ERROR_INTERNAL, NULL, "out of memory");
}

/* Opens the operation and lets the machine begin it. The event's pointers are taken over. */
static int submit(Manager *m, Pool *pool, OperationKind kind, Event *event, char *const *warnings,
                  Operation **ret)
{
    Operation *o = NULL;

    if (operation_new(m, kind, pool->id, warnings, &o) < 0) {
        if (event->type == EVENT_PRELOAD)
            event->command.spec = engine_spec_free(event->command.spec);
        return -ENOMEM;
    }
    event->command.operation = o->id;
    if (manager_post(m, pool->id, event) < 0)
        return -ENOMEM;
    *ret = o;
    return 0;
}

int manager_preload(Manager *m, EngineSpec **spec, char *const *warnings,
                    const char *correlation_id, Operation **ret_operation, Error *error)
{
    Event event = {.type = EVENT_PRELOAD};
    Pool *pool = NULL;
    int r = manager_refuse_unrecovered(m, error);

    if (r >= 0)
        r = manager_ensure_pool(m, (*spec)->pool_id, &pool, NULL, error);
    if (r < 0)
        return r;
    if (pool->operation.kind == OPERATION_NONE)
        manager_set_correlation_id(pool, correlation_id);
    event.command.spec = TAKE_PTR(*spec);
    if (submit(m, pool, OPERATION_PRELOAD, &event, warnings, ret_operation) < 0)
        return out_of_memory(error);
    return 0;
}

/* Whether an operation of that kind holds the pool already: it is joined. */
static bool join(const Manager *m, const Pool *pool, OperationKind kind, Operation **ret)
{
    if (pool->operation.kind != kind)
        return false;
    *ret = operation_find(m, pool->operation.id);
    return *ret != NULL;
}

/* The pool, which has an engine of ours or is about to; PM_ERROR_NO_ENGINE else. */
static int find_engine(const Manager *m, const char *pool_id, const char *verb, Pool **ret,
                       Error *error)
{
    Pool *pool;
    int r = manager_find_pool(m, pool_id, &pool, error);

    if (r < 0)
        return r;
    if (pool->state == POOL_EXTERNAL)
        return error_set(error, PM_ERROR_NO_ENGINE, NULL,
                         "pool %s has no engine to %s: the one that serves it was started by "
                         "somebody else",
                         pool->id, verb);
    if (!pool_has_engine(pool) && pool->state != POOL_PREFLIGHT && pool->state != POOL_BACKOFF &&
        pool->state != POOL_TRIPPED)
        return error_set(error, PM_ERROR_NO_ENGINE, NULL, "pool %s has no engine to %s", pool->id,
                         verb);
    *ret = pool;
    return 0;
}

int manager_stop(Manager *m, const char *pool_id, const char *correlation_id,
                 Operation **ret_operation, Error *error)
{
    Event event = {.type = EVENT_STOP};
    Pool *pool;
    int r = find_engine(m, pool_id, "stop", &pool, error);

    if (r < 0)
        return r;
    if (join(m, pool, OPERATION_STOP, ret_operation))
        return 0;
    manager_set_correlation_id(pool, correlation_id);
    if (submit(m, pool, OPERATION_STOP, &event, NULL, ret_operation) < 0)
        return out_of_memory(error);
    return 0;
}

int manager_restart(Manager *m, const char *pool_id, const char *correlation_id,
                    Operation **ret_operation, Error *error)
{
    Event event = {.type = EVENT_RESTART};
    Pool *pool;
    int r = manager_find_pool(m, pool_id, &pool, error);

    if (r < 0)
        return r;
    if (!pool->spec && pool->state != POOL_EXTERNAL)
        return error_set(error, PM_ERROR_NO_ENGINE, NULL,
                         "pool %s has never had an engine: preload one", pool->id);
    if (join(m, pool, OPERATION_RESTART, ret_operation))
        return 0;
    if (pool->operation.kind == OPERATION_NONE)
        manager_set_correlation_id(pool, correlation_id);
    if (submit(m, pool, OPERATION_RESTART, &event, NULL, ret_operation) < 0)
        return out_of_memory(error);
    return 0;
}

int manager_drain(Manager *m, const char *pool_id, uint64_t deadline_ms, const char *correlation_id,
                  Operation **ret_operation, Error *error)
{
    Event event = {.type = EVENT_DRAIN};
    Pool *pool;
    int r = find_engine(m, pool_id, "drain", &pool, error);

    if (r < 0)
        return r;
    if (join(m, pool, OPERATION_DRAIN, ret_operation))
        return 0;
    /* Most callers do not wait for the operation's end: they are told now. */
    if (pool->operation.kind != OPERATION_NONE ||
        (pool->state != POOL_READY && pool->state != POOL_BACKOFF && pool->state != POOL_TRIPPED))
        return error_set(error, PM_ERROR_BUSY, NULL,
                         "pool %s is %s: only a ready pool that no operation holds can be drained; "
                         "wait, or stop the pool",
                         pool->id, pool_state_to_string(pool->state));
    if (pool->operation.kind == OPERATION_NONE)
        manager_set_correlation_id(pool, correlation_id);
    event.command.within_usec =
            deadline_ms == SPEC_UNSET ? m->drain_deadline_usec : usec_from_ms(deadline_ms);
    if (submit(m, pool, OPERATION_DRAIN, &event, NULL, ret_operation) < 0)
        return out_of_memory(error);
    return 0;
}

int manager_deregister(Manager *m, const char *pool_id, bool force, const char *correlation_id,
                       Operation **ret_operation, Error *error)
{
    Event event = {.type = EVENT_DEREGISTER};
    Pool *pool;
    int r = manager_find_pool(m, pool_id, &pool, error);

    if (r < 0)
        return r;
    if (!force &&
        (pool_has_engine(pool) || pool->state == POOL_PREFLIGHT || pool->state == POOL_EXTERNAL))
        return error_set(error, PM_ERROR_ALREADY_RUNNING, NULL,
                         "pool %s has an engine: stop it first, or force", pool->id);
    if (join(m, pool, OPERATION_DEREGISTER, ret_operation))
        return 0;
    manager_set_correlation_id(pool, correlation_id);
    if (submit(m, pool, OPERATION_DEREGISTER, &event, NULL, ret_operation) < 0)
        return out_of_memory(error);
    return 0;
}
