/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/calls.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>

#include "base/strv.h"
#include "ctl/report.h"

enum {
    IN_FLIGHT_MAX = 64, /* calls; the bus allows 128 without an answer */
    EXIT_SIGNAL = 128,  /* and the signal's number: what shells say of who was ended by one */
};

typedef struct Calls {
    const Options *options;
    const PoolVerb *verb;
    char *const *pool_ids;
    sd_bus *bus;
    sd_event *event;
    Progress *progress;
    struct Call *calls;
    size_t n_calls;
    size_t next; /* of the calls: those before are made */
    unsigned in_flight;
    int status;
} Calls;

typedef struct Call {
    Calls *calls;
    size_t index;
} Call;

static PoolCall pool_call(const Call *call)
{
    const Calls *s = call->calls;

    return (PoolCall){.options = s->options,
                      .bus = s->bus,
                      .pool_id = s->pool_ids[call->index],
                      .userdata = s->verb->userdata,
                      .progress = progress_at(s->progress, call->index)};
}

/* Of several, the text must say which. */
static void name_pool(const Calls *s, const char *pool_id, Error *error)
{
    const Error bare = *error;
    char named[sizeof("pool ") + PM_ID_MAX];

    (void)snprintf(named, sizeof(named), "pool %s", pool_id);
    if (s->n_calls > 1 && !strstr(error->text, named))
        error_set(error, bare.code, bare.field, "%s: %s", pool_id, bare.text);
}

static void call_failed(const Call *call, Error *error)
{
    const Calls *s = call->calls;
    PoolCall c = pool_call(call);
    int failed;

    name_pool(s, c.pool_id, error);
    failed = report_error(s->options, error, c.pool_id);

    if (s->verb->explain && s->options->json == JSON_OFF)
        s->verb->explain(&c, error);
    if (s->status == 0)
        call->calls->status = failed;
}

static int print_answer(const Call *call, sd_bus_message *reply, Error *error)
{
    const Calls *s = call->calls;
    _cleanup_json_ json_object *answer = NULL;
    PoolCall c = pool_call(call);
    const char *text;
    int r;

    r = sd_bus_message_read(reply, "s", &text);
    if (r < 0)
        return client_error(s->options, NULL, r, error);
    r = client_read_json(text, &answer, error);
    if (r < 0)
        return r;
    if (s->options->json != JSON_OFF)
        report_json(s->options, json_object_get(answer));
    else
        s->verb->print(&c, answer);
    return 0;
}

static int print_operation(const Call *call, sd_bus_message *reply, Error *error)
{
    const Calls *s = call->calls;
    const char *pool_id = s->pool_ids[call->index];
    uint64_t operation;
    int r;

    r = sd_bus_message_read(reply, "t", &operation);
    if (r < 0)
        return client_error(s->options, NULL, r, error);
    if (s->options->json != JSON_OFF)
        printf("{\"pool_id\":\"%s\",\"operation\":%" PRIu64 "}\n", pool_id, operation);
    else
        printf("%s: %s, operation %" PRIu64 "\n", pool_id, s->verb->under_way, operation);
    return 0;
}

static void make_more(Calls *s);

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
    Call *call = userdata;
    Calls *s = call->calls;
    Error error = {0};

    progress_clear(s->progress);
    progress_set_ended(s->progress, call->index);
    if (sd_bus_message_is_method_error(reply, NULL))
        client_error(s->options, sd_bus_message_get_error(reply), 0, &error);
    else if (s->options->wait)
        print_answer(call, reply, &error);
    else
        print_operation(call, reply, &error);
    if (error_is_set(&error))
        call_failed(call, &error);
    fflush(stdout);
    s->in_flight--;
    make_more(s);
    return 0;
}

static int make_call(Call *call, Error *error)
{
    Calls *s = call->calls;
    PoolCall c = pool_call(call);
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    const char *method = s->options->wait ? s->verb->method_waiting : s->verb->method;
    int r;

    r = client_check_pool_id(c.pool_id, error);
    if (r < 0)
        return r;
    r = client_new_call(s->bus, CALL_ACT, method, &message, error);
    if (r < 0)
        return r;
    r = sd_bus_message_append(message, "s", c.pool_id);
    if (r >= 0 && s->verb->append)
        r = s->verb->append(&c, message);
    if (r >= 0)
        r = sd_bus_call_async(s->bus, NULL, message, on_answer, call, UINT64_MAX);
    return r < 0 ? client_error(s->options, NULL, r, error) : 0;
}

static void make_more(Calls *s)
{
    while (s->next < s->n_calls && s->in_flight < IN_FLIGHT_MAX) {
        Call *call = &s->calls[s->next++];
        Error error = {0};

        if (make_call(call, &error) < 0) {
            progress_set_ended(s->progress, call->index);
            call_failed(call, &error);
        } else {
            s->in_flight++;
        }
    }
    if (s->in_flight == 0)
        (void)sd_event_exit(s->event, 0);
}

static int on_interrupt(sd_event_source *source, const struct signalfd_siginfo *info,
                        void *userdata)
{
    Calls *s = userdata;
    const char *user = s->options->user ? " --user" : "";

    progress_clear(s->progress);
    if (s->n_calls == 1)
        report_note("the %s of %s goes on without this command; see: poolctl%s status %s",
                    s->verb->noun, s->pool_ids[0], user, s->pool_ids[0]);
    else
        report_note("what was begun goes on without this command; see: poolctl%s list", user);
    s->status = EXIT_SIGNAL + (int)info->ssi_signo;
    return sd_event_exit(s->event, 0);
}

static int attach(Calls *s)
{
    int r;

    r = client_loop(s->bus, &s->event);
    if (r >= 0)
        r = client_on_interrupt(s->event, on_interrupt, s);
    if (r >= 0)
        r = progress_watch(s->progress, s->bus, geteuid() == 0);
    return r;
}

static int prepare(Calls *s)
{
    const Options *o = s->options;
    bool quiet = o->json != JSON_OFF || !o->wait;

    s->n_calls = strv_length(s->pool_ids);
    s->calls = calloc(s->n_calls, sizeof(*s->calls));
    if (!s->calls)
        return -ENOMEM;
    for (size_t i = 0; i < s->n_calls; i++)
        s->calls[i] = (Call){s, i};
    return progress_new(quiet ? PROGRESS_QUIET : s->verb->progress, s->pool_ids, s->n_calls,
                        &s->progress);
}

static int run(Calls *s)
{
    Error error = {0};
    int r;

    r = prepare(s);
    if (r < 0)
        return report_errno(s->options, r);
    if (client_connect(s->options, &s->bus, &error) < 0)
        return report_error(s->options, &error, NULL);
    r = attach(s);
    if (r < 0)
        return report_errno(s->options, r);
    make_more(s);
    r = sd_event_loop(s->event);
    return r < 0 ? report_errno(s->options, r) : s->status;
}

int pool_calls_run(const Options *options, const PoolVerb *verb, char *const *pool_ids)
{
    Calls s = {.options = options, .verb = verb, .pool_ids = pool_ids};
    int status = run(&s);

    sd_bus_flush_close_unref(s.bus);
    progress_free(s.progress);
    sd_event_unref(s.event);
    free(s.calls);
    return status;
}
