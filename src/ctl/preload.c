/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/input_file.h"
#include "ctl/report.h"
#include "ctl/start_report.h"
#include "ctl/verbs.h"

static int append_prepared(const PoolCall *call, sd_bus_message *message)
{
    const char *text = call->userdata;

    return sd_bus_message_append(message, "s", text);
}

/* The pool_id of {"prepared": {…}} or of the bare object; NULL when it has none. */
static const char *find_pool_id(json_object *body)
{
    json_object *prepared = NULL, *pool_id = NULL;

    if (!json_object_object_get_ex(body, "prepared", &prepared))
        prepared = body;
    if (!json_object_is_type(prepared, json_type_object) ||
        !json_object_object_get_ex(prepared, "pool_id", &pool_id) ||
        !json_object_is_type(pool_id, json_type_string))
        return NULL;
    return json_object_get_string(pool_id);
}

static int run(const Options *options, char **words)
{
    const char *path = words[1] ? words[1] : words[0];
    const char *pool_id = words[1] ? words[0] : NULL;
    PoolVerb verb = {.method = "Preload",
                     .method_waiting = "PreloadAndWait",
                     .noun = "preload",
                     .under_way = "is being started",
                     .progress = PROGRESS_ALWAYS,
                     .append = append_prepared,
                     .print = start_print,
                     .explain = start_explain};
    _cleanup_free_ char *text = NULL;
    _cleanup_free_ char *id = NULL;
    _cleanup_json_ json_object *body = NULL;
    Error error = {0};

    if (input_file_read(path, &text, &body, &error) < 0)
        return report_error(options, &error, pool_id);
    if (!pool_id)
        pool_id = find_pool_id(body);
    if (!pool_id) {
        error_set(&error, PM_ERROR_INVALID_FIELD, "pool_id",
                  "%s has no pool_id: put one there, or name the pool before the file", path);
        return report_error(options, &error, NULL);
    }
    id = strdup(pool_id);
    if (!id)
        return report_errno(options, -ENOMEM);
    verb.userdata = text;
    return pool_calls_run(options, &verb, (char *[]){id, NULL});
}

const Verb verb_preload = {
        .name = "preload",
        .synopsis = "[POOL] FILE|-",
        .summary = "Start an engine and wait until it is ready",
        .description =
                "Starts the engine that the JSON in FILE (- is standard input) describes, and\n"
                "waits until it is ready. POOL may be left out when the JSON has a pool_id. On a\n"
                "terminal it shows how much of the model is read. Interrupting the command does\n"
                "not interrupt the preload.\n",
        .examples = "  poolctl preload /etc/pool-managerd/pools.d/chat.json\n"
                    "  generate-pool | poolctl preload chat -\n",
        .min_words = 1,
        .max_words = 2,
        .first = WORD_POOL_OR_FILE,
        .rest = WORD_FILE,
        .options = VERB_OPTION_WAIT,
        .run = run,
};
