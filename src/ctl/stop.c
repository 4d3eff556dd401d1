/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/calls.h"
#include "ctl/report.h"
#include "ctl/times.h"
#include "ctl/verbs.h"

static void print(const PoolCall *call, json_object *answer)
{
    char span[SPAN_TEXT_MAX];

    report_warnings(answer);
    span_format(status_number(answer, "duration_ms"), span);
    printf("%s: stopped in %s%s\n", call->pool_id, span,
           status_flag(answer, "force_stopped") ? ", killed because it did not end by itself" : "");
}

static int run(const Options *options, char **words)
{
    static const PoolVerb verb = {.method = "Stop",
                                  .method_waiting = "StopAndWait",
                                  .noun = "stop",
                                  .under_way = "is being stopped",
                                  .progress = PROGRESS_TERMINAL,
                                  .print = print};

    return pool_calls_run(options, &verb, words);
}

const Verb verb_stop = {
        .name = "stop",
        .synopsis = "POOL...",
        .summary = "Stop engines and wait until they are gone",
        .description =
                "Stops the engines of the pools, all at the same time, and waits until their\n"
                "last process is gone and their memory of GPUs is free again; what does not come\n"
                "back is told of. The pools stay registered.\n",
        .examples = "  poolctl stop chat embeddings\n",
        .min_words = 1,
        .max_words = SIZE_MAX,
        .first = WORD_POOL,
        .rest = WORD_POOL,
        .options = VERB_OPTION_WAIT,
        .run = run,
};
