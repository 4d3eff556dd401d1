/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "ctl/follow.h"
#include "ctl/input_file.h"
#include "ctl/report.h"
#include "ctl/times.h"
#include "ctl/verbs.h"

enum { EXIT_SIGNAL = 128 };

/* Begins it. */
static int call_reload(const Options *options, sd_bus *bus, char *const *words, uint64_t *ret,
                       Error *error)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    _cleanup_free_ char *prepared = NULL;
    _cleanup_json_ json_object *object = NULL;
    int r;

    if (options->prepared) {
        r = input_file_read(options->prepared, &prepared, &object, error);
        if (r < 0)
            return r;
    }
    r = client_call(options, bus, CALL_ACT, &reply, error, "Reload", "sstss", words[0], words[1],
                    options->deadline_ms, prepared ? prepared : "",
                    options->strategy ? options->strategy : "");
    if (r < 0)
        return r;
    r = sd_bus_message_read(reply, "t", ret);
    return r < 0 ? client_error(options, NULL, r, error) : 0;
}

static void print_result(const char *pool_id, json_object *result)
{
    const char *error = status_string(result, "error");
    char span[SPAN_TEXT_MAX];

    report_warnings(result);
    if (error[0]) {
        report_note("%s", error);
        if (status_flag(result, "rolled_back"))
            report_note("rolled back: the engine from before serves %s again", pool_id);
        return;
    }
    span_format(status_number(result, "duration_ms"), span);
    printf("%s: reloaded in %s, engine version %s\n", pool_id, span,
           status_string(result, "new_engine_version"));
}

/* The answer is the operation's result, as HTTP would give it. */
static int wait_for(const Options *options, sd_bus *bus, const char *pool_id, uint64_t id)
{
    _cleanup_(follow_done) Follow f = {0};
    json_object *result;
    int r;

    r = follow_init(&f, options, bus, &id, 1);
    if (r >= 0)
        r = follow_wait(&f);
    if (r < 0)
        return report_errno(options, r);
    if (f.status > EXIT_SIGNAL) {
        report_note(
                "the reload of %s goes on without this command; see: poolctl%s operation %" PRIu64,
                pool_id, options->user ? " --user" : "", id);
        return f.status;
    }
    result = status_object(f.views[0], "result");
    if (!result)
        return f.status;
    if (options->json != JSON_OFF)
        report_json(options, json_object_get(result));
    else
        print_result(pool_id, result);
    return f.status;
}

static int run(const Options *options, char **words)
{
    _cleanup_bus_ sd_bus *bus = NULL;
    Error error = {0};
    uint64_t id;

    if (client_check_pool_id(words[0], &error) < 0 || client_connect(options, &bus, &error) < 0 ||
        call_reload(options, bus, words, &id, &error) < 0)
        return report_error(options, &error, words[0]);
    if (options->wait)
        return wait_for(options, bus, words[0], id);
    if (options->json != JSON_OFF)
        printf("{\"pool_id\":\"%s\",\"operation\":%" PRIu64 "}\n", words[0], id);
    else
        printf("%s: is being reloaded, operation %" PRIu64 "\n", words[0], id);
    return 0;
}

const Verb verb_reload = {
        .name = "reload",
        .synopsis = "POOL MODEL",
        .summary = "Replace an engine, or only its model",
        .description =
                "Waits until the pool's leases are back, giving up at the deadline, has the model\n"
                "provided, and puts an engine with it in the place of the one that is ready: the\n"
                "same one with that model, or that of --prepared. When this fails, the engine "
                "from\n"
                "before serves the pool again. Interrupting the command does not interrupt the\n"
                "reload.\n",
        .examples = "  poolctl reload chat /var/lib/models/chat-2.gguf\n"
                    "  poolctl reload --strategy=blue-green chat file:/var/lib/models/chat-2.gguf\n"
                    "  poolctl reload --prepared=chat.json --deadline=5min chat chat-2\n",
        .min_words = 2,
        .max_words = 2,
        .first = WORD_POOL,
        .rest = WORD_FILE,
        .options = VERB_OPTION_WAIT | VERB_OPTION_DEADLINE | VERB_OPTION_PREPARED |
                   VERB_OPTION_STRATEGY,
        .run = run,
};
