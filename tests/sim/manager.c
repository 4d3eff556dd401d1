/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "world.h"

/* The shell around the machine, as the daemon has it: events in, effects out, one timer a pool. */

Pool *manager_pool(const World *w, size_t pool)
{
    return registry_get(&w->manager.registry, pool_name(pool));
}

Pool *manager_ensure(World *w, size_t pool)
{
    Pool *p;
    bool is_new;

    if (registry_ensure(&w->manager.registry, pool_name(pool), &p, &is_new) < 0)
        abort();
    if (is_new)
        p->generation = w->generation_floor;
    return p;
}

/* Its numbers are not used again; its files go. */
static void forget(World *w, Pool *pool)
{
    size_t number = pool_index(pool->id);
    unsigned dropped = w->files[number].dropped;

    if (pool_last_generation(pool) > w->generation_floor)
        w->generation_floor = pool_last_generation(pool);
    if (pool->beside)
        world_fail(w, "a pool is forgotten that has an engine beside");
    if (w->files[number].handoff)
        world_fail(w, "a pool is forgotten whose handoff file is there");
    turns_forget(w, number);
    w->manager.forgotten[number]++;
    turns_forget(w, SIM_POOLS + number); /* one that was beside has gone in the same step */
    w->manager.besides[number] = (PoolSlot){.probe = 0};
    supervision_done(&w->files[number].saved.supervision);
    w->files[number] = (Files){.dropped = dropped};
    w->manager.slots[number] =
            (PoolSlot){.armed = USEC_INFINITY, .timer = w->manager.slots[number].timer + 1};
    registry_remove(&w->manager.registry, pool_name(number));
}

PoolSlot *manager_slot(World *w, const Pool *engine)
{
    size_t number = pool_index(engine->id);

    return engine->role == ROLE_SERVING ? &w->manager.slots[number] : &w->manager.besides[number];
}

/* Whether the unit is that of an engine which a pool has. */
bool manager_knows(const World *w, UnitRef ref)
{
    Pool *pool = manager_pool(w, ref.pool);
    const Pool *engine = pool ? pool_engine(pool, ref.generation) : NULL;

    return engine && engine->spec && spec_replica(engine->spec) == ref.replica;
}

static void on_timer(World *w, const Item *item)
{
    PoolSlot *slot = &w->manager.slots[item->unit.pool];
    Event event = {.type = EVENT_TIMER, .generation = item->unit.generation};
    const Pool *pool = manager_pool(w, item->unit.pool);

    if (slot->timer == item->number) {
        slot->armed = USEC_INFINITY;
        if (!pool)
            return;
        event.generation = pool->generation;
    } else if (!world_mischief(w, 4)) {
        return; /* set to another moment meanwhile; one that is already in the queue comes late */
    }
    manager_step(w, item->unit.pool, &event);
}

void manager_arm(World *w, const Pool *pool)
{
    PoolSlot *slot = &w->manager.slots[pool_index(pool->id)];
    usec_t due = pool_next_deadline(pool);
    Item item = {
            .run = on_timer,
            .incarnation = w->manager.incarnation,
            .unit = {.pool = pool_index(pool->id), .generation = pool->generation},
            .number = ++slot->timer,
    };

    if (due == slot->armed) {
        slot->timer--;
        return;
    }
    slot->armed = due;
    if (due == USEC_INFINITY)
        return;
    item.at = usec_add(usec_max(due, w->now), world_span(w, 0, 1000));
    if (world_mischief(w, 64))
        item.at = usec_add(item.at, world_span(w, 0, 3 * USEC_PER_SEC)); /* the loop was held up */
    agenda_add(&w->agenda, &item);
}

static const char *const event_names[EVENT_MAX] = {
        [EVENT_PRELOAD] = "preload",
        [EVENT_STOP] = "stop",
        [EVENT_RESTART] = "restart",
        [EVENT_DEREGISTER] = "deregister",
        [EVENT_DRAIN] = "drain",
        [EVENT_BREAKER_RESET] = "breaker-reset",
        [EVENT_BREAKER_ALLOW] = "breaker-allow",
        [EVENT_LEASES] = "leases",
        [EVENT_HANDOFF] = "handoff",
        [EVENT_HANDOFF_GONE] = "handoff-gone",
        [EVENT_LOAD] = "load",
        [EVENT_RELOAD] = "reload",
        [EVENT_STAGED] = "staged",
        [EVENT_OUTPUT] = "output",
        [EVENT_GPU_MEMORY] = "gpu-memory",
        [EVENT_DRIVER_FAULT] = "driver-fault",
        [EVENT_FACTS] = "facts",
        [EVENT_START_FAILED] = "start-failed",
        [EVENT_STOP_FAILED] = "stop-failed",
        [EVENT_UNIT] = "unit",
        [EVENT_PROBE] = "probe",
        [EVENT_TIMER] = "timer",
        [EVENT_RECOVER] = "recover",
};

