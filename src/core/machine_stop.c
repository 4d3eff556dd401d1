/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <signal.h>

#include "core/machine_internal.h"
#include "core/probe_schedule.h"

/* Beyond the two graces (SIGTERM, SIGKILL) that the service manager takes. */
static const usec_t STOP_MARGIN_USEC = 5 * USEC_PER_SEC;
static const usec_t KILL_RETRY_USEC = 10 * USEC_PER_SEC;

/* Nobody is to send work there any more: before the engine goes, not after. */
static void withdraw(Step *s, bool had_handoff)
{
    Pool *p = s->pool;

    if (had_handoff)
        effects_add(s->effects, EFFECT_REMOVE_HANDOFF);
    if (p->probe_running)
        effects_add(s->effects, EFFECT_CANCEL_PROBE);
    p->probe_running = false;
    p->probe_at = p->stable_at = USEC_INFINITY;
}

static void explain_stop(Step *s, StopReason reason)
{
    Pool *p = s->pool;
    ProbeSettings probing;

    probe_settings(p->spec, s->settings, &probing);
    if (reason == STOP_START_TIMEOUT) {
        step_set_error(s, FAILURE_START_TIMEOUT,
                       "the engine did not become healthy within %" PRIu64 " ms%s%s",
                       usec_to_ms(probing.timeout_usec),
                       p->probe_error[0] ? "; last health check: " : "", p->probe_error);
        step_log(s, LOG_HEALTH_TIMEOUT, NULL);
    } else if (reason == STOP_UNHEALTHY) {
        step_set_error(s, FAILURE_HEALTH_CHECK,
                       "%" PRIu64 " health checks in a row failed; the last: %s", p->probe_failures,
                       p->probe_error);
        step_log(s, LOG_ENGINE_UNHEALTHY, NULL);
    } else {
        step_log(s, LOG_STOP_STARTED, NULL);
    }
}

static void enter_stopping(Step *s, StopReason reason)
{
    Pool *p = s->pool;
    usec_t grace = spec_stop_grace(p->spec, s->settings);

    withdraw(s, pool_has_handoff(p));
    p->state = POOL_STOPPING;
    p->stop_reason = reason;
    p->kills = 0;
    p->phase_deadline = usec_add(s->now.mono, usec_add(usec_add(grace, grace), STOP_MARGIN_USEC));
}

void step_begin_stop(Step *s, StopReason reason)
{
    /* First of all: were we killed between the two, an engine that is on disk as ready would be
     * without its handoff. */
    effects_add(s->effects, EFFECT_SAVE);
    enter_stopping(s, reason);
    explain_stop(s, reason);
    effects_add(s->effects, EFFECT_STOP_UNIT);
}

void step_going_down(Step *s)
{
    enter_stopping(s, STOP_NONE);
    effects_add(s->effects, EFFECT_SAVE);
}

void step_stop_overdue(Step *s)
{
    Pool *p = s->pool;

    effects_add(s->effects, EFFECT_KILL_UNIT);
    effects_add(s->effects, EFFECT_QUERY_UNIT);
    p->phase_deadline = usec_add(s->now.mono, KILL_RETRY_USEC);
    p->kills++;
    if (p->kills < 2)
        return;
    /*
     * Not even SIGKILL ended it: a process hangs in the kernel, most likely in the GPU's driver.
     * The pool stays in stopping, so that no second engine is started beside it, but whoever waits
     * is told.
     */
    if (p->kills == 2) {
        step_set_error(s, p->last_error_class,
                       "the engine does not end, not even by SIGKILL: a process of unit "
                       "generation %" PRIu64 " hangs in the kernel",
                       p->generation);
        step_log(s, LOG_STOP_STUCK, NULL);
    }
    step_fail_operation(s, PM_ERROR_STOP_FAILED);
}

/*
 * Reset, the unit is no longer failed but stays loaded until its cgroup is empty: that it is gone
 * then is the end.
 */
