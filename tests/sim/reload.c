/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "world.h"

/* Reloads from outside: who asks for them, the model provisioner, and who reads what a dead engine
 * said. */

static PoolSlot *slot_of(World *w, const Pool *pool)
{
    return manager_slot(w, pool);
}

static Item item_for(const World *w, const Pool *pool, usec_t delay, ItemFunc run, uint64_t number)
{
    return (Item){
            .at = usec_add(w->now, delay),
            .run = run,
            .incarnation = w->manager.incarnation,
            .unit = {.pool = pool_index(pool->id), .generation = pool->generation},
            .number = number,
    };
}

/* The model that a reference names: each ends in its number. */
uint64_t reload_model(const Pool *pool)
{
    const char *ref = pool->reload.model_ref;

    return ref ? (uint64_t)(ref[strlen(ref) - 1] - '0') : 0;
}

static char *draw_reference(World *w, uint64_t model)
{
    static const char *const forms[] = {"model-", "/model/", "file:/model/"};
    char *ref;

    if (asprintf(&ref, "%s%u", forms[prng_range(&w->prng, 0, ELEMENTSOF(forms) - 1)],
                 (unsigned)model) < 0)
        abort();
    return ref;
}

/* A whole spec keeps the pool's mask and the replica, as the commands see to. */
static EngineSpec *draw_spec(World *w, size_t number, const Pool *pool, uint64_t model)
{
    SpecId id = {prng_next(&w->prng) | 1, model, 0, 0};
    EngineSpec *spec = prng_one_in(&w->prng, 8) ? spec_make(number, spec_id(pool->spec))
                                                : spec_make(number, id);

    /* The registry's may be another one, of an engine of somebody else's or for the next start. */
    free(spec->device_mask);
    spec->device_mask = NULL;
    if (reload_keep(pool->spec, pool->meta.device_mask, spec, NULL) < 0)
        world_fail(w, "what was left out differs from what the pool has");
    return spec;
}

static ReloadRequest *draw_request(World *w, size_t number, const Pool *pool)
{
    uint64_t model = prng_range(&w->prng, 0, SIM_MODELS - 1);
    ReloadRequest *request = calloc(1, sizeof(ReloadRequest));

    if (!request)
        abort();
    request->model_ref = draw_reference(w, model);
    request->strategy = prng_one_in(&w->prng, 2) ? RELOAD_BLUE_GREEN : RELOAD_DRAIN;
    if (!prng_one_in(&w->prng, 8))
        request->free_port = (uint16_t)prng_range(&w->prng, 9000, 60000);
    if (pool->spec && prng_one_in(&w->prng, 2))
        request->spec = draw_spec(w, number, pool, model);
    return request;
}

/* Mostly one that can be reloaded. */
static size_t draw_pool(World *w, size_t number)
{
    if (prng_one_in(&w->prng, 4))
        return number;
    for (size_t i = 0; i < SIM_CLIENT_POOLS; i++) {
        const Pool *pool = manager_pool(w, i);

        if (pool && pool->state == POOL_READY)
            return i;
    }
    return number;
}

void reload_client(World *w, size_t any)
{
    size_t number = draw_pool(w, any);
    const Pool *pool = manager_pool(w, number);
    Event event = {.type = EVENT_RELOAD};

    if (!pool)
        return;
    event.command.operation = operation_open(w, OPERATION_RELOAD, number);
    event.command.reload = draw_request(w, number, pool);
    event.command.within_usec = prng_one_in(&w->prng, 4) ? 0 : world_span(w, 0, 20 * USEC_PER_SEC);
    /* Otherwise it will be refused, and another one may be under way. */
    if (pool->state == POOL_READY && pool->operation.kind == OPERATION_NONE && !pool->beside)
        w->watch[number] = (ReloadWatch){
                .operation = event.command.operation,
                .from = spec_id(pool->spec),
                .to = spec_id(event.command.reload->spec),
        };
    manager_step(w, number, &event);
}

static void on_staged(World *w, const Item *item)
{
    PoolSlot *slot = &w->manager.slots[item->unit.pool];
    Event event = {
            .type = EVENT_STAGED,
            .staged = {.operation = item->number, .error = "no such model"},
    };

    if (slot->staging == item->number) {
        slot->staging = 0;
        w->staging[item->unit.pool].operation = 0;
    } else if (!world_mischief(w, 2)) {
        return; /* nobody waits any more; an answer that is already in the queue comes late */
    }
    if (item->flag) {
        event.staged.model_path = strdup(model_path(item->seed));
        if (!event.staged.model_path)
            abort();
    }
    manager_step(w, item->unit.pool, &event);
}

