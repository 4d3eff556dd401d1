/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
/* after those that it needs */
#include <cmocka.h>

#include "fake-manager.h"

#define BUS_DRIVER "org.freedesktop.DBus"
#define MANAGER    "org.freedesktop.systemd1.Manager"

enum {
    MAX_CALLS = 4096,
    LOST_USEC = 20 * 1000 * 1000, /* a loop that waits this long waits for ever */
};

typedef struct FakeCall {
    sd_bus_message *message;
    bool answered;
} FakeCall;

struct FakeManager {
    sd_event *event;
    sd_bus *server;
    sd_bus *client;
    FakeCall calls[MAX_CALLS];
    size_t n_calls;
    size_t first; /* calls before it are forgotten */
    const char *refused_member;
    const char *refused_error;
};

/* A signal's sender is the unique name, as on a real bus. */
static const char manager_address[] = ":1.0";

static bool is_match(sd_bus_message *m)
{
    return sd_bus_message_is_method_call(m, BUS_DRIVER, "AddMatch") ||
           sd_bus_message_is_method_call(m, BUS_DRIVER, "RemoveMatch");
}

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    FakeManager *f = userdata;
    const char *member = sd_bus_message_get_member(m);
    uint8_t type;

    assert_true(sd_bus_message_get_type(m, &type) >= 0);
    if (type != SD_BUS_MESSAGE_METHOD_CALL ||
        sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Peer", NULL))
        return 0;
    if (sd_bus_message_is_method_call(m, BUS_DRIVER, "Hello"))
        return sd_bus_reply_method_return(m, "s", ":1.42");
    assert_true(f->n_calls < MAX_CALLS);
    f->calls[f->n_calls++] = (FakeCall){.message = sd_bus_message_ref(m)};
    if (f->refused_member && streq(f->refused_member, member))
        fake_reply_error(f, m, f->refused_error, "refused by the test");
    else if (is_match(m))
        fake_reply(f, m, "");
    return 1;
}

FakeManager *fake_new(void)
{
    FakeManager *f = calloc(1, sizeof(*f));
    sd_id128_t id;
    int pair[2];

    assert_non_null(f);
    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
                       errno);
    assert_true(sd_event_new(&f->event) >= 0);
    assert_true(sd_id128_randomize(&id) >= 0);
    assert_true(sd_bus_new(&f->server) >= 0);
    assert_true(sd_bus_set_fd(f->server, pair[0], pair[0]) >= 0);
    assert_true(sd_bus_set_server(f->server, true, id) >= 0);
    assert_true(sd_bus_add_filter(f->server, NULL, on_call, f) >= 0);
    assert_true(sd_bus_start(f->server) >= 0);
    assert_true(sd_bus_attach_event(f->server, f->event, 0) >= 0);
    assert_true(sd_bus_new(&f->client) >= 0);
    assert_true(sd_bus_set_fd(f->client, pair[1], pair[1]) >= 0);
    assert_true(sd_bus_set_bus_client(f->client, true) >= 0);
    assert_true(sd_bus_start(f->client) >= 0);
    assert_true(sd_bus_attach_event(f->client, f->event, 0) >= 0);
    return f;
}

FakeManager *fake_free(FakeManager *f)
{
    if (!f)
        return NULL;
    for (size_t i = 0; i < f->n_calls; i++)
        sd_bus_message_unref(f->calls[i].message);
    sd_bus_close_unref(f->client);
    sd_bus_close_unref(f->server);
    sd_event_unref(f->event);
    free(f);
    return NULL;
}

sd_bus *fake_client(FakeManager *f)
{
    return f->client;
}

static int on_pong(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    bool *done = userdata;

    *done = true;
    return 1;
}

/* Messages keep their order: when a ping is answered, all that was sent before has been handled on
 * both sides. */
static void fake_round(FakeManager *f)
{
    bool done = false;

    assert_true(sd_bus_call_method_async(f->client, NULL, BUS_DRIVER, "/",
                                         "org.freedesktop.DBus.Peer", "Ping", on_pong, &done,
                                         "") >= 0);
    while (!done)
        assert_true(sd_event_run(f->event, LOST_USEC) > 0);
}

void fake_settle(FakeManager *f)
{
    size_t before;

    /* What the client sent in answer to what it got has arrived a round later. */
    do {
        before = f->n_calls;
        fake_round(f);
        fake_round(f);
    } while (f->n_calls != before);
}

