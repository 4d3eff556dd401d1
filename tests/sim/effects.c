/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "world.h"

static Files *files_of(World *w, const Pool *pool)
{
    return &w->files[pool_index(pool->id)];
}

/* What comes back to the pool by itself. */
static void later(World *w, const Pool *pool, usec_t delay, ItemFunc run, uint64_t number)
{
    Item item = {
            .at = usec_add(w->now, delay),
            .run = run,
            .incarnation = w->manager.incarnation,
            .unit = {pool_index(pool->id), pool->generation,
                     pool->spec ? spec_replica(pool->spec) : 0},
            .number = number,
            .seed = w->manager.forgotten[pool_index(pool->id)],
    };

    agenda_add(&w->agenda, &item);
}

static void on_facts(World *w, const Item *item)
{
    Event event = {.type = EVENT_FACTS, .facts = {.attempt = item->number}};

    if (item->seed != w->manager.forgotten[item->unit.pool])
        return; /* of a pool of that name that is no more: nobody gathers them to the end */
    if (prng_one_in(&w->prng, 12))
        (void)error_set(&event.facts.error, PM_ERROR_PRELOAD_FAILED,
                        prng_one_in(&w->prng, 2) ? "port" : "device_mask", "No.");
    else if (prng_one_in(&w->prng, 24))
        (void)error_set(&event.facts.error, PM_ERROR_DOES_NOT_FIT, "vram_bytes", "Too large.");
    manager_step(w, item->unit.pool, &event);
}

void effects_gather_facts(World *w, const Pool *pool)
{
    usec_t delay = world_mischief(w, 4) ? world_span(w, 0, USEC_PER_SEC) : 0;

    later(w, pool, delay, on_facts, pool->attempt);
    if (world_mischief(w, 16))
        later(w, pool, usec_add(delay, world_span(w, 0, USEC_PER_SEC)), on_facts, pool->attempt);
}

static void save_engine(const Pool *engine, SavedEngine *ret)
{
    *ret = (SavedEngine){
            .role = engine->role,
            .state = engine->state,
            .generation = engine->generation,
            .stop_reason = engine->stop_reason,
            .started = engine->started,
            .was_ready = engine->was_ready,
            .last_error_class = engine->last_error_class,
            .last_heartbeat_real = engine->last_heartbeat_real,
            .crash_count = engine->crash_count,
            .spec = spec_id(engine->spec),
            .judging = engine->judging,
            .releasing = engine->releasing,
            .held_pid = engine->held_pid,
            .ready_since = engine->ready_since,
            .drain_deadline = engine->drain_deadline,
            .drain_forced = engine->drain_forced,
            .drain_leases = engine->drain_leases,
    };
    (void)snprintf(ret->last_error, sizeof(ret->last_error), "%s", strempty(engine->last_error));
}

/* What json/state_file keeps. */
void effects_save(World *w, Pool *pool)
{
    size_t number = pool_index(pool->id);
    PoolSlot *slot = &w->manager.slots[number];
    Files *files = files_of(w, pool);
    Saved *saved = &files->saved;

    slot->save_failed = world_mischief(w, 64);
    files->stale = slot->save_failed;
    if (slot->save_failed) {
        world_note(w, "files", "save failed", number, pool->generation, 0, NULL);
        return;
    }
    for (size_t i = 0; i < SIM_ENGINES; i++) {
        EngineLedger *l = &w->ledger[number].engines[i];
        const Pool *engine = pool_engine(pool, l->generation);

        if (l->ended && l->generation <= pool_last_generation(pool) &&
            (!engine || !pool_has_engine(engine)))
            l->end_saved = true;
    }
    files->exists = true;
    supervision_done(&saved->supervision);
    *saved = (Saved){
            .last_generation = pool->last_generation,
            .operation = pool->operation,
            .reload_strategy = pool->reload.strategy,
            .reload_port = pool->reload.free_port,
            .reload_within = pool->reload.within_usec,
            .reload_phase = pool->reload.phase,
            .reload_model = reload_model(pool),
            .reload_next = spec_id(pool->reload.next),
            .reload_previous = spec_id(pool->reload.previous),
            .reload_failure = pool->reload.failure,
            .automatic = pool->automatic,
            .registered = pool->registered,
            .external = pool->external ? handoff_which(pool->external) : 0,
            .external_is_file = pool->external_is_file,
    };
    if (supervision_copy(&pool->supervision, &saved->supervision) < 0)
        abort();
    save_engine(pool, &saved->engine);
    if (pool->beside)
        save_engine(pool->beside, &saved->beside);
    (void)snprintf(saved->reload_error, sizeof(saved->reload_error), "%s",
                   strempty(pool->reload.error));
}

