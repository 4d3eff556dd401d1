/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "world.h"

/* The GPUs: engines that were started with a mask leave memory there, for a while or for good. */

bool gpu_uses(const Pool *engine)
{
    return engine && engine->spec && engine->spec->device_mask;
}

bool gpu_unit_uses(const World *w, UnitRef ref)
{
    Pool *pool = manager_pool(w, ref.pool);

    return pool && gpu_uses(pool_engine(pool, ref.generation));
}

static void on_looked(World *w, const Item *item)
{
    static const GpuMemory memories[] = {GPU_MEMORY_BACK, GPU_MEMORY_BACK, GPU_MEMORY_HELD,
                                         GPU_MEMORY_HELD, GPU_MEMORY_UNKNOWN};
    Pool *pool = manager_pool(w, item->unit.pool);
    const Pool *engine = pool ? pool_engine(pool, item->unit.generation) : NULL;
    PoolSlot *slot = engine ? manager_slot(w, engine) : NULL;
    Event event = {
            .type = EVENT_GPU_MEMORY,
            .generation = item->unit.generation,
            .gpu_memory = {.memory = memories[prng_range(&w->prng, 0, ELEMENTSOF(memories) - 1)],
                           .pid = prng_range(&w->prng, 0, 2)},
    };

    if (slot && slot->gpu_look == item->number)
        slot->gpu_look = 0;
    else if (!world_mischief(w, 4))
        return; /* of a look that nobody waits for; one that is already in the queue comes late */
    manager_step(w, item->unit.pool, &event);
}

/* Answered at once, late, never, or twice. */
void gpu_check(World *w, const Pool *engine)
{
    PoolSlot *slot = manager_slot(w, engine);
    usec_t delay = prng_one_in(&w->prng, 6) ? world_span(w, 0, 15 * USEC_PER_SEC)
                                            : world_span(w, 0, 50 * USEC_PER_MSEC);
    Item item = {
            .at = usec_add(w->now, delay),
            .run = on_looked,
            .incarnation = w->manager.incarnation,
            .unit = {pool_index(engine->id), engine->generation, spec_replica(engine->spec)},
            .number = ++w->manager.looks,
    };

    slot->gpu_look = item.number;
    if (prng_one_in(&w->prng, 8))
        return;
    agenda_add(&w->agenda, &item);
    if (world_mischief(w, 16)) {
        item.at = usec_add(item.at, world_span(w, 0, USEC_PER_SEC));
        agenda_add(&w->agenda, &item);
    }
}

void gpu_check_step(World *w, const Pool *before, const Pool *pool, const Event *event)
{
    if (!pool->releasing)
        return;
    if (pool->state != POOL_STOPPING || pool->leases.count > before->leases.count)
        world_fail(w, "memory of a GPU is waited for by a pool that is not stopping");
    if (pool->generation != before->generation)
        world_fail(w, "an engine begins while memory of the last one is waited for");
    if (pool->phase_deadline > pool->release.deadline)
        world_fail(w, "memory of a GPU is waited for longer than it may");
    if (before->releasing && event->type != EVENT_RECOVER &&
        pool->release.deadline != before->release.deadline)
        world_fail(w, "the wait for memory of a GPU was prolonged");
}
