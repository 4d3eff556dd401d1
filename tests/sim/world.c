/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include "world.h"

/* From the moment that the world is calm: longer than any deadline or grace together. */
static const usec_t CALM_MAX_USEC = 10 * USEC_PER_MINUTE;
static const usec_t REAL_OFFSET_USEC = 1700000000 * USEC_PER_SEC;

static const char *const pool_names[SIM_POOLS] = {"a", "b", "c", "ghost"};

/* For a core that aborts. */
static const World *running;

const char *pool_name(size_t pool)
{
    return pool_names[pool];
}

/* They differ in their first letters. */
size_t pool_index(const char *name)
{
    return name[0] == pool_names[SIM_GHOST][0] ? SIM_GHOST : (size_t)(name[0] - pool_names[0][0]);
}

Instant world_now(const World *w)
{
    return (Instant){.mono = w->now, .real = REAL_OFFSET_USEC + w->now};
}

bool world_mischief(World *w, uint64_t n)
{
    return !w->calm && prng_one_in(&w->prng, n);
}

usec_t world_span(World *w, usec_t min, usec_t max)
{
    return prng_range(&w->prng, min, max);
}

usec_t world_latency(World *w)
{
    return world_mischief(w, 32) ? world_span(w, 0, 2 * USEC_PER_SEC) : world_span(w, 50, 3000);
}

void world_note(World *w, const char *who, const char *what, size_t pool, uint64_t generation,
                int64_t number, const char *detail)
{
    TraceEntry e = {w->now, who, what, pool_name(pool), generation, number, detail};

    trace_add(&w->trace, &e);
}

static void explain(const World *w)
{
    fprintf(stderr, "seed %" PRIu64 ", step %" PRIu64 "; the last things that happened:\n", w->seed,
            w->steps);
    trace_dump(&w->trace); /* NOLINT(bugprone-signal-handler,cert-sig30-c) */
    fprintf(stderr, "To see it again: sim-pool --seeds 1 --first %" PRIu64 " --steps %" PRIu64 "\n",
            w->seed, w->max_steps);
}

void world_fail(const World *w, const char *format, ...)
{
    va_list ap;

    fflush(stdout);
    fprintf(stderr, "An invariant does not hold: ");
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fprintf(stderr, "\n");
    explain(w);
    exit(EXIT_FAILURE);
}

static void on_abort(int signal)
{
    /* The process is lost: what it can still say is worth the risk. */
    fprintf(stderr, "The core aborted.\n"); /* NOLINT(bugprone-signal-handler,cert-sig30-c) */
    explain(running);
    _exit(EXIT_FAILURE);
}

/* Shorter than in earnest, so that much of it is seen in one run. */
static void draw_supervision(World *w)
{
    w->settings.supervision = (SupervisionSettings){
            .backoff_initial_usec = world_span(w, 1, 500) * USEC_PER_MSEC,
            .backoff_max_usec = 5 * USEC_PER_SEC,
            .backoff_min_usec = prng_range(&w->prng, 0, 100) * USEC_PER_MSEC,
            .backoff_factor = prng_range(&w->prng, 1, 3),
            .backoff_jitter_percent = 10,
            .backoff_cuda_multiplier = 2,
            .backoff_reset_usec = world_span(w, 5, 60) * USEC_PER_SEC,
            .counter_reset_usec = world_span(w, 10, 120) * USEC_PER_SEC,
            .breaker_threshold = prng_range(&w->prng, 1, 6),
            .breaker_open_usec = world_span(w, 1, 20) * USEC_PER_SEC,
            .breaker_stable_usec = world_span(w, 1, 10) * USEC_PER_SEC,
            .breaker_factor = 2,
            .breaker_open_max_usec = 60 * USEC_PER_SEC,
            .restart_limit = prng_range(&w->prng, 1, 10),
            .restart_window_usec = world_span(w, 1, 60) * USEC_PER_SEC,
            .storm_warning_count = prng_range(&w->prng, 1, 5),
            .storm_warning_window_usec = 60 * USEC_PER_SEC,
            .storm_breaker_count = prng_range(&w->prng, 2, 10),
            .storm_breaker_window_usec = 30 * USEC_PER_SEC,
            .oom_storm_count = prng_range(&w->prng, 1, 3),
            .oom_storm_window_usec = 60 * USEC_PER_SEC,
    };
}

