/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/client.h"
#include "ctl/registered.h"
#include "ctl/report.h"
#include "ctl/update_words.h"
#include "ctl/verbs.h"
#include "json/encode.h"

static int patch_text(char *const *words, char **ret, Error *error)
{
    json_object *patch;
    size_t length;
    int r;

    r = update_words_parse(UPDATE_REGISTRY, words, &patch, error);
    if (r < 0)
        return r;
    if (json_text(patch, false, ret, &length) < 0)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "%s", strerror(ENOMEM));
    return 0;
}

static int run(const Options *options, char **words)
{
    _cleanup_bus_ sd_bus *bus = NULL;
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    _cleanup_free_ char *patch = NULL;
    Error error = {0};

    if (client_check_pool_id(words[0], &error) < 0 || patch_text(words + 1, &patch, &error) < 0 ||
        client_connect(options, &bus, &error) < 0 ||
        client_call(options, bus, CALL_ACT, &reply, &error, "Update", "ss", words[0], patch) < 0)
        return report_error(options, &error, words[0]);
    return registered_report(options, words[0], reply, true, "updated");
}

const Verb verb_set = {
        .name = "set",
        .synopsis = "POOL KEY=VALUE...",
        .summary = "Change what the registry says of a pool",
        .description =
                "Changes the named values in the registry and leaves the others; KEY= clears\n"
                "one. A pool that is not there is registered. The keys:\n"
                "\n"
                "  engine_version engine_digest engine_catalog_id version device_mask  text\n"
                "  slots_total slots_free                                              number\n"
                "  perf_hints                                                         a JSON "
                "object\n",
        .examples = "  poolctl set chat slots_total=8 version=v42\n"
                    "  poolctl set chat device_mask= 'perf_hints={\"batch\": 512}'\n",
        .min_words = 2,
        .max_words = SIZE_MAX,
        .first = WORD_POOL,
        .rest = WORD_UPDATE,
        .run = run,
};
