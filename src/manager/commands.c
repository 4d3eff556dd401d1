/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>

#include "manager/manager_internal.h"
#include "manager/placement.h"
#include "manager/sandbox.h"
#include "store/port_check.h"
#include "json/build.h"
#include "json/encode.h"
#include "json/reader.h"
#include "json/spec_fields.h"
#include "json/write.h"

enum {
    RELOAD_RESERVE = 64 * 1024, /* bytes of a state file that a reload may add beside a spec */
};

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
        else if (event->type == EVENT_RELOAD)
            event->command.reload = reload_request_free(event->command.reload);
        return -ENOMEM;
    }
    event->command.operation = o->id;
    if (manager_post(m, pool->id, event) < 0)
        return -ENOMEM;
    *ret = o;
    return 0;
}

/* As submit(), of a command that may change nothing: then what comes is not its doing. */
static int submit_as(Manager *m, Pool *pool, const char *correlation_id, OperationKind kind,
                     Event *event, char *const *warnings, Operation **ret)
{
    char before[PM_CORRELATION_ID_MAX + 1];
    int r;

    memcpy(before, pool->correlation_id, sizeof(before));
    if (pool->operation.kind == OPERATION_NONE)
        manager_set_correlation_id(pool, correlation_id);
    r = submit(m, pool, kind, event, warnings, ret);
    if (r < 0 || ((*ret)->ended && ((*ret)->outcome.refused || (*ret)->outcome.unchanged)))
        manager_set_correlation_id(pool, before);
    return r;
}

static int preload(Manager *m, EngineSpec **spec, char *const *warnings, const char *correlation_id,
                   bool unattended, Operation **ret_operation, Error *error)
{
    _cleanup_strv_free_ char **notes = NULL;
    Event event = {.type = EVENT_PRELOAD};
    Pool *pool = NULL;
    bool is_new;
    int r;

    if (strv_copy(warnings, &notes) < 0 || sandbox_warn(m, *spec, &notes) < 0)
        return out_of_memory(error);
    r = manager_ensure_pool(m, (*spec)->pool_id, &pool, &is_new, error);
    if (r < 0)
        return r;
    if (is_new)
        pool->declared = unattended;
    event.command.spec = TAKE_PTR(*spec);
    event.command.unattended = unattended;
    if (submit_as(m, pool, correlation_id, OPERATION_PRELOAD, &event, notes, ret_operation) < 0)
        return out_of_memory(error);
    return 0;
}

int manager_preload(Manager *m, EngineSpec **spec, char *const *warnings,
                    const char *correlation_id, Operation **ret_operation, Error *error)
{
    int r = manager_refuse_unrecovered(m, error);

    if (r >= 0)
        r = placement_check_mask(m, (*spec)->device_mask, "device_mask", error);
    if (r >= 0)
        r = sandbox_check_allowed(m, *spec, error);
    return r < 0 ? r : preload(m, spec, warnings, correlation_id, false, ret_operation, error);
}

/* A mask of GPUs that are not there may be one of GPUs that are there later: the start is tried. */
int manager_start_unattended(Manager *m, EngineSpec **spec, char *const *warnings,
                             Operation **ret_operation, Error *error)
{
    return preload(m, spec, warnings, NULL, true, ret_operation, error);
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
    if (!pool_has_engine(pool) && !pool->beside && pool->state != POOL_PREFLIGHT &&
        pool->state != POOL_BACKOFF && pool->state != POOL_TRIPPED)
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
    if (submit_as(m, pool, correlation_id, OPERATION_RESTART, &event, NULL, ret_operation) < 0)
        return out_of_memory(error);
    return 0;
}

static usec_t drain_within(const Manager *m, uint64_t deadline_ms)
{
    return deadline_ms == SPEC_UNSET ? m->drain_deadline_usec : usec_from_ms(deadline_ms);
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
                         pool->id, pool_state_shown(pool));
    if (pool->operation.kind == OPERATION_NONE)
        manager_set_correlation_id(pool, correlation_id);
    event.command.within_usec = drain_within(m, deadline_ms);
    if (submit(m, pool, OPERATION_DRAIN, &event, NULL, ret_operation) < 0)
        return out_of_memory(error);
    return 0;
}

