/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "ctl/calls.h"
#include "ctl/report.h"
#include "ctl/times.h"
#include "ctl/verbs.h"

static int append_deadline(const PoolCall *call, sd_bus_message *message)
{
    return sd_bus_message_append(message, "t", call->options->deadline_ms);
}

static void print(const PoolCall *call, json_object *answer)
{
    uint64_t leases = status_number(answer, "final_lease_count");
    char span[SPAN_TEXT_MAX];

    report_warnings(answer);
    span_format(status_number(answer, "duration_ms"), span);
    if (status_flag(answer, "force_stopped"))
        printf("%s: stopped after %s, with %" PRIu64 " %s out\n", call->pool_id, span, leases,
               leases == 1 ? "lease" : "leases");
    else
        printf("%s: drained in %s\n", call->pool_id, span);
}

static int run(const Options *options, char **words)
{
    static const PoolVerb verb = {.method = "Drain",
                                  .method_waiting = "DrainAndWait",
                                  .noun = "drain",
                                  .under_way = "is being drained",
                                  .progress = PROGRESS_TERMINAL,
                                  .append = append_deadline,
                                  .print = print};

    return pool_calls_run(options, &verb, words);
}

const Verb verb_drain = {
        .name = "drain",
        .synopsis = "POOL...",
        .summary = "Stop engines once nobody uses them",
        .description =
                "Grants no more leases of the pools, waits until those that are out are back,\n"
                "and stops the engines. At the deadline they are stopped in any case.\n",
        .examples = "  poolctl drain --deadline=5min chat\n",
        .min_words = 1,
        .max_words = SIZE_MAX,
        .first = WORD_POOL,
        .rest = WORD_POOL,
        .options = VERB_OPTION_WAIT | VERB_OPTION_DEADLINE,
        .run = run,
};
