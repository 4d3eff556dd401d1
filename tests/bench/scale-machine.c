/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/macros.h"
#include "base/parse.h"
#include "core/machine.h"
#include "core/registry.h"
#include "core/turns.h"
#include "manager/config.h"
#include "json/prepared_engine.h"

/*
 * What an event costs in the policy alone, however many pools there are: scale-machine POOLS...
 *
 * The registry, the turns and the machine of src/core on a clock of their own. All pools go through
 * the same events side by side, so that at each moment as many as there are start, fail or stop;
 * what the machine wants done is answered at once. Prints a line of JSON for each number of pools
 * and way: nanoseconds for each pool that has gone that way.
 */

enum { LIVES = 10000 };

typedef struct Member {
    Turn turn;
    bool takes_turn;
    EngineSpec *spec; /* to be preloaded */
} Member;

typedef struct World {
    Registry registry;
    Turns turns;
    const PolicySettings *settings;
    Instant now;
    uint64_t operations;
} World;

static uint64_t spent_nsec(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static _Noreturn void give_up(const char *what)
{
    (void)fprintf(stderr, "scale-machine: %s\n", what);
    exit(1);
}

static void step(World *w, const char *id, Event *event);

static void leave(World *w, Member *member)
{
    if (member->takes_turn)
        turns_leave(&w->turns, &member->turn);
    member->takes_turn = false;
}

static void advance(World *w)
{
    Turn *turn;

    while ((turn = turns_next(&w->turns))) {
        const Pool *pool = turn->userdata;
        Event event = {.type = EVENT_FACTS, .facts = {.attempt = pool->attempt}};

        step(w, pool->id, &event);
    }
}

/* As src/manager/turn.c. */
static void follow(World *w, const Pool *pool)
{
    Member *member = pool->userdata;

    if (pool->state == POOL_PREFLIGHT || pool_is_coming(pool) || !member->takes_turn)
        return;
    leave(w, member);
    advance(w);
}

static void apply(World *w, const Pool *pool, const Effect *e)
{
    Event output = {.type = EVENT_OUTPUT, .generation = pool->generation};
    Member *member = pool->userdata;

    if (e->type == EFFECT_GATHER_FACTS) {
        leave(w, member);
        turns_join(&w->turns, &member->turn, 0);
        member->takes_turn = true;
        advance(w);
    } else if (e->type == EFFECT_READ_OUTPUT) {
        step(w, pool->id, &output);
    }
}

static void step(World *w, const char *id, Event *event)
{
    Pool *pool = registry_get(&w->registry, id);
    Effects effects = {.count = 0};

    pool_step(pool, event, w->settings, w->now, w->now.mono, &effects);
    for (size_t i = 0; i < effects.count; i++)
        apply(w, pool, &effects.items[i]);
    follow(w, pool);
}

static EngineSpec *make_spec(const char *id, size_t number)
{
    Error error = {.code = PM_ERROR_NONE};
    EngineSpec *spec;
    char text[512];

    (void)snprintf(text, sizeof(text),
                   "{\"pool_id\":\"%s\",\"binary_path\":\"/engine\",\"flags\":[],"
                   "\"host\":\"127.0.0.1\",\"port\":%zu,\"model_path\":\"/model\","
                   "\"engine_version\":\"1\"}",
                   id, 20000 + number);
    if (prepared_engine_parse(text, strlen(text), id, &spec, NULL, &error) < 0)
        give_up(error.text);
    return spec;
}

/* The ways: what happens to each pool in turn, and where that leads. */

static void preload(World *w, Pool *pool, size_t number)
{
    Event event = {.type = EVENT_PRELOAD};
    Member *member = pool->userdata;

    event.command.operation = ++w->operations;
    event.command.spec = TAKE_PTR(member->spec);
    step(w, pool->id, &event);
}

static void unit_active(World *w, Pool *pool, size_t number)
{
    Event event = {.type = EVENT_UNIT, .generation = pool->generation};

    event.unit = (UnitObservation){
            .fields = UNIT_FIELD_LOAD | UNIT_FIELD_ACTIVE | UNIT_FIELD_JOB | UNIT_FIELD_MAIN_PID,
            .load = UNIT_LOAD_LOADED,
            .active = UNIT_ACTIVE_ACTIVE,
            .main_pid = (pid_t)(1000 + number),
    };
    step(w, pool->id, &event);
}

static void unit_failed(World *w, Pool *pool, size_t number)
{
    Event event = {.type = EVENT_UNIT, .generation = pool->generation};

    event.unit = (UnitObservation){
            .fields = UNIT_FIELD_ACTIVE | UNIT_FIELD_JOB | UNIT_FIELD_RESULT | UNIT_FIELD_MAIN_PID |
                      UNIT_FIELD_EXEC_MAIN_CODE | UNIT_FIELD_EXEC_MAIN_STATUS,
            .active = UNIT_ACTIVE_FAILED,
            .result = UNIT_RESULT_SIGNAL,
            .exec_main_code = 2, /* CLD_KILLED */
            .exec_main_status = 9,
    };
    step(w, pool->id, &event);
}

static void probe_good(World *w, Pool *pool, size_t number)
{
    Event event = {.type = EVENT_PROBE, .generation = pool->generation, .probe = {.good = true}};

    step(w, pool->id, &event);
}

static void due(World *w, Pool *pool, size_t number)
{
    Event event = {.type = EVENT_TIMER, .generation = pool->generation};

    step(w, pool->id, &event);
}

static void stop(World *w, Pool *pool, size_t number)
{
    Event event = {.type = EVENT_STOP};

    event.command.operation = ++w->operations;
    step(w, pool->id, &event);
}

typedef void (*Happens)(World *w, Pool *pool, size_t number);

typedef struct Way {
    const char *name;
    PoolState to;
    usec_t wait_usec; /* before each of: */
    Happens happens[4];
} Way;

static const Way ways[] = {
        {"start", POOL_READY, 0, {preload, unit_active, probe_good}},
        {"health check", POOL_READY, 10 * USEC_PER_SEC, {due, probe_good}},
        {"crash and restart",
         POOL_READY,
         USEC_PER_MINUTE,
         {unit_failed, due, unit_active, probe_good}},
        {"stop", POOL_OFF, 0, {stop, unit_failed}},
};

/* Returns what it took, in nanoseconds. */
static uint64_t go(World *w, const Way *way)
{
    uint64_t began = spent_nsec();

    for (size_t i = 0; i < ELEMENTSOF(way->happens) && way->happens[i]; i++) {
        w->now.mono += way->wait_usec;
        w->now.real += way->wait_usec;
        for (size_t k = 0; k < w->registry.count; k++)
            way->happens[i](w, w->registry.pools[k], k);
    }
    for (size_t k = 0; k < w->registry.count; k++)
        if (w->registry.pools[k]->state != way->to)
            give_up(way->name);
    return spent_nsec() - began;
}

static void add_pools(World *w, Member *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char id[PM_ID_MAX + 1];
        Pool *pool;

        (void)snprintf(id, sizeof(id), "p%zu", i);
        if (registry_ensure(&w->registry, id, &pool, NULL) < 0)
            give_up("out of memory");
        pool->userdata = &members[i];
        members[i].turn.userdata = pool;
        members[i].spec = make_spec(id, i);
    }
}