/*
 * A reload that cannot be kept on disk would be lost half-way with the daemon. `next` NULL: what
 * runs, with a path of any length in the model's place.
 */
static int refuse_large(const Pool *pool, const EngineSpec *next, ReloadStrategy strategy,
                        Error *error)
{
    _cleanup_json_ json_object *file = json_state_file(pool),
                               *spec = spec_write(next ? next : pool->spec);
    size_t paths = next ? 0 : engine_spec_count_model(pool->spec) * PM_STRING_MAX;
    _cleanup_free_ char *file_text = NULL, *spec_text = NULL;
    size_t file_length, spec_length;

    if (!file || !spec || json_write_text(file, true, &file_text, &file_length) < 0 ||
        json_write_text(spec, true, &spec_text, &spec_length) < 0)
        return out_of_memory(error);
    spec_length += paths;
    if (strategy == RELOAD_BLUE_GREEN)
        spec_length *= 2; /* that of the engine beside may differ from what was asked for */
    if (file_length + spec_length <= PM_BODY_MAX - RELOAD_RESERVE)
        return 0;
    return error_set(error, PM_ERROR_BODY_TOO_LARGE, NULL,
                     "the old engine and the new one are too large together to be kept on disk "
                     "(%zu bytes): stop the pool and preload the new one",
                     file_length + spec_length);
}

/* Most callers do not wait for the operation's end: they are told now. */
static int check_reload(const Manager *m, const Pool *pool, const ReloadRequest *request,
                        Error *error)
{
    int r = 0;

    if (pool->beside && pool->operation.kind == OPERATION_NONE)
        return error_set(error, PM_ERROR_BUSY, NULL,
                         "the engine of pool %s from before the last reload (generation %" PRIu64
                         ") has not ended yet: wait, or release its leases (%" PRIu64 " are out)",
                         pool->id, pool->beside->generation, pool->beside->leases.count);
    if (pool->operation.kind != OPERATION_NONE || pool->state != POOL_READY)
        return error_set(error, PM_ERROR_BUSY, NULL,
                         "pool %s is %s: only a ready pool that no operation holds can be "
                         "reloaded; wait, or stop the pool and preload it",
                         pool->id, pool_state_shown(pool));
    if (request->spec)
        r = reload_keep(pool->spec, pool->meta.device_mask, request->spec, error);
    if (r >= 0 && request->spec)
        r = sandbox_check_allowed(m, request->spec, error);
    return r < 0 ? r : refuse_large(pool, request->spec, request->strategy, error);
}

int manager_reload(Manager *m, const char *pool_id, ReloadRequest **request, uint64_t deadline_ms,
                   char *const *warnings, const char *correlation_id, Operation **ret_operation,
                   Error *error)
{
    Event event = {.type = EVENT_RELOAD};
    Pool *pool;
    int r = find_engine(m, pool_id, "reload", &pool, error);

    if (r < 0)
        return r;
    if (pool->operation.kind == OPERATION_RELOAD &&
        streq(pool->reload.model_ref, (*request)->model_ref) &&
        join(m, pool, OPERATION_RELOAD, ret_operation)) {
        *request = reload_request_free(*request);
        return 0;
    }
    r = check_reload(m, pool, *request, error);
    if (r < 0)
        return r;
    manager_set_correlation_id(pool, correlation_id);
    if ((*request)->strategy == RELOAD_BLUE_GREEN)
        (*request)->free_port = port_find_free(pool->spec->host);
    event.command.reload = TAKE_PTR(*request);
    event.command.within_usec = drain_within(m, deadline_ms);
    if (submit(m, pool, OPERATION_RELOAD, &event, warnings, ret_operation) < 0)
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
    if (!force && (pool_has_engine(pool) || pool->beside || pool->state == POOL_PREFLIGHT ||
                   pool->state == POOL_EXTERNAL))
        return error_set(error, PM_ERROR_ALREADY_RUNNING, NULL,
                         "pool %s has an engine: stop it first, or force", pool->id);
    if (join(m, pool, OPERATION_DEREGISTER, ret_operation))
        return 0;
    manager_set_correlation_id(pool, correlation_id);
    if (submit(m, pool, OPERATION_DEREGISTER, &event, NULL, ret_operation) < 0)
        return out_of_memory(error);
    return 0;
}
