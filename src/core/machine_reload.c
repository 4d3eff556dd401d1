/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "base/parse.h"
#include "core/machine_internal.h"
#include "core/spec_policy.h"

/*
 * Reload (contract: reload; decisions 2, 5 and 8): drains, has the model provided, stops the old
 * engine, starts the new one. Whatever fails on the way, the engine from before serves the pool
 * again at the end. Blue-green, the new engine is started beside the old one (machine_beside.c),
 * which nothing happens to before the new one is ready.
 */

enum {
    ERROR_PART_MAX = 400 /* bytes of the new engine's error beside that of the old one */
};

static const char left_text[] = "the engine left by itself with status 0";

/* The engine was not touched, or is the one that runs as before: it takes work again. */
static void resume_ready(Step *s)
{
    Pool *p = s->pool;

    p->state = POOL_READY;
    p->phase_deadline = USEC_INFINITY;
    reload_done(&p->reload);
    effects_add(s->effects, EFFECT_SAVE);
}

/* Fails with the old engine untouched (contract, decision 2). */
static void abort_reload(Step *s, FailureClass failure, const char *why)
{
    step_set_error(s, failure, "%s", why);
    step_log(s, LOG_RELOAD_ABORTED, NULL);
    resume_ready(s);
    step_fail_operation(s, PM_ERROR_RELOAD_FAILED);
}

static void leave(Step *s)
{
    s->pool->reload.phase = RELOAD_LEAVING;
    step_begin_stop(s, STOP_RELOAD);
}

/* Blue-green, the pool goes on serving meanwhile. */
static void stage(Step *s)
{
    if (s->pool->reload.strategy != RELOAD_BLUE_GREEN)
        s->pool->state = POOL_DRAINING;
    s->pool->phase_deadline = USEC_INFINITY;
    s->pool->reload.phase = RELOAD_STAGING;
    step_log(s, LOG_RELOAD_STAGING, NULL);
    effects_add(s->effects, EFFECT_SAVE);
    effects_add(s->effects, EFFECT_STAGE);
}

void step_reload_drained(Step *s)
{
    if (s->pool->reload.next)
        leave(s);
    else
        stage(s);
}

void step_reload_overdue(Step *s)
{
    char why[96];

    (void)snprintf(why, sizeof(why),
                   "the drain's deadline is over, and leases are still out: %" PRIu64,
                   s->pool->leases.count);
    abort_reload(s, FAILURE_DRAIN_TIMEOUT, why);
}

/* Waits for the leases, if there is anything to wait for and time for it. */
static void drain(Step *s)
{
    Pool *p = s->pool;

    if (p->leases.count == 0) {
        step_reload_drained(s);
    } else if (p->drain_deadline <= s->now.mono) {
        step_reload_overdue(s);
    } else {
        p->state = POOL_DRAINING;
        p->phase_deadline = p->drain_deadline;
        effects_add(s->effects, EFFECT_SAVE);
    }
}

/* The new engine cannot run beside the old one: that is drained and stopped first. */
static void go_plain(Step *s, const char *why)
{
    Pool *p = s->pool;

    error_text_set(&p->operation_note,
                   "strategy: the new engine cannot run beside the old one, which is drained and "
                   "stopped first: %s",
                   why);
    step_log(s, LOG_RELOAD_PLAIN, NULL);
    step_beside_drop(s);
    p->reload.strategy = RELOAD_DRAIN;
    p->reload.phase = RELOAD_DRAINING;
    p->drain_deadline = usec_add(s->now.mono, p->reload.within_usec);
    /* One that is still looked at after our restart is drained once it was found well. */
    if (p->state == POOL_READY)
        drain(s);
    else
        effects_add(s->effects, EFFECT_SAVE);
}

bool step_reload_beside_refused(Step *s, const Error *found)
{
    if (!streq(found->field, "port") && found->code != PM_ERROR_DOES_NOT_FIT)
        return false;
    go_plain(s, found->text);
    return true;
}

/* It must not listen where the old one does. */
static int take_other_port(const Pool *p, EngineSpec *spec)
{
    if (spec->port != p->spec->port || !streq(spec->host, p->spec->host))
        return 0;
    return p->reload.free_port > 0 ? engine_spec_set_port(spec, p->reload.free_port) : -EADDRINUSE;
}

