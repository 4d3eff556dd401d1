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
static void restore_operation(World *w, Pool *pool, const Saved *saved)
{
    bool restarts = saved->state == POOL_PREFLIGHT && (saved->operation.kind == OPERATION_RESTART ||
                                                       saved->operation.kind == OPERATION_RELOAD);
    bool ended = saved->state == POOL_FAILED && saved->judging;

    if (saved->operation.kind == OPERATION_NONE ||
        (!restarts && !ended && saved->state != POOL_STARTING && saved->state != POOL_WARMING &&
         saved->state != POOL_STOPPING && saved->state != POOL_DRAINING &&
         saved->state != POOL_ADOPTING))
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
    reload->model_ref = strdup(model_path(saved->reload_model));
    if (!reload->model_ref)
        abort();
    reload->next = spec_make(number, saved->reload_next);
    reload->previous = spec_make(number, saved->reload_previous);
    (void)snprintf(reload->error, sizeof(reload->error), "%s", saved->reload_error);
    reload->failure = saved->reload_failure;
}

static void take_over(World *w, size_t number)
{
    const Saved *saved = &w->files[number].saved;
    Pool *pool = manager_ensure(w, number);

    pool->state = saved->state;
    pool->generation = saved->generation;
    pool->stop_reason = saved->stop_reason;
    pool->started = saved->started;
    pool->was_ready = saved->was_ready;
    (void)snprintf(pool->last_error, sizeof(pool->last_error), "%s", saved->last_error);
    pool->last_error_class = saved->last_error_class;
    pool->last_heartbeat_real = saved->last_heartbeat_real;
    pool->crash_count = saved->crash_count;
    pool->registered = saved->registered;
    pool->supervision = saved->supervision;
    pool->automatic = saved->automatic;
    pool->ready_since = saved->ready_since;
    pool->drain_deadline = saved->drain_deadline;
    pool->drain_forced = saved->drain_forced;
    pool->drain_leases = saved->drain_leases;
    pool->judging = saved->judging;
    pool->releasing = saved->releasing;
    pool->held_pid = saved->held_pid;
    pool->spec = spec_make(number, saved->spec);
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
        unit_observation_merge(&m->slots[unit.pool].found, found);
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

static void recover_pool(World *w, Pool *pool)
{
    Event event = {
            .type = EVENT_RECOVER,
            .generation = pool->generation,
            .uses_gpu = gpu_uses(pool),
            .unit = w->manager.slots[pool_index(pool->id)].found,
    };

    if (event.unit.fields == 0) {
        event.unit.fields = UNIT_FIELD_LOAD;
        event.unit.load = UNIT_LOAD_NOT_FOUND;
    }
    look_for_processes(w, pool, &event.unit);
    manager_step(w, pool_index(pool->id), &event);
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
            recover_pool(w, pool);
    }
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
