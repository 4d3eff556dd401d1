/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/prepared_file.h"
#include "ctl/report.h"
#include "ctl/start_report.h"
#include "ctl/verbs.h"

static int append_prepared(const PoolCall *call, sd_bus_message *message)
{
    const char *text = call->userdata;

    return sd_bus_message_append(message, "s", text);
}

static int run(const Options *options, char **words)
{
    PoolVerb verb = {.method = "Preload",
                     .method_waiting = "PreloadAndWait",
                     .noun = "preload",
                     .under_way = "is being started",
                     .progress = PROGRESS_ALWAYS,
                     .append = append_prepared,
                     .print = start_print,
                     .explain = start_explain};
    _cleanup_free_ char *text = NULL, *id = NULL;
    Error error = {0};

    if (prepared_file_read(words, &text, &id, &error) < 0)
        return report_error(options, &error, words[1] ? words[0] : NULL);
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
