/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "world.h"

/* Those who ask for things, in no order and at no good time. */

uint64_t operation_open(World *w, OperationKind kind, size_t pool)
{
    uint64_t id = ++w->operations;

    if (w->n_open == OPEN_OPERATIONS_MAX)
        world_fail(w, "operations do not end");
    w->open[w->n_open++] = (OpenOperation){id, kind, pool};
    return id;
}

static EngineSpec *draw_spec(World *w, size_t pool, const Pool *p)
{
    uint64_t model, seed;

    if (p->spec && prng_one_in(&w->prng, 4))
        return spec_make(pool, spec_id(p->spec));
    model = prng_range(&w->prng, 0, SIM_MODELS - 1);
    seed = prng_next(&w->prng) | 1;
    return spec_make(pool, spec_draw(seed, model));
}

static void preload(World *w, size_t pool)
{
    Event event = {.type = EVENT_PRELOAD};
    const Pool *p = manager_ensure(w, pool);

    event.command.operation = operation_open(w, OPERATION_PRELOAD, pool);
    event.command.spec = draw_spec(w, pool, p);
    event.command.unattended = prng_one_in(&w->prng, 4);
    manager_step(w, pool, &event);
}

static void command(World *w, size_t pool, EventType type, OperationKind kind)
{
    Event event = {.type = type};

    if (!manager_pool(w, pool))
        return;
    event.command.operation = operation_open(w, kind, pool);
    manager_step(w, pool, &event);
}

static void drain(World *w, size_t pool)
{
    Event event = {.type = EVENT_DRAIN};

    if (!manager_pool(w, pool))
        return;
    event.command.operation = operation_open(w, OPERATION_DRAIN, pool);
    event.command.within_usec = prng_one_in(&w->prng, 4) ? 0 : world_span(w, 0, 20 * USEC_PER_SEC);
    manager_step(w, pool, &event);
}

static void simple(World *w, size_t pool, EventType type)
{
    Event event = {.type = type};

    manager_step(w, pool, &event);
}

static void loading(World *w, size_t pool)
{
    const Pool *p = manager_pool(w, pool);
    Event event = {.type = EVENT_LOAD};

    if (!p)
        return;
    event.generation = p->generation;
    event.load.read_bytes = prng_range(&w->prng, 0, 2000);
    event.load.model_bytes = 1000;
    manager_step(w, pool, &event);
}

static void ask(World *w, size_t pool)
{
    switch (prng_range(&w->prng, 0, 18)) {
    case 0:
    case 1:
    case 2:
    case 3:
        command(w, pool, EVENT_STOP, OPERATION_STOP);
        break;
    case 4:
        command(w, pool, EVENT_RESTART, OPERATION_RESTART);
        break;
    case 5:
        command(w, pool, EVENT_DEREGISTER, OPERATION_DEREGISTER);
        break;
    case 6:
        files_drop_handoff(w, pool);
        break;
    case 7:
        loading(w, pool);
        /* Registered without an engine. */
        manager_ensure(w, pool)->registered = true;
        simple(w, pool, prng_one_in(&w->prng, 2) ? EVENT_BREAKER_RESET : EVENT_BREAKER_ALLOW);
        break;
    case 8:
        drain(w, pool);
        break;
    case 9:
    case 10:
    case 11:
        lease_client(w, pool);
        break;
    case 12:
    case 13:
    case 14:
        reload_client(w, pool);
        break;
    default:
        preload(w, pool);
        break;
    }
}

static void on_client(World *w, const Item *item)
{
    Item next = *item;
    size_t pool = prng_range(&w->prng, 0, SIM_CLIENT_POOLS - 1);

    if (w->calm)
        return;
    if (manager_is_recovered(w)) {
        ask(w, pool);
    }
    next.at = usec_add(w->now, prng_one_in(&w->prng, 3) ? world_span(w, 0, 20 * USEC_PER_SEC)
                                                        : world_span(w, 0, USEC_PER_SEC));
    agenda_add(&w->agenda, &next);
}

/* Everything else that comes from outside, and at random. */
static void on_trouble(World *w, const Item *item)
{
    Item next = *item;

    if (w->calm)
        return;
    switch (prng_range(&w->prng, 0, 8)) {
    case 8:
        reload_driver_fault(w);
        break;
    case 0:
    case 1:
        manager_kill(w);
        break;
    case 2:
    case 3:
        service_manager_reload(w);
        break;
    case 4:
        service_manager_ghost(w);
        break;
    default:
        service_manager_outsider(w);
        break;
    }
    next.at = usec_add(w->now, world_span(w, 0, 30 * USEC_PER_SEC));
    agenda_add(&w->agenda, &next);
}

void clients_start(World *w)
{
    Item client = {.run = on_client}, trouble = {.run = on_trouble};

    client.at = trouble.at = w->now;
    agenda_add(&w->agenda, &client);
    agenda_add(&w->agenda, &trouble);
}
