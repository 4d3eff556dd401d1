/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "world.h"

/* The turns of the starts, as the daemon has them: an engine without a mask uses all GPUs. */

static uint64_t gpus_of(const char *mask)
{
    if (!mask)
        return UINT64_MAX;
    return streq(mask, "0") ? 1 : 3;
}

/* The place of the engine's turn. */
static size_t number_of(const World *w, const Pool *engine)
{
    size_t pool = pool_index(engine->id);

    return manager_pool(w, pool) == engine ? pool : SIM_POOLS + pool;
}

/* The engine with the turn in that place; NULL: there is none. */
static Pool *engine_of(const World *w, size_t number)
{
    Pool *pool = manager_pool(w, number % SIM_POOLS);

    return pool && number >= SIM_POOLS ? pool->beside : pool;
}

static void advance(World *w)
{
    FakeManager *m = &w->manager;
    const Turn *turn;

    while (m->turns_open && (turn = turns_next(&m->turns)))
        effects_gather_facts(w, engine_of(w, (size_t)(turn - m->turn)));
}

static void leave(World *w, size_t number)
{
    turns_leave(&w->manager.turns, &w->manager.turn[number]);
    w->manager.takes_turn[number] = false;
}

void turns_ask(World *w, const Pool *pool)
{
    FakeManager *m = &w->manager;
    size_t number = number_of(w, pool);

    leave(w, number);
    turns_join(&m->turns, &m->turn[number], gpus_of(pool->meta.device_mask));
    m->takes_turn[number] = true;
    /* A wait may be long: it outlives the manager. */
    if (turns_blocker(&m->turns, &m->turn[number])) {
        w->coverage->waits++;
        effects_save(w, manager_pool(w, pool_index(pool->id)));
    }
    advance(w);
}

void turns_forget(World *w, size_t number)
{
    leave(w, number);
    advance(w);
}

void turns_follow(World *w, const Pool *pool)
{
    FakeManager *m = &w->manager;
    size_t number = number_of(w, pool);
    Turn *turn = &m->turn[number];

    if (pool->state == POOL_PREFLIGHT) {
        /* One that has not been recovered yet has not asked again. */
        if (m->turns_open && !m->takes_turn[number])
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

void turns_exchange(World *w, const Pool *pool)
{
    FakeManager *m = &w->manager;
    size_t to = pool_index(pool->id), from = SIM_POOLS + to;

    if (!m->takes_turn[from] || m->takes_turn[to])
        return;
    turns_take(&m->turns, &m->turn[to], m->turn[from].gpus);
    m->takes_turn[to] = true;
    leave(w, from);
}

void turns_begin(World *w)
{
    w->manager.turns_open = true;
    advance(w);
}

void turns_check_start(const World *w, const Pool *pool)
{
    for (size_t i = 0; i < 2 * SIM_POOLS; i++) {
        const Pool *other = engine_of(w, i);

        if (other && other != pool && pool_is_coming(other) &&
            (gpus_of(other->spec->device_mask) & gpus_of(pool->spec->device_mask)))
            world_fail(w, "two engines start on one GPU");
    }
}
