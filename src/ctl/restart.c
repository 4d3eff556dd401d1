/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/start_report.h"
#include "ctl/verbs.h"

static int run(const Options *options, char **words)
{
    static const PoolVerb verb = {.method = "Restart",
                                  .method_waiting = "RestartAndWait",
                                  .noun = "restart",
                                  .under_way = "is being restarted",
                                  .progress = PROGRESS_ALWAYS,
                                  .print = start_print,
                                  .explain = start_explain};

    return pool_calls_run(options, &verb, words);
}

const Verb verb_restart = {
        .name = "restart",
        .synopsis = "POOL...",
        .summary = "Stop engines, start them again, wait until ready",
        .description =
                "Starts the engines that the pools had, after stopping those that run, all pools\n"
                "at the same time, and waits until they are ready. Leases end with the old\n"
                "engine.\n",
        .examples = "  poolctl restart chat\n"
                    "  poolctl restart --no-wait chat embeddings\n",
        .min_words = 1,
        .max_words = SIZE_MAX,
        .first = WORD_POOL,
        .rest = WORD_POOL,
        .options = VERB_OPTION_WAIT,
        .run = run,
};
