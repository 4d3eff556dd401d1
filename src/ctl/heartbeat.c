/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/client.h"
#include "ctl/report.h"
#include "ctl/times.h"
#include "ctl/verbs.h"
#include "json/encode.h"

static int send_heartbeat(const Options *options, const char *pool_id, uint64_t *ret_ms,
                          Error *error)
{
    _cleanup_bus_ sd_bus *bus = NULL;
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r;

    r = client_check_pool_id(pool_id, error);
    if (r >= 0)
        r = client_connect(options, &bus, error);
    if (r >= 0)
        r = client_call(options, bus, CALL_ACT, &reply, error, "Heartbeat", "st", pool_id,
                        options->timestamp_ms);
    if (r < 0)
        return r;
    r = sd_bus_message_read(reply, "t", ret_ms);
    return r < 0 ? client_error(options, NULL, r, error) : 0;
}

static int run(const Options *options, char **words)
{
    char stamp[TIMESTAMP_TEXT_MAX];
    uint64_t recorded_ms;
    Error error = {0};

    if (send_heartbeat(options, words[0], &recorded_ms, &error) < 0)
        return report_error(options, &error, words[0]);
    if (options->json != JSON_OFF)
        return report_json(options, json_heartbeat_answer(words[0], recorded_ms));
    timestamp_format(recorded_ms, stamp);
    printf("%s: last heartbeat %s\n", words[0], stamp);
    return 0;
}

const Verb verb_heartbeat = {
        .name = "heartbeat",
        .synopsis = "POOL",
        .summary = "Note that somebody has seen a pool alive",
        .description = "Sets the time of the pool's last heartbeat in the registry.\n",
        .examples = "  poolctl heartbeat chat\n",
        .min_words = 1,
        .max_words = 1,
        .first = WORD_POOL,
        .rest = WORD_OTHER,
        .options = VERB_OPTION_TIMESTAMP,
        .run = run,
};
