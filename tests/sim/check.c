/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/spec_policy.h"
#include "core/status.h"
#include "world.h"

/* The invariants. */

/* Whether the event belongs to what the engine was. */
static bool event_is_of(const Pool *before, const Event *event)
{
    if (event->type == EVENT_FACTS)
        return before->state == POOL_PREFLIGHT && event->facts.attempt == before->attempt;
    return event->generation == 0 || event->generation == before->generation;
}

/* The engines that the pool had, and what they are now. */
typedef struct Engines {
    const Pool *before[2];
    const Pool *after[2];
    size_t n;
} Engines;

static const Pool *find_engine(Pool *pool, uint64_t generation)
{
    const Pool *engine = pool_engine(pool, generation);

    if (!engine && pool->gone && pool->gone->generation == generation)
        engine = pool->gone;
    return engine;
}

/* What has become of each engine that the pool had. One that took the place of another in another
 * record is the same still; one that was never started may have none. */
static Engines pair_engines(const Before *before, Pool *pool)
{
    Engines e = {.n = 0};

    e.before[e.n] = &before->pool;
    e.after[e.n] = find_engine(pool, before->pool.generation);
    if (!e.after[e.n])
        e.after[e.n] = pool;
    e.n++;
    if (!before->pool.beside)
        return e;
    e.before[e.n] = &before->beside;
    e.after[e.n] = find_engine(pool, before->beside.generation);
    if (e.after[e.n])
        e.n++;
    return e;
}

static bool is_end_log(LogKind kind)
{
    return kind == LOG_PRELOAD_FAILED || kind == LOG_ENGINE_CRASHED || kind == LOG_ENGINE_EXITED ||
           kind == LOG_ENGINE_STOPPED;
}

EngineLedger *ledger_of(World *w, size_t pool, uint64_t generation)
{
    EngineLedger *l = &w->ledger[pool].engines[generation % SIM_ENGINES];

    if (l->generation != generation)
        *l = (EngineLedger){.generation = generation};
    return l;
}

/* The generation ended in this step: for the first time, or again because the manager was killed
 * before that was on disk. */
static void note_end(World *w, EngineLedger *l)
{
    if (l->ended && (l->ended_incarnation == w->manager.incarnation || l->end_saved))
        world_fail(w, "the end of a generation was handled twice");
    l->ended = true;
    l->ended_incarnation = w->manager.incarnation;
    l->end_saved = false;
}

/* A refusal that only means that the engine is not started beside the other one. */
static bool goes_plain(const Pool *before, const Event *event)
{
    return before->role == ROLE_ARRIVING && streq(event->facts.error.field, "port");
}

/* The end of a generation is told once, when it is judged where it is to be, and nothing else is
 * told as one. */
static void check_end_logs(World *w, const Engines *engines, const Event *event,
                           const Effects *effects)
{
    unsigned expected = 0, told = 0;

    for (size_t i = 0; i < engines->n; i++) {
        const Pool *before = engines->before[i], *after = engines->after[i];
        bool ended = pool_has_engine(before) && !pool_has_engine(after);
        bool refused = event->type == EVENT_FACTS && event_is_of(before, event) &&
                       error_is_set(&event->facts.error) && !goes_plain(before, event);

        expected += (ended && !after->judging) + (before->judging && !after->judging) + refused;
    }
    for (size_t i = 0; i < effects->count; i++)
        told += effects->items[i].type == EFFECT_LOG && is_end_log(effects->items[i].log.kind);
    if (told != expected)
        world_fail(w, "%u end(s) told of, not %u", told, expected);
}

/* What belongs to another generation, or to an earlier question, changes nothing. */
static void check_stale(World *w, const Before *before, const Pool *pool, const Event *event,
                        const Effects *effects)
{
    bool stale = !event_is_of(&before->pool, event), same;

    if (before->pool.beside)
        stale = stale && !event_is_of(&before->beside, event);
    /* The copy was made byte by byte, padding included. */
    same = memcmp(&before->pool, pool, sizeof(*pool)) == 0; /* NOLINT(*memory-comparison,cert-*) */
    if (stale && (!same || effects->count != 1 || effects->items[0].type != EFFECT_LOG ||
                  effects->items[0].log.kind != LOG_STALE_EVENT))
        world_fail(w, "a stale event was more than noted");
}

static void check_generation(World *w, const Before *before, const Engines *engines, Pool *pool)
{
    size_t number = pool_index(pool->id);

    if (pool_last_generation(pool) < pool_last_generation(&before->pool) ||
        (pool->gone && pool->gone->generation > pool_last_generation(pool)))
        world_fail(w, "the generation went back");
    if (!before->pool.beside && !pool->beside && !pool->gone &&
        pool->generation != before->pool.generation &&
        (pool->generation != pool_last_generation(&before->pool) + 1 ||
         pool_has_engine(&before->pool)))
        world_fail(w, "a generation was left out, or began before the last one had ended");
    for (size_t i = 0; i < engines->n; i++)
        if (pool_has_engine(engines->before[i]) && !pool_has_engine(engines->after[i]))
            note_end(w, ledger_of(w, number, engines->before[i]->generation));
}