/* What the policy's settings are is drawn too. */
static void draw_settings(World *w)
{
    static const usec_t releases[] = {0, 100 * USEC_PER_MSEC, 10 * USEC_PER_SEC};
    static const usec_t graces[] = {0, 100 * USEC_PER_MSEC, USEC_PER_SEC, 5 * USEC_PER_SEC};

    w->settings = (PolicySettings){
            .health_interval_usec = 500 * USEC_PER_MSEC,
            .health_try_timeout_usec = 2 * USEC_PER_SEC,
            .health_path = "/health",
            .liveness_interval_usec = 5 * USEC_PER_SEC,
    };
    /* One after the other: in an initialiser the order would be the compiler's. */
    draw_supervision(w);
    w->settings.health_ramp = prng_one_in(&w->prng, 2);
    w->settings.health_timeout_usec = world_span(w, 1, 20) * USEC_PER_SEC;
    w->settings.liveness_failures = prng_range(&w->prng, 1, 3);
    w->settings.gpu_release_usec = releases[prng_range(&w->prng, 0, ELEMENTSOF(releases) - 1)];
    w->settings.stop_grace_usec = graces[prng_range(&w->prng, 0, ELEMENTSOF(graces) - 1)];
}

static bool ghost_lives(const World *w)
{
    for (size_t i = 0; i < ELEMENTSOF(w->sm.units); i++)
        if (w->sm.units[i].exists && w->sm.units[i].ref.pool == SIM_GHOST)
            return true;
    return false;
}

static void become_calm(World *w)
{
    /* Foreign units are only looked for at a start. */
    if (ghost_lives(w))
        manager_kill(w);
    w->calm = true;
    w->calm_since = w->now;
    units_unhang(w);
    world_note(w, "world", "calm", SIM_GHOST, 0, 0, NULL);
}

static void happen(World *w, const Item *item)
{
    if (item->incarnation != 0 && item->incarnation != w->manager.incarnation)
        return; /* for a manager that is gone */
    w->now = item->at;
    item->run(w, item);
}

static void world_loop(World *w)
{
    const char *unsettled = NULL;
    size_t pool = SIM_GHOST;
    Item *item;

    while ((item = agenda_take(&w->agenda))) {
        happen(w, item);
        free(item);
        if (!w->calm && w->steps >= w->max_steps)
            become_calm(w);
        if (!w->calm)
            continue;
        unsettled = world_unsettled(w, &pool);
        if (!unsettled)
            return;
        if (w->now > w->calm_since + CALM_MAX_USEC)
            break;
    }
    world_fail(w, "the world is calm, but %s (pool %s)", unsettled, pool_name(pool));
}

void world_run(uint64_t seed, uint64_t steps, bool verbose, Coverage *coverage)
{
    World w = {
            .seed = seed,
            .max_steps = steps,
            .now = 1000 * USEC_PER_SEC,
            .prng = {seed},
            .coverage = coverage,
            .trace = {.verbose = verbose},
    };
    Item start = {.at = w.now, .run = manager_start};

    running = &w;
    (void)signal(SIGABRT, on_abort);
    draw_settings(&w);
    agenda_add(&w.agenda, &start);
    clients_start(&w);
    world_loop(&w);
    registry_done(&w.manager.registry);
    for (size_t i = 0; i < ELEMENTSOF(w.files); i++)
        supervision_done(&w.files[i].saved.supervision);
    agenda_done(&w.agenda);
    coverage->seeds++;
    running = NULL;
}
