/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/client.h"
#include "ctl/report.h"
#include "ctl/verbs.h"
#include "json/encode.h"

/* The two verbs about the circuit breaker: a call of `method` for one pool. */
static int call(const Options *options, const char *method, const char *pool_id, Error *error)
{
    _cleanup_bus_ sd_bus *bus = NULL;
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = client_check_pool_id(pool_id, error);

    if (r >= 0)
        r = client_connect(options, &bus, error);
    if (r >= 0)
        r = client_call(options, bus, CALL_ACT, &reply, error, method, "s", pool_id);
    return r;
}

static int run_method(const Options *options, const char *method, const char *pool_id,
                      const char *done)
{
    Error error = {0};

    if (call(options, method, pool_id, &error) < 0)
        return report_error(options, &error, pool_id);
    if (options->json != JSON_OFF)
        return report_json(options, json_pool_id(pool_id));
    printf("%s: %s\n", pool_id, done);
    return 0;
}

static int run_reset(const Options *options, char **words)
{
    return run_method(options, "ResetBreaker", words[0], "the circuit breaker is closed");
}

static int run_allow(const Options *options, char **words)
{
    return run_method(options, "AllowRestart", words[0], "one restart is made");
}

const Verb verb_reset_breaker = {
        .name = "reset-breaker",
        .synopsis = "POOL",
        .summary = "Close the circuit breaker of a pool",
        .description =
                "Forgets the failures of the pool's engine; a pool that waits for its restart is\n"
                "started at once.\n",
        .examples = "  poolctl reset-breaker chat\n",
        .min_words = 1,
        .max_words = 1,
        .first = WORD_POOL,
        .rest = WORD_OTHER,
        .run = run_reset,
};

const Verb verb_allow_restart = {
        .name = "allow-restart",
        .synopsis = "POOL",
        .summary = "Restart once in spite of the circuit breaker",
        .description =
                "Makes the trial that the open circuit breaker of the pool would make later. When\n"
                "it fails the breaker stays as it was.\n",
        .examples = "  poolctl allow-restart chat\n",
        .min_words = 1,
        .max_words = 1,
        .first = WORD_POOL,
        .rest = WORD_OTHER,
        .run = run_allow,
};
