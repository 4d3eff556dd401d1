/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "base/parse.h"
#include "core/machine_internal.h"

Effect *effects_add(Effects *effects, EffectType type)
{
    Effect *e;

    if (effects->count >= EFFECTS_MAX)
        abort();
    e = &effects->items[effects->count++];
    memset(e, 0, sizeof(*e));
    e->type = type;
    return e;
}

void step_log(Step *s, LogKind kind, const UnitEnd *end)
{
    Effect *e = effects_add(s->effects, EFFECT_LOG);

    e->log.kind = kind;
    e->log.has_end = end != NULL;
    if (end)
        e->log.end = *end;
}

void step_set_error(Step *s, FailureClass failure, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    error_text_setv(&s->pool->last_error, format, ap);
    va_end(ap);
    s->pool->last_error_class = failure;
}

void step_clear_error(Step *s)
{
    error_text_clear(&s->pool->last_error);
    s->pool->last_error_class = FAILURE_NONE;
}

const char *step_reason(const Step *s)
{
    const char *reason = s->pool->last_error;

    return reason ? reason : "the reason is not known";
}

void step_end_operation(Step *s, const Error *error, bool force_stopped)
{
    Pool *p = s->pool;
    Effect *e;

    if (p->operation.kind == OPERATION_NONE)
        return;
    e = effects_add(s->effects, EFFECT_END_OPERATION);
    e->result = (OperationResult){
            .id = p->operation.id,
            .kind = p->operation.kind,
            .duration_usec = usec_sub(s->now.mono, p->operation.started.mono),
            .generation = p->generation,
            .force_stopped = force_stopped,
            .leases = p->operation.kind == OPERATION_DRAIN ? p->drain_leases : 0,
            .rolled_back = p->operation.kind == OPERATION_RELOAD && error &&
                           error->code != PM_ERROR_CANCELLED && p->state == POOL_READY,
    };
    (void)snprintf(e->result.note, sizeof(e->result.note), "%s", strempty(p->operation_note));
    utf8_repair(e->result.note);
    if (error)
        e->result.error = *error;
    (void)snprintf(e->result.warning, sizeof(e->result.warning), "%s", strempty(p->gpu_warning));
    error_text_clear(&p->gpu_warning);
    p->operation.kind = OPERATION_NONE; /* its note is told of when the step is over */
    p->operation.id = 0;
}

const char *step_failure_prefix(const Step *s)
{
    switch (s->pool->operation.kind) {
    case OPERATION_PRELOAD:
        return "preload failed: ";
    case OPERATION_RESTART:
        return "restart failed: ";
    case OPERATION_RELOAD:
        return "reload failed: ";
    default:
        return "";
    }
}

void step_fail_operation(Step *s, PmErrorCode code)
{
    Error error = {.code = PM_ERROR_NONE};

    (void)error_set(&error, code, NULL, "%s%s", step_failure_prefix(s), step_reason(s));
    step_end_operation(s, &error, false);
}

static void step_unit(Step *s, const UnitObservation *news, bool uses_gpu)
{
    Pool *p = s->pool;

    if (p->releasing)
        return; /* how it ended is known */

    unit_observation_merge(&p->unit, news);
    if (!pool_has_engine(p))
        return;
    switch (unit_observation_verdict(&p->unit)) {
    case UNIT_VERDICT_RUNNING:
        if (p->state == POOL_STARTING)
            step_running(s);
        break;
    case UNIT_VERDICT_STOPPING:
        if (p->state != POOL_STOPPING)
            step_going_down(s);
        break;
    case UNIT_VERDICT_ABANDONED:
        step_abandoned(s);
        break;
    case UNIT_VERDICT_ENDED:
    case UNIT_VERDICT_GONE:
        step_engine_ended(s, uses_gpu);
        break;
    case UNIT_VERDICT_UNDECIDED:
    case UNIT_VERDICT_STARTING:
        break;
    }
}

static void expire_leases(Step *s)
{
    if (lease_release_expired(s->pool, s->now) == 0)
        return;
    step_log(s, LOG_LEASES_EXPIRED, NULL);
    effects_add(s->effects, EFFECT_SAVE_LEASES);
    step_leases(s);
}

/* The time of the state is over. */
static void phase_over(Step *s)
{
    switch (s->pool->state) {
    case POOL_STOPPING:
        if (s->pool->releasing)
            step_release_due(s);
        else
            step_stop_overdue(s);
        break;
    case POOL_DRAINING:
        step_drain_overdue(s);
        break;
    case POOL_BACKOFF:
    case POOL_TRIPPED:
        step_restart_due(s);
        break;
    case POOL_FAILED:
        step_judge(s, FAILURE_NONE, "");
        break;
    default:
        step_begin_stop(s, STOP_START_TIMEOUT);
        break;
    }
}

static void step_timer(Step *s)
{
    Pool *p = s->pool;

    expire_leases(s);
    if (p->stable_at <= s->now.mono)
        step_stability_due(s);
    if (p->phase_deadline <= s->now.mono) {
        p->phase_deadline = USEC_INFINITY;
        phase_over(s);
    }
    if (p->probe_at <= s->now.mono)
        step_probe_now(s);
}

