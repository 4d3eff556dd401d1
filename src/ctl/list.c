/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "ctl/client.h"
#include "ctl/report.h"
#include "ctl/table.h"
#include "ctl/times.h"
#include "ctl/verbs.h"

static const TableColumn columns[] = {
        {"ID", false, 12},       {"STATE", false, SIZE_MAX}, {"READY", false, SIZE_MAX},
        {"ENGINE", false, 8},    {"VERSION", false, 7},      {"URL", false, SIZE_MAX},
        {"PID", true, SIZE_MAX}, {"UPTIME", true, SIZE_MAX}, {"LAST ERROR", false, 10},
};

static int add_number(Table *table, json_object *pool, const char *name)
{
    uint64_t n = status_number(pool, name);

    return n == UINT64_MAX ? table_add(table, NULL, COLOR_NORMAL)
                           : table_addf(table, COLOR_NORMAL, "%" PRIu64, n);
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
        table_add(table, status_string(pool, "engine"), COLOR_NORMAL) < 0 ||
        table_add(table, status_string(pool, "engine_version"), COLOR_NORMAL) < 0 ||
        table_add(table, status_string(pool, "url"), COLOR_NORMAL) < 0 ||
        add_number(table, pool, "pid") < 0 || add_uptime(table, pool) < 0)
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

int verb_list(const Options *options, char **arguments)
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
