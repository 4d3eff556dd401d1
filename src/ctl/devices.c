/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>

#include "base/text.h"
#include "ctl/client.h"
#include "ctl/report.h"
#include "ctl/sizes.h"
#include "ctl/table.h"
#include "ctl/times.h"
#include "ctl/verbs.h"

static const TableColumn columns[] = {
        {"GPU", false, SIZE_MAX},  {"NAME", false, 8, true},       {"USED", true, SIZE_MAX},
        {"TOTAL", true, SIZE_MAX}, {"PROCESSES", false, 10, true}, {"PROBLEM", false, 8, true},
};

/* The pool, or the pid of a process that is none of our engines, each with its memory. */
static int add_processes(Table *table, json_object *device)
{
    json_object *processes = status_array(device, "processes");
    size_t count = processes ? json_object_array_length(processes) : 0;
    _cleanup_free_ char *text = NULL;
    Text t = {0};

    if (!processes)
        text_append(&t, "?");
    for (size_t i = 0; i < count; i++) {
        json_object *process = json_object_array_get_idx(processes, i);
        const char *pool = status_string(process, "pool_id");
        char memory[SIZE_TEXT_MAX];

        size_format(status_number(process, "memory_bytes"), memory);
        text_append(&t, i > 0 ? ", " : "");
        if (pool[0])
            text_printf(&t, "%s (%s)", pool, memory);
        else
            text_printf(&t, "pid %" PRIu64 " (%s)", status_number(process, "pid"), memory);
    }
    if (text_take(&t, &text) < 0)
        return -ENOMEM;
    return table_add(table, text, COLOR_NORMAL);
}

static int add_sizes(Table *table, uint64_t total, uint64_t free_bytes)
{
    char used_text[SIZE_TEXT_MAX], total_text[SIZE_TEXT_MAX];

    size_format(total == UINT64_MAX || free_bytes > total ? UINT64_MAX : total - free_bytes,
                used_text);
    size_format(total, total_text);
    if (table_add(table, used_text, COLOR_NORMAL) < 0)
        return -ENOMEM;
    return table_add(table, total_text, COLOR_NORMAL);
}

/* What is wrong with it: the fault that the driver reported, with its time, comes first. */
static int add_problem(Table *table, json_object *device)
{
    char time[TIMESTAMP_TEXT_MAX], text[512];
    json_object *fault = NULL;

    if (!json_object_object_get_ex(device, "fault", &fault) || !fault)
        return table_add(table, status_string(device, "problem"), COLOR_RED);
    timestamp_format(status_number(fault, "time_ms"), time);
    (void)snprintf(text, sizeof(text), "%s, %s", status_string(fault, "text"), time);
    return table_add(table, text, COLOR_RED);
}

static int add_device(Table *table, json_object *device)
{
    uint64_t total = status_number(device, "memory_total_bytes");
    uint64_t free_bytes = status_number(device, "memory_free_bytes");
    const char *vendor = status_string(device, "vendor");

    if (table_addf(table, COLOR_NORMAL, "%s%" PRIu64, streq(vendor, "nvidia") ? "" : vendor,
                   status_number(device, "index")) < 0 ||
        table_add(table, status_string(device, "name"), COLOR_NORMAL) < 0 ||
        add_sizes(table, total, free_bytes) < 0 || add_processes(table, device) < 0)
        return -ENOMEM;
    return add_problem(table, device);
}

/* A part of a GPU that is divided, under its UUID; whose processes they are only the GPU tells. */
static int add_instance(Table *table, json_object *device, size_t i)
{
    json_object *instance = json_object_array_get_idx(status_array(device, "mig_instances"), i);
    uint64_t total = status_number(instance, "memory_total_bytes");
    uint64_t free_bytes = status_number(instance, "memory_free_bytes");

    if (table_addf(table, COLOR_NORMAL, "%" PRIu64 ":%zu", status_number(device, "index"), i) < 0 ||
        table_add(table, status_string(instance, "uuid"), COLOR_NORMAL) < 0 ||
        add_sizes(table, total, free_bytes) < 0 || table_add(table, "", COLOR_NORMAL) < 0)
        return -ENOMEM;
    return table_add(table, "", COLOR_NORMAL);
}

static int add_with_instances(Table *table, json_object *device)
{
    json_object *instances = status_array(device, "mig_instances");
    size_t count = instances ? json_object_array_length(instances) : 0;
    int r = add_device(table, device);

    for (size_t i = 0; r >= 0 && i < count; i++)
        r = add_instance(table, device, i);
    return r;
}

/* What the table does not show. */
static void note(json_object *answer)
{
    uint64_t age_ms = status_number(answer, "age_ms");
    const char *problem = status_string(answer, "problem");
    char span[SPAN_TEXT_MAX];

    if (problem[0])
        report_note("GPUs may be missing: %s", problem);
    if (status_flag(answer, "answers"))
        return;
    if (age_ms == UINT64_MAX) {
        report_note("The driver of the GPUs does not answer: nothing is known of them.");
        return;
    }
    span_format(age_ms, span);
    report_note("The driver of the GPUs does not answer: this is what was known %s ago.", span);
}

static int print(const Options *options, json_object *answer)
{
    json_object *devices = status_array(answer, "devices");
    size_t count = devices ? json_object_array_length(devices) : 0;
    _cleanup_(table_freep) Table *table = NULL;
    int r;

    r = table_new(columns, ELEMENTSOF(columns), &table);
    for (size_t i = 0; r >= 0 && i < count; i++)
        r = add_with_instances(table, json_object_array_get_idx(devices, i));
    if (r >= 0)
        r = table_print(table, stdout, terminal_width(stdout), options->legend && count > 0);
    if (r < 0)
        return report_errno(options, r);
    if (options->legend)
        printf("%s%zu GPU%s.\n", count > 0 ? "\n" : "", count, count == 1 ? "" : "s");
    note(answer);
    return 0;
}

static int run(const Options *options, char **words)
{
    _cleanup_bus_ sd_bus *bus = NULL;
    _cleanup_json_ json_object *answer = NULL;
    Error error = {0};

    if (client_connect(options, &bus, &error) < 0 ||
        client_describe_devices(options, bus, &answer, &error) < 0)
        return report_error(options, &error, NULL);
    if (options->json != JSON_OFF)
        return report_json(options, json_object_get(answer));
    return print(options, answer);
}

const Verb verb_devices = {
        .name = "devices",
        .synopsis = "",
        .summary = "The GPUs, and who uses them",
        .description =
                "Shows the GPUs of the host, their memory, and the processes that have some of "
                "it:\n"
                "the pool whose engine it is, or the pid. The parts of a GPU that is divided "
                "follow\n"
                "it. A fault that the driver has reported is shown until the GPU is well again.\n"
                "Where the driver does not answer, it shows what was known before, and says how\n"
                "old that is.\n",
        .examples = "  poolctl devices\n"
                    "  poolctl devices --json=short | jq '.devices[].memory_free_bytes'\n",
        .options = VERB_OPTION_LEGEND,
        .run = run,
};
