/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "ctl/client.h"
#include "ctl/report.h"
#include "ctl/table.h"
#include "ctl/times.h"
#include "ctl/verbs.h"

/* The minima add up to what fits 80 columns. */
static const TableColumn columns[] = {
        {"ID", false, 8},      {"STATE", false, SIZE_MAX}, {"READY", false, SIZE_MAX},
        {"LEASES", true, 6},   {"ENGINE", false, 6, true}, {"VERSION", false, 7, true},
        {"ADDRESS", false, 9}, {"UPTIME", true, 8},        {"ERROR", false, 5, true},
};

/* How many leases are out; with the slots, where they are known. */
static int add_leases(Table *table, json_object *pool)
{
    uint64_t leases = status_number(pool, "active_leases");
    uint64_t slots = status_number(pool, "slots_total");

    if (slots == UINT64_MAX)
        return table_addf(table, COLOR_NORMAL, "%" PRIu64, leases);
    return table_addf(table, leases >= slots ? COLOR_YELLOW : COLOR_NORMAL, "%" PRIu64 "/%" PRIu64,
                      leases, slots);
}

/* The URL without what is the same in all. */
static int add_address(Table *table, json_object *pool)
{
    const char *url = status_string(pool, "url");

    return table_add(table, startswith(url, "http://") ? url + strlen("http://") : url,
                     COLOR_NORMAL);
}

static int add_uptime(Table *table, json_object *pool)
{
    uint64_t uptime_ms = status_number(pool, "uptime_ms");
    char span[SPAN_TEXT_MAX] = "";

    if (uptime_ms != UINT64_MAX)
        span_format(uptime_ms, span);
    return table_add(table, span, COLOR_NORMAL);
}

static int add_pool(Table *table, json_object *pool)
{
    const char *state = status_string(pool, "state");

    if (table_add(table, status_string(pool, "pool_id"), COLOR_NORMAL) < 0 ||
        table_add(table, state, state_color(state)) < 0 ||
        table_add(table, status_flag(pool, "ready") ? "yes" : "no", COLOR_NORMAL) < 0 ||
        add_leases(table, pool) < 0 ||
        table_add(table, status_string(pool, "engine"), COLOR_NORMAL) < 0 ||
        table_add(table, status_string(pool, "engine_version"), COLOR_NORMAL) < 0 ||
        add_address(table, pool) < 0 || add_uptime(table, pool) < 0)
        return -ENOMEM;
    return table_add(table, status_string(pool, "last_error"), COLOR_NORMAL);
}

static int print_table(const Options *options, json_object *pools)
{
    _cleanup_(table_freep) Table *table = NULL;
    size_t count = json_object_array_length(pools);
    int r;

    r = table_new(columns, ELEMENTSOF(columns), &table);
    for (size_t i = 0; r >= 0 && i < count; i++)
        r = add_pool(table, json_object_array_get_idx(pools, i));
    if (r >= 0)
        r = table_print(table, stdout, terminal_width(stdout), options->legend && count > 0);
    if (r < 0)
        return report_errno(options, r);
    if (options->legend)
        printf("%s%zu pool%s.\n", count > 0 ? "\n" : "", count, count == 1 ? "" : "s");
    return 0;
}

static int run(const Options *options, char **words)
{
    _cleanup_bus_ sd_bus *bus = NULL;
    _cleanup_json_ json_object *pools = NULL;
    Error error = {0};

    if (client_connect(options, &bus, &error) < 0 ||
        client_describe_pools(options, bus, &pools, &error) < 0)
        return report_error(options, &error, NULL);
    if (options->json != JSON_OFF)
        return report_json(options, json_object_get(pools));
    return print_table(options, pools);
}

const Verb verb_list = {
        .name = "list",
        .synopsis = "",
        .summary = "All pools, one a line",
        .description =
                "Shows all pools, sorted by id. LEASES are those that are out, of the slots that\n"
                "there are. Where the terminal is too narrow, long texts are cut.\n",
        .examples = "  poolctl list\n"
                    "  poolctl list --json=short | jq -r '.[] | select(.ready) | .url'\n",
        .options = VERB_OPTION_LEGEND,
        .run = run,
};