static void check_deadlines(World *w, const Engines *engines, const Event *event)
{
    bool timer = event->type == EVENT_TIMER;

    if (timer && event->generation != engines->before[0]->generation)
        return;
    for (size_t i = 0; i < engines->n; i++) {
        const Pool *before = engines->before[i], *after = engines->after[i];
        bool phase = after->phase_deadline != before->phase_deadline || timer;
        bool probe = after->probe_at != before->probe_at || timer;

        if (pool_has_engine(after) &&
            ((phase && after->phase_deadline <= w->now) || (probe && after->probe_at <= w->now)))
            world_fail(w, "a deadline is in the past after the step");
    }
}

/* There is always something that will move the pool on. */
static void check_awaited(World *w, const Pool *p)
{
    bool phase = p->phase_deadline != USEC_INFINITY, probe = p->probe_at != USEC_INFINITY;

    switch (p->state) {
    case POOL_STARTING:
    case POOL_STOPPING:
        if (!phase || probe || p->probe_running)
            world_fail(w, "starting and stopping have one deadline, and no probe");
        break;
    case POOL_WARMING:
        if (!phase || probe == p->probe_running)
            world_fail(w, "warming has a deadline, and a probe that runs or is due");
        break;
    case POOL_BACKOFF:
    case POOL_TRIPPED:
        if (!phase || probe || p->probe_running)
            world_fail(w, "a pool that waits for its restart has one deadline, and no probe");
        if (supervision_deadline(&p->supervision) == USEC_INFINITY)
            world_fail(w, "a pool waits for a restart that does not come");
        break;
    case POOL_DRAINING:
        if (phase == (p->reload.phase == RELOAD_STAGING) || probe == p->probe_running)
            world_fail(w, "draining has a deadline, and a probe that runs or is due");
        if (phase && p->leases.count == 0)
            world_fail(w, "a drain waits for nothing");
        break;
    case POOL_FAILED:
        if (phase != p->judging || probe || p->probe_running)
            world_fail(w, "a failed pool waits for its judgement, and for nothing else");
        break;
    case POOL_READY:
    case POOL_ADOPTING:
    case POOL_EXTERNAL:
        if (phase || probe == p->probe_running)
            world_fail(w, "a running engine has a probe that runs or is due");
        break;
    default:
        if (phase || probe || p->probe_running)
            world_fail(w, "without an engine there is no deadline and no probe");
        break;
    }
}

static void check_operation(World *w, const Pool *p)
{
    bool open = false;

    for (size_t i = 0; i < w->n_open; i++)
        open |= w->open[i].id == p->operation.id;
    switch (p->state) {
    case POOL_PREFLIGHT:
        if (p->operation.kind != OPERATION_PRELOAD && p->operation.kind != OPERATION_RESTART &&
            p->operation.kind != OPERATION_RELOAD && !p->automatic)
            world_fail(w, "a preflight that nobody has asked for");
        break;
    case POOL_STARTING:
    case POOL_WARMING:
        if (p->operation.kind == OPERATION_STOP || p->operation.kind == OPERATION_DEREGISTER)
            world_fail(w, "a start goes on although a stop holds the pool");
        break;
    case POOL_STOPPING:
        break;
    case POOL_DRAINING:
        if (p->operation.kind != OPERATION_DRAIN && p->operation.kind != OPERATION_RELOAD)
            world_fail(w, "draining without a drain");
        break;
    case POOL_READY:
        if (p->operation.kind == OPERATION_RELOAD && p->reload.strategy == RELOAD_BLUE_GREEN)
            break;
        if (p->operation.kind != OPERATION_NONE)
            world_fail(w, "an operation holds a pool that is ready");
        break;
    case POOL_ADOPTING:
        if (p->operation.kind != OPERATION_NONE && p->operation.kind != OPERATION_DRAIN &&
            p->operation.kind != OPERATION_RELOAD)
            world_fail(w, "an operation holds a pool that is looked at");
        break;
    default:
        if (p->operation.kind != OPERATION_NONE && !p->judging && !p->beside)
            world_fail(w, "an operation holds a pool in which nothing is going on");
        break;
    }
    if (p->operation.kind != OPERATION_NONE && !open)
        world_fail(w, "an operation holds the pool that is over or was never begun");
}