static void begin_beside(Step *s)
{
    Pool *p = s->pool;
    EngineSpec *spec = NULL;
    int r = engine_spec_copy(p->reload.next, &spec);

    if (r >= 0)
        r = take_other_port(p, spec);
    if (r < 0)
        engine_spec_free(spec);
    if (r == -ENOENT)
        go_plain(s, "none of its flags names its port, so that it cannot be told to listen on "
                    "another one");
    else if (r == -EADDRINUSE)
        go_plain(s, "no port is free for it");
    if (r == -ENOENT || r == -EADDRINUSE)
        return;
    if (r < 0 || !step_beside_begin(s, spec)) {
        abort_reload(s, FAILURE_PREFLIGHT, "out of memory");
        return;
    }
    p->state = POOL_READY;
    p->reload.phase = RELOAD_BESIDE;
    step_log(s, LOG_RELOAD_BESIDE, NULL);
    effects_add(s->effects, EFFECT_SAVE);
}

/* Contract, decision 5: what runs already is not touched. */
static bool is_there(const Pool *p, const ReloadRequest *request)
{
    return request->spec ? engine_spec_equal(p->spec, request->spec)
                         : engine_spec_has_model(p->spec, request->model_ref);
}

static void begin(Step *s, uint64_t operation, ReloadRequest *request, usec_t within_usec)
{
    Pool *p = s->pool;

    step_unsupervise(s);
    step_take_operation(s, OPERATION_RELOAD, operation);
    reload_done(&p->reload);
    p->reload.phase = RELOAD_DRAINING;
    p->reload.model_ref = TAKE_PTR(request->model_ref);
    p->reload.next = TAKE_PTR(request->spec);
    p->reload.strategy = request->strategy;
    p->reload.free_port = request->free_port;
    p->reload.within_usec = within_usec;
    p->drain_deadline = usec_add(s->now.mono, within_usec);
    step_log(s, LOG_RELOAD_STARTED, NULL);
    if (p->reload.strategy != RELOAD_BLUE_GREEN)
        drain(s);
    else if (p->reload.next)
        begin_beside(s);
    else
        stage(s);
}

void step_reload(Step *s, uint64_t operation, ReloadRequest *request, usec_t within_usec)
{
    Pool *p = s->pool;

    if (!pool_has_engine(p))
        step_answer(s, OPERATION_RELOAD, operation, PM_ERROR_NO_ENGINE,
                    "the pool has no engine to reload: preload one");
    else if (p->state != POOL_READY || p->operation.kind != OPERATION_NONE || p->beside)
        step_answer(s, OPERATION_RELOAD, operation, PM_ERROR_BUSY,
                    "only a ready pool can be reloaded, and no other operation may hold it: wait "
                    "until that has ended, or stop the pool");
    else if (is_there(p, request))
        step_answer(s, OPERATION_RELOAD, operation, PM_ERROR_NONE, NULL);
    else
        begin(s, operation, request, within_usec);
    reload_request_free(request);
}

void step_staged(Step *s, uint64_t operation, char *model_path, const char *error)
{
    _cleanup_free_ char *path = model_path;
    Pool *p = s->pool;
    EngineSpec *next = NULL;

    if (p->state != (p->reload.strategy == RELOAD_BLUE_GREEN ? POOL_READY : POOL_DRAINING) ||
        p->reload.phase != RELOAD_STAGING || p->operation.id != operation)
        return;
    if (!path) {
        abort_reload(s, FAILURE_PROVISION, error);
        return;
    }
    if (streq(path, p->spec->model_path)) {
        resume_ready(s);
        step_end_operation(s, NULL, false);
        return;
    }
    if (engine_spec_copy(p->spec, &next) < 0 ||
        engine_spec_set_model(next, path, p->reload.model_ref) < 0) {
        engine_spec_free(next);
        abort_reload(s, FAILURE_PROVISION, "out of memory");
        return;
    }
    p->reload.next = next;
    if (p->reload.strategy == RELOAD_BLUE_GREEN)
        begin_beside(s);
    else
        leave(s);
}

/* The old engine has gone as it was asked to. */
static void arrive(Step *s)
{
    Pool *p = s->pool;

    p->reload.previous = p->spec;
    p->spec = TAKE_PTR(p->reload.next);
    p->reload.phase = RELOAD_ARRIVING;
    step_begin_preflight(s);
    effects_add(s->effects, EFFECT_SAVE);
}

/* The one that was to replace it is forgotten. */
static void restore_spec(Pool *p)
{
    if (!p->reload.previous)
        return;
    engine_spec_free(p->spec);
    p->spec = TAKE_PTR(p->reload.previous);
}