/* A life of `count` pools. */
static void live(size_t count, const PolicySettings *settings, uint64_t taken[ELEMENTSOF(ways)])
{
    World w = {
            .settings = settings,
            .now = {.mono = USEC_PER_MINUTE, .real = 1700000000 * USEC_PER_SEC},
    };
    Member *members = calloc(count, sizeof(Member));

    if (!members)
        give_up("out of memory");
    add_pools(&w, members, count);
    for (size_t i = 0; i < ELEMENTSOF(ways); i++)
        taken[i] += go(&w, &ways[i]);
    registry_done(&w.registry);
    free(members);
}

/* As many lives as it takes that equally many pools have lived. */
static void run(size_t count, const PolicySettings *settings)
{
    uint64_t taken[ELEMENTSOF(ways)] = {0};
    size_t lives = count < LIVES ? LIVES / count : 1;

    for (size_t i = 0; i < lives; i++)
        live(count, settings, taken);
    for (size_t i = 0; i < ELEMENTSOF(ways); i++)
        (void)printf("{\"pools\": %zu, \"what\": \"%s\", \"ns\": %.0f}\n", count, ways[i].name,
                     (double)taken[i] / (double)(lives * count));
}

int main(int argc, char **argv)
{
    _cleanup_(settings_freep) Settings *settings = NULL;
    Error error = {.code = PM_ERROR_NONE};
    const ConfigSources sources = {.file = "/dev/null"};
    uint64_t count;

    if (settings_load(&sources, NULL, NULL, &settings, &error) < 0)
        give_up(error.text);
    for (int i = 1; i < argc; i++) {
        if (parse_u64(argv[i], 1, PM_POOLS_MAX, &count) < 0)
            give_up("usage: scale-machine POOLS...");
        run(count, &settings->policy);
    }
    return 0;
}
