/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "core/machine_internal.h"

/*
 * The second engine of a pool: in a blue-green reload the new one starts beside the one that
 * serves, and takes over when it is ready; the old one is drained then. Each is a record with a
 * generation of its own, which runs through the same machine; here is what passes between the two.
 */

/* What only the engine that serves the pool has. */
static bool is_of_serving(EffectType type)
{
    return type == EFFECT_WRITE_PID || type == EFFECT_REMOVE_PID || type == EFFECT_WRITE_HANDOFF ||
           type == EFFECT_REMOVE_HANDOFF;
}

/* Both engines of a pool lie in the same files. */
static bool is_of_both(EffectType type)
{
    return type == EFFECT_SAVE || type == EFFECT_SAVE_LEASES;
}

static void add_once(Effects *effects, EffectType type)
{
    for (size_t i = 0; i < effects->count; i++)
        if (effects->items[i].type == type)
            return;
    effects_add(effects, type);
}

static void add_effects(Step *s, const Effects *its)
{
    for (size_t i = 0; i < its->count; i++) {
        const Effect *e = &its->items[i];

        if (is_of_both(e->type)) {
            add_once(s->effects, e->type);
        } else if (!is_of_serving(e->type)) {
            Effect *added = effects_add(s->effects, e->type);

            *added = *e;
            added->beside = true;
        }
    }
}

/* A step of the one beside begins: what it wants done comes into `its`. */
static Step enter(const Step *s, Effects *its)
{
    Step b = *s;

    its->count = 0;
    b.pool = s->pool->beside;
    b.effects = its;
    /* Facts are told apart by their attempt alone. */
    if (b.pool->attempt < s->pool->attempt)
        b.pool->attempt = s->pool->attempt;
    return b;
}

static void leave(Step *s, const Step *b)
{
    if (s->pool->attempt < b->pool->attempt)
        s->pool->attempt = b->pool->attempt;
    add_effects(s, b->effects);
}

void step_beside(Step *s, Event *event)
{
    Effects its; /* large: only the count is set */
    Step b = enter(s, &its);

    step_event(&b, event);
    leave(s, &b);
}

/* The record is done with. */
static void part(Step *s)
{
    Pool *p = s->pool, *b = p->beside;

    if (b->probe_running)
        effects_add(s->effects, EFFECT_CANCEL_PROBE)->beside = true;
    p->last_generation = pool_last_generation(p);
    p->crash_count += b->crash_count;
    p->gone = b;
    p->beside = NULL;
}

void step_beside_drop(Step *s)
{
    if (s->pool->beside)
        part(s);
}

/* Whether the effect is about the engine, not about the pool and its files. */
static bool is_of_engine(EffectType type)
{
    return !is_of_serving(type) && !is_of_both(type) && type != EFFECT_STAGE &&
           type != EFFECT_CANCEL_STAGE && type != EFFECT_END_OPERATION && type != EFFECT_FORGET;
}

/* The engines change places. Effects are done after the step: those of this step so far stay with
 * the engine that they are about, and come after the exchange. */
static void exchange(Step *s)
{
    Effects *effects = s->effects;

    for (size_t i = 0; i < effects->count; i++)
        if (is_of_engine(effects->items[i].type))
            effects->items[i].beside = !effects->items[i].beside;
    effects_add(effects, EFFECT_MAX);
    memmove(&effects->items[1], &effects->items[0], (effects->count - 1) * sizeof(Effect));
    effects->items[0] = (Effect){.type = EFFECT_EXCHANGE};
    pool_exchange_engines(s->pool, s->pool->beside);
}

/* Fills the record of an engine of `spec`, which is taken over; NULL: out of memory. */
static Pool *arriving_new(const Pool *p, EngineSpec *spec)
{
    _cleanup_(pool_freep) Pool *b = NULL;

    if (pool_new(p->id, &b) < 0) {
        engine_spec_free(spec);
        return NULL;
    }
    b->spec = spec;
    pool_meta_from_spec(b, spec);
    free(b->meta.device_mask);
    b->meta.device_mask = p->meta.device_mask ? strdup(p->meta.device_mask) : NULL;
    if (p->meta.device_mask && !b->meta.device_mask)
        return NULL;
    memcpy(b->correlation_id, p->correlation_id, sizeof(b->correlation_id));
    b->role = ROLE_ARRIVING;
    b->generation = pool_last_generation(p) + 1;
    return TAKE_PTR(b);
}

