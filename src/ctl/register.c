/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/client.h"
#include "ctl/input_file.h"
#include "ctl/registered.h"
#include "ctl/report.h"
#include "ctl/verbs.h"

/* The reply is whether the pool is new, and for a handoff also what was odd in it. */
static int call_register(const Options *options, sd_bus *bus, const char *pool_id,
                         const char *handoff, sd_bus_message **ret, Error *error)
{
    if (handoff)
        return client_call(options, bus, CALL_ACT, ret, error, "RegisterHandoff", "ss", pool_id,
                           handoff);
    return client_call(options, bus, CALL_ACT, ret, error, "Register", "s", pool_id);
}

static int run(const Options *options, char **words)
{
    _cleanup_bus_ sd_bus *bus = NULL;
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    _cleanup_free_ char *handoff = NULL;
    _cleanup_json_ json_object *object = NULL;
    Error error = {0};

    if (client_check_pool_id(words[0], &error) < 0 ||
        (options->handoff && input_file_read(options->handoff, &handoff, &object, &error) < 0) ||
        client_connect(options, &bus, &error) < 0 ||
        call_register(options, bus, words[0], handoff, &reply, &error) < 0)
        return report_error(options, &error, words[0]);
    return registered_report(options, words[0], reply, handoff != NULL,
                             handoff ? "its handoff was taken" : "it was there already");
}

const Verb verb_register = {
        .name = "register",
        .synopsis = "POOL",
        .summary = "Make a pool known, without an engine or with one",
        .description =
                "Makes an entry for the pool in the registry: without an engine, or with\n"
                "--handoff for an engine that somebody else has started. That one is ready at\n"
                "once, is health-checked from then on, and is never stopped by pool-managerd.\n",
        .examples = "  poolctl register chat\n"
                    "  echo '{\"url\": \"http://127.0.0.1:8080\"}' | poolctl register chat "
                    "--handoff=-\n",
        .min_words = 1,
        .max_words = 1,
        .first = WORD_OTHER,
        .rest = WORD_OTHER,
        .options = VERB_OPTION_HANDOFF,
        .run = run,
};
