/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>

#include "base/text.h"
#include "ctl/client.h"
#include "ctl/prepared_file.h"
#include "ctl/report.h"
#include "ctl/sizes.h"
#include "ctl/table.h"
#include "ctl/verbs.h"

static const TableColumn gpu_columns[] = {
        {"GPU", false, 8},          {"NAME", false, 8, true},  {"FREE", true, SIZE_MAX},
        {"USABLE", true, SIZE_MAX}, {"SHARE", true, SIZE_MAX}, {"RATIO", true, SIZE_MAX},
};
static const TableColumn property_columns[] = {
        {"PROPERTY", false, SIZE_MAX},
        {"VALUE", false, SIZE_MAX},
};

static int add_size(Table *table, json_object *gpu, const char *name)
{
    char text[SIZE_TEXT_MAX];

    size_format(status_number(gpu, name), text);
    return table_add(table, text, COLOR_NORMAL);
}

static int add_gpu(Table *table, json_object *gpu)
{
    uint64_t ppm = status_number(gpu, "share_ppm");

    if (table_add(table, status_string(gpu, "device"), COLOR_NORMAL) < 0 ||
        table_add(table, status_string(gpu, "name"), COLOR_NORMAL) < 0 ||
        add_size(table, gpu, "memory_free_bytes") < 0 || add_size(table, gpu, "usable_bytes") < 0 ||
        add_size(table, gpu, "share_bytes") < 0)
        return -ENOMEM;
    if (ppm == UINT64_MAX)
        return table_add(table, "", COLOR_NORMAL);
    return table_addf(table, COLOR_NORMAL, "%" PRIu64 ".%06" PRIu64, ppm / 1000000, ppm % 1000000);
}

static int print_gpus(const Options *options, json_object *plan)
{
    json_object *gpus = status_array(plan, "gpus");
    size_t count = gpus ? json_object_array_length(gpus) : 0;
    _cleanup_(table_freep) Table *table = NULL;
    int r;

    if (count == 0)
        return 0;
    r = table_new(gpu_columns, ELEMENTSOF(gpu_columns), &table);
    for (size_t i = 0; r >= 0 && i < count; i++)
        r = add_gpu(table, json_object_array_get_idx(gpus, i));
    if (r >= 0)
        r = table_print(table, stdout, terminal_width(stdout), options->legend);
    if (r >= 0)
        printf("\n");
    return r;
}

static void print_part(json_object *fit, const char *name, const char *memory)
{
    json_object *part = status_object(fit, name);
    uint64_t need = part ? status_number(part, "need_bytes") : UINT64_MAX;
    char need_text[SIZE_TEXT_MAX], usable_text[SIZE_TEXT_MAX];

    if (need == UINT64_MAX)
        return;
    size_format(need, need_text);
    size_format(status_number(part, "usable_bytes"), usable_text);
    printf("%s: needs %s%s, %s can be used\n", memory,
           status_flag(part, "estimated") ? "about " : "", need_text, usable_text);
}

/* Strings as they are, so that they can be copied; the rest as JSON. */
static int print_properties(const Options *options, json_object *plan)
{
    json_object *properties = status_object(plan, "properties");
    _cleanup_(table_freep) Table *table = NULL;
    int r;

    if (!properties)
        return 0;
    printf("\n");
    r = table_new(property_columns, ELEMENTSOF(property_columns), &table);
    json_object_object_foreach(properties, key, value)
    {
        const char *text =
                json_object_is_type(value, json_type_string)
                        ? json_object_get_string(value)
                        : json_object_to_json_string_ext(
                                  value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

        if (r >= 0)
            r = table_add(table, key, COLOR_NORMAL);
        if (r >= 0)
            r = table_add(table, text, COLOR_NORMAL);
    }
    return r < 0 ? r : table_print(table, stdout, terminal_width(stdout), options->legend);
}

static int print(const Options *options, json_object *plan)
{
    json_object *fit = status_object(plan, "fit"), *split = status_object(plan, "split");
    const char *waits_for = status_string(plan, "waits_for");
    int r = print_gpus(options, plan);

    if (r < 0)
        return report_errno(options, r);
    print_part(fit, "vram", "GPU memory");
    print_part(fit, "ram", "Host memory");
    if (split && status_string(split, "tensor_split")[0])
        printf("Split: --tensor-split %s\n", status_string(split, "tensor_split"));
    if (waits_for[0])
        printf("It would wait until the engine of pool %s is ready or gone.\n", waits_for);
    r = print_properties(options, plan);
    if (r < 0)
        return report_errno(options, r);
    report_warnings(plan);
    if (status_flag(plan, "would_start"))
        printf("\n%s would be started.\n", status_string(plan, "unit"));
    return 0;
}

/* The exit status says whether it would start. */
static int report_refusal(const Options *options, json_object *plan, const char *pool_id)
{
    json_object *object = status_object(plan, "error");
    Options quiet = *options;
    Error error = {0};

    if (!object)
        return 0;
    error.code = pm_error_from_code(status_string(object, "code"));
    (void)error_set(&error, error.code, status_string(object, "field"), "%s would not start: %s",
                    pool_id, status_string(object, "error"));
    quiet.json = JSON_OFF; /* the plan has it */
    return report_error(&quiet, &error, NULL);
}

static int run(const Options *options, char **words)
{
    _cleanup_bus_ sd_bus *bus = NULL;
    _cleanup_json_ json_object *plan = NULL;
    _cleanup_free_ char *text = NULL, *pool_id = NULL;
    Error error = {0};
    int r;

    if (prepared_file_read(words, &text, &pool_id, &error) < 0 ||
        client_connect(options, &bus, &error) < 0 ||
        client_plan(options, bus, pool_id, text, &plan, &error) < 0)
        return report_error(options, &error, pool_id);
    r = options->json != JSON_OFF ? report_json(options, json_object_get(plan))
                                  : print(options, plan);
    return r != 0 ? r : report_refusal(options, plan, pool_id);
}

const Verb verb_plan = {
        .name = "plan",
        .synopsis = "[POOL] FILE|-",
        .summary = "What a preload would do, without doing it",
        .description =
                "Shows what would come of a preload of FILE as things are: the GPUs that the\n"
                "engine would use and what of its model would lie on each, whether it would\n"
                "fit, and the properties of its unit. Nothing is changed. The exit status says\n"
                "whether the engine would be started; else it is that of the preload's error.\n",
        .examples = "  poolctl plan /etc/pool-managerd/pools.d/chat.json\n"
                    "  generate-pool | poolctl plan chat - --json=short | jq .fit\n",
        .min_words = 1,
        .max_words = 2,
        .first = WORD_POOL_OR_FILE,
        .rest = WORD_FILE,
        .options = VERB_OPTION_LEGEND,
        .run = run,
};
