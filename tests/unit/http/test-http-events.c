/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-fixture.h"

#include <stdio.h>

#define RUN        "0123456789abcdef-"
#define GET_HEALTH "GET /health HTTP/1.1\r\nHost: h\r\n\r\n"

/* Asks for events and takes the head of the answer. */
static Client *follow(Client *c, const char *query, const char *header)
{
    char request[512];

    (void)snprintf(request, sizeof(request), "GET /events%s HTTP/1.1\r\nHost: h\r\n%s\r\n", query,
                   header);
    client_send(c, request);
    client_expect_text(c, "HTTP/1.1 200 OK\r\n");
    client_expect_text(c, "\r\n\r\n");
    return c;
}

static void add_events(Fixture *f, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char data[32];

        (void)snprintf(data, sizeof(data), "{\"n\":%d}", (int)manager_last_event(f->manager) + 1);
        fake_manager_add_event(f->manager, "p1", data);
    }
}

/* Whether it was received; nothing is dropped. */
static bool has_received(const Client *c, const char *text)
{
    return c->received.data && strstr(c->received.data, text);
}

static void test_from_now_on(void **state)
{
    Fixture *f = *state;
    Client *c;

    add_events(f, 2);
    c = client_new(f);
    client_send(c, "GET /v2/events HTTP/1.1\r\nHost: h\r\n\r\n");
    client_expect_text(c, "HTTP/1.1 200 OK\r\n");
    RUN_UNTIL(f, has_received(c, "\r\n\r\n"));
    assert_true(has_received(c, "Content-Type: text/event-stream\r\n"));
    assert_true(has_received(c, "Cache-Control: no-store\r\n"));
    assert_true(has_received(c, "X-Correlation-Id: "));
    /* Where it stands is known before anything happens. */
    client_expect_text(c, "\n:\nid: " RUN "2\n\n");
    fixture_settle(f);
    assert_false(has_received(c, "data:"));
    add_events(f, 2);
    client_expect_text(c, "\nid: " RUN "3\nevent: pool\ndata: {\"n\":3}\n\n");
    client_expect_text(c, "\nid: " RUN "4\nevent: pool\ndata: {\"n\":4}\n\n");
    client_free(c);
}

static void test_over_unix(void **state)
{
    Fixture *f = *state;
    Client *c = follow(client_new_unix(f), "", "");

    add_events(f, 1);
    client_expect_text(c, "data: {\"n\":1}\n\n");
    client_free(c);
}

static void test_http_1_0(void **state)
{
    Fixture *f = *state;
    Client *c = client_new(f);

    client_send(c, "GET /events HTTP/1.0\r\n\r\n");
    client_expect_text(c, "\r\n\r\n");
    add_events(f, 1);
    client_expect_text(c, "data: {\"n\":1}\n\n");
    client_free(c);
}

static void test_head(void **state)
{
    Fixture *f = *state;
    Client *c = client_new(f);
    Answer a;

    client_send(c, "HEAD /events HTTP/1.1\r\nHost: h\r\n\r\n");
    client_receive(c, false, &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_header(&a, "Content-Type"), "text/event-stream");
    answer_clear(&a);
    client_expect(c, GET_HEALTH, 200, NULL);
    client_free(c);
}

static void test_resume(void **state)
{
    static const char *const queries[] = {"", "?last_event_id=" RUN "1", "?last_event_id=" RUN "0"};
    static const char *const headers[] = {"Last-Event-ID: " RUN "1\r\n", "",
                                          "Last-Event-ID: " RUN "1\r\n"};
    Fixture *f = *state;

    add_events(f, 3);
    for (size_t i = 0; i < ELEMENTSOF(queries); i++) {
        Client *c = follow(client_new(f), queries[i], headers[i]);

        client_expect_text(c, "\nid: " RUN "2\nevent: pool\ndata: {\"n\":2}\n\n");
        client_expect_text(c, "\nid: " RUN "3\nevent: pool\ndata: {\"n\":3}\n\n");
        client_free(c);
    }
}

