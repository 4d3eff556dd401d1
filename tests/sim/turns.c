/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "world.h"

/* The turns of the starts, as the daemon has them: an engine without a mask uses all GPUs. */

static uint64_t gpus_of(const char *mask)
{
    if (!mask)
        return UINT64_MAX;
    return streq(mask, "0") ? 1 : 3;
}

static void advance(World *w)
{
    FakeManager *m = &w->manager;
    const Turn *turn;

    while (m->turns_open && (turn = turns_next(&m->turns)))
        effects_gather_facts(w, manager_pool(w, (size_t)(turn - m->turn)));
}

static void leave(World *w, size_t pool)
{
    turns_leave(&w->manager.turns, &w->manager.turn[pool]);
    w->manager.takes_turn[pool] = false;
}

void turns_ask(World *w, const Pool *pool)
{
    FakeManager *m = &w->manager;
    size_t number = pool_index(pool->id);

    leave(w, number);
    turns_join(&m->turns, &m->turn[number], gpus_of(pool->meta.device_mask));
    m->takes_turn[number] = true;
    /* A wait may be long: it outlives the manager. */
    if (turns_blocker(&m->turns, &m->turn[number])) {
        w->coverage->waits++;
        effects_save(w, pool);
    }
    advance(w);
}

void turns_forget(World *w, size_t pool)
{
    leave(w, pool);
    advance(w);
}

void turns_follow(World *w, const Pool *pool)
{
    FakeManager *m = &w->manager;
    size_t number = pool_index(pool->id);
    Turn *turn = &m->turn[number];

    if (pool->state == POOL_PREFLIGHT) {
        if (!m->takes_turn[number])
            world_fail(w, "a pool waits for a turn that it has not asked for");
        if (m->turns_open && !turn->holds && !turns_blocker(&m->turns, turn))
            world_fail(w, "a pool waits for its turn, and for nobody");
    } else if (pool_is_coming(pool)) {
        if (!m->takes_turn[number])
            turns_take(&m->turns, turn, gpus_of(pool->spec->device_mask));
        m->takes_turn[number] = true;
    } else if (m->takes_turn[number]) {
        leave(w, number);
        advance(w);
    }
}

void turns_begin(World *w)
{
    w->manager.turns_open = true;
    advance(w);
}

void turns_check_start(const World *w, const Pool *pool)
{
    for (size_t i = 0; i < SIM_POOLS; i++) {
        const Pool *other = manager_pool(w, i);

        if (other && other != pool && pool_is_coming(other) &&
            (gpus_of(other->spec->device_mask) & gpus_of(pool->spec->device_mask)))
            world_fail(w, "two engines start on one GPU");
    }
}
