/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "world.h"

/* Engines of somebody else, and who has leases of engines. */

enum { EXTERNAL_ENGINES = 3 };

Handoff *handoff_make(size_t pool, unsigned which)
{
    const char *expected;
    Handoff *handoff;
    char url[64];

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", 9000 + which);
    if (handoff_new(&handoff) < 0 || handoff_set_url(handoff, url, &expected) < 0)
        abort();
    handoff->pool_id = strdup(pool_name(pool));
    handoff->replica_id = strdup("r0");
    if (!handoff->pool_id || !handoff->replica_id)
        abort();
    return handoff;
}

unsigned handoff_which(const Handoff *handoff)
{
    return handoff->port - 9000U;
}

static void told_of_file(World *w, size_t pool)
{
    Event event = {.type = EVENT_HANDOFF, .handoff = {.is_file = true}};
    const Pool *p = manager_ensure(w, pool);

    if (pool_has_engine(p) || p->state == POOL_PREFLIGHT)
        return; /* refused before the machine sees it */
    event.handoff.handoff = handoff_make(pool, w->files[pool].dropped);
    manager_step(w, pool, &event);
}

static void told_of_removal(World *w, size_t pool)
{
    Event event = {.type = EVENT_HANDOFF_GONE};

    manager_step(w, pool, &event);
}

/* Somebody puts a handoff file there, changes it, or takes it away. */
void files_drop_handoff(World *w, size_t pool)
{
    Files *files = &w->files[pool];

    files->dropped =
            prng_one_in(&w->prng, 2) ? 0 : (unsigned)prng_range(&w->prng, 1, EXTERNAL_ENGINES);
    if (files->dropped != 0)
        told_of_file(w, pool);
    else
        told_of_removal(w, pool);
}

/* A manager that starts compares the files with what it knew. */
void external_scan(World *w)
{
    uint64_t incarnation = w->manager.incarnation;

    for (size_t i = 0; i < SIM_CLIENT_POOLS && w->manager.incarnation == incarnation; i++) {
        const Pool *p = manager_pool(w, i);

        if (w->files[i].dropped != 0)
            told_of_file(w, i);
        else if (p && p->state == POOL_EXTERNAL && p->external_is_file)
            told_of_removal(w, i);
    }
}

static void save_leases(const Pool *pool, SavedLeases *saved)
{
    *saved = (SavedLeases){
            .generation = pool->generation,
            .last_number = pool->leases.last_number,
    };
    for (const Lease *lease = pool->leases.first; lease; lease = lease->next) {
        saved->list[saved->n].number = lease->number;
        saved->list[saved->n].expires = lease->expires;
        saved->n++;
    }
}

void leases_save(World *w, const Pool *pool)
{
    SavedLeases *saved = w->files[pool_index(pool->id)].leases;

    save_leases(pool, &saved[0]);
    saved[1] = (SavedLeases){.generation = 0};
    if (pool->beside)
        save_leases(pool->beside, &saved[1]);
}

static void load_leases(Pool *pool, const SavedLeases *saved)
{
    if (saved->generation != pool->generation)
        return;
    for (size_t i = 0; i < saved->n; i++) {
        Lease *lease = calloc(1, sizeof(Lease));

        if (!lease)
            abort();
        lease->number = saved->list[i].number;
        lease->expires = saved->list[i].expires;
        lease_append(pool, lease);
    }
    pool->leases.last_number = saved->last_number;
}

void leases_load(World *w, Pool *pool)
{
    for (size_t i = 0; i < 2; i++) {
        const SavedLeases *saved = &w->files[pool_index(pool->id)].leases[i];

        load_leases(pool, saved);
        if (pool->beside)
            load_leases(pool->beside, saved);
    }
}

static void acquire(World *w, Pool *pool)
{
    LeaseRequest request = {
            .ttl_ms = prng_one_in(&w->prng, 2) ? SPEC_UNSET : prng_range(&w->prng, 1, 20000),
    };
    const Lease *lease = NULL;
    int r;

    if (pool->leases.count == SIM_LEASES)
        return;
    r = lease_acquire(pool, &request, world_now(w), &lease, NULL);
    if (r >= 0 && !pool_is_ready(pool))
        world_fail(w, "a lease of a pool that is not ready");
    if (r < 0 && pool_is_ready(pool))
        world_fail(w, "a ready pool refuses a lease");
    if (r >= 0 && pool->reload.phase != RELOAD_NONE && pool->reload.strategy != RELOAD_BLUE_GREEN)
        world_fail(w, "a lease of a pool that is being reloaded");
}

/* Takes a lease or gives one back. */
void lease_client(World *w, size_t number)
{
    Pool *pool = manager_pool(w, number);

    if (!pool)
        return;
    if (prng_one_in(&w->prng, 3)) {
        Event event = {.type = EVENT_LEASES};
        Lease *lease = pool->beside ? lease_take_anonymous(pool->beside) : NULL;

        lease_free(lease ? lease : lease_take_anonymous(pool));
        leases_save(w, pool);
        manager_step(w, number, &event);
        return;
    }
    acquire(w, pool);
    leases_save(w, pool);
    manager_arm(w, pool);
}
