/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "core/machine_internal.h"
#include "core/probe_schedule.h"

/*
 * Engines that somebody else started (contract: Handoff). They are believed to be ready from the
 * moment that they are registered, checked from then on, and never stopped by us.
 */

/* Whether a handoff may make the pool external, or change what it says of it. */
static bool can_be_external(const Pool *p)
{
    switch (p->state) {
    case POOL_OFF:
    case POOL_FAILED:
    case POOL_BACKOFF:
    case POOL_TRIPPED:
        return !p->beside;
    case POOL_EXTERNAL:
        return true;
    default:
        return false;
    }
}

/* Another engine than the one that was there: nobody has a lease of it. */
static void begin_engine(Step *s)
{
    if (s->pool->probe_running)
        effects_add(s->effects, EFFECT_CANCEL_PROBE);
    s->pool->probe_running = false;
    s->pool->generation = pool_last_generation(s->pool) + 1;
    s->pool->started = s->now;
    lease_begin_generation(s->pool);
    effects_add(s->effects, EFFECT_SAVE_LEASES);
}

void step_handoff(Step *s, Handoff *handoff, bool is_file)
{
    Pool *p = s->pool;

    if (!can_be_external(p)) {
        handoff_free(handoff);
        return;
    }
    step_unsupervise(s);
    if (p->state != POOL_EXTERNAL || !streq(p->external->url, handoff->url))
        begin_engine(s);
    handoff_free(p->external);
    p->external = handoff;
    p->external_is_file = is_file;
    p->external_is_lost = false;
    p->state = POOL_EXTERNAL;
    p->unit = (UnitObservation){0};
    step_clear_error(s);
    p->last_heartbeat_real = s->now.real;
    p->probe_failures = 0;
    pool_meta_from_handoff(p, handoff);
    step_log(s, LOG_EXTERNAL_REGISTERED, NULL);
    effects_add(s->effects, EFFECT_SAVE);
    if (!p->probe_running)
        step_probe_now(s);
}

void step_leave_external(Step *s)
{
    Pool *p = s->pool;

    if (p->probe_running)
        effects_add(s->effects, EFFECT_CANCEL_PROBE);
    p->probe_running = false;
    p->probe_at = USEC_INFINITY;
    p->probe_failures = 0;
    p->external = handoff_free(p->external);
    p->external_is_lost = false;
    if (p->spec)
        pool_meta_from_spec(p, p->spec);
    pool_return_mask(p);
    p->state = POOL_OFF;
    (void)lease_release_all(p);
}

void step_handoff_gone(Step *s)
{
    Pool *p = s->pool;

    if (p->state != POOL_EXTERNAL || !p->external_is_file)
        return;
    step_log(s, LOG_EXTERNAL_GONE, NULL);
    step_leave_external(s);
    if (!p->registered) {
        effects_add(s->effects, EFFECT_FORGET);
        return;
    }
    effects_add(s->effects, EFFECT_SAVE_LEASES);
    effects_add(s->effects, EFFECT_SAVE);
}

static void external_is_well(Step *s)
{
    Pool *p = s->pool;

    p->probe_failures = 0;
    p->last_heartbeat_real = s->now.real;
    if (!p->external_is_lost)
        return;
    p->external_is_lost = false;
    step_clear_error(s);
    step_log(s, LOG_EXTERNAL_BACK, NULL);
    effects_add(s->effects, EFFECT_SAVE);
}

void step_external_probe(Step *s, bool good)
{
    Pool *p = s->pool;
    ProbeSettings probing;

    probe_settings(NULL, s->settings, &probing);
    p->probe_at = usec_add(s->now.mono, probe_liveness_pause(&probing, s->random));
    if (good) {
        external_is_well(s);
        return;
    }
    p->probe_failures++;
    if (p->external_is_lost || p->probe_failures < probing.liveness_failures)
        return;
    p->external_is_lost = true;
    step_set_error(s, FAILURE_HEALTH_CHECK,
                   "%" PRIu64 " health checks in a row failed; the last: %s", p->probe_failures,
                   strempty(p->probe_error));
    step_log(s, LOG_EXTERNAL_LOST, NULL);
    effects_add(s->effects, EFFECT_SAVE);
}
