/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-fixture.h"

#include <sys/resource.h>

#define GET_HEALTH "GET /health HTTP/1.1\r\nHost: h\r\n\r\n"

static int on_drip(sd_event_source *source, uint64_t usec, void *userdata)
{
    Client *c = userdata;

    if (!c->closed)
        client_send_bytes(c, "x", 1);
    (void)sd_event_source_set_time_relative(source, 20 * USEC_PER_MSEC);
    return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* Keeps the connection busy with a byte now and then, until the server cuts it off. */
static usec_t drip_until_closed(Client *c)
{
    Fixture *f = c->fixture;
    sd_event_source *drip = NULL;
    uint64_t start = 0, end = 0;

    assert_true(sd_event_now(f->event, CLOCK_MONOTONIC, &start) >= 0);
    assert_true(sd_event_add_time_relative(f->event, &drip, CLOCK_MONOTONIC, 0, 0, on_drip, c) >=
                0);
    RUN_UNTIL(f, c->closed);
    assert_true(sd_event_now(f->event, CLOCK_MONOTONIC, &end) >= 0);
    sd_event_source_disable_unref(drip);
    return end - start;
}

static Fixture *start_impatient(void)
{
    Fixture *f = fixture_new();

    f->settings.request_timeout_usec = 300 * USEC_PER_MSEC;
    fixture_start(f);
    return f;
}

static void expect_cut_off(Fixture *f, const char *begin, const char *code)
{
    Client *c = client_new(f);
    usec_t passed;

    client_send(c, begin);
    passed = drip_until_closed(c);
    assert_true(passed > 150 * USEC_PER_MSEC);
    assert_true(passed < 10 * USEC_PER_SEC);
    if (code) {
        Answer a;

        client_receive(c, true, &a);
        assert_int_equal(a.status, 408);
        assert_string_equal(answer_member(&a, "code"), code);
        answer_clear(&a);
    } else {
        assert_int_equal(c->received.length, 0);
    }
    client_free(c);
}

static void test_slow_request(void **state)
{
    Fixture *f = start_impatient();

    expect_cut_off(f, "GET /healt", NULL);
    expect_cut_off(f, "GET /health HTTP/1.1\r\nHost: h\r\nX-", "REQUEST_TIMEOUT");
    expect_cut_off(f,
                   "POST /pools/p1/stop HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                   "Content-Length: 1000\r\n\r\n{",
                   "REQUEST_TIMEOUT");
    fixture_free(f);
}

static void test_silent_client(void **state)
{
    Fixture *f = start_impatient();
    Client *tcp = client_new(f), *local = client_new_unix(f);

    RUN_UNTIL(f, tcp->closed && local->closed);
    client_free(tcp);
    client_free(local);
    fixture_free(f);
}

/* Between requests the deadline starts anew, and it does not run while a request waits. */
static void test_deadline_starts_anew(void **state)
{
    Fixture *f = start_impatient();
    Client *c = client_new(f), *clock = client_new(f);
    _cleanup_free_ char *preload = make_preload("a");
    Answer a;

    client_send(c, preload);
    RUN_UNTIL(f, fake_manager_count_waiters(f->manager) == 1);
    RUN_UNTIL(f, clock->closed);
    client_free(clock);
    fake_manager_end(f->manager, "a", PM_ERROR_NONE, "");
    client_receive(c, true, &a);
    assert_int_equal(a.status, 200);
    answer_clear(&a);
    client_expect(c, GET_HEALTH, 200, NULL);
    RUN_UNTIL(f, c->closed);
    client_free(c);
    fixture_free(f);
}

static void test_idle_timeout(void **state)
{
    Fixture *f = fixture_new();
    Client *c;

    f->settings.idle_timeout_usec = 1; /* rounded up to a second */
    fixture_start(f);
    c = client_new(f);
    client_expect(c, GET_HEALTH, 200, NULL);
    RUN_UNTIL(f, c->closed);
    client_free(c);
    fixture_free(f);
}

/* Who does not read its answer is not kept for ever. */
static void test_answer_is_not_read(void **state)
{
    Fixture *f = fixture_new();
    Client *c, *other;

    f->settings.idle_timeout_usec = USEC_PER_SEC;
    f->settings.connections_max = 1;
    fixture_start(f);
    fake_manager_set_list_size(f->manager, 64 * 1024 * 1024);
    c = client_new(f);
    client_stop_reading(c);
    client_send(c, "GET /pools HTTP/1.1\r\nHost: h\r\n\r\n");
    fixture_settle(f);
    /* Its place is free only once it is cut off. */
    for (bool served = false; !served;) {
        other = client_new(f);
        client_send(other, GET_HEALTH);
        RUN_UNTIL(f, other->closed || other->received.length > 0);
        served = other->received.length > 0;
        client_free(other);
    }
    client_free(c);
    fixture_free(f);
}

static void test_connection_limit(void **state)
{
    Fixture *f = fixture_new();
    Client *clients[5], *local;

    f->settings.connections_max = 4;
    fixture_start(f);
    for (size_t i = 0; i < 4; i++) {
        clients[i] = client_new(f);
        client_expect(clients[i], GET_HEALTH, 200, NULL);
    }
    clients[4] = client_new(f);
    RUN_UNTIL(f, clients[4]->closed);
    client_free(clients[4]);
    /* The other socket has places of its own. */
    local = client_new_unix(f);
    client_expect(local, GET_HEALTH, 200, NULL);
    client_free(local);
    client_free(clients[0]);
    fixture_settle(f);
    clients[0] = client_new(f);
    client_expect(clients[0], GET_HEALTH, 200, NULL);
    for (size_t i = 0; i < 4; i++)
        client_free(clients[i]);
    fixture_free(f);
}

static void test_thousand_connections(void **state)
{
    enum { N = 1000 };
    struct rlimit limit;
    Fixture *f = *state;
    Client *clients[N], *other;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < 2 * N + 64)
        skip();
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (size_t i = 0; i < N; i++) {
        clients[i] = client_new(f);
        if (i % 100 == 0)
            fixture_settle(f);
    }
    fixture_settle(f);
    other = client_new(f);
    client_expect(other, GET_HEALTH, 200, NULL);
    for (size_t i = 0; i < N; i++)
        client_send(clients[i], GET_HEALTH);
    for (size_t i = 0; i < N; i++) {
        Answer a;

        client_receive(clients[i], true, &a);
        assert_int_equal(a.status, 200);
        answer_clear(&a);
        client_free(clients[i]);
    }
    client_free(other);
}

/* A client that resets right after its request, at every point of it. */
static void test_reset_anywhere(void **state)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    _cleanup_free_ char *request = make_preload("a");
    Fixture *f = *state;

    for (size_t n = 0; n <= strlen(request); n++) {
        Client *c = n % 2 ? client_new(f) : client_new_unix(f);

        assert_int_equal(setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
        client_send_bytes(c, request, n);
        if (n % 3 == 0)
            fixture_settle(f);
        client_free(c);
        fixture_settle(f);
    }
    fake_manager_end(f->manager, "a", PM_ERROR_NONE, "");
    fixture_settle(f);
}

/* The server goes at any turn of the loop in which it serves. */
static void test_shutdown_at_any_turn(void **state)
{
    _cleanup_free_ char *request = make_preload("a");

    for (int turns = 0; turns < 40; turns++) {
        Fixture *f = fixture_new();
        Client *c, *local;

        fixture_start(f);
        fake_manager_set_instant(f->manager, turns % 2);
        c = client_new(f);
        local = client_new_unix(f);
        client_send(c, request);
        client_send(local, GET_HEALTH "GET /pools HTTP/1.1\r\nHost: h\r\n\r\n");
        for (int i = 0; i < turns / 2; i++)
            (void)sd_event_run(f->event, 0);
        fixture_stop(f);
        RUN_UNTIL(f, c->closed && local->closed);
        client_free(c);
        client_free(local);
        fixture_free(f);
    }
}

#define WITH_SERVER(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_slow_request),         cmocka_unit_test(test_silent_client),
            cmocka_unit_test(test_deadline_starts_anew), cmocka_unit_test(test_idle_timeout),
            cmocka_unit_test(test_answer_is_not_read),   cmocka_unit_test(test_connection_limit),
            WITH_SERVER(test_thousand_connections),      WITH_SERVER(test_reset_anywhere),
            cmocka_unit_test(test_shutdown_at_any_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
