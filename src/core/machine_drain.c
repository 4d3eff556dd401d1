/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/machine_internal.h"
#include "core/probe_schedule.h"

/*
 * Draining (contract: drain): no new leases, those that are out are waited for, then the engine is
 * stopped; at the deadline it is stopped in any case.
 */

/* The engine is stopped now; how many still use it is part of the answer. */
static void finish(Step *s, bool forced)
{
    s->pool->drain_forced = forced;
    s->pool->drain_leases = s->pool->leases.count;
    step_begin_stop(s, STOP_DRAIN);
}

static void wait_for_leases(Step *s)
{
    Pool *p = s->pool;

    p->state = POOL_DRAINING;
    p->phase_deadline = p->drain_deadline;
    effects_add(s->effects, EFFECT_SAVE);
}

/* Waits, if there is anything to wait for and time for it. */
static void begin(Step *s)
{
    Pool *p = s->pool;

    if (p->leases.count == 0)
        finish(s, false);
    else if (p->drain_deadline <= s->now.mono)
        step_drain_overdue(s);
    else
        wait_for_leases(s);
}

void step_drain(Step *s, uint64_t operation, usec_t within_usec)
{
    Pool *p = s->pool;

    if (step_cancel_restart(s, OPERATION_DRAIN, operation))
        return;
    if (p->state == POOL_READY && p->operation.kind == OPERATION_NONE) {
        step_unsupervise(s);
        step_take_operation(s, OPERATION_DRAIN, operation);
        p->drain_deadline = usec_add(s->now.mono, within_usec);
        p->drain_forced = false;
        p->drain_leases = 0;
        step_log(s, LOG_DRAIN_STARTED, NULL);
        begin(s);
    } else if (!pool_has_engine(p)) {
        step_answer(s, OPERATION_DRAIN, operation, PM_ERROR_NO_ENGINE,
                    "the pool has no engine to drain");
    } else {
        step_answer(s, OPERATION_DRAIN, operation, PM_ERROR_BUSY,
                    "only a ready pool can be drained, and no other operation may hold it: wait "
                    "until that has ended, or stop the pool");
    }
}

void step_leave(Step *s, usec_t within_usec)
{
    Pool *p = s->pool;
    ProbeSettings probing;

    probe_settings(p->spec, s->settings, &probing);
    p->drain_deadline = usec_add(s->now.mono, within_usec);
    p->drain_forced = false;
    if (!p->probe_running)
        p->probe_at = usec_add(s->now.mono, probe_liveness_pause(&probing, s->random));
    p->phase_deadline = USEC_INFINITY;
    step_log(s, LOG_DRAIN_STARTED, NULL);
    if (p->state == POOL_READY || p->state == POOL_ADOPTING)
        begin(s);
    else
        finish(s, false);
}

void step_leases(Step *s)
{
    Pool *p = s->pool;

    if (p->state != POOL_DRAINING || p->leases.count > 0 || p->reload.phase == RELOAD_STAGING)
        return;
    if (p->operation.kind == OPERATION_RELOAD)
        step_reload_drained(s);
    else
        finish(s, false);
}

void step_drain_overdue(Step *s)
{
    if (s->pool->operation.kind == OPERATION_RELOAD) {
        step_reload_overdue(s);
        return;
    }
    step_log(s, LOG_DRAIN_FORCED, NULL);
    finish(s, true);
}

void step_resume_drain(Step *s)
{
    /* The probe that found it well is the last one that is waited for: the drain's deadline may be
     * over meanwhile. */
    s->pool->phase_deadline = USEC_INFINITY;
    begin(s);
}