static void begin_staging(World *w, const Pool *pool, Staging *s)
{
    usec_t takes = prng_one_in(&w->prng, 4) ? 20 * USEC_PER_SEC : 100 * USEC_PER_MSEC;

    s->operation = pool->operation.id;
    s->until = usec_add(w->now, world_span(w, 0, takes));
    s->good = !prng_one_in(&w->prng, 5);
    s->model = prng_one_in(&w->prng, 6) ? spec_id(pool->spec).model : reload_model(pool);
}

/* The provisioner that was begun for the operation goes on, whoever has begun it. */
void reload_stage(World *w, const Pool *pool)
{
    size_t number = pool_index(pool->id);
    Staging *s = &w->staging[number];
    Item item;

    if (slot_of(w, pool)->staging != 0)
        world_fail(w, "a model is asked for twice");
    if (s->operation != pool->operation.id)
        begin_staging(w, pool, s);
    slot_of(w, pool)->staging = pool->operation.id;
    w->watch[number].model = s->model;
    item = item_for(w, pool, usec_sub(s->until, w->now), on_staged, pool->operation.id);
    item.flag = s->good;
    item.seed = s->model;
    agenda_add(&w->agenda, &item);
    if (world_mischief(w, 8)) {
        item.at = usec_add(item.at, world_span(w, 0, USEC_PER_SEC));
        agenda_add(&w->agenda, &item);
    }
}

void reload_cancel_stage(World *w, const Pool *pool)
{
    slot_of(w, pool)->staging = 0;
    w->staging[pool_index(pool->id)].operation = 0;
}

static void on_output(World *w, const Item *item)
{
    static const FailureClass classes[] = {FAILURE_NONE,          FAILURE_NONE,
                                           FAILURE_CUDA,          FAILURE_VRAM_OOM,
                                           FAILURE_OUT_OF_MEMORY, FAILURE_DRIVER_RESET};
    Event event = {
            .type = EVENT_OUTPUT,
            .generation = item->unit.generation,
            .output = {.failure = classes[prng_range(&w->prng, 0, ELEMENTSOF(classes) - 1)]},
    };

    if (prng_one_in(&w->prng, 2))
        (void)snprintf(event.output.line, sizeof(event.output.line), "CUDA error: unspecified");
    manager_step(w, item->unit.pool, &event);
}

/* Answered at once, too late, or never. */
void reload_read_output(World *w, const Pool *pool)
{
    usec_t delay = prng_one_in(&w->prng, 6) ? world_span(w, 0, 3 * USEC_PER_SEC)
                                            : world_span(w, 0, 20 * USEC_PER_MSEC);
    Item item = item_for(w, pool, delay, on_output, 0);

    slot_of(w, pool)->judge_until = usec_add(w->now, USEC_PER_SEC);
    if (prng_one_in(&w->prng, 4))
        return;
    agenda_add(&w->agenda, &item);
    if (world_mischief(w, 16)) {
        item.at = usec_add(item.at, world_span(w, 0, USEC_PER_SEC));
        agenda_add(&w->agenda, &item);
    }
}

/* All pools may be on the same GPU. */
void reload_driver_fault(World *w)
{
    uint64_t incarnation = w->manager.incarnation;

    for (size_t i = 0; i < SIM_CLIENT_POOLS; i++) {
        const Pool *pool = manager_pool(w, i);
        Event event = {.type = EVENT_DRIVER_FAULT, .failure = "GPU 0 has fallen off the bus"};

        if (w->manager.incarnation != incarnation || !w->manager.attached)
            return;
        if (!pool || prng_one_in(&w->prng, 3))
            continue;
        event.generation = pool->beside && prng_one_in(&w->prng, 2) ? pool->beside->generation
                                                                    : pool->generation;
        if (pool->generation > 1 && prng_one_in(&w->prng, 8))
            event.generation--;
        manager_step(w, i, &event);
    }
}

static void check_success(World *w, const Pool *pool, const ReloadWatch *watch, bool unchanged)
{
    SpecId expected = watch->to;

    if (unchanged)
        expected = watch->from;
    if (expected.seed == 0) {
        expected = watch->from;
        expected.model = watch->model;
    }
    if (pool->state != POOL_READY)
        world_fail(w, "a reload succeeded, and its engine is not ready");
    if (!spec_id_equal(spec_id(pool->spec), expected))
        world_fail(w, "a reload succeeded, and another engine runs than was asked for");
}

