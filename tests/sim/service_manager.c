/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "world.h"

Unit *unit_find(World *w, UnitRef ref)
{
    for (size_t i = 0; i < ELEMENTSOF(w->sm.units); i++) {
        Unit *u = &w->sm.units[i];

        if (u->exists && u->ref.pool == ref.pool && u->ref.generation == ref.generation &&
            u->ref.replica == ref.replica)
            return u;
    }
    return NULL;
}

bool unit_is_live(const Unit *u)
{
    return u->exists &&
           (u->process || u->others || (u->phase != UNIT_INACTIVE && u->phase != UNIT_FAILED));
}

bool unit_is_populated(World *w, UnitRef ref)
{
    const Unit *u = unit_find(w, ref);

    return u && (u->process || u->others);
}

static UnitObservation gone(void)
{
    return (UnitObservation){
            .fields = UNIT_FIELD_LOAD | UNIT_FIELD_ACTIVE | UNIT_FIELD_JOB,
            .load = UNIT_LOAD_NOT_FOUND,
            .active = UNIT_ACTIVE_INACTIVE,
    };
}

static void refuse(World *w, const Item *call, NewsKind kind)
{
    Item news = {.kind = kind, .unit = call->unit};

    news_send(w, &news);
}

static void on_start(World *w, const Item *call)
{
    Behaviour b;

    check_start(w, call->unit);
    behaviour_draw(call->seed, &b);
    if (b.refuse_start && !w->calm) {
        refuse(w, call, NEWS_START_FAILED);
        return;
    }
    unit_start(w, call->unit, call->seed, call->span_usec);
    /* The answer is lost now and then: whether it was started is asked then. */
    if (world_mischief(w, 32))
        news_changed(w, call->unit, world_span(w, 0, USEC_PER_SEC));
}

static void on_stop(World *w, const Item *call)
{
    Unit *u = unit_find(w, call->unit);
    Item news = {.kind = NEWS_OBSERVED, .unit = call->unit, .observation = gone()};

    if (!u) {
        news_send(w, &news);
    } else if (u->behaviour.refuse_stop) {
        u->behaviour.refuse_stop = false;
        refuse(w, call, NEWS_STOP_FAILED);
    } else {
        unit_stop(w, u);
    }
}

static void on_query(World *w, const Item *call)
{
    const Unit *u = unit_find(w, call->unit);
    Item news = {
            .kind = NEWS_ANSWER,
            .unit = call->unit,
            .observation = u ? u->truth : gone(),
            .flag = call->flag,
    };

    news_send(w, &news);
}

static void on_attach(World *w, const Item *call)
{
    Item news = {.kind = NEWS_LIST_END};

    if (call->number != w->manager.incarnation)
        return; /* from one that died meanwhile */
    w->sm.subscriber = call->number;
    for (size_t i = 0; i < ELEMENTSOF(w->sm.units); i++) {
        Item unit = {.kind = NEWS_LISTED, .unit = w->sm.units[i].ref};

        if (w->sm.units[i].exists)
            news_send(w, &unit);
    }
    news_send(w, &news);
}

void service_manager_call(World *w, const Item *call)
{
    Unit *u = unit_find(w, call->unit);

    switch ((CallKind)call->kind) {
    case CALL_START:
        on_start(w, call);
        break;
    case CALL_STOP:
        on_stop(w, call);
        break;
    case CALL_KILL:
        if (u)
            unit_kill(w, u);
        break;
    case CALL_RESET_FAILED:
        if (u)
            unit_reset_failed(w, u);
        break;
    case CALL_QUERY:
        on_query(w, call);
        break;
    case CALL_ATTACH:
        on_attach(w, call);
        break;
    case CALL_KIND_MAX:
        abort();
    }
}

/* daemon-reload: nothing is answered meanwhile, and each unit is said to be removed and new. */
void service_manager_reload(World *w)
{
    if (w->sm.busy_until >= w->now)
        return; /* one at a time */
    w->sm.busy_until = usec_add(w->now, world_span(w, 0, USEC_PER_SEC));
    world_note(w, "systemd", "reload", SIM_GHOST, 0, 0, NULL);
    for (size_t i = 0; i < ELEMENTSOF(w->sm.units); i++) {
        Item news = {.kind = NEWS_CHANGED, .unit = w->sm.units[i].ref};

        if (w->sm.units[i].exists)
            news_send(w, &news);
    }
}

/* A unit whose name could be ours, started by somebody else. */
void service_manager_ghost(World *w)
{
    Unit *u;
    UnitRef ref = {.pool = SIM_GHOST, .generation = prng_range(&w->prng, 1, 9)};

    if (unit_find(w, ref))
        return;
    world_note(w, "outsider", "start", ref.pool, ref.generation, 0, NULL);
    unit_start(w, ref, prng_next(&w->prng), USEC_PER_SEC);
    u = unit_find(w, ref);
    if (u)
        u->behaviour.refuse_stop = false;
}

void service_manager_outsider(World *w)
{
    Unit *u = &w->sm.units[prng_range(&w->prng, 0, 7)];

    if (!u->exists)
        return;
    switch (prng_range(&w->prng, 0, 2)) {
    case 0:
        world_note(w, "outsider", "stop", u->ref.pool, u->ref.generation, 0, NULL);
        unit_stop(w, u);
        break;
    case 1:
        world_note(w, "outsider", "kill", u->ref.pool, u->ref.generation, 0, NULL);
        unit_kill(w, u);
        break;
    default:
        if (u->phase != UNIT_FAILED)
            break;
        world_note(w, "outsider", "reset-failed", u->ref.pool, u->ref.generation, 0, NULL);
        unit_reset_failed(w, u);
        break;
    }
}
