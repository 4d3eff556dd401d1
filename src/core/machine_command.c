/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/machine_internal.h"

static const char busy_text[] =
        "another operation holds the pool: wait until it has ended, or stop the pool";
static const char leaving_text[] =
        "an earlier engine of the pool has not ended yet: wait until it has, or stop the pool";
static const char external_text[] = "the pool is served by an engine that somebody else started";

void step_take_operation(Step *s, OperationKind kind, uint64_t id)
{
    error_text_clear(&s->pool->operation_note);
    s->pool->operation = (PoolOperation){.kind = kind, .id = id, .started = s->now};
}

void step_answer(Step *s, OperationKind kind, uint64_t id, PmErrorCode code, const char *text)
{
    Effect *e = effects_add(s->effects, EFFECT_END_OPERATION);

    e->result = (OperationResult){.id = id, .kind = kind, .generation = s->pool->generation};
    if (code == PM_ERROR_NONE)
        e->result.unchanged = true;
    else
        (void)error_set(&e->result.error, code, NULL, "%s", text);
    e->result.refused = code != PM_ERROR_NONE;
}

void step_begin_preflight(Step *s)
{
    Pool *p = s->pool;

    p->state = POOL_PREFLIGHT;
    p->attempt++;
    error_text_clear(&p->probe_error);
    p->unit = (UnitObservation){0};
    p->end = (UnitEnd){.exit_status = -1};
    step_log(s,
             p->automatic && p->operation.kind == OPERATION_NONE ? LOG_RESTART_DUE
                                                                 : LOG_PRELOAD_STARTED,
             NULL);
    effects_add(s->effects, EFFECT_GATHER_FACTS);
}

static void begin_preload(Step *s, uint64_t operation, EngineSpec *spec, bool unattended)
{
    Pool *p = s->pool;

    step_take_operation(s, OPERATION_PRELOAD, operation);
    step_unsupervise(s);
    engine_spec_free(p->spec);
    p->spec = spec;
    p->registered = true;
    pool_meta_from_spec(p, spec);
    p->automatic = unattended;
    /* Nobody would ask for it again, were we killed before it is started. */
    if (unattended)
        effects_add(s->effects, EFFECT_SAVE);
    step_begin_preflight(s);
}

/* Who asks again and says nothing of a mask means the one that the pool has. */
static bool runs_already(const Pool *p, EngineSpec *spec)
{
    bool same;

    if (spec->device_mask)
        return engine_spec_equal(p->spec, spec);
    spec->device_mask = p->spec->device_mask; /* lent */
    same = engine_spec_equal(p->spec, spec);
    spec->device_mask = NULL;
    return same;
}

void step_preload(Step *s, uint64_t operation, EngineSpec *spec, bool unattended)
{
    Pool *p = s->pool;

    switch (p->state) {
    case POOL_OFF:
    case POOL_FAILED:
    case POOL_BACKOFF:
    case POOL_TRIPPED:
        if (p->beside) {
            step_answer(s, OPERATION_PRELOAD, operation, PM_ERROR_BUSY, leaving_text);
            engine_spec_free(spec);
            return;
        }
        begin_preload(s, operation, spec, unattended);
        return;
    case POOL_READY:
        if (p->operation.kind != OPERATION_NONE)
            break;
        /* A client that lost the answer asks again: what runs already is a success that touches
         * nothing. */
        if (runs_already(p, spec))
            step_answer(s, OPERATION_PRELOAD, operation, PM_ERROR_NONE, NULL);
        else
            step_answer(s, OPERATION_PRELOAD, operation, PM_ERROR_ALREADY_RUNNING,
                        "the pool runs another engine already: stop it first");
        engine_spec_free(spec);
        return;
    case POOL_EXTERNAL:
        step_answer(s, OPERATION_PRELOAD, operation, PM_ERROR_ALREADY_RUNNING, external_text);
        engine_spec_free(spec);
        return;
    case POOL_PREFLIGHT:
    case POOL_STARTING:
    case POOL_WARMING:
    case POOL_DRAINING:
    case POOL_STOPPING:
    case POOL_ADOPTING:
    case POOL_STATE_MAX:
    case POOL_STATE_INVALID:
        break;
    }
    step_answer(s, OPERATION_PRELOAD, operation, PM_ERROR_BUSY, busy_text);
    engine_spec_free(spec);
}