static void test_resume_at_the_end(void **state)
{
    Fixture *f = *state;
    Client *c, *first = follow(client_new(f), "", "Last-Event-ID: " RUN "0\r\n");

    client_expect_text(first, "id: " RUN "0\n\n");
    add_events(f, 9);
    c = follow(client_new(f), "", "Last-Event-ID: " RUN "9\r\n");
    client_expect_text(c, "id: " RUN "9\n\n");
    add_events(f, 1);
    client_expect_text(c, "\nid: " RUN "10\nevent: pool\n");
    assert_false(has_received(c, "reset"));
    client_free(c);
    client_free(first);
}

static void test_reset(void **state)
{
    static const char *const ids[] = {
            RUN "1",
            RUN "0",
            RUN "13",
            RUN "-1",
            RUN "01",
            RUN,
            "4",
            "0123-12",
            "-",
            "-12",
            RUN "1.5",
            RUN "18446744073709551615",
            RUN "99999999999999999999",
    };
    Fixture *f = *state;

    add_events(f, 12);
    for (size_t i = 0; i < ELEMENTSOF(ids); i++) {
        char header[128];
        Client *c;

        (void)snprintf(header, sizeof(header), "Last-Event-ID: %s\r\n", ids[i]);
        c = follow(client_new(f), "", header);
        client_expect_text(c, "\nevent: reset\ndata: {\"reason\":\"");
        client_expect_text(c, "\"}\n\n");
        client_free(c);
    }
}

static void test_goes_on_after_reset(void **state)
{
    Fixture *f = *state;
    Client *c;

    add_events(f, 12);
    c = follow(client_new(f), "", "Last-Event-ID: fedcba9876543210-3\r\n");
    client_expect_text(c, "\nid: " RUN "12\nevent: reset\ndata: {\"reason\":\"the daemon was "
                          "restarted since\"}\n\n");
    add_events(f, 1);
    client_expect_text(c, "\nid: " RUN "13\nevent: pool\n");
    assert_false(has_received(c, "reset"));
    client_free(c);
}

static void test_one_pool_only(void **state)
{
    Fixture *f = *state;
    Client *c = follow(client_new(f), "?pool=p2", "");

    client_expect_text(c, "id: " RUN "0\n\n\r\n");
    fixture_settle(f);
    /* More than are kept: who does not want them must not fall behind by them. */
    for (int i = 0; i < 30; i++) {
        add_events(f, 1);
        fixture_settle(f);
    }
    assert_int_equal(c->received.length, 0);
    fake_manager_add_event(f->manager, "p2", "{}");
    client_expect_text(c, "\nid: " RUN "31\nevent: pool\ndata: {}\n\n");
    client_free(c);
    client_expect(c = client_new(f), "GET /events?pool=.. HTTP/1.1\r\nHost: h\r\n\r\n", 400,
                  "INVALID_FIELD");
    client_free(c);
}

/* A client that does not read costs nothing but its socket's buffer; it is told what it missed. */
static void test_slow_reader(void **state)
{
    enum {
        SIZE = 512 * 1024,
        ROUNDS = 40,
    };
    _cleanup_free_ char *data = malloc(SIZE + 1);
    Fixture *f = *state;
    Client *c = follow(client_new(f), "", "");

    assert_non_null(data);
    memset(data, 'x', SIZE);
    data[SIZE] = '\0';
    client_expect_text(c, "id: " RUN "0\n\n");
    client_stop_reading(c);
    for (int i = 0; i < ROUNDS; i++) {
        fake_manager_add_event(f->manager, "p1", data);
        fixture_settle(f);
    }
    assert_true(sd_event_source_set_enabled(c->source, SD_EVENT_ON) >= 0);
    client_expect_text(c, "event: reset\ndata: {\"reason\":\"the client was too slow");
    assert_false(c->closed);
    fake_manager_add_event(f->manager, "p1", "\"the next one\"");
    client_expect_text(c, "event: pool\ndata: \"the next one\"\n\n");
    client_free(c);
}