static void on_save_failed(World *w, const Item *item)
{
    Event event = {.type = EVENT_START_FAILED, .generation = item->unit.generation};

    (void)snprintf(event.failure, sizeof(event.failure), "No space left on device");
    manager_step(w, item->unit.pool, &event);
}

/* An engine whose state is not saved could not be found again: rather none. */
static void start(World *w, const Pool *pool)
{
    if (w->manager.slots[pool_index(pool->id)].save_failed)
        later(w, pool, 0, on_save_failed, 0);
    else
        call_send(w, CALL_START, pool);
}

static void on_probe(World *w, const Item *item)
{
    size_t number = item->unit.pool;
    PoolSlot *slot = &w->manager.slots[number];
    const Unit *u = unit_find(w, item->unit);
    const Pool *pool = manager_pool(w, number);
    bool external = pool && pool->state == POOL_EXTERNAL;
    Event event = {
            .type = EVENT_PROBE,
            .generation = item->unit.generation,
            .probe = {.good = external ? !prng_one_in(&w->prng, 2) : u && engine_answers(w, u),
                      .error = "Connection refused"},
    };

    if (slot->probe != item->number)
        slot = &w->manager.besides[number];
    if (slot->probe == item->number) {
        slot->probe = 0;
        ledger_of(w, number, item->unit.generation)->probe_good = event.probe.good;
    } else if (!world_mischief(w, 2)) {
        return; /* cancelled; one that is already in the queue comes late */
    }
    manager_step(w, number, &event);
}

static void probe(World *w, const Pool *pool)
{
    PoolSlot *slot = manager_slot(w, pool);
    usec_t takes = world_mischief(w, 8) ? world_span(w, 0, w->settings.health_try_timeout_usec)
                                        : world_span(w, 100, 5000);

    slot->probe = ++w->manager.probes;
    later(w, pool, takes, on_probe, slot->probe);
}

static void end_operation(World *w, const Pool *pool, const OperationResult *result)
{
    reload_check_result(w, pool, result);
    for (size_t i = 0; i < w->n_open; i++) {
        if (w->open[i].id != result->id)
            continue;
        if (w->open[i].kind != result->kind)
            world_fail(w, "an operation ended as one of another kind");
        w->open[i] = w->open[--w->n_open];
        return;
    }
    world_fail(w, "an operation ended that is not open: twice, or never begun");
}

/* What of a slot belongs to the engine. */
static void exchange(World *w, const Pool *pool)
{
    PoolSlot *slot = &w->manager.slots[pool_index(pool->id)];
    PoolSlot *beside = &w->manager.besides[pool_index(pool->id)];
    usec_t until = slot->judge_until;
    uint64_t probe = slot->probe, look = slot->gpu_look;

    slot->judge_until = beside->judge_until;
    beside->judge_until = until;
    slot->probe = beside->probe;
    beside->probe = probe;
    slot->gpu_look = beside->gpu_look;
    beside->gpu_look = look;
}

