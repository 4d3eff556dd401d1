/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/machine_internal.h"
#include "core/spec_policy.h"

/*
 * What becomes of an engine that was to run and has ended: when it is started again is decided in
 * supervision.c, here it is done (contract, decisions 3 and 7).
 */

bool step_is_supervised(const Step *s)
{
    const Pool *p = s->pool;

    /* Whoever waits for an operation is told of the failure, and decides himself. */
    return p->role == ROLE_SERVING && p->operation.kind == OPERATION_NONE &&
           (p->was_ready || p->automatic) && spec_allows_restart(p->spec);
}

static void log_verdict(Step *s, const SupervisionVerdict *v)
{
    if (v->opened || v->reopened)
        step_log(s, LOG_BREAKER_OPENED, NULL);
    if (v->storm_warning)
        step_log(s, LOG_RESTART_STORM, NULL);
    if (v->oom_storm)
        step_log(s, LOG_OOM_STORM, NULL);
    if (!v->tripped)
        step_log(s, LOG_RESTART_SCHEDULED, NULL);
}

/* The pool waits until its pending restart is due. */
static void await_restart(Step *s)
{
    Pool *p = s->pool;
    Instant until;

    p->state = supervision_open_until(&p->supervision, &until) ? POOL_TRIPPED : POOL_BACKOFF;
    p->phase_deadline = usec_max(supervision_deadline(&p->supervision), usec_add(s->now.mono, 1));
}

void step_supervise(Step *s, FailureClass failure)
{
    SupervisionSettings settings = spec_supervision(s->pool->spec, s->settings);
    SupervisionVerdict verdict;

    supervision_failed(&s->pool->supervision, &settings, failure, s->now, s->random, &verdict);
    await_restart(s);
    log_verdict(s, &verdict);
}

void step_unsupervise(Step *s)
{
    Pool *p = s->pool;

    supervision_cancel(&p->supervision);
    p->automatic = false;
    if (p->state == POOL_BACKOFF || p->state == POOL_TRIPPED)
        p->phase_deadline = USEC_INFINITY;
}

void step_restart_due(Step *s)
{
    Pool *p = s->pool;

    p->phase_deadline = USEC_INFINITY;
    p->automatic = true;
    if (supervision_restarting(&p->supervision, s->now))
        step_log(s, LOG_BREAKER_HALF_OPEN, NULL);
    step_begin_preflight(s);
}

static void await_stability(Step *s)
{
    SupervisionSettings settings = spec_supervision(s->pool->spec, s->settings);
    Pool *p = s->pool;

    p->stable_at = supervision_next_change(&p->supervision, &settings, p->ready_since);
}

void step_watch_stability(Step *s, bool adopted)
{
    Pool *p = s->pool;

    if (!adopted) {
        p->ready_since = s->now.mono;
        supervision_ready(&p->supervision);
    }
    await_stability(s);
    /* What was due while we were away is done at once. */
    if (p->stable_at <= s->now.mono)
        step_stability_due(s);
}

void step_stability_due(Step *s)
{
    SupervisionSettings settings = spec_supervision(s->pool->spec, s->settings);
    Pool *p = s->pool;
    unsigned changes = supervision_stable(&p->supervision, &settings, p->ready_since, s->now);

    if (changes & SUPERVISION_BREAKER_CLOSED)
        step_log(s, LOG_BREAKER_CLOSED, NULL);
    if (changes)
        effects_add(s->effects, EFFECT_SAVE);
    await_stability(s);
}

static bool is_waiting(const Pool *p)
{
    return p->state == POOL_BACKOFF || p->state == POOL_TRIPPED;
}

void step_breaker_reset(Step *s)
{
    if (supervision_reset(&s->pool->supervision, s->now))
        step_log(s, LOG_BREAKER_CLOSED, NULL);
    effects_add(s->effects, EFFECT_SAVE);
    if (is_waiting(s->pool))
        step_restart_due(s);
}

void step_breaker_allow(Step *s)
{
    if (is_waiting(s->pool) && supervision_allow_once(&s->pool->supervision, s->now))
        step_restart_due(s);
}

void step_resume_supervision(Step *s)
{
    if (is_waiting(s->pool))
        await_restart(s);
}
