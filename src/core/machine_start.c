/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "core/machine_internal.h"
#include "core/probe_schedule.h"
#include "core/spec_policy.h"

/* Ends the operation with the code and the field of what was found. */
static void fail_preflight(Step *s, const Error *found)
{
    Error error = *found;

    (void)error_set(&error, found->code, NULL, "%s%s", step_failure_prefix(s), step_reason(s));
    (void)memcpy(error.field, found->field, sizeof(error.field));
    step_end_operation(s, &error, false);
}

/* What does not fit now may do so once somebody else has gone. */
static bool is_tried_again(const Step *s, const Error *error)
{
    const Pool *p = s->pool;

    return error->code == PM_ERROR_DOES_NOT_FIT &&
           (p->operation.kind == OPERATION_PRELOAD || p->operation.kind == OPERATION_RESTART) &&
           spec_retries_no_fit(p->spec, s->settings);
}

static void refuse_start(Step *s, const Error *error)
{
    Pool *p = s->pool;

    step_set_error(s, FAILURE_PREFLIGHT, "%s", error->text);
    p->state = POOL_FAILED;
    step_log(s, LOG_PRELOAD_FAILED, NULL);
    if (p->operation.kind == OPERATION_RELOAD) {
        step_reload_engine_gone(s);
        return;
    }
    if (step_is_supervised(s) || is_tried_again(s, error))
        step_supervise(s, FAILURE_PREFLIGHT);
    effects_add(s->effects, EFFECT_SAVE);
    fail_preflight(s, error);
}

void step_facts(Step *s, const Error *found)
{
    Pool *p = s->pool;
    ProbeSettings probing;
    Error error = *found;

    if (error.code == PM_ERROR_NONE && pool_take_mask(p) < 0)
        (void)error_set(&error, PM_ERROR_INTERNAL, NULL, "out of memory");
    if (error.code != PM_ERROR_NONE) {
        refuse_start(s, &error);
        return;
    }
    probe_settings(p->spec, s->settings, &probing);
    p->state = POOL_STARTING;
    if (p->role != ROLE_ARRIVING) /* its number was given to it when it came to be */
        p->generation = pool_last_generation(p) + 1;
    p->unit = (UnitObservation){0}; /* late news of the last generation may have come meanwhile */
    p->started = s->now;
    p->was_ready = false;
    p->probe_failures = 0;
    p->stop_reason = STOP_NONE;
    p->kills = 0;
    p->held_pid = 0;
    p->load_read_bytes = p->load_model_bytes = SPEC_UNSET;
    lease_begin_generation(p);
    p->phase_deadline = usec_add(s->now.mono, probing.timeout_usec);
    effects_add(s->effects, EFFECT_SAVE);
    effects_add(s->effects, EFFECT_START_UNIT);
}

void step_start_failed(Step *s, const char *why)
{
    Pool *p = s->pool;

    if (p->releasing)
        return;
    if (p->state == POOL_STOPPING) {
        /* Stopped before the service manager had even answered: there is nothing to wait for. */
        step_ended(s);
        return;
    }
    if (p->state != POOL_STARTING)
        return;
    p->phase_deadline = USEC_INFINITY;
    p->state = POOL_FAILED;
    step_set_error(s, FAILURE_EXEC_SETUP, "the engine could not be started: %s", why);
    step_log(s, LOG_PRELOAD_FAILED, NULL);
    if (p->operation.kind == OPERATION_RELOAD) {
        step_reload_engine_gone(s);
        return;
    }
    if (step_is_supervised(s))
        step_supervise(s, FAILURE_EXEC_SETUP);
    effects_add(s->effects, EFFECT_SAVE);
    step_fail_operation(s, PM_ERROR_PRELOAD_FAILED);
}

void step_probe_now(Step *s)
{
    s->pool->probe_at = USEC_INFINITY;
    s->pool->probe_running = true;
    effects_add(s->effects, EFFECT_PROBE);
}

void step_running(Step *s)
{
    if (s->pool->unit.main_pid <= 0) {
        /* The two halves of what the bus says come apart; without the pid file no health check
         * (B-PRELOAD-004). */
        if (!(s->pool->unit.fields & UNIT_FIELD_MAIN_PID))
            effects_add(s->effects, EFFECT_QUERY_UNIT);
        return;
    }
    s->pool->state = POOL_WARMING;
    effects_add(s->effects, EFFECT_WRITE_PID);
    step_log(s, LOG_ENGINE_STARTED, NULL);
    step_probe_now(s);
}

static void become_ready(Step *s)
{
    Pool *p = s->pool;
    ProbeSettings probing;
    bool adopted = p->state == POOL_ADOPTING;

    probe_settings(p->spec, s->settings, &probing);
    p->state = POOL_READY;
    p->was_ready = true;
    p->probe_failures = 0;
    p->phase_deadline = USEC_INFINITY;
    p->probe_at = usec_add(s->now.mono, adopted ? probe_adopted_pause(&probing, s->random)
                                                : probe_liveness_pause(&probing, s->random));
    p->last_heartbeat_real = s->now.real;
    if (!adopted)
        step_clear_error(s);
    if (p->role == ROLE_ARRIVING)
        return; /* step_follow_beside() */
    if (p->role == ROLE_LEAVING) {
        step_resume_drain(s);
        return;
    }
    step_watch_stability(s, adopted);
    effects_add(s->effects, EFFECT_WRITE_HANDOFF);
    if (p->operation.kind == OPERATION_DRAIN) {
        step_resume_drain(s);
        return;
    }
    effects_add(s->effects, EFFECT_SAVE);
    step_log(s, adopted ? LOG_ENGINE_ADOPTED : LOG_ENGINE_READY, NULL);
    if (p->operation.kind == OPERATION_RELOAD)
        step_reload_engine_ready(s);
    else
        step_end_operation(s, NULL, false);
}