static void test_client_that_stops_reading_is_cut_off(void **state)
{
    _cleanup_free_ char *data = malloc(8 * 1024 * 1024 + 1);
    Fixture *f = fixture_new();
    Client *quiet, *stuck;

    assert_non_null(data);
    memset(data, 'x', 8 * 1024 * 1024);
    data[8 * 1024 * 1024] = '\0';
    f->settings.idle_timeout_usec = USEC_PER_SEC;
    f->settings.waiting_max = 2;
    fixture_start(f);
    quiet = follow(client_new(f), "?pool=quiet", "");
    stuck = follow(client_new(f), "", "");
    client_stop_reading(stuck);
    fake_manager_add_event(f->manager, "p1", data);
    /* Its place is free once it has gone. */
    for (bool free_again = false; !free_again;) {
        Client *next = client_new(f);

        client_send(next, "GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
        client_expect_text(next, "HTTP/1.1 ");
        free_again = has_received(next, "200 OK");
        client_free(next);
        if (!free_again)
            fixture_run(f);
    }
    /* One to whom there was nothing to say is still there. */
    assert_false(quiet->closed);
    fake_manager_add_event(f->manager, "quiet", "1");
    client_expect_text(quiet, "data: 1\n\n");
    client_free(quiet);
    client_free(stuck);
    fixture_free(f);
}

static void test_does_not_spin(void **state)
{
    Fixture *f = *state;
    Client *c = follow(client_new(f), "", "");

    client_expect_text(c, "id: " RUN "0\n\n");
    fixture_settle(f);
    assert_int_equal(sd_event_run(f->event, 200 * USEC_PER_MSEC), 0);
    assert_int_equal(shutdown(c->fd, SHUT_WR), 0);
    /* It is asked whether it is still there. */
    client_expect_text(c, ":\nid: " RUN "0\n\n");
    fixture_settle(f);
    assert_int_equal(sd_event_run(f->event, 200 * USEC_PER_MSEC), 0);
    add_events(f, 1);
    client_expect_text(c, "id: " RUN "1\nevent: pool\n");
    client_free(c);
}

/* Streams are bounded; the place of a client that has gone is free at once. */
static void test_bound(void **state)
{
    Client *(*const connect[])(Fixture *) = {client_new, client_new_unix};
    Fixture *f = fixture_new();

    f->settings.waiting_max = 1;
    fixture_start(f);
    for (size_t i = 0; i < ELEMENTSOF(connect); i++) {
        Client *first = follow(connect[i](f), "", ""), *second = client_new(f);
        bool free_again = false;

        client_expect_text(first, "id: " RUN "0\n\n");
        client_expect(second, "GET /events HTTP/1.1\r\nHost: h\r\n\r\n", 503, "UNAVAILABLE");
        client_free(first);
        while (!free_again) {

            client_send(second, "GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
            client_expect_text(second, "HTTP/1.1 ");
            free_again = has_received(second, "200 OK");
            if (!free_again) {
                client_expect_text(second, "}\n");
                fixture_settle(f);
            }
        }
        client_free(second);
        fixture_settle(f);
    }
    fixture_free(f);
}

static void test_shutdown(void **state)
{
    Fixture *f = fixture_new();
    Client *c, *local;

    fixture_start(f);
    c = follow(client_new(f), "", "");
    local = follow(client_new_unix(f), "", "");
    client_expect_text(c, "id: " RUN "0\n\n");
    client_expect_text(local, "id: " RUN "0\n\n");
    fixture_settle(f);
    fixture_stop(f);
    /* The end of a chunked body, not just the end of the connection. */
    client_expect_text(c, "\r\n0\r\n\r\n");
    client_expect_text(local, "\r\n0\r\n\r\n");
    client_free(c);
    client_free(local);
    fixture_free(f);
}

#define WITH_SERVER(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            WITH_SERVER(test_from_now_on),
            WITH_SERVER(test_over_unix),
            WITH_SERVER(test_http_1_0),
            WITH_SERVER(test_head),
            WITH_SERVER(test_resume),
            WITH_SERVER(test_resume_at_the_end),
            WITH_SERVER(test_reset),
            WITH_SERVER(test_goes_on_after_reset),
            WITH_SERVER(test_one_pool_only),
            WITH_SERVER(test_slow_reader),
            WITH_SERVER(test_does_not_spin),
            cmocka_unit_test(test_client_that_stops_reading_is_cut_off),
            cmocka_unit_test(test_bound),
            cmocka_unit_test(test_shutdown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
