/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "ctl/client.h"
#include "ctl/report.h"
#include "ctl/verbs.h"
#include "json/encode.h"

static int call_release(const Options *options, sd_bus *bus, const char *pool_id,
                        const char *lease_id, uint64_t *ret_active, Error *error)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r;

    if (lease_id)
        r = client_call(options, bus, CALL_ACT, &reply, error, "ReleaseLease", "ss", pool_id,
                        lease_id);
    else
        r = client_call(options, bus, CALL_ACT, &reply, error, "ReleaseAnonymousLease", "s",
                        pool_id);
    if (r < 0)
        return r;
    r = sd_bus_message_read(reply, "t", ret_active);
    return r < 0 ? client_error(options, NULL, r, error) : 0;
}

static int run(const Options *options, char **words)
{
    _cleanup_bus_ sd_bus *bus = NULL;
    Error error = {0};
    uint64_t active;

    if (client_check_pool_id(words[0], &error) < 0 || client_connect(options, &bus, &error) < 0 ||
        call_release(options, bus, words[0], words[1], &active, &error) < 0)
        return report_error(options, &error, words[0]);
    if (options->json != JSON_OFF)
        return report_json(options, json_active_leases(active));
    printf("%s: %" PRIu64 " lease%s left\n", words[0], active, active == 1 ? "" : "s");
    return 0;
}

const Verb verb_release = {
        .name = "release",
        .synopsis = "POOL [LEASE_ID]",
        .summary = "Give a lease back",
        .description =
                "Ends the lease of that id, whoever took it; without an id, the oldest one of\n"
                "those that name no owner and belong to no connection, if there is one.\n",
        .examples = "  poolctl release chat 3.17\n"
                    "  poolctl release chat\n",
        .min_words = 1,
        .max_words = 2,
        .first = WORD_POOL,
        .rest = WORD_OTHER,
        .run = run,
};
