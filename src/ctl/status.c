/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <limits.h>

#include "base/text.h"
#include "ctl/client.h"
#include "ctl/engine_output.h"
#include "ctl/report.h"
#include "ctl/terminal.h"
#include "ctl/times.h"
#include "ctl/verbs.h"

enum { OUTPUT_LINES = 10 };

/* One line of the block; nothing for an empty text. */
static void print_line(const char *label, const char *text, Color color)
{
    _cleanup_free_ char *safe = NULL;

    if (!text[0])
        return;
    safe = terminal_safe(text);
    printf("%11s: %s%s%s\n", label, color == COLOR_NORMAL ? "" : terminal_color(stdout, color),
           safe ? safe : "out of memory",
           color == COLOR_NORMAL ? "" : terminal_color(stdout, COLOR_NORMAL));
}

static void print_number(const char *label, json_object *pool, const char *name)
{
    uint64_t n = status_number(pool, name);

    if (n != UINT64_MAX)
        printf("%11s: %" PRIu64 "\n", label, n);
}

static void print_head(json_object *pool)
{
    const char *state = status_string(pool, "state");

    printf("%s%s%s %s - %s%s%s%s\n", terminal_color(stdout, state_color(state)),
           terminal_is_utf8() ? "●" : "*", terminal_color(stdout, COLOR_NORMAL),
           status_string(pool, "pool_id"), terminal_color(stdout, state_color(state)), state,
           terminal_color(stdout, COLOR_NORMAL),
           status_flag(pool, "managed") ? "" : ", started by someone else");
}

static void print_engine(json_object *pool)
{
    const char *engine = status_string(pool, "engine");
    const char *version = status_string(pool, "engine_version");
    const char *replica = status_string(pool, "replica_id");
    uint64_t generation = status_number(pool, "generation");
    _cleanup_free_ char *line = NULL;
    Text text = {0};

    if (!engine[0] && !version[0])
        return;
    text_printf(&text, "%s%s%s", engine, engine[0] && version[0] ? " " : "", version);
    if (replica[0])
        text_printf(&text, ", replica %s", replica);
    if (generation != UINT64_MAX)
        text_printf(&text, ", generation %" PRIu64, generation);
    if (text_take(&text, &line) >= 0)
        print_line("Engine", line, COLOR_NORMAL);
}

static void print_slots(json_object *pool)
{
    uint64_t leases = status_number(pool, "active_leases");
    uint64_t total = status_number(pool, "slots_total"), left = status_number(pool, "slots_free");

    if (leases != UINT64_MAX && (leases > 0 || status_flag(pool, "live")))
        printf("%11s: %" PRIu64 "%s\n", "Leases", leases,
               status_flag(pool, "draining") ? ", and no more: it is draining" : "");
    if (total == UINT64_MAX)
        return;
    if (left == UINT64_MAX)
        printf("%11s: %" PRIu64 "\n", "Slots", total);
    else
        printf("%11s: %" PRIu64 " of %" PRIu64 " free\n", "Slots", left, total);
}

/* How far the engine is with its model. */
static void print_load(json_object *pool)
{
    json_object *load = status_object(pool, "load");
    uint64_t percent = status_number(load, "percent"), eta_ms = status_number(load, "eta_ms");
    char span[SPAN_TEXT_MAX];

    if (!load)
        return;
    printf("%11s: %s", "Load", status_string(load, "phase"));
    if (percent != UINT64_MAX)
        printf(", %" PRIu64 " %% of the model read", percent);
    if (eta_ms != UINT64_MAX) {
        span_format(eta_ms, span);
        printf(", about %s to go", span);
    }
    putchar('\n');
}

static void print_time(const char *label, json_object *pool, const char *name)
{
    uint64_t ms = status_number(pool, name), now = now_ms();
    char span[SPAN_TEXT_MAX], stamp[TIMESTAMP_TEXT_MAX];

    if (ms == UINT64_MAX)
        return;
    timestamp_format(ms, stamp);
    span_format(now > ms ? now - ms : ms - now, span);
    printf("%11s: %s; %s%s\n", label, stamp, now >= ms ? "" : "in ", span);
}

static void print_since(json_object *pool)
{
    uint64_t uptime_ms = status_number(pool, "uptime_ms");
    char span[SPAN_TEXT_MAX], stamp[TIMESTAMP_TEXT_MAX];

    if (uptime_ms == UINT64_MAX)
        return;
    span_format(uptime_ms, span);
    timestamp_format(now_ms() - uptime_ms, stamp);
    printf("%11s: %s; %s ago\n", "Since", stamp, span);
}

static void print_last_error(json_object *pool)
{
    const char *error = status_string(pool, "last_error");
    const char *class = status_string(pool, "last_error_class");
    char text[2 * PM_ERROR_TEXT_MAX];

    if (!error[0])
        return;
    snprintf(text, sizeof(text), "%s%s%s%s", error, class[0] ? " (" : "", class,
             class[0] ? ")" : "");
    print_line("Last error", text, COLOR_RED);
}

/* What cannot be read of the output is left out: the status is what was asked for. */
static void print_output(const Options *options, json_object *pool)
{
    uint64_t generation = status_number(pool, "generation");
    OutputQuery query = {.pool_id = status_string(pool, "pool_id"),
                         .generation = generation,
                         .lines = OUTPUT_LINES,
                         .user = options->user};
    Error error = {0};

    if (generation == UINT64_MAX)
        return;
    putchar('\n');
    if (engine_output_print(&query, stdout, NULL, &error) < 0)
        report_note("%s", error.text);
}