/* The operation that held the pool ends because a stop was asked for. */
static void cancel_operation(Step *s)
{
    Error error = {.code = PM_ERROR_NONE};

    (void)error_set(&error, PM_ERROR_CANCELLED, NULL, "%sthe pool was stopped meanwhile",
                    step_failure_prefix(s));
    if (s->pool->operation.kind == OPERATION_RELOAD)
        step_reload_cancel(s);
    step_end_operation(s, &error, false);
}

/* Whatever it is being stopped for: our restart must not start it again. */
static void stop_for_good(Step *s)
{
    if (s->pool->state != POOL_STOPPING) {
        step_begin_stop(s, STOP_REQUESTED);
        return;
    }
    s->pool->stop_reason = STOP_REQUESTED;
    effects_add(s->effects, EFFECT_SAVE);
}

bool step_cancel_restart(Step *s, OperationKind kind, uint64_t operation)
{
    Pool *p = s->pool;

    if (p->state != POOL_BACKOFF && p->state != POOL_TRIPPED)
        return false;
    step_unsupervise(s);
    p->state = POOL_OFF;
    effects_add(s->effects, EFFECT_SAVE);
    step_take_operation(s, kind, operation);
    step_beside_stop(s);
    step_stopped(s, false);
    return true;
}

void step_stop(Step *s, uint64_t operation)
{
    Pool *p = s->pool;

    if (p->state == POOL_PREFLIGHT) {
        cancel_operation(s);
        step_unsupervise(s);
        p->state = POOL_OFF;
        effects_add(s->effects, EFFECT_SAVE); /* a restart is on disk, and would go on from there */
        step_take_operation(s, OPERATION_STOP, operation);
        step_beside_stop(s);
        step_stopped(s, false);
        return;
    }
    if (step_cancel_restart(s, OPERATION_STOP, operation))
        return;
    if (!pool_has_engine(p) && !p->beside) {
        step_answer(s, OPERATION_STOP, operation, PM_ERROR_NO_ENGINE,
                    "the pool has no engine to stop");
        return;
    }
    if (p->operation.kind == OPERATION_STOP || p->operation.kind == OPERATION_DEREGISTER) {
        step_answer(s, OPERATION_STOP, operation, PM_ERROR_BUSY,
                    "the pool is being stopped already");
        return;
    }
    cancel_operation(s);
    step_unsupervise(s);
    step_take_operation(s, OPERATION_STOP, operation);
    step_beside_stop(s);
    if (pool_has_engine(p))
        stop_for_good(s);
    else
        step_stopped(s, false);
}

void step_restart(Step *s, uint64_t operation)
{
    Pool *p = s->pool;

    if (p->state == POOL_EXTERNAL) {
        step_answer(s, OPERATION_RESTART, operation, PM_ERROR_ALREADY_RUNNING, external_text);
    } else if (!p->spec) {
        step_answer(s, OPERATION_RESTART, operation, PM_ERROR_NO_ENGINE,
                    "the pool has never had an engine: preload one");
    } else if (p->operation.kind != OPERATION_NONE || p->state == POOL_DRAINING ||
               p->state == POOL_STOPPING) {
        step_answer(s, OPERATION_RESTART, operation, PM_ERROR_BUSY, busy_text);
    } else if (pool_has_engine(p)) {
        step_unsupervise(s);
        step_take_operation(s, OPERATION_RESTART, operation);
        step_begin_stop(s, STOP_RESTART);
    } else if (p->beside) {
        step_answer(s, OPERATION_RESTART, operation, PM_ERROR_BUSY, leaving_text);
    } else {
        step_unsupervise(s);
        step_take_operation(s, OPERATION_RESTART, operation);
        step_begin_preflight(s);
    }
}

void step_forget(Step *s)
{
    step_log(s, LOG_DEREGISTERED, NULL);
    step_end_operation(s, NULL, false);
    effects_add(s->effects, EFFECT_FORGET);
}

void step_deregister(Step *s, uint64_t operation)
{
    Pool *p = s->pool;

    if (p->operation.kind == OPERATION_STOP || p->operation.kind == OPERATION_DEREGISTER) {
        step_answer(s, OPERATION_DEREGISTER, operation, PM_ERROR_BUSY, busy_text);
        return;
    }
    cancel_operation(s);
    step_unsupervise(s);
    step_take_operation(s, OPERATION_DEREGISTER, operation);
    step_beside_stop(s);
    if (!pool_has_engine(p)) {
        if (p->state == POOL_EXTERNAL)
            step_leave_external(s);
        p->state = POOL_OFF;
        step_stopped(s, false);
    } else {
        stop_for_good(s);
    }
}