static void go_back(Step *s)
{
    Pool *p = s->pool;

    if (p->reload.phase == RELOAD_STAGING)
        effects_add(s->effects, EFFECT_CANCEL_STAGE);
    error_text_set(&p->reload.error, "%s", step_reason(s));
    p->reload.failure = p->last_error_class;
    step_log(s, LOG_RELOAD_FAILED, NULL);
    restore_spec(p);
    p->reload.next = engine_spec_free(p->reload.next);
    p->reload.phase = RELOAD_RETURNING;
    step_begin_preflight(s);
    effects_add(s->effects, EFFECT_SAVE);
}

/* Not even the engine from before can be started: whoever waits is told, and the supervision goes
 * on trying. */
static void give_up(Step *s)
{
    Pool *p = s->pool;
    char first[ERROR_PART_MAX + 1]; /* room for both */

    (void)snprintf(first, sizeof(first), "%s", strempty(p->reload.error));
    utf8_repair(first);
    step_set_error(s, p->last_error_class, "%s; and the engine from before does not start: %s",
                   first, step_reason(s));
    reload_done(&p->reload);
    /* What could not even be executed would fail again (contract, decision 7). */
    if (!p->end.set_up && spec_allows_restart(p->spec))
        step_supervise(s, p->last_error_class);
    effects_add(s->effects, EFFECT_SAVE);
    step_fail_operation(s, PM_ERROR_RELOAD_FAILED);
}

/* Blue-green, the engine that served is gone before the new one has taken over. The new one then
 * is what a reload waits for that has stopped the old one; false: that fails as well. */
static bool serving_gone(Step *s)
{
    Pool *p = s->pool;

    p->reload.strategy = RELOAD_DRAIN;
    if (p->beside->state == POOL_PREFLIGHT) {
        step_beside_drop(s);
        arrive(s);
        return true;
    }
    if ((p->beside->state != POOL_STARTING && p->beside->state != POOL_WARMING) ||
        !step_beside_promote(s)) {
        step_beside_stop(s);
        return false;
    }
    p->reload.phase = RELOAD_ARRIVING;
    p->reload.next = engine_spec_free(p->reload.next);
    return true;
}

void step_reload_engine_gone(Step *s)
{
    Pool *p = s->pool;

    if (p->reload.phase == RELOAD_LEAVING) {
        arrive(s);
        return;
    }
    if (p->reload.phase == RELOAD_BESIDE && serving_gone(s))
        return;
    if (p->state == POOL_OFF && p->was_ready)
        step_set_error(s, FAILURE_PROCESS_EXIT, "%s", left_text);
    if (p->reload.phase == RELOAD_RETURNING)
        give_up(s);
    else
        go_back(s);
}

/* What the registry knows becomes that of the new engine; the mask stays (B-RELOAD-008, 009). */
void step_reload_flip(Step *s)
{
    Pool *p = s->pool;
    char *mask = TAKE_PTR(p->meta.device_mask);

    pool_meta_from_spec(p, p->spec);
    free(p->meta.device_mask);
    p->meta.device_mask = mask;
    step_log(s, LOG_RELOADED, NULL);
    reload_done(&p->reload);
    step_end_operation(s, NULL, false);
}

void step_reload_beside_failed(Step *s)
{
    step_log(s, LOG_RELOAD_ABORTED, NULL);
    reload_done(&s->pool->reload);
    effects_add(s->effects, EFFECT_SAVE);
    step_fail_operation(s, PM_ERROR_RELOAD_FAILED);
}

static void returned(Step *s)
{
    Pool *p = s->pool;

    step_set_error(s, p->reload.failure, "%s", strempty(p->reload.error));
    step_log(s, LOG_ROLLED_BACK, NULL);
    reload_done(&p->reload);
    step_fail_operation(s, PM_ERROR_RELOAD_FAILED);
}

void step_reload_engine_ready(Step *s)
{
    switch (s->pool->reload.phase) {
    case RELOAD_ARRIVING:
        step_reload_flip(s);
        return;
    case RELOAD_BESIDE:
        return; /* the old one was found again after our restart; the new one is awaited */
    case RELOAD_RETURNING:
        returned(s);
        return;
    default:
        if (s->pool->reload.strategy == RELOAD_BLUE_GREEN) {
            stage(s);
            return;
        }
        /* Also where a model was being provided: leases may be out that were granted after what is
         * on disk. */
        s->pool->reload.phase = RELOAD_DRAINING;
        drain(s);
        return;
    }
}

void step_reload_cancel(Step *s)
{
    Pool *p = s->pool;

    if (p->reload.phase == RELOAD_STAGING)
        effects_add(s->effects, EFFECT_CANCEL_STAGE);
    step_beside_stop(s);
    restore_spec(p);
    reload_done(&p->reload);
}