/* The file that declares the pool, and what stands against it. */
static void print_declared(json_object *declared)
{
    const char *state = status_string(declared, "state");
    char text[PATH_MAX + PM_ERROR_TEXT_MAX];

    if (!declared)
        return;
    snprintf(text, sizeof(text), "%s%s%s%s", status_string(declared, "file"),
             streq(state, "applied") ? "" : " (", streq(state, "applied") ? "" : state,
             streq(state, "applied") ? "" : ")");
    print_line("Declared", text, streq(state, "applied") ? COLOR_NORMAL : COLOR_YELLOW);
    print_line("Problem", status_string(declared, "problem"), COLOR_RED);
}

static void print_pool(const Options *options, json_object *pool, json_object *declared)
{
    print_head(pool);
    print_declared(declared);
    print_line("Unit", status_string(pool, "unit"), COLOR_NORMAL);
    print_engine(pool);
    print_line("Model", status_string(pool, "model_path"), COLOR_NORMAL);
    print_line("URL", status_string(pool, "url"), COLOR_NORMAL);
    print_line("Devices", status_string(pool, "device_mask"), COLOR_NORMAL);
    print_number("PID", pool, "pid");
    print_since(pool);
    print_load(pool);
    print_slots(pool);
    print_time("Heartbeat", pool, "last_heartbeat_ms");
    print_line("Version", status_string(pool, "version"), COLOR_NORMAL);
    print_line("Hints", status_string(pool, "perf_hints"), COLOR_NORMAL);
    if (status_number(pool, "crash_count") > 0)
        print_number("Crashes", pool, "crash_count");
    print_time("Restart", pool, "next_restart_at_ms");
    print_last_error(pool);
    print_output(options, pool);
}

static int status_of_all(const Options *options, sd_bus *bus, json_object **ret)
{
    Error error = {0};

    if (client_describe_pools(options, bus, ret, &error) < 0)
        return report_error(options, &error, NULL);
    return 0;
}

/* All are tried; the exit status is that of the first failure. */
static int status_of_some(const Options *options, sd_bus *bus, char **pool_ids, json_object **ret)
{
    json_object *pools = json_object_new_array();
    int status = 0;

    if (!pools)
        return report_errno(options, -ENOMEM);
    for (; *pool_ids; pool_ids++) {
        json_object *pool = NULL;
        Error error = {0};

        if (client_describe_pool(options, bus, *pool_ids, &pool, &error) < 0) {
            int failed = report_error(options, &error, *pool_ids);

            status = status ? status : failed;
        } else if (json_object_array_add(pools, pool) < 0) {
            json_object_put(pool);
        }
    }
    *ret = pools;
    return status;
}

/* JSON: of the one pool that was named an object, else an array. */
static int print_json(const Options *options, char **words, json_object *pools)
{
    bool one = words[0] && !words[1];

    if (!one)
        return report_json(options, json_object_get(pools));
    if (json_object_array_length(pools) == 0)
        return 0; /* its error is printed already */
    return report_json(options, json_object_get(json_object_array_get_idx(pools, 0)));
}

/* What files declare of the pool; NULL: nothing, or it is not known. */
static json_object *find_declared(json_object *configuration, json_object *pool)
{
    json_object *all = NULL;

    if (!json_object_object_get_ex(configuration, "declared", &all))
        return NULL;
    for (size_t i = 0; i < json_object_array_length(all); i++) {
        json_object *declared = json_object_array_get_idx(all, i);

        if (streq(status_string(declared, "pool_id"), status_string(pool, "pool_id")))
            return declared;
    }
    return NULL;
}

/* For people. Without the configuration all but the files are shown. */
static void print_pools(const Options *options, sd_bus *bus, json_object *pools)
{
    _cleanup_json_ json_object *configuration = NULL;

    (void)client_describe_configuration(options, bus, &configuration, NULL);
    for (size_t i = 0; i < json_object_array_length(pools); i++) {
        json_object *pool = json_object_array_get_idx(pools, i);

        if (i > 0)
            putchar('\n');
        print_pool(options, pool, find_declared(configuration, pool));
    }
}

static int run(const Options *options, char **words)
{
    _cleanup_bus_ sd_bus *bus = NULL;
    _cleanup_json_ json_object *pools = NULL;
    Error error = {0};
    int status, printed = 0;

    if (client_connect(options, &bus, &error) < 0)
        return report_error(options, &error, NULL);
    status = words[0] ? status_of_some(options, bus, words, &pools)
                      : status_of_all(options, bus, &pools);
    if (!pools)
        return status;
    if (options->json != JSON_OFF)
        printed = print_json(options, words, pools);
    else
        print_pools(options, bus, pools);
    if (!words[0] && options->json == JSON_OFF && json_object_array_length(pools) == 0)
        printf("0 pools.\n");
    return status ? status : printed;
}

const Verb verb_status = {
        .name = "status",
        .synopsis = "[POOL...]",
        .summary = "How pools are, in full",
        .description =
                "Shows how the pools are, all of them when none is named, each with the last\n"
                "lines that its engine wrote. With --json: an object when one pool is named,\n"
                "else an array.\n",
        .examples = "  poolctl status chat\n"
                    "  poolctl status --json=short chat | jq .load.percent\n",
        .min_words = 0,
        .max_words = SIZE_MAX,
        .first = WORD_POOL,
        .rest = WORD_POOL,
        .run = run,
};