static int64_t event_detail(const Event *e)
{
    switch (e->type) {
    case EVENT_UNIT:
    case EVENT_RECOVER:
        return e->unit.active;
    case EVENT_PROBE:
        return e->probe.good;
    case EVENT_FACTS:
        return e->facts.error.code;
    case EVENT_STAGED:
        return (int64_t)e->staged.operation;
    case EVENT_OUTPUT:
        return e->output.failure;
    case EVENT_GPU_MEMORY:
        return e->gpu_memory.memory;
    default:
        return 0;
    }
}

/* What nobody has taken over. */
static void drop(Event *event)
{
    switch (event->type) {
    case EVENT_PRELOAD:
        engine_spec_free(event->command.spec);
        break;
    case EVENT_RELOAD:
        reload_request_free(event->command.reload);
        break;
    case EVENT_STAGED:
        free(event->staged.model_path);
        break;
    case EVENT_HANDOFF:
        handoff_free(event->handoff.handoff);
        break;
    default:
        break;
    }
}

void manager_step(World *w, size_t pool_number, Event *event)
{
    Pool *pool = manager_pool(w, pool_number);
    Effects effects; /* large, and mostly not used: only the count is set */
    Before before;

    if (!pool) {
        drop(event);
        return;
    }
    effects.count = 0;
    before.pool = *pool;
    if (pool->beside)
        before.beside = *pool->beside;
    before.spec = spec_id(pool->spec);
    w->steps++;
    world_note(w, "step", event_names[event->type], pool_number, event->generation,
               event_detail(event), pool_state_to_string(pool->state));
    pool_step(pool, event, &w->settings, world_now(w), prng_next(&w->prng), &effects);
    coverage_step(w->coverage, &before.pool, pool, event, &effects);
    check_step(w, &before, pool, event, &effects);
    drop(event);
    if (!manager_apply(w, pool, &effects))
        return;
    if (w->manager.slots[pool_number].forget) {
        forget(w, pool);
        return;
    }
    if (pool->gone) {
        w->manager.besides[pool_number] = (PoolSlot){.probe = 0};
        turns_forget(w, SIM_POOLS + pool_number);
    }
    pool_bury(pool);
    turns_follow(w, pool);
    if (pool->beside)
        turns_follow(w, pool->beside);
    check_files(w, pool);
    manager_arm(w, pool);
}

/* A unit that was given up has not ended while processes of it are left. */
static void look_for_processes(World *w, UnitRef ref, UnitObservation *u)
{
    Pool *pool = manager_pool(w, ref.pool);
    const Pool *engine = pool ? pool_engine(pool, ref.generation) : NULL;
    UnitObservation known = {.fields = 0};

    if (engine && pool_has_engine(engine))
        known = engine->unit;
    (void)unit_observation_merge(&known, u);
    if (!unit_observation_is_doubtful(&known))
        return;
    u->populated = unit_is_populated(w, ref);
    u->fields |= UNIT_FIELD_POPULATED;
}

static void observed(World *w, const Item *news)
{
    Event event = {
            .type = EVENT_UNIT,
            .generation = news->unit.generation,
            .unit = news->observation,
    };

    look_for_processes(w, news->unit, &event.unit);
    event.uses_gpu = gpu_unit_uses(w, news->unit);
    if (!w->manager.attached) {
        manager_found(w, news->unit, &event.unit);
        return;
    }
    /* What belongs to no pool is stopped after a grace; its failure is nobody's to read. */
    if (!manager_knows(w, news->unit) && news->observation.active == UNIT_ACTIVE_FAILED &&
        (news->observation.fields & UNIT_FIELD_ACTIVE))
        call_send_ref(w, CALL_RESET_FAILED, news->unit, false);
    manager_step(w, news->unit.pool, &event);
}

static void call_failed(World *w, const Item *news, EventType type)
{
    Event event = {.type = type, .generation = news->unit.generation};

    (void)snprintf(event.failure, sizeof(event.failure), "Refused.");
    manager_step(w, news->unit.pool, &event);
}

void manager_news(World *w, const Item *news)
{
    switch ((NewsKind)news->kind) {
    case NEWS_OBSERVED:
        observed(w, news);
        break;
    case NEWS_ANSWER:
        observed(w, news);
        if (news->flag)
            manager_attach_progress(w);
        break;
    case NEWS_CHANGED:
        call_send_ref(w, CALL_QUERY, news->unit, false);
        break;
    case NEWS_START_FAILED:
        call_failed(w, news, EVENT_START_FAILED);
        break;
    case NEWS_STOP_FAILED:
        call_failed(w, news, EVENT_STOP_FAILED);
        break;
    case NEWS_LISTED:
        w->manager.attach_left++;
        call_send_ref(w, CALL_QUERY, news->unit, true);
        break;
    case NEWS_LIST_END:
        manager_attach_progress(w);
        break;
    }
}
