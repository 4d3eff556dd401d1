/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "core/machine_internal.h"
#include "core/probe_schedule.h"

/* Beyond the two graces (SIGTERM, SIGKILL) that the service manager takes. */
static const usec_t STOP_MARGIN_USEC = 5 * USEC_PER_SEC;
/* From one SIGKILL of ours to the next: two graces, within these. */
static const usec_t KILL_RETRY_MIN_USEC = USEC_PER_SEC;
static const usec_t KILL_RETRY_MAX_USEC = 10 * USEC_PER_SEC;
/* For the last lines of an engine to arrive where they can be read. */
static const usec_t OUTPUT_WAIT_USEC = USEC_PER_SEC;

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
                       p->probe_error ? "; last health check: " : "", strempty(p->probe_error));
        step_log(s, LOG_HEALTH_TIMEOUT, NULL);
    } else if (reason == STOP_UNHEALTHY) {
        step_set_error(s, FAILURE_HEALTH_CHECK,
                       "%" PRIu64 " health checks in a row failed; the last: %s", p->probe_failures,
                       strempty(p->probe_error));
        step_log(s, LOG_ENGINE_UNHEALTHY, NULL);
    } else {
        step_log(s, reason == STOP_DRIVER_FAULT ? LOG_DRIVER_FAULT : LOG_STOP_STARTED, NULL);
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

void step_driver_fault(Step *s, const char *what)
{
    bool runs;

    if (s->pool->releasing)
        step_release_over(s); /* the GPU does not give it back before it is reset */
    runs = pool_has_engine(s->pool) && s->pool->state != POOL_STOPPING;
    if (!runs && !s->pool->judging)
        return;
    step_set_error(s, FAILURE_DRIVER_RESET, "%s", what);
    if (runs)
        step_begin_stop(s, STOP_DRIVER_FAULT);
    else /* it has ended of that, which the driver says a little later */
        step_judge(s, FAILURE_NONE, "");
}

static usec_t kill_retry(const Step *s)
{
    usec_t graces = 2 * spec_stop_grace(s->pool->spec, s->settings);

    return usec_min(usec_max(graces, KILL_RETRY_MIN_USEC), KILL_RETRY_MAX_USEC);
}

static void explain_stuck(Step *s)
{
    Pool *p = s->pool;
    pid_t pid = p->unit.main_pid > 0 ? p->unit.main_pid : p->unit.left_pid;
    char which[32] = "one of its processes";

    if (pid > 0)
        (void)snprintf(which, sizeof(which), "its process %d", (int)pid);
    step_set_error(s, p->last_error_class,
                   "the engine does not end, not even by SIGKILL: %s hangs in the kernel", which);
    step_log(s, LOG_STOP_STUCK, NULL);
}

void step_stop_overdue(Step *s)
{
    Pool *p = s->pool;

    effects_add(s->effects, EFFECT_KILL_UNIT);
    effects_add(s->effects, EFFECT_QUERY_UNIT);
    p->phase_deadline = usec_add(s->now.mono, kill_retry(s));
    p->kills++;
    if (p->kills < POOL_STUCK_KILLS)
        return;
    /*
     * Not even SIGKILL ended it: a process hangs in the kernel, most likely in the GPU's driver.
     * The pool stays in stopping, so that no second engine is started beside it, but whoever waits
     * is told.
     */
    if (p->kills == POOL_STUCK_KILLS)
        explain_stuck(s);
    if (p->reload.phase == RELOAD_BESIDE)
        return; /* the new engine decides what becomes of the reload */
    if (p->operation.kind == OPERATION_RELOAD) {
        step_reload_cancel(s);
        p->automatic = true; /* the engine from before is started once this one is gone */
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
    if (s->pool->unit.active == UNIT_ACTIVE_FAILED)
        effects_add(s->effects, EFFECT_RESET_FAILED);
    if (s->pool->kills == 0)
        step_stop_overdue(s);
}

/* It ended by itself. */
static void ended_unasked(Step *s, const UnitEnd *end)
{
    Pool *p = s->pool;
    char how[160];

    unit_end_describe(end, how, sizeof(how));
    if (!p->was_ready) {
        step_set_error(s, end->failure == FAILURE_NONE ? FAILURE_PROCESS_EXIT : end->failure,
                       "the engine %s%s", how, end->set_up ? "" : " before it was healthy");
        if (end->failure == FAILURE_NONE)
            step_log(s, LOG_PRELOAD_FAILED, end);
    } else if (end->failure == FAILURE_NONE) {
        step_log(s, LOG_ENGINE_EXITED, end);
    } else {
        p->crash_count++;
        step_set_error(s, end->failure, "the engine %s", how);
    }
    /* Contract, decision 7: leaving with status 0 is no failure. */
    p->state = end->failure == FAILURE_NONE ? POOL_OFF : POOL_FAILED;
}

/* Whether it was to end. A reload that was given up, because the engine hung in the kernel, has
 * left the pool without one. */
static bool is_wanted_end(const Pool *p)
{
    switch (p->stop_reason) {
    case STOP_REQUESTED:
    case STOP_RESTART:
    case STOP_DRAIN:
        return true;
    case STOP_RELOAD:
        return p->operation.kind == OPERATION_RELOAD;
    default:
        return false;
    }
}

/* It ended because we stopped it. */
static void ended_asked(Step *s, const UnitEnd *end)
{
    Pool *p = s->pool;

    if (is_wanted_end(p)) {
        p->state = POOL_OFF;
        step_log(s, LOG_ENGINE_STOPPED, end);
        return;
    }
    p->state = POOL_FAILED;
    if (p->was_ready)
        p->crash_count++;
}

/* Whether the operation of the pool is about the end of its engine. */
static bool ends_with_engine(const Pool *p)
{
    return p->operation.kind == OPERATION_STOP || p->operation.kind == OPERATION_DRAIN ||
           p->operation.kind == OPERATION_DEREGISTER;
}

bool step_waits_for_beside(const Pool *p)
{
    return p->beside && ends_with_engine(p) && !pool_has_engine(p) && !p->judging;
}

void step_stopped(Step *s, bool forced)
{
    Pool *p = s->pool;

    p->drain_forced = forced;
    if (!ends_with_engine(p) || pool_has_engine(p) || p->judging || p->beside)
        return;
    if (p->operation.kind == OPERATION_DEREGISTER)
        step_forget(s);
    else
        step_end_operation(s, NULL, forced);
}

/* Whoever waits for the engine's end is told, or what was to come after it begins. */
static void conclude(Step *s, bool forced)
{
    Pool *p = s->pool;

    if (p->operation.kind == OPERATION_RELOAD) {
        step_reload_engine_gone(s);
        return;
    }
    if (p->stop_reason == STOP_RESTART && p->operation.kind == OPERATION_RESTART)
        step_begin_preflight(s);
    effects_add(s->effects, EFFECT_SAVE);
    if (p->state == POOL_PREFLIGHT)
        return;
    if (ends_with_engine(p))
        step_stopped(s, p->operation.kind == OPERATION_DRAIN ? p->drain_forced : forced);
    else
        step_fail_operation(s, PM_ERROR_PRELOAD_FAILED);
}

/* Why it ended decides what comes next, and its own last words may tell more than its exit. */
static void await_judgement(Step *s, const UnitEnd *end)
{
    Pool *p = s->pool;

    p->judging = true;
    p->end = *end;
    p->phase_deadline = usec_add(s->now.mono, OUTPUT_WAIT_USEC);
    effects_add(s->effects, EFFECT_SAVE);
    effects_add(s->effects, EFFECT_READ_OUTPUT);
}

/* An exit, a signal and silence say less than a message about the GPU; that the host ran out of
 * memory, and what the driver reported, is known better already. */
static bool tells_more(FailureClass known, FailureClass found)
{
    return found != FAILURE_NONE &&
           (known == FAILURE_PROCESS_EXIT || known == FAILURE_SIGNAL ||
            known == FAILURE_HEALTH_CHECK || known == FAILURE_START_TIMEOUT);
}

static void add_output(Step *s, FailureClass found, const char *line)
{
    Pool *p = s->pool;

    if (tells_more(p->last_error_class, found))
        p->last_error_class = found;
    else if (p->was_ready)
        return; /* the last line of an engine that was killed is about its work */
    if (!line[0])
        return;
    step_set_error(s, p->last_error_class, "%s; its output: %s", step_reason(s), line);
}

void step_judge(Step *s, FailureClass found, const char *line)
{
    Pool *p = s->pool;
    bool asked = p->stop_reason != STOP_NONE;

    p->judging = false;
    p->phase_deadline = USEC_INFINITY;
    add_output(s, found, line);
    step_log(s, p->was_ready ? LOG_ENGINE_CRASHED : LOG_PRELOAD_FAILED, &p->end);
    /* What could not even be executed would fail again (contract, decision 7). */
    if ((asked || !p->end.set_up) && step_is_supervised(s))
        step_supervise(s, p->last_error_class);
    else if (step_is_unattended(s))
        step_unsupervise(s);
    conclude(s, false);
}

void step_ended(Step *s)
{
    Pool *p = s->pool;
    UnitEnd end = unit_end_classify(&p->unit);
    bool forced = end.signal == SIGKILL || p->unit.result == UNIT_RESULT_TIMEOUT || p->kills > 0;

    withdraw(s, pool_has_handoff(p));
    effects_add(s->effects, EFFECT_REMOVE_PID);
    if (p->unit.active == UNIT_ACTIVE_FAILED)
        effects_add(s->effects, EFFECT_RESET_FAILED);
    p->phase_deadline = USEC_INFINITY;
    if (p->state != POOL_STOPPING)
        p->stop_reason = STOP_NONE;
    if (p->stop_reason != STOP_NONE)
        ended_asked(s, &end);
    else
        ended_unasked(s, &end);
    step_note_held(s);
    if (p->stop_reason != STOP_DRAIN)
        p->drain_leases = p->leases.count; /* it ended by itself meanwhile */
    if (p->leases.count > 0) {
        /* Nobody uses an engine that is gone. */
        (void)lease_release_all(p);
        effects_add(s->effects, EFFECT_SAVE_LEASES);
    }
    if (p->state == POOL_FAILED) {
        await_judgement(s, &end);
        return;
    }
    if (step_is_unattended(s))
        step_unsupervise(s);
    conclude(s, forced);
}
