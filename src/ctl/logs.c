/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/client.h"
#include "ctl/engine_output.h"
#include "ctl/report.h"
#include "ctl/verbs.h"

static int run(const Options *options, char **words)
{
    OutputQuery query = {.pool_id = words[0],
                         .generation = options->generation,
                         .lines = options->lines,
                         .follow = options->follow,
                         .json = options->json != JSON_OFF,
                         .user = options->user};
    const char *hint = options->user ? NULL : engine_output_permission_hint();
    Error error = {0};
    uint64_t count;

    if (client_check_pool_id(words[0], &error) < 0)
        return report_error(options, &error, words[0]);
    if (options->follow && hint)
        report_note("%s", hint);
    if (engine_output_print(&query, stdout, &count, &error) < 0)
        return report_error(options, &error, words[0]);
    if (count == 0 && hint) {
        error_set(&error, PM_ERROR_FORBIDDEN, NULL, "no output of pool %s is visible to you: %s",
                  words[0], hint);
        return report_error(options, &error, words[0]);
    }
    if (count == 0 && options->lines > 0 && options->json == JSON_OFF)
        report_note("no output of pool %s is in the journal", words[0]);
    return 0;
}

const Verb verb_logs = {
        .name = "logs",
        .synopsis = "POOL",
        .summary = "What the engines of a pool wrote",
        .description = "Shows what the engines of the pool wrote, from the journal.\n",
        .examples = "  poolctl logs -f chat\n"
                    "  poolctl logs --generation=3 --lines=all --json=short chat\n",
        .min_words = 1,
        .max_words = 1,
        .first = WORD_POOL,
        .rest = WORD_OTHER,
        .options = VERB_OPTION_FOLLOW | VERB_OPTION_LINES | VERB_OPTION_GENERATION,
        .run = run,
};