bool step_beside_begin(Step *s, EngineSpec *spec)
{
    Pool *p = s->pool;
    Effects its;
    Step b;

    p->beside = arriving_new(p, spec);
    if (!p->beside)
        return false;
    b = enter(s, &its);
    step_begin_preflight(&b);
    leave(s, &b);
    return true;
}

void step_beside_stop(Step *s)
{
    Pool *b = s->pool->beside;
    Effects its;
    Step step;

    if (!b)
        return;
    b->role = ROLE_LEAVING;
    if (b->state == POOL_PREFLIGHT)
        b->state = POOL_OFF;
    if (!pool_has_engine(b))
        return;
    if (b->state == POOL_STOPPING) {
        b->stop_reason = STOP_REQUESTED;
        return;
    }
    step = enter(s, &its);
    step_begin_stop(&step, STOP_REQUESTED);
    leave(s, &step);
}

/* The engine from before, now that it serves no more. */
static void begin_leaving(Step *s, usec_t within_usec)
{
    Pool *b = s->pool->beside;
    Effects its;
    Step step;

    b->role = ROLE_LEAVING;
    if (!pool_has_engine(b) || b->state == POOL_STOPPING)
        return; /* it has failed by itself meanwhile */
    step = enter(s, &its);
    step_leave(&step, within_usec);
    leave(s, &step);
}

static void note_leaving(Pool *p)
{
    const Pool *b = p->beside;

    if (b->leases.count > 0)
        error_text_set(&p->operation_note,
                       "the engine from before (generation %" PRIu64
                       ") is being drained: leases of it that are still out: %" PRIu64,
                       b->generation, b->leases.count);
}

/* The new engine is ready. */
static void take_over(Step *s)
{
    Pool *p = s->pool;
    usec_t within = p->reload.within_usec;

    exchange(s);
    p->last_heartbeat_real = s->now.real;
    step_clear_error(s);
    step_watch_stability(s, false);
    effects_add(s->effects, EFFECT_WRITE_PID);
    effects_add(s->effects, EFFECT_WRITE_HANDOFF);
    add_once(s->effects, EFFECT_SAVE);
    add_once(s->effects, EFFECT_SAVE_LEASES);
    step_log(s, LOG_ENGINE_READY, NULL);
    note_leaving(p);
    step_reload_flip(s);
    begin_leaving(s, within);
}

/* The new engine is not to be had. The one that serves was not touched, whatever it does. */
static void arrival_failed(Step *s)
{
    Pool *p = s->pool, *b = p->beside;

    step_set_error(s, b->last_error_class, "%s", strempty(b->last_error));
    if (b->kills >= POOL_STUCK_KILLS) /* that is why; whoever waits is told, and it may yet go */
        b->role = ROLE_LEAVING;
    else
        part(s);
    step_reload_beside_failed(s);
}

/* Neither engine is there any more, and somebody has waited for that. */
static void left(Step *s)
{
    Pool *p = s->pool;

    if (p->operation.kind != OPERATION_NONE && !p->gpu_warning)
        p->gpu_warning = TAKE_PTR(p->beside->gpu_warning);
    part(s);
    add_once(s->effects, EFFECT_SAVE);
    step_stopped(s, s->pool->drain_forced);
}

static bool is_over(const Pool *b)
{
    return !pool_has_engine(b) && b->state != POOL_PREFLIGHT && !b->judging;
}

void step_follow_beside(Step *s)
{
    const Pool *b = s->pool->beside;
    bool stuck;

    if (!b)
        return;
    stuck = b->state == POOL_STOPPING && b->kills >= POOL_STUCK_KILLS;
    if (b->role == ROLE_ARRIVING && b->state == POOL_READY)
        take_over(s);
    else if (b->role == ROLE_ARRIVING && (is_over(b) || stuck))
        arrival_failed(s);
    else if (b->role == ROLE_LEAVING && is_over(b))
        left(s);
    else if (stuck && step_waits_for_beside(s->pool)) {
        step_set_error(s, b->last_error_class, "%s", strempty(b->last_error));
        step_fail_operation(s, PM_ERROR_STOP_FAILED);
    }
}

/* The engine that served has ended while the new one comes. */
bool step_beside_promote(Step *s)
{
    Pool *p = s->pool;

    if (engine_spec_copy(p->spec, &p->reload.previous) < 0)
        return false;
    exchange(s);
    part(s);
    if (p->state == POOL_WARMING)
        effects_add(s->effects, EFFECT_WRITE_PID);
    add_once(s->effects, EFFECT_SAVE);
    add_once(s->effects, EFFECT_SAVE_LEASES);
    return true;
}
