/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "world.h"

/* The manager's death and return. */

/* How long nobody is there: mostly hardly at all, so that much is still under way. */
static usec_t away_max(World *w)
{
    if (prng_one_in(&w->prng, 2))
        return 20 * USEC_PER_MSEC;
    return prng_one_in(&w->prng, 2) ? USEC_PER_SEC : 20 * USEC_PER_SEC;
}

void manager_kill(World *w)
{
    FakeManager *m = &w->manager;
    uint64_t incarnations = m->incarnations;
    Item item = {.at = usec_add(w->now, world_span(w, 0, away_max(w))), .run = manager_start};

    if (m->incarnation == 0)
        return;
    world_note(w, "manager", "killed", SIM_GHOST, 0, (int64_t)m->incarnation, NULL);
    registry_done(&m->registry);
    *m = (FakeManager){.incarnations = incarnations};
    w->n_open = 0; /* whoever waited sees the connection go */
    w->sm.subscriber = 0;
    w->coverage->kills++;
    agenda_add(&w->agenda, &item);
}

/* Those in states that have one; it may still be on record after its end. */
static bool has_operation(const Pool *pool, const Saved *saved)
{
    OperationKind kind = saved->operation.kind;

    switch (saved->engine.state) {
    case POOL_PREFLIGHT:
        return kind == OPERATION_PRELOAD || kind == OPERATION_RESTART || kind == OPERATION_RELOAD ||
               pool->beside;
    case POOL_STARTING:
    case POOL_WARMING:
    case POOL_STOPPING:
    case POOL_DRAINING:
    case POOL_ADOPTING:
        return true;
    case POOL_READY:
        return kind == OPERATION_RELOAD && saved->reload_strategy == RELOAD_BLUE_GREEN;
    default:
        return saved->engine.judging || pool->beside;
    }
}

static void restore_operation(World *w, Pool *pool, const Saved *saved)
{
    if (saved->operation.kind == OPERATION_NONE || !has_operation(pool, saved))
        return;
    pool->operation = saved->operation;
    if (w->n_open == OPEN_OPERATIONS_MAX)
        world_fail(w, "operations do not end");
    w->open[w->n_open++] =
            (OpenOperation){saved->operation.id, saved->operation.kind, pool_index(pool->id)};
}

static void restore_reload(Pool *pool, const Saved *saved)
{
    size_t number = pool_index(pool->id);
    Reload *reload = &pool->reload;

    if (pool->operation.kind != OPERATION_RELOAD)
        return;
    reload->phase = saved->reload_phase;
    reload->strategy = saved->reload_strategy;
    reload->free_port = saved->reload_port;
    reload->within_usec = saved->reload_within;
    reload->model_ref = strdup(model_path(saved->reload_model));
    if (!reload->model_ref)
        abort();
    reload->next = spec_make(number, saved->reload_next);
    reload->previous = spec_make(number, saved->reload_previous);
    error_text_set(&reload->error, "%s", saved->reload_error);
    reload->failure = saved->reload_failure;
}

static void restore_engine(Pool *engine, const SavedEngine *saved)
{
    engine->role = saved->role;
    engine->state = saved->state;
    engine->generation = saved->generation;
    engine->stop_reason = saved->stop_reason;
    engine->started = saved->started;
    engine->was_ready = saved->was_ready;
    error_text_set(&engine->last_error, "%s", saved->last_error);
    engine->last_error_class = saved->last_error_class;
    engine->last_heartbeat_real = saved->last_heartbeat_real;
    engine->crash_count = saved->crash_count;
    engine->judging = saved->judging;
    engine->releasing = saved->releasing;
    engine->held_pid = saved->held_pid;
    engine->ready_since = saved->ready_since;
    engine->drain_deadline = saved->drain_deadline;
    engine->drain_forced = saved->drain_forced;
    engine->drain_leases = saved->drain_leases;
    engine->spec = spec_make(pool_index(engine->id), saved->spec);
}

static void restore_beside(World *w, Pool *pool, const SavedEngine *saved)
{
    if (saved->generation == 0)
        return;
    if (pool_new(pool->id, &pool->beside) < 0)
        abort();
    restore_engine(pool->beside, saved);
    pool_meta_from_spec(pool->beside, pool->beside->spec);
    manager_slot(w, pool->beside)->judge_until = USEC_INFINITY; /* until it is its turn */
}

static void take_over(World *w, size_t number)
{
    const Saved *saved = &w->files[number].saved;
    Pool *pool = manager_ensure(w, number);

    restore_engine(pool, &saved->engine);
    restore_beside(w, pool, &saved->beside);
    pool->last_generation = saved->last_generation;
    pool->registered = saved->registered;
    if (supervision_copy(&saved->supervision, &pool->supervision) < 0)
        abort();
    pool->automatic = saved->automatic;
    if (saved->external != 0)
        pool->external = handoff_make(number, saved->external);
    pool->external_is_file = saved->external_is_file;
    restore_operation(w, pool, saved);
    restore_reload(pool, saved);
    if (pool->spec && pool->state != POOL_EXTERNAL)
        pool_meta_from_spec(pool, pool->reload.previous ? pool->reload.previous : pool->spec);
    leases_load(w, pool);
    w->manager.slots[number].from_stale = w->files[number].stale;
}