static void check_ready(World *w, const Pool *pool)
{
    const EngineLedger *l = ledger_of(w, pool_index(pool->id), pool->generation);

    /* One of somebody else is believed until it has been checked. */
    if (!pool_is_ready(pool) || pool->state == POOL_EXTERNAL)
        return;
    if (!pool_is_live(pool))
        world_fail(w, "ready, but the unit is not active as far as the pool was told");
    if (!l->probe_good)
        world_fail(w, "ready, but the last probe was not good");
}

static void check_status(World *w, const Pool *pool)
{
    PoolStatus status;

    if (w->steps % 16 != 0)
        return;
    pool_status(pool, world_now(w), &status);
    if (pool_status_find(&status, "ready")->boolean && !pool_status_find(&status, "live")->boolean)
        world_fail(w, "the status says ready but not live");
}

/* Leases are of an engine that is there, and as many as are counted. */
static void check_leases(World *w, const Pool *engine, bool timer)
{
    uint64_t n = 0, last = 0;

    for (const Lease *lease = engine->leases.first; lease; lease = lease->next) {
        if (lease->number <= last || lease->number > engine->leases.last_number)
            world_fail(w, "the leases are out of order");
        if (lease->expires <= w->now && timer)
            world_fail(w, "a lease that is over outlives the timer");
        last = lease->number;
        n++;
    }
    if (n != engine->leases.count)
        world_fail(w, "the leases are miscounted");
    if (n > 0 && !pool_has_engine(engine) && engine->state != POOL_EXTERNAL)
        world_fail(w, "a lease of an engine that is gone");
}

/* The engine beside is there for something, and no third one ever. */
static void check_beside(World *w, const Pool *pool, bool timer, bool found)
{
    const Pool *b = pool->beside;

    if (b->beside || b->role == ROLE_SERVING || pool->role != ROLE_SERVING)
        world_fail(w, "an engine beside one that is itself beside another");
    if (!pool_has_engine(b) && b->state != POOL_PREFLIGHT && !b->judging)
        world_fail(w, "an engine that is gone is still kept beside");
    if ((b->role == ROLE_ARRIVING) != (pool->reload.phase == RELOAD_BESIDE))
        world_fail(w, "an engine arrives for nobody, or is awaited that does not");
    if (b->operation.kind != OPERATION_NONE || b->stable_at != USEC_INFINITY || b->automatic)
        world_fail(w, "what belongs to the pool is in the record beside");
    if (found)
        check_awaited(w, b);
    check_leases(w, b, timer);
}

/* Only a preload brings another mask or replica; a start takes the mask that the registry has. */
static void check_kept(World *w, const Before *was, const Pool *pool, const Event *event)
{
    SpecId now = spec_id(pool->spec), before = was->spec;

    if (event->type == EVENT_FACTS && was->pool.state == POOL_PREFLIGHT &&
        pool->state == POOL_STARTING) {
        if (!streq_ptr(pool->spec->device_mask, pool->meta.device_mask))
            world_fail(w, "the engine is started with another mask than the registry's");
        before.mask = now.mask;
    }
    if (event->type != EVENT_PRELOAD && before.seed != 0 &&
        (now.mask != before.mask || now.replica != before.replica))
        world_fail(w, "the mask or the replica has changed");
}

/* After our restart the engines of a pool are found again one after the other. */
static bool is_found(const Engines *engines, const Pool *engine, const Event *event)
{
    return event->type != EVENT_RECOVER || engines->n < 2 ||
           event->generation == engine->generation;
}

void check_step(World *w, const Before *before, Pool *pool, const Event *event,
                const Effects *effects)
{
    Engines engines = pair_engines(before, pool);
    bool timer = event->type == EVENT_TIMER && event->generation == before->pool.generation;

    if (effects->count >= EFFECTS_MAX)
        world_fail(w, "the step has as many effects as fit");
    check_stale(w, before, pool, event, effects);
    check_generation(w, before, &engines, pool);
    check_kept(w, before, pool, event);
    check_end_logs(w, &engines, event, effects);
    check_deadlines(w, &engines, event);
    if (is_found(&engines, pool, event))
        check_awaited(w, pool);
    check_ready(w, pool);
    check_leases(w, pool, timer);
    check_status(w, pool);
    if (pool->beside)
        check_beside(w, pool, timer, is_found(&engines, pool->beside, event));
}

/* Automatic starts keep to the window, and to the breaker but for its one trial. */
static void check_rate(World *w, const Pool *pool)
{
    const SupervisionSettings settings = spec_supervision(pool->spec, &w->settings);
    const Supervision *s = &pool->supervision;
    Instant until;

    if (!pool->automatic)
        return;
    if (!s->allowed_once && !s->trial &&
        supervision_rate(s, &settings, world_now(w)) > settings.restart_limit)
        world_fail(w, "more restarts than the window allows");
    if (supervision_open_until(s, &until) && !s->trial)
        world_fail(w, "a restart while the breaker is open");
    if (!spec_allows_restart(pool->spec))
        world_fail(w, "a restart of an engine that is not to be restarted");
}

