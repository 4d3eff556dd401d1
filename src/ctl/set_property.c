/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/strv.h"
#include "ctl/client.h"
#include "ctl/report.h"
#include "ctl/update_words.h"
#include "ctl/verbs.h"
#include "json/encode.h"

static int resources_text(char *const *words, char **ret, Error *error)
{
    json_object *resources;
    size_t length;
    int r;

    r = update_words_parse(UPDATE_RESOURCES, words, &resources, error);
    if (r < 0)
        return r;
    if (json_text(resources, false, ret, &length) < 0)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "%s", strerror(ENOMEM));
    return 0;
}

static int run(const Options *options, char **words)
{
    _cleanup_bus_ sd_bus *bus = NULL;
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    _cleanup_free_ char *resources = NULL;
    Error error = {0};

    if (client_check_pool_id(words[0], &error) < 0 ||
        resources_text(words + 1, &resources, &error) < 0 ||
        client_connect(options, &bus, &error) < 0 ||
        client_call(options, bus, CALL_ACT, &reply, &error, "SetResources", "ss", words[0],
                    resources) < 0)
        return report_error(options, &error, words[0]);
    if (options->json != JSON_OFF)
        return report_json(options, json_pool_id(words[0]));
    printf("%s: its limits are changed\n", words[0]);
    return 0;
}

const Verb verb_set_property = {
        .name = "set-property",
        .synopsis = "POOL KEY=VALUE...",
        .summary = "Change the limits of a pool's engine while it runs",
        .description =
                "Changes the named limits of the engine that runs, and of those that are started\n"
                "after it; KEY= takes one away. The keys:\n"
                "\n"
                "  memory_max memory_high  bytes, also with K, M, G or T behind\n"
                "  cpu_weight io_weight    1 to 10000\n"
                "  tasks_max               number\n",
        .examples = "  poolctl set-property chat memory_max=24G cpu_weight=200\n"
                    "  poolctl set-property chat memory_max=\n",
        .min_words = 2,
        .max_words = SIZE_MAX,
        .first = WORD_POOL,
        .rest = WORD_RESOURCE,
        .run = run,
};