void step_abandoned(Step *s)
{
    if (s->pool->state != POOL_STOPPING)
        step_going_down(s);
    effects_add(s->effects, EFFECT_RESET_FAILED);
    if (s->pool->kills == 0)
        step_stop_overdue(s);
}

/* It ended by itself. */
static void ended_unasked(Step *s, bool starting, const UnitEnd *end)
{
    Pool *p = s->pool;
    char how[160];

    unit_end_describe(end, how, sizeof(how));
    if (starting) {
        step_set_error(s, end->failure == FAILURE_NONE ? FAILURE_PROCESS_EXIT : end->failure,
                       "the engine %s%s", how, end->set_up ? "" : " before it was healthy");
        step_log(s, LOG_PRELOAD_FAILED, end);
    } else if (end->failure == FAILURE_NONE) {
        step_log(s, LOG_ENGINE_EXITED, end);
    } else {
        p->crash_count++;
        step_set_error(s, end->failure, "the engine %s", how);
        step_log(s, LOG_ENGINE_CRASHED, end);
    }
    /* Contract, decision 7: leaving with status 0 is no failure. */
    p->state = end->failure == FAILURE_NONE ? POOL_OFF : POOL_FAILED;
}

/* It ended because we stopped it. Returns whether force was needed. */
static bool ended_asked(Step *s, const UnitEnd *end)
{
    Pool *p = s->pool;
    bool forced = end->signal == SIGKILL || p->unit.result == UNIT_RESULT_TIMEOUT || p->kills > 0;

    if (p->stop_reason == STOP_REQUESTED || p->stop_reason == STOP_RESTART ||
        p->stop_reason == STOP_DRAIN) {
        p->state = POOL_OFF;
        step_log(s, LOG_ENGINE_STOPPED, end);
    } else {
        p->state = POOL_FAILED;
        if (!p->was_ready)
            step_log(s, LOG_PRELOAD_FAILED, end);
        else
            p->crash_count++;
    }
    return forced;
}

void step_ended(Step *s)
{
    Pool *p = s->pool;
    UnitEnd end = unit_end_classify(&p->unit);
    bool asked = p->state == POOL_STOPPING && p->stop_reason != STOP_NONE;
    bool forced = false;

    withdraw(s, pool_has_handoff(p));
    effects_add(s->effects, EFFECT_REMOVE_PID);
    if (p->unit.active == UNIT_ACTIVE_FAILED)
        effects_add(s->effects, EFFECT_RESET_FAILED);
    p->phase_deadline = USEC_INFINITY;
    if (asked)
        forced = ended_asked(s, &end);
    else
        ended_unasked(s, !p->was_ready, &end);
    /* What could not even be executed would fail again (contract, decision 7). */
    if (p->state == POOL_FAILED && (asked || !end.set_up) && step_is_supervised(s))
        step_supervise(s, p->last_error_class);
    else if (p->operation.kind == OPERATION_NONE)
        step_unsupervise(s);
    if (p->stop_reason != STOP_DRAIN)
        p->drain_leases = p->leases.count; /* it ended by itself meanwhile */
    if (p->leases.count > 0) {
        /* Nobody uses an engine that is gone. */
        (void)lease_release_all(p);
        effects_add(s->effects, EFFECT_SAVE_LEASES);
    }
    if (asked && p->stop_reason == STOP_RESTART && p->operation.kind == OPERATION_RESTART)
        step_begin_preflight(s);
    effects_add(s->effects, EFFECT_SAVE);
    if (p->state == POOL_PREFLIGHT)
        return;
    if (p->operation.kind == OPERATION_DEREGISTER)
        step_forget(s);
    else if (p->operation.kind == OPERATION_STOP)
        step_end_operation(s, NULL, forced);
    else if (p->operation.kind == OPERATION_DRAIN)
        step_end_operation(s, NULL, p->drain_forced);
    else
        step_fail_operation(s, PM_ERROR_PRELOAD_FAILED);
}