/* Before it is done. */
void check_effect(World *w, const Pool *pool, const Pool *engine, const Effect *e)
{
    const Files *files = &w->files[pool_index(pool->id)];
    const SavedEngine *saved = e->beside ? &files->saved.beside : &files->saved.engine;

    switch (e->type) {
    case EFFECT_START_UNIT:
        check_rate(w, engine);
        if (!w->manager.slots[pool_index(pool->id)].save_failed &&
            (!files->exists || saved->generation != engine->generation))
            world_fail(w, "a start before its generation is saved");
        break;
    case EFFECT_STOP_UNIT:
        if (files->handoff && !e->beside)
            world_fail(w, "a stop before the handoff is withdrawn");
        break;
    case EFFECT_PROBE:
        if (!files->pid && pool->state != POOL_EXTERNAL && !e->beside)
            world_fail(w, "a health check before the pid file is written");
        break;
    case EFFECT_WRITE_HANDOFF:
        if (!ledger_of(w, pool_index(pool->id), engine->generation)->probe_good)
            world_fail(w, "a handoff before a health check passed");
        break;
    default:
        break;
    }
}

/* Once all effects of a step are done. */
void check_files(World *w, const Pool *pool)
{
    const Files *files = &w->files[pool_index(pool->id)];
    const PoolSlot *slot = &w->manager.slots[pool_index(pool->id)];
    const PoolSlot *beside = &w->manager.besides[pool_index(pool->id)];

    if (files->handoff && !pool_has_handoff(pool))
        world_fail(w, "the handoff file is there, and should not be");
    if (!files->handoff && pool_has_handoff(pool) &&
        !(pool->state == POOL_ADOPTING && slot->from_stale))
        world_fail(w, "the handoff file is not there, and should be");
    if (files->pid && !pool_has_engine(pool))
        world_fail(w, "the pid file of an engine that is gone");
    if (pool->probe_running != (slot->probe != 0) ||
        (pool->beside && pool->beside->probe_running) != (beside->probe != 0))
        world_fail(w, "the pool and the prober do not agree whether a probe runs");
    check_operation(w, pool);
    reload_check(w, pool);
}

/* Whether another engine of the pool may run beside one that is started now. */
static bool may_live(const World *w, UnitRef ref)
{
    const Pool *pool = manager_pool(w, ref.pool);

    return !pool || (pool->beside && manager_knows(w, ref));
}

/* The service manager is asked to start a unit. */
void check_start(World *w, UnitRef ref)
{
    Ledger *l = &w->ledger[ref.pool];

    if (ref.generation <= l->started)
        world_fail(w, "generation %llu was started before", (unsigned long long)ref.generation);
    l->started = ref.generation;
    ledger_of(w, ref.pool, ref.generation)->started = true;
    for (size_t i = 0; i < ELEMENTSOF(w->sm.units); i++) {
        const Unit *u = &w->sm.units[i];

        if (unit_is_live(u) && u->ref.pool == ref.pool && !may_live(w, u->ref))
            world_fail(w, "a start while generation %llu of the pool lives",
                       (unsigned long long)u->ref.generation);
    }
}

static bool is_at_rest(const Pool *p)
{
    return p->state == POOL_OFF || (p->state == POOL_FAILED && !p->judging) ||
           p->state == POOL_READY || p->state == POOL_EXTERNAL || p->state == POOL_BACKOFF ||
           p->state == POOL_TRIPPED;
}

/* What is not yet as it should end, or NULL. */
const char *world_unsettled(World *w, size_t *ret_pool)
{
    *ret_pool = SIM_GHOST;
    if (!manager_is_recovered(w))
        return "the manager has not recovered";
    if (w->n_open > 0)
        return "an operation is open";
    for (size_t i = 0; i < ELEMENTSOF(w->sm.units); i++) {
        const Unit *u = &w->sm.units[i];

        *ret_pool = u->ref.pool;
        if (u->exists && u->phase == UNIT_FAILED)
            return "a failed unit is not reset";
        if (u->exists &&
            (!manager_knows(w, u->ref) ||
             !pool_has_engine(pool_engine(manager_pool(w, u->ref.pool), u->ref.generation))))
            return "a unit runs of which no pool knows";
    }
    for (size_t i = 0; i < w->manager.registry.count; i++) {
        const Pool *p = w->manager.registry.pools[i];

        *ret_pool = pool_index(p->id);
        if (!is_at_rest(p) || p->beside)
            return "a pool is still on its way";
        for (size_t k = 0; k < SIM_ENGINES; k++) {
            const EngineLedger *l = &w->ledger[*ret_pool].engines[k];

            if (l->started && !l->ended && !(p->generation == l->generation && pool_has_engine(p)))
                return "the end of a generation was never handled";
        }
    }
    return NULL;
}
