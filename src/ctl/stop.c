/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <systemd/sd-event.h>

#include "base/strv.h"
#include "ctl/client.h"
#include "ctl/report.h"
#include "ctl/times.h"
#include "ctl/verbs.h"

enum {
    IN_FLIGHT_MAX = 64 /* calls; the bus allows 128 without an answer */
};

/* All the pools are stopped at the same time; the exit status is that of the first that failed. */
typedef struct Stopping {
    const Options *options;
    sd_bus *bus;
    struct StopCall *calls;
    size_t n_calls;
    size_t next; /* of the calls: those before are made */
    unsigned in_flight;
    int status;
} Stopping;

typedef struct StopCall {
    Stopping *stopping;
    const char *pool_id;
} StopCall;

static void stop_failed(const StopCall *call, const Error *error)
{
    int failed = report_error(call->stopping->options, error, call->pool_id);

    if (call->stopping->status == 0)
        call->stopping->status = failed;
}

static int print_answer(const StopCall *call, sd_bus_message *reply, Error *error)
{
    const Options *options = call->stopping->options;
    _cleanup_json_ json_object *answer = NULL;
    char span[SPAN_TEXT_MAX];
    const char *text;
    int r;

    r = sd_bus_message_read(reply, "s", &text);
    if (r < 0)
        return client_error(options, NULL, r, error);
    r = client_read_json(text, &answer, error);
    if (r < 0)
        return r;
    if (options->json != JSON_OFF)
        return report_json(options, json_object_get(answer));
    span_format(status_number(answer, "duration_ms"), span);
    printf("%s: stopped in %s%s\n", call->pool_id, span,
           status_flag(answer, "force_stopped") ? ", killed because it did not end by itself" : "");
    return 0;
}

static int print_operation(const StopCall *call, sd_bus_message *reply, Error *error)
{
    const Options *options = call->stopping->options;
    uint64_t operation;
    int r;

    r = sd_bus_message_read(reply, "t", &operation);
    if (r < 0)
        return client_error(options, NULL, r, error);
    if (options->json != JSON_OFF)
        printf("{\"pool_id\":\"%s\",\"operation\":%" PRIu64 "}\n", call->pool_id, operation);
    else
        printf("%s: is being stopped, operation %" PRIu64 "\n", call->pool_id, operation);
    return 0;
}

static void stop_more(Stopping *s);

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
    StopCall *call = userdata;
    Stopping *s = call->stopping;
    Error error = {0};

    if (sd_bus_message_is_method_error(reply, NULL))
        client_error(s->options, sd_bus_message_get_error(reply), 0, &error);
    else if (s->options->wait)
        print_answer(call, reply, &error);
    else
        print_operation(call, reply, &error);
    if (error_is_set(&error))
        stop_failed(call, &error);
    fflush(stdout);
    s->in_flight--;
    stop_more(s);
    return 0;
}

static int send_stop(StopCall *call, Error *error)
{
    Stopping *s = call->stopping;
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    int r;

    r = client_check_pool_id(call->pool_id, error);
    if (r < 0)
        return r;
    r = client_new_call(s->bus, s->options->wait ? "StopAndWait" : "Stop", &message, error);
    if (r < 0)
        return r;
    r = sd_bus_message_append(message, "s", call->pool_id);
    if (r >= 0)
        r = sd_bus_call_async(s->bus, NULL, message, on_answer, call, UINT64_MAX);
    if (r < 0)
        return client_error(s->options, NULL, r, error);
    return 0;
}

static void stop_more(Stopping *s)
{
    while (s->next < s->n_calls && s->in_flight < IN_FLIGHT_MAX) {
        StopCall *call = &s->calls[s->next++];
        Error error = {0};

        if (send_stop(call, &error) < 0)
            stop_failed(call, &error);
        else
            s->in_flight++;
    }
    if (s->in_flight == 0)
        (void)sd_event_exit(sd_bus_get_event(s->bus), 0);
}

static int run(Stopping *s)
{
    _cleanup_(sd_event_unrefp) sd_event *event = NULL;
    int r;

    r = sd_event_default(&event);
    if (r >= 0)
        r = sd_bus_attach_event(s->bus, event, SD_EVENT_PRIORITY_NORMAL);
    if (r < 0)
        return report_errno(s->options, r);
    stop_more(s);
    r = sd_event_loop(event);
    sd_bus_detach_event(s->bus);
    if (r < 0)
        return report_errno(s->options, r);
    return s->status;
}

int verb_stop(const Options *options, char **arguments)
{
    _cleanup_free_ StopCall *calls = NULL;
    _cleanup_bus_ sd_bus *bus = NULL;
    Stopping s = {.options = options, .n_calls = strv_length(arguments)};
    Error error = {0};

    calls = calloc(s.n_calls, sizeof(*calls));
    if (!calls)
        return report_errno(options, -ENOMEM);
    for (size_t i = 0; i < s.n_calls; i++)
        calls[i] = (StopCall){&s, arguments[i]};
    if (client_connect(options, &bus, &error) < 0)
        return report_error(options, &error, NULL);
    s.calls = calls;
    s.bus = bus;
    return run(&s);
}
