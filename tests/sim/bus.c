/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "world.h"

/*
 * Between the manager and the service manager. What one side sends arrives in the order in which it
 * was sent. Before a call is sent it waits in the queue of its kind, and is lost with the manager;
 * what was sent arrives even if the manager dies.
 */

static void arrive(World *w, const Item *item)
{
    Item call = *item;

    if (w->sm.busy_until >= w->now) {
        /* One later than what arrives in that very moment: the order stays. */
        call.at = w->sm.busy_until + 1;
        agenda_add(&w->agenda, &call);
        return;
    }
    service_manager_call(w, &call);
}

/* On the wire. */
static void transmit(World *w, const Item *item)
{
    Item call = *item;
    usec_t at = usec_add(w->now, world_span(w, 50, 2000));

    w->sm.calls_until = call.at = usec_max(at, w->sm.calls_until);
    call.run = arrive;
    call.number = w->manager.incarnation;
    call.incarnation = 0;
    agenda_add(&w->agenda, &call);
}

static uint64_t *start_waiting(World *w, UnitRef ref)
{
    return &w->manager.slots[ref.pool].start_waiting[ref.generation % SIM_ENGINES];
}

static void leave_queue(World *w, const Item *item)
{
    Item call = *item;

    if (call.kind == CALL_START) {
        /* Withdrawn by a stop while it waited. */
        if (*start_waiting(w, call.unit) != call.unit.generation)
            return;
        *start_waiting(w, call.unit) = 0;
    }
    transmit(w, &call);
}

static void enqueue(World *w, const Item *item)
{
    Item call = *item;
    usec_t *until = &w->manager.queue_until[call.kind == CALL_RESET_FAILED ? CALL_KILL : call.kind];

    if (world_mischief(w, 8))
        *until = usec_add(usec_max(*until, w->now), world_span(w, 0, 3 * USEC_PER_SEC));
    if (*until <= w->now) {
        transmit(w, &call);
        return;
    }
    if (call.kind == CALL_START)
        *start_waiting(w, call.unit) = call.unit.generation;
    call.at = *until;
    call.run = leave_queue;
    call.incarnation = w->manager.incarnation;
    agenda_add(&w->agenda, &call);
}

static const char *const call_names[CALL_KIND_MAX] = {
        [CALL_START] = "start",        [CALL_STOP] = "stop",   [CALL_KILL] = "kill",
        [CALL_RESET_FAILED] = "reset", [CALL_QUERY] = "query", [CALL_ATTACH] = "attach",
};

static void call_add(World *w, CallKind kind, UnitRef ref, const EngineSpec *spec, bool counted)
{
    Item call = {.kind = kind, .unit = ref, .flag = counted};
    bool waiting = *start_waiting(w, ref) == ref.generation;

    world_note(w, "manager", call_names[kind], ref.pool, ref.generation, 0, NULL);
    if (kind == CALL_START && spec) {
        call.seed = spec_behaviour(spec);
        call.span_usec = spec_stop_grace(spec, &w->settings);
    } else if (kind == CALL_QUERY && waiting && !counted) {
        return; /* its start will tell */
    } else if ((kind == CALL_STOP || kind == CALL_KILL) && waiting) {
        *start_waiting(w, ref) = 0;
        call.kind = CALL_QUERY;
    }
    enqueue(w, &call);
}

void call_send(World *w, CallKind kind, const Pool *pool)
{
    UnitRef ref = {pool_index(pool->id), pool->generation, spec_replica(pool->spec)};

    call_add(w, kind, ref, pool->spec, false);
}

void call_send_ref(World *w, CallKind kind, UnitRef ref, bool counted)
{
    call_add(w, kind, ref, NULL, counted);
}

static void deliver(World *w, const Item *item)
{
    manager_news(w, item);
}

void news_send(World *w, const Item *news)
{
    Item item = *news;

    if (w->sm.subscriber == 0)
        return;
    item.at = usec_max(usec_add(w->now, world_latency(w)), w->sm.news_until);
    w->sm.news_until = item.at;
    item.run = deliver;
    item.incarnation = w->sm.subscriber;
    agenda_add(&w->agenda, &item);
}

/* News without order: what the manager's own recheck is about. */
void news_changed(World *w, UnitRef ref, usec_t delay)
{
    Item item = {
            .at = usec_add(w->now, delay),
            .run = deliver,
            .incarnation = w->sm.subscriber,
            .unit = ref,
            .kind = NEWS_CHANGED,
    };

    if (w->sm.subscriber != 0)
        agenda_add(&w->agenda, &item);
}