/* What it has read only grows; an engine that forgets what it mapped has read it all the same. */
static void step_load(Step *s, uint64_t read_bytes, uint64_t model_bytes)
{
    Pool *p = s->pool;

    if (p->state != POOL_STARTING && p->state != POOL_WARMING)
        return;
    p->load_model_bytes = model_bytes;
    if (read_bytes != SPEC_UNSET &&
        (p->load_read_bytes == SPEC_UNSET || read_bytes > p->load_read_bytes))
        p->load_read_bytes = read_bytes;
}

static void step_stop_failed(Step *s, const char *why)
{
    if (s->pool->state != POOL_STOPPING || s->pool->releasing)
        return;
    step_set_error(s, s->pool->last_error_class, "the service manager did not stop the engine: %s",
                   why);
    step_stop_overdue(s);
}

/* Whether the event belongs to what the pool is now. */
static bool event_is_current(const Pool *p, const Event *event)
{
    if (event->type == EVENT_FACTS)
        return p->state == POOL_PREFLIGHT && event->facts.attempt == p->attempt;
    return event->generation == 0 || event->generation == p->generation;
}

/* Whether somebody outside decides by it what becomes of the pool. */
static bool event_decides(const Event *event)
{
    return event->type <= EVENT_BREAKER_ALLOW || event->type == EVENT_HANDOFF ||
           event->type == EVENT_RECOVER;
}

void step_event(Step *s, Event *event)
{
    /* Whoever decides about the pool now finds it as the end of its engine left it. */
    if (s->pool->judging && event_decides(event))
        step_judge(s, FAILURE_NONE, "");
    switch (event->type) {
    case EVENT_PRELOAD:
        step_preload(s, event->command.operation, TAKE_PTR(event->command.spec),
                     event->command.unattended);
        break;
    case EVENT_STOP:
        step_stop(s, event->command.operation);
        break;
    case EVENT_RESTART:
        step_restart(s, event->command.operation);
        break;
    case EVENT_DEREGISTER:
        step_deregister(s, event->command.operation);
        break;
    case EVENT_DRAIN:
        step_drain(s, event->command.operation, event->command.within_usec);
        break;
    case EVENT_RELOAD:
        step_reload(s, event->command.operation, TAKE_PTR(event->command.reload),
                    event->command.within_usec);
        break;
    case EVENT_BREAKER_RESET:
        step_breaker_reset(s);
        break;
    case EVENT_BREAKER_ALLOW:
        step_breaker_allow(s);
        break;
    case EVENT_LEASES:
        step_leases(s);
        break;
    case EVENT_HANDOFF:
        step_handoff(s, TAKE_PTR(event->handoff.handoff), event->handoff.is_file);
        break;
    case EVENT_HANDOFF_GONE:
        step_handoff_gone(s);
        break;
    case EVENT_LOAD:
        step_load(s, event->load.read_bytes, event->load.model_bytes);
        break;
    case EVENT_STAGED:
        step_staged(s, event->staged.operation, TAKE_PTR(event->staged.model_path),
                    event->staged.error);
        break;
    case EVENT_OUTPUT:
        if (s->pool->judging)
            step_judge(s, event->output.failure, event->output.line);
        break;
    case EVENT_GPU_MEMORY:
        step_gpu_memory(s, &event->gpu_memory);
        break;
    case EVENT_DRIVER_FAULT:
        step_driver_fault(s, event->failure);
        break;
    case EVENT_FACTS:
        step_facts(s, &event->facts.error);
        break;
    case EVENT_START_FAILED:
        step_start_failed(s, event->failure);
        break;
    case EVENT_STOP_FAILED:
        step_stop_failed(s, event->failure);
        break;
    case EVENT_UNIT:
        step_unit(s, &event->unit, event->uses_gpu);
        break;
    case EVENT_PROBE:
        if (event->probe.not_made)
            step_probe_not_made(s);
        else
            step_probe(s, event->probe.good, event->probe.error);
        break;
    case EVENT_TIMER:
        step_timer(s);
        break;
    case EVENT_RECOVER:
        if (event->generation != s->pool->generation)
            break; /* judged, and another engine has taken its place */
        step_recover(s, &event->unit, event->uses_gpu);
        break;
    case EVENT_MAX:
        abort();
    }
}

/* Of an engine beside the one that serves the pool. */
static bool event_is_beside(const Pool *pool, const Event *event)
{
    return pool->beside && event->generation != pool->generation &&
           (event->type == EVENT_FACTS || event->generation != 0) &&
           event_is_current(pool->beside, event);
}

/* Of whatever engine the pool has. */
static bool event_is_of_both(const Event *event)
{
    return event->type == EVENT_TIMER || event->type == EVENT_LEASES;
}

void pool_step(Pool *pool, Event *event, const PolicySettings *settings, Instant now,
               uint64_t random, Effects *effects)
{
    Step s = {
            .pool = pool,
            .settings = settings,
            .now = now,
            .random = random,
            .effects = effects,
    };
    bool beside = event_is_beside(pool, event), current = event_is_current(pool, event);

    if (!beside && !current) {
        step_log(&s, LOG_STALE_EVENT, NULL);
        return;
    }
    if (!beside || event_is_of_both(event))
        step_event(&s, event);
    if (!pool->beside)
        return;
    if (event->type == EVENT_FACTS && beside && step_reload_beside_refused(&s, &event->facts.error))
        return;
    if (beside || event_is_of_both(event))
        step_beside(&s, event);
    step_follow_beside(&s);
}
