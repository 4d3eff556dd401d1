/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "ctl/client.h"
#include "ctl/report.h"
#include "ctl/table.h"
#include "ctl/verbs.h"

static const TableColumn columns[] = {
        {"KEY", false, SIZE_MAX},
        {"VALUE", false, 12},
        {"FROM", false, 12, true},
        {"AFTER A RESTART", false, 12},
};

/* A value that is empty is not one that is missing. */
static int add_value(Table *table, const char *value, Color color)
{
    return table_add(table, value[0] ? value : "\"\"", color);
}

static int add_key(Table *table, json_object *key, bool pending)
{
    bool is_default = streq(status_string(key, "source"), "default");
    json_object *later = status_object(key, "pending");

    if (table_addf(table, COLOR_NORMAL, "%s.%s", status_string(key, "section"),
                   status_string(key, "key")) < 0 ||
        add_value(table, status_string(key, "value"), is_default ? COLOR_NORMAL : COLOR_BOLD) < 0 ||
        table_add(table, status_string(key, "where"), COLOR_NORMAL) < 0)
        return -ENOMEM;
    if (!pending)
        return 0;
    return later ? add_value(table, status_string(later, "value"), COLOR_YELLOW)
                 : table_add(table, "", COLOR_NORMAL);
}

static bool is_any_pending(json_object *keys)
{
    for (size_t i = 0; i < json_object_array_length(keys); i++)
        if (status_object(json_object_array_get_idx(keys, i), "pending"))
            return true;
    return false;
}

static int print_table(const Options *options, json_object *configuration)
{
    _cleanup_(table_freep) Table *table = NULL;
    json_object *keys = NULL;
    bool pending;
    int r;

    if (!json_object_object_get_ex(configuration, "keys", &keys))
        return report_errno(options, -EBADMSG);
    pending = is_any_pending(keys);
    r = table_new(columns, ELEMENTSOF(columns) - !pending, &table);
    for (size_t i = 0; r >= 0 && i < json_object_array_length(keys); i++)
        r = add_key(table, json_object_array_get_idx(keys, i), pending);
    if (r >= 0)
        r = table_print(table, stdout, terminal_width(stdout), options->legend);
    return r < 0 ? report_errno(options, r) : 0;
}

static const TableColumn declared_columns[] = {
        {"POOL", false, SIZE_MAX},
        {"AUTOSTART", false, SIZE_MAX},
        {"FILE", false, 12, true},
        {"STATE", false, SIZE_MAX},
};

static int add_declared(Table *table, json_object *pool)
{
    const char *state = status_string(pool, "state"), *autostart = "";

    if (status_string(pool, "autostart")[0]) /* not known of a file that was never good */
        autostart = status_flag(pool, "autostart") ? "on" : "off";

    if (table_add(table, status_string(pool, "pool_id"), COLOR_NORMAL) < 0 ||
        table_add(table, autostart, COLOR_NORMAL) < 0 ||
        table_add(table, status_string(pool, "file"), COLOR_NORMAL) < 0)
        return -ENOMEM;
    return table_add(table, state, streq(state, "applied") ? COLOR_NORMAL : COLOR_YELLOW);
}

/* Why a file is not in force stands below the table: it is a sentence. */
static void print_problem(const char *problem)
{
    _cleanup_free_ char *safe = terminal_safe(problem);

    printf("%s%s%s\n", terminal_color(stdout, COLOR_RED), safe ? safe : "out of memory",
           terminal_color(stdout, COLOR_NORMAL));
}

static void print_problems(json_object *configuration, json_object *pools)
{
    json_object *problems = status_array(configuration, "declared_problems");

    for (size_t i = 0; problems && i < json_object_array_length(problems); i++)
        print_problem(json_object_get_string(json_object_array_get_idx(problems, i)));
    for (size_t i = 0; i < json_object_array_length(pools); i++) {
        const char *problem = status_string(json_object_array_get_idx(pools, i), "problem");

        if (problem[0])
            print_problem(problem);
    }
}

/* The declared pools, below the keys; nothing where there are none. */
static int print_declared(const Options *options, json_object *configuration)
{
    _cleanup_(table_freep) Table *table = NULL;
    json_object *pools = NULL;
    int r;

    if (!json_object_object_get_ex(configuration, "declared", &pools) ||
        json_object_array_length(pools) == 0)
        return 0;
    r = table_new(declared_columns, ELEMENTSOF(declared_columns), &table);
    for (size_t i = 0; r >= 0 && i < json_object_array_length(pools); i++)
        r = add_declared(table, json_object_array_get_idx(pools, i));
    putchar('\n');
    if (r >= 0)
        r = table_print(table, stdout, terminal_width(stdout), options->legend);
    if (r < 0)
        return report_errno(options, r);
    print_problems(configuration, pools);
    return 0;
}

static int run(const Options *options, char **words)
{
    _cleanup_bus_ sd_bus *bus = NULL;
    _cleanup_json_ json_object *configuration = NULL;
    Error error = {0};
    int status;

    if (client_connect(options, &bus, &error) < 0 ||
        client_describe_configuration(options, bus, &configuration, &error) < 0)
        return report_error(options, &error, NULL);
    if (options->json != JSON_OFF)
        return report_json(options, json_object_get(configuration));
    status = print_table(options, configuration);
    return status ? status : print_declared(options, configuration);
}

const Verb verb_config = {
        .name = "config",
        .synopsis = "",
        .summary = "The daemon's configuration, and where it is from",
        .description =
                "Shows each key of the configuration with the value that is in force and where\n"
                "that comes from: file and line, environment variable, command line or default.\n"
                "What was changed in a file but needs a restart of the daemon stands beside it.\n"
                "Below are the pools that files of pools.d declare, and what is wrong with them:\n"
                "applied, waiting (until the pool is free), invalid, or removing.\n",
        .examples =
                "  poolctl config\n"
                "  poolctl config --json=short | jq '.keys[] | select(.source != \"default\")'\n",
        .options = VERB_OPTION_LEGEND,
        .run = run,
};
