/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/calls.h"
#include "ctl/report.h"
#include "ctl/verbs.h"

static int append_force(const PoolCall *call, sd_bus_message *message)
{
    return sd_bus_message_append(message, "b", (int)call->options->force);
}

static void print(const PoolCall *call, json_object *answer)
{
    report_warnings(answer);
    printf("%s: removed\n", call->pool_id);
}

static int run(const Options *options, char **words)
{
    static const PoolVerb verb = {.method = "Deregister",
                                  .method_waiting = "DeregisterAndWait",
                                  .noun = "removal",
                                  .under_way = "is being removed",
                                  .progress = PROGRESS_TERMINAL,
                                  .append = append_force,
                                  .print = print};

    return pool_calls_run(options, &verb, words);
}

const Verb verb_deregister = {
        .name = "deregister",
        .synopsis = "POOL...",
        .summary = "Remove pools from the registry",
        .description =
                "Removes the pools with all that is known of them. A pool whose engine runs is\n"
                "left alone, unless --force is given. The engine of an external pool is never\n"
                "touched.\n",
        .examples = "  poolctl deregister --force chat\n",
        .min_words = 1,
        .max_words = SIZE_MAX,
        .first = WORD_POOL,
        .rest = WORD_POOL,
        .options = VERB_OPTION_WAIT | VERB_OPTION_FORCE,
        .run = run,
};