void manager_start(World *w, const Item *item)
{
    FakeManager *m = &w->manager;

    m->incarnation = ++m->incarnations;
    m->attach_left = 1;
    world_note(w, "manager", "starts", SIM_GHOST, 0, (int64_t)m->incarnation, NULL);
    for (size_t i = 0; i < SIM_POOLS; i++) {
        m->slots[i].armed = USEC_INFINITY;
        if (w->files[i].exists)
            take_over(w, i);
    }
    call_send_ref(w, CALL_ATTACH, (UnitRef){.pool = SIM_GHOST}, false);
}

/* While units are listed and read: what is said is kept for the recovery. */
void manager_found(World *w, UnitRef unit, const UnitObservation *found)
{
    FakeManager *m = &w->manager;
    Pool *pool;

    if (manager_knows(w, unit)) {
        pool = pool_engine(manager_pool(w, unit.pool), unit.generation);
        unit_observation_merge(&manager_slot(w, pool)->found, found);
        return;
    }
    for (size_t i = 0; i < m->n_unknown; i++)
        if (m->unknown[i].pool == unit.pool && m->unknown[i].generation == unit.generation &&
            m->unknown[i].replica == unit.replica)
            return;
    if (found->load == UNIT_LOAD_NOT_FOUND || m->n_unknown == SIM_UNITS)
        return;
    m->unknown[m->n_unknown++] = unit;
    pool = manager_ensure(w, unit.pool);
    /* Its number is taken. */
    if (!pool->spec && pool->generation < unit.generation)
        pool->generation = unit.generation;
}

static void on_grace_over(World *w, const Item *item)
{
    FakeManager *m = &w->manager;

    for (size_t i = 0; i < m->n_unknown; i++) {
        call_send_ref(w, CALL_STOP, m->unknown[i], false);
        call_send_ref(w, CALL_RESET_FAILED, m->unknown[i], false);
    }
    m->n_unknown = 0;
}

/* Also of one that the service manager knows no more. */
static void look_for_processes(World *w, const Pool *pool, UnitObservation *u)
{
    UnitRef ref = {.pool = pool_index(pool->id), .generation = pool->generation};

    if (!pool->spec || !pool_has_engine(pool) || (u->fields & UNIT_FIELD_POPULATED) ||
        (u->load != UNIT_LOAD_NOT_FOUND && u->active != UNIT_ACTIVE_INACTIVE &&
         u->active != UNIT_ACTIVE_FAILED))
        return;
    ref.replica = spec_replica(pool->spec);
    u->populated = unit_is_populated(w, ref);
    u->fields |= UNIT_FIELD_POPULATED;
}

static Event recover_event(World *w, const Pool *engine)
{
    Event event = {
            .type = EVENT_RECOVER,
            .generation = engine->generation,
            .uses_gpu = gpu_uses(engine),
            .unit = manager_slot(w, engine)->found,
    };

    if (event.unit.fields == 0) {
        event.unit.fields = UNIT_FIELD_LOAD;
        event.unit.load = UNIT_LOAD_NOT_FOUND;
    }
    look_for_processes(w, engine, &event.unit);
    return event;
}

/* The one beside may have taken the other's place by the time that it is its turn. */
static void recover_pool(World *w, size_t number)
{
    uint64_t incarnation = w->manager.incarnation;
    const Pool *pool = manager_pool(w, number);
    bool has_beside = pool->beside;
    Event event = recover_event(w, pool), beside = {.type = EVENT_RECOVER};

    if (has_beside)
        beside = recover_event(w, pool->beside);
    manager_step(w, number, &event);
    if (has_beside && w->manager.incarnation == incarnation)
        manager_step(w, number, &beside);
}

static void recover(World *w)
{
    uint64_t incarnation = w->manager.incarnation;
    Item item = {
            .at = usec_add(w->now, 2 * USEC_PER_SEC),
            .run = on_grace_over,
            .incarnation = incarnation,
    };

    agenda_add(&w->agenda, &item);
    w->manager.attached = true;
    for (size_t i = 0; i < SIM_POOLS && w->manager.incarnation == incarnation; i++) {
        Pool *pool = manager_pool(w, i);

        if (pool && (pool->spec || pool->state == POOL_EXTERNAL))
            recover_pool(w, i);
    }
    if (w->manager.incarnation == incarnation)
        turns_begin(w);
    if (w->manager.incarnation == incarnation)
        external_scan(w);
}

void manager_attach_progress(World *w)
{
    w->manager.attach_left--;
    if (w->manager.attach_left == 0 && !w->manager.attached)
        recover(w);
}

/* From then on commands are taken. */
bool manager_is_recovered(const World *w)
{
    if (w->manager.incarnation == 0 || !w->manager.attached)
        return false;
    for (size_t i = 0; i < w->manager.registry.count; i++) {
        const Pool *pool = w->manager.registry.pools[i];

        if (pool->state == POOL_ADOPTING && pool->probe_running)
            return false;
    }
    return true;
}