static FakeCall *find(FakeManager *f, const char *member, size_t n)
{
    for (size_t i = f->first; i < f->n_calls; i++) {
        sd_bus_message *m = f->calls[i].message;

        if (member ? !streq(sd_bus_message_get_member(m), member) : is_match(m))
            continue;
        if (n == 0)
            return &f->calls[i];
        n--;
    }
    return NULL;
}

size_t fake_count(FakeManager *f, const char *member)
{
    size_t n = 0;

    while (find(f, member, n))
        n++;
    return n;
}

sd_bus_message *fake_call(FakeManager *f, const char *member, size_t n)
{
    FakeCall *call = find(f, member, n);

    assert_non_null(call);
    assert_true(sd_bus_message_rewind(call->message, true) >= 0);
    return call->message;
}

size_t fake_unanswered(FakeManager *f)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n_calls; i++)
        n += !f->calls[i].answered;
    return n;
}

void fake_forget(FakeManager *f)
{
    f->first = f->n_calls;
}

void fake_refuse(FakeManager *f, const char *member, const char *error_name)
{
    f->refused_member = error_name ? member : NULL;
    f->refused_error = error_name;
}

static void mark_answered(FakeManager *f, sd_bus_message *call)
{
    for (size_t i = 0; i < f->n_calls; i++) {
        if (f->calls[i].message == call) {
            assert_false(f->calls[i].answered);
            f->calls[i].answered = true;
        }
    }
}

sd_bus_message *fake_reply_new(FakeManager *f, sd_bus_message *call)
{
    sd_bus_message *reply;

    mark_answered(f, call);
    assert_true(sd_bus_message_new_method_return(call, &reply) >= 0);
    return reply;
}

void fake_send(FakeManager *f, sd_bus_message *m)
{
    assert_true(sd_bus_send(f->server, m, NULL) >= 0);
    sd_bus_message_unref(m);
}

void fake_reply(FakeManager *f, sd_bus_message *call, const char *types, ...)
{
    sd_bus_message *reply = fake_reply_new(f, call);
    va_list ap;

    va_start(ap, types);
    assert_true(sd_bus_message_appendv(reply, types, ap) >= 0);
    va_end(ap);
    fake_send(f, reply);
}

void fake_reply_error(FakeManager *f, sd_bus_message *call, const char *name, const char *text)
{
    mark_answered(f, call);
    assert_true(sd_bus_reply_method_errorf(call, name, "%s", text) >= 0);
}

void fake_reply_job(FakeManager *f, sd_bus_message *call, uint32_t job)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/org/freedesktop/systemd1/job/%u", job);
    fake_reply(f, call, "o", path);
}

sd_bus_message *fake_signal_new(FakeManager *f, const char *path, const char *interface,
                                const char *member)
{
    bool driver = streq(interface, BUS_DRIVER);
    sd_bus_message *m;

    assert_true(sd_bus_message_new_signal(f->server, &m, path, interface, member) >= 0);
    assert_true(sd_bus_message_set_sender(m, driver ? BUS_DRIVER : manager_address) >= 0);
    return m;
}

void fake_signal(FakeManager *f, const char *member, const char *types, ...)
{
    sd_bus_message *m = fake_signal_new(f, "/org/freedesktop/systemd1", MANAGER, member);
    va_list ap;

    va_start(ap, types);
    assert_true(sd_bus_message_appendv(m, types, ap) >= 0);
    va_end(ap);
    fake_send(f, m);
}

void fake_job_removed(FakeManager *f, uint32_t job, const char *unit)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/org/freedesktop/systemd1/job/%u", job);
    fake_signal(f, "JobRemoved", "uoss", job, path, unit, "done");
}

void fake_owner_changed(FakeManager *f, const char *owner)
{
    sd_bus_message *m = fake_signal_new(f, "/org/freedesktop/DBus", BUS_DRIVER, "NameOwnerChanged");

    assert_true(sd_bus_message_append(m, "sss", "org.freedesktop.systemd1", "", owner) >= 0);
    fake_send(f, m);
}

void fake_hang_up(FakeManager *f)
{
    sd_bus_close(f->server);
    while (sd_bus_is_open(f->client) > 0)
        assert_true(sd_event_run(f->event, LOST_USEC) > 0);
    /* What is in flight is answered with errors, one a turn of the loop. */
    while (sd_event_run(f->event, 0) > 0)
        ;
}