void reload_check_result(World *w, const Pool *pool, const OperationResult *result)
{
    const ReloadWatch *watch = &w->watch[pool_index(pool->id)];

    w->coverage->rolled_back += result->rolled_back;
    w->coverage->unchanged += result->kind == OPERATION_RELOAD && result->unchanged;
    if (result->kind != OPERATION_RELOAD || result->id != watch->operation)
        return;
    if (!error_is_set(&result->error)) {
        check_success(w, pool, watch, result->unchanged);
        return;
    }
    /* A preload in the same step, after the end was judged. */
    if (pool->operation.kind == OPERATION_PRELOAD)
        return;
    if (!spec_id_equal(spec_id(pool->spec), watch->from))
        world_fail(w, "a reload failed, and the pool has not the engine from before");
    if (result->rolled_back != (pool->state == POOL_READY))
        world_fail(w, "a reload failed, and whether the pool is ready again is not what it says");
}

/* In which states a phase is. */
static bool phase_fits(const Pool *p)
{
    bool judging = p->state == POOL_FAILED && p->judging;
    bool found_again =
            p->state == POOL_ADOPTING || p->state == POOL_STARTING || p->state == POOL_WARMING;
    bool ends = p->state == POOL_STOPPING || judging;

    switch (p->reload.phase) {
    case RELOAD_NONE:
        return p->operation.kind != OPERATION_RELOAD;
    case RELOAD_STAGING:
        if (p->reload.strategy == RELOAD_BLUE_GREEN)
            return p->state == POOL_READY || found_again || ends;
        return p->state == POOL_DRAINING || found_again || ends;
    case RELOAD_DRAINING:
        return p->state == POOL_DRAINING || found_again || ends;
    case RELOAD_LEAVING:
        return p->state == POOL_STOPPING;
    case RELOAD_ARRIVING:
    case RELOAD_RETURNING:
        return p->state == POOL_PREFLIGHT || p->state == POOL_STARTING ||
               p->state == POOL_WARMING || p->state == POOL_STOPPING || judging;
    case RELOAD_BESIDE:
        return p->beside && p->beside->role == ROLE_ARRIVING &&
               (p->state == POOL_READY || found_again || ends);
    default:
        return false;
    }
}

static void check_specs(World *w, const Pool *p)
{
    const Reload *r = &p->reload;
    bool next =
            r->phase == RELOAD_DRAINING || r->phase == RELOAD_LEAVING || r->phase == RELOAD_BESIDE;

    if (r->phase == RELOAD_LEAVING && !r->next)
        world_fail(w, "an engine leaves, and nothing comes after it");
    if ((r->next && !next) || (r->previous != NULL) != (r->phase == RELOAD_ARRIVING))
        world_fail(w, "a reload keeps specs that are not of its phase");
    if (p->spec && !streq(p->spec->flags[0] + strlen("-m="), p->spec->model_path))
        world_fail(w, "the flags name another model than the spec");
}

/* The registry speaks of the engine from before until the new one is ready. A mask in it stays when
 * a spec has none. */
static void check_meta(World *w, const Pool *p)
{
    const EngineSpec *spec = p->reload.previous ? p->reload.previous : p->spec;

    if (!spec || p->state == POOL_EXTERNAL)
        return;
    if (!streq_ptr(p->meta.engine_version, spec->engine_version))
        world_fail(w, "the registry has the version of another engine");
    if (spec->device_mask && !streq_ptr(p->meta.device_mask, spec->device_mask))
        world_fail(w, "the registry has another mask");
}

static void check_judging(World *w, const Pool *engine)
{
    if (engine->judging && (engine->state != POOL_FAILED ||
                            engine->phase_deadline != manager_slot(w, engine)->judge_until))
        world_fail(w, "a judgement is pending that will not come, or too late");
}

void reload_check(World *w, const Pool *pool)
{
    const PoolSlot *slot = slot_of(w, pool);
    bool staging = pool->reload.phase == RELOAD_STAGING;

    if (!phase_fits(pool))
        world_fail(w, "a reload is in a phase that does not go with the state");
    if (staging && (pool->state == POOL_DRAINING || pool->state == POOL_READY) &&
        (slot->staging != pool->operation.id ||
         (pool->leases.count > 0 && pool->state == POOL_DRAINING)))
        world_fail(w, "a model is waited for that nobody provides, or while leases are out");
    if (!staging && slot->staging != 0)
        world_fail(w, "a model is provided for nobody");
    check_judging(w, pool);
    if (pool->beside)
        check_judging(w, pool->beside);
    check_specs(w, pool);
    check_meta(w, pool);
}