/* `pool`: the engine that it is about. */
static void effect_apply(World *w, Pool *pool, const Effect *e)
{
    Files *files = files_of(w, pool);

    switch (e->type) {
    case EFFECT_GATHER_FACTS:
        turns_ask(w, pool);
        break;
    case EFFECT_SAVE:
        effects_save(w, pool);
        break;
    case EFFECT_START_UNIT:
        turns_check_start(w, pool);
        start(w, pool);
        break;
    case EFFECT_STOP_UNIT:
        call_send(w, CALL_STOP, pool);
        break;
    case EFFECT_KILL_UNIT:
        call_send(w, CALL_KILL, pool);
        break;
    case EFFECT_RESET_FAILED:
        call_send(w, CALL_RESET_FAILED, pool);
        break;
    case EFFECT_QUERY_UNIT:
        call_send(w, CALL_QUERY, pool);
        break;
    case EFFECT_STAGE:
        reload_stage(w, pool);
        break;
    case EFFECT_CANCEL_STAGE:
        reload_cancel_stage(w, pool);
        break;
    case EFFECT_READ_OUTPUT:
        reload_read_output(w, pool);
        break;
    case EFFECT_CHECK_GPU:
        gpu_check(w, pool);
        break;
    case EFFECT_WRITE_PID:
        files->pid = true;
        break;
    case EFFECT_REMOVE_PID:
        files->pid = false;
        break;
    case EFFECT_PROBE:
        probe(w, pool);
        break;
    case EFFECT_CANCEL_PROBE:
        manager_slot(w, pool)->probe = 0;
        break;
    case EFFECT_WRITE_HANDOFF:
        files->handoff = true;
        break;
    case EFFECT_REMOVE_HANDOFF:
        files->handoff = false;
        break;
    case EFFECT_SAVE_LEASES:
        leases_save(w, pool);
        break;
    case EFFECT_FORGET:
        w->manager.slots[pool_index(pool->id)].forget = true;
        break;
    case EFFECT_EXCHANGE:
        exchange(w, pool);
        turns_exchange(w, pool);
        break;
    case EFFECT_END_OPERATION:
        end_operation(w, pool, &e->result);
        break;
    case EFFECT_LOG:
        break;
    case EFFECT_MAX:
        world_fail(w, "an effect that is none");
    }
}

static const char *const effect_names[EFFECT_MAX] = {
        [EFFECT_GATHER_FACTS] = "gather-facts",     [EFFECT_SAVE] = "save",
        [EFFECT_SAVE_LEASES] = "save-leases",       [EFFECT_FORGET] = "forget",
        [EFFECT_START_UNIT] = "start-unit",         [EFFECT_STOP_UNIT] = "stop-unit",
        [EFFECT_KILL_UNIT] = "kill-unit",           [EFFECT_RESET_FAILED] = "reset-failed",
        [EFFECT_QUERY_UNIT] = "query-unit",         [EFFECT_STAGE] = "stage",
        [EFFECT_CANCEL_STAGE] = "cancel-stage",     [EFFECT_READ_OUTPUT] = "read-output",
        [EFFECT_CHECK_GPU] = "check-gpu",           [EFFECT_WRITE_PID] = "write-pid",
        [EFFECT_REMOVE_PID] = "remove-pid",         [EFFECT_PROBE] = "probe",
        [EFFECT_CANCEL_PROBE] = "cancel-probe",     [EFFECT_WRITE_HANDOFF] = "write-handoff",
        [EFFECT_REMOVE_HANDOFF] = "remove-handoff", [EFFECT_EXCHANGE] = "exchange",
        [EFFECT_END_OPERATION] = "end-operation",   [EFFECT_LOG] = "log",
};

bool manager_apply(World *w, Pool *pool, const Effects *effects)
{
    for (size_t i = 0; i < effects->count; i++) {
        const Effect *e = &effects->items[i];
        Pool *engine = e->beside ? pool_beside(pool) : pool;

        if (world_mischief(w, 500)) {
            manager_kill(w);
            return false;
        }
        world_note(w, "effect", effect_names[e->type], pool_index(pool->id), engine->generation,
                   e->type == EFFECT_LOG ? (int64_t)e->log.kind : 0, NULL);
        check_effect(w, pool, engine, e);
        effect_apply(w, engine, e);
    }
    return true;
}
