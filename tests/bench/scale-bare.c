/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poolmgr/names.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-bus.h>
#include <time.h>

#include "base/macros.h"
#include "base/strv.h"
#include "manager/config.h"
#include "systemd/unit_client.h"
#include "systemd/unit_message.h"
#include "json/prepared_engine.h"

/*
 * The floor for starting many engines: nothing but the service manager. scale-bare same|plain
 *
 * Each line of standard input is the PreparedEngine of a preload. Its unit is started with the
 * properties that the daemon would ask for ("same"), or with no more than it takes to run the
 * command ("plain"); as many starts are in flight as the daemon has, each until its job is gone.
 * Then all are stopped in the same way. The daemon must not run. Prints a line of JSON: seconds.
 */

enum {
    FLIGHT_MAX = UNIT_CLIENT_JOBS,
    UNITS_MAX = 16384,
};

typedef struct Bench {
    sd_bus *bus;
    sd_bus_message *starts[UNITS_MAX];
    char units[UNITS_MAX][PM_UNIT_NAME_MAX + 1];
    size_t count;
    bool stopping;
    size_t sent, done;
} Bench;

static usec_t now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

static _Noreturn void give_up(const char *what, const char *why)
{
    (void)fprintf(stderr, "scale-bare: %s: %s\n", what, why);
    exit(1);
}

static void check(int r, const char *what)
{
    if (r < 0)
        give_up(what, strerror(-r));
}

/* All but what it takes to run the command. */
static char **names_to_leave_out(const UnitPlan *plan)
{
    static const char *const kept[] = {"Slice", "Type", "ExecStart"};
    char **names = NULL;

    for (size_t i = 0; i < plan->count; i++) {
        bool keep = false;

        for (size_t k = 0; k < ELEMENTSOF(kept); k++)
            keep = keep || streq(kept[k], plan->properties[i].name);
        if (!keep)
            check(strv_extend(&names, plan->properties[i].name), "names");
    }
    return names;
}

static void add_unit(Bench *b, const Settings *settings, const char *line, size_t n, bool plain)
{
    _cleanup_(unit_plan_freep) UnitPlan *plan = NULL;
    _cleanup_strv_free_ char **without = NULL;
    _cleanup_(pool_freep) Pool *pool = NULL;
    Error error = {.code = PM_ERROR_NONE};
    UnitPlanContext context = {0};
    EngineSpec *spec;

    if (b->count == UNITS_MAX)
        give_up("units", "too many");
    if (prepared_engine_parse(line, n, NULL, &spec, NULL, &error) < 0)
        give_up("prepared engine", error.text);
    check(pool_new(spec->pool_id, &pool), "pool");
    pool->spec = spec;
    pool->generation = 1;
    check(unit_plan_new(pool, &settings->policy, &context, &plan), "plan");
    without = plain ? names_to_leave_out(plan) : NULL;
    check(start_message_new(b->bus, plan, without, &b->starts[b->count]), "message");
    memcpy(b->units[b->count++], plan->name, sizeof(plan->name));
}

static void read_units(Bench *b, bool plain)
{
    _cleanup_(settings_freep) Settings *settings = NULL;
    Error error = {.code = PM_ERROR_NONE};
    ConfigSources sources = {0};
    _cleanup_free_ char *line = NULL;
    size_t size = 0;
    ssize_t n;

    if (settings_load(&sources, NULL, NULL, &settings, &error) < 0)
        give_up("settings", error.text);
    while ((n = getline(&line, &size, stdin)) > 0)
        add_unit(b, settings, line, (size_t)n, plain);
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    const sd_bus_error *error = sd_bus_message_get_error(m);

    if (error)
        give_up("call", bus_error_text(error));
    return 0;
}

static void send_next(Bench *b)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
    size_t i = b->sent++;

    if (b->stopping)
        check(manager_message_new(b->bus, &m, "StopUnit", "ss", b->units[i], "replace"), "stop");
    else
        m = TAKE_PTR(b->starts[i]);
    check(sd_bus_call_async(b->bus, NULL, m, on_reply, b, 0), "send");
}

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    const char *unit, *result;
    Bench *b = userdata;

    if (sd_bus_message_read(m, "uoss", NULL, NULL, &unit, &result) <= 0 ||
        !startswith(unit, PM_UNIT_PREFIX))
        return 0;
    if (!streq(result, "done"))
        give_up(unit, result);
    b->done++;
    if (b->sent < b->count)
        send_next(b);
    return 0;
}

/* Returns how long it took, in seconds. */
static double go_through(Bench *b, bool stopping)
{
    usec_t began = now();

    b->stopping = stopping;
    b->sent = b->done = 0;
    while (b->sent < b->count && b->sent < FLIGHT_MAX)
        send_next(b);
    while (b->done < b->count) {
        int r = sd_bus_process(b->bus, NULL);

        check(r, "bus");
        if (r == 0)
            check(sd_bus_wait(b->bus, UINT64_MAX), "bus");
    }
    return (double)(now() - began) / USEC_PER_SEC;
}

static void watch(Bench *b)
{
    check(sd_bus_open_system(&b->bus), "bus");
    check(sd_bus_match_signal(b->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER_INTERFACE,
                              "JobRemoved", on_job_removed, b),
          "match");
    check(sd_bus_call_method(b->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER_INTERFACE,
                             "Subscribe", NULL, NULL, ""),
          "subscribe");
}

int main(int argc, char **argv)
{
    static Bench b;
    double start, stop;

    if (argc != 2 || (!streq(argv[1], "same") && !streq(argv[1], "plain"))) {
        (void)fprintf(stderr, "usage: scale-bare same|plain\n");
        return 2;
    }
    watch(&b);
    read_units(&b, streq(argv[1], "plain"));
    start = go_through(&b, false);
    stop = go_through(&b, true);
    (void)printf("{\"units\": %zu, \"start_s\": %.6f, \"stop_s\": %.6f}\n", b.count, start, stop);
    sd_bus_flush_close_unref(b.bus);
    return 0;
}