/* A bad health check of an engine that was ready: after N in a row it is stopped. */
static void count_bad_probe(Step *s, const ProbeSettings *probing)
{
    Pool *p = s->pool;

    p->probe_failures++;
    if (p->probe_failures >= probing->liveness_failures)
        step_begin_stop(s, STOP_UNHEALTHY);
    else
        p->probe_at = usec_add(s->now.mono, probe_liveness_pause(probing, s->random));
}

void step_probe(Step *s, bool good, const char *error)
{
    Pool *p = s->pool;
    ProbeSettings probing;

    if (!p->probe_running)
        return;
    p->probe_running = false;
    error_text_set(&p->probe_error, "%s", good ? "" : error);
    if (p->state == POOL_EXTERNAL) {
        step_external_probe(s, good);
        return;
    }
    probe_settings(p->spec, s->settings, &probing);
    if ((p->state == POOL_READY || p->state == POOL_DRAINING) && good) {
        p->probe_failures = 0;
        p->last_heartbeat_real = s->now.real;
        p->probe_at = usec_add(s->now.mono, probe_liveness_pause(&probing, s->random));
    } else if (good) {
        become_ready(s);
    } else if (p->state == POOL_WARMING) {
        usec_t waited = usec_sub(s->now.mono, p->started.mono);

        p->probe_at = usec_add(s->now.mono, probe_pause(&probing, waited));
    } else {
        count_bad_probe(s, &probing);
    }
}

void step_probe_not_made(Step *s)
{
    Pool *p = s->pool;
    ProbeSettings probing;

    if (!p->probe_running)
        return;
    if (p->state == POOL_WARMING) {
        step_probe(s, false, "out of descriptors or memory");
        return;
    }
    p->probe_running = false;
    probe_settings(p->state == POOL_EXTERNAL ? NULL : p->spec, s->settings, &probing);
    p->probe_at = usec_add(s->now.mono, probe_liveness_pause(&probing, s->random));
}

/* Our restart found the engine running. */
static void adopt(Step *s)
{
    Pool *p = s->pool;
    ProbeSettings probing;

    if (unit_observation_verdict(&p->unit) != UNIT_VERDICT_RUNNING || p->unit.main_pid <= 0) {
        /* Not active yet, or active without a main process: more is about to be said. */
        if (pool_has_handoff(p))
            effects_add(s->effects, EFFECT_REMOVE_HANDOFF);
        p->state = POOL_STARTING;
    } else if (p->was_ready) {
        p->state = POOL_ADOPTING;
    } else {
        p->state = POOL_WARMING;
    }
    if (!p->was_ready || p->state == POOL_STARTING) {
        probe_settings(p->spec, s->settings, &probing);
        /* It gets the rest of its time, and one whole try at the least. */
        p->phase_deadline = usec_max(usec_add(p->started.mono, probing.timeout_usec),
                                     usec_add(s->now.mono, 2 * probing.try_timeout_usec));
    }
    if (p->state != POOL_STARTING) {
        effects_add(s->effects, EFFECT_WRITE_PID);
        step_probe_now(s);
    }
}

/* The engine was there when we went. */
static void recover_engine(Step *s, UnitVerdict verdict, bool uses_gpu)
{
    Pool *p = s->pool;

    switch (verdict) {
    case UNIT_VERDICT_ENDED:
    case UNIT_VERDICT_GONE:
        step_engine_ended(s, uses_gpu);
        return;
    case UNIT_VERDICT_ABANDONED:
        step_abandoned(s);
        return;
    case UNIT_VERDICT_STOPPING:
        if (p->state != POOL_STOPPING) {
            step_going_down(s);
            return;
        }
        break;
    case UNIT_VERDICT_UNDECIDED:
    case UNIT_VERDICT_STARTING:
    case UNIT_VERDICT_RUNNING:
        break;
    }
    if (p->state == POOL_STOPPING)
        step_begin_stop(s, p->stop_reason);
    else
        adopt(s);
}

void step_recover(Step *s, const UnitObservation *unit, bool uses_gpu)
{
    Pool *p = s->pool;
    bool had_gpu = uses_gpu || p->releasing;
    UnitVerdict verdict = unit_observation_verdict(unit);

    p->unit = *unit;
    p->probe_running = p->releasing = false;
    p->phase_deadline = p->probe_at = p->stable_at = USEC_INFINITY;
    step_resume_supervision(s);
    if (p->state == POOL_EXTERNAL) {
        step_probe_now(s);
        return;
    }
    if (p->state == POOL_PREFLIGHT)
        p->state = POOL_OFF;
    /* We may have been killed between writing a file and saving the state that goes with it. The
     * handoff goes before the engine is stopped. */
    if (!pool_has_handoff(p))
        effects_add(s->effects, EFFECT_REMOVE_HANDOFF);
    if (pool_has_engine(p)) {
        recover_engine(s, verdict, had_gpu);
        return;
    }
    if (verdict == UNIT_VERDICT_RUNNING || verdict == UNIT_VERDICT_STARTING)
        step_begin_stop(s, STOP_REQUESTED);
    else if (unit->active == UNIT_ACTIVE_FAILED)
        effects_add(s->effects, EFFECT_RESET_FAILED);
    if (pool_has_engine(p))
        return;
    effects_add(s->effects, EFFECT_REMOVE_PID);
    /* Killed between the two halves of a restart, or while it waited for its turn. */
    if (p->state == POOL_OFF &&
        (p->operation.kind == OPERATION_PRELOAD || p->operation.kind == OPERATION_RESTART ||
         p->operation.kind == OPERATION_RELOAD || p->automatic || p->role == ROLE_ARRIVING))
        step_begin_preflight(s);
}
