/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-fixture.h"

#include <stdio.h>

#define GET_HEALTH "GET /health HTTP/1.1\r\nHost: h\r\n\r\n"
#define STOP_P1    "POST /pools/p1/stop HTTP/1.1\r\nHost: h\r\n\r\n"

static void send_preload(Client *c, const char *pool_id)
{
    _cleanup_free_ char *request = make_preload(pool_id);

    client_send(c, request);
}

/* Sends a preload and waits until the server waits for its operation. */
static Client *start_preload(Fixture *f, Client *c, const char *pool_id)
{
    size_t before = fake_manager_count_waiters(f->manager);

    send_preload(c, pool_id);
    RUN_UNTIL(f, fake_manager_count_waiters(f->manager) == before + 1);
    fixture_settle(f);
    return c;
}

static void expect_answer(Client *c, int status, const char *member, const char *value)
{
    Answer a;

    client_receive(c, true, &a);
    assert_int_equal(a.status, status);
    assert_string_equal(answer_member(&a, member), value);
    answer_clear(&a);
}

static void test_preload(void **state)
{
    Fixture *f = *state;
    Client *c = start_preload(f, client_new(f), "a");

    assert_int_equal(c->received.length, 0);
    fake_manager_end(f->manager, "a", PM_ERROR_NONE, "");
    expect_answer(c, 200, "pool_id", "a");
    /* The connection is good for more. */
    client_expect(c, GET_HEALTH, 200, NULL);
    start_preload(f, c, "a");
    fake_manager_end(f->manager, "a", PM_ERROR_PRELOAD_FAILED, "preload failed: no such file");
    expect_answer(c, 500, "error", "preload failed: no such file");
    client_free(c);
}

static void test_preload_over_unix(void **state)
{
    Fixture *f = *state;
    Client *c = start_preload(f, client_new_unix(f), "a");

    fake_manager_end(f->manager, "a", PM_ERROR_NONE, "");
    expect_answer(c, 200, "pool_id", "a");
    client_free(c);
}

static void test_stop(void **state)
{
    Fixture *f = *state;
    Client *c = client_new(f);

    client_send(c, STOP_P1);
    RUN_UNTIL(f, fake_manager_count_waiters(f->manager) == 1);
    fake_manager_end(f->manager, "p1", PM_ERROR_STOP_FAILED, "it does not want to");
    expect_answer(c, 500, "code", "STOP_FAILED");
    client_free(c);
}

static void test_instant(void **state)
{
    Fixture *f = *state;
    Client *c = client_new(f);

    fake_manager_set_instant(f->manager, true);
    for (int i = 0; i < 3; i++) {
        send_preload(c, "a");
        expect_answer(c, 200, "pool_id", "a");
    }
    client_free(c);
}

static void test_busy(void **state)
{
    Fixture *f = *state;
    Client *first = start_preload(f, client_new(f), "a"), *second = client_new(f);

    send_preload(second, "a");
    expect_answer(second, 409, "code", "OPERATION_IN_PROGRESS");
    fake_manager_end(f->manager, "a", PM_ERROR_NONE, "");
    expect_answer(first, 200, "pool_id", "a");
    client_free(first);
    client_free(second);
}

static void test_correlation_id_and_warnings(void **state)
{
    static const char body[] = "{\"prepared\":{\"binary_path\":\"/usr/bin/engine\",\"flags\":[],"
                               "\"host\":\"127.0.0.1\",\"port\":8080,\"model_path\":\"/m.gguf\","
                               "\"engine_version\":\"1\",\"pool_id\":\"a\",\"unheard_of\":1}}";
    _cleanup_free_ char *request =
            make_request("POST", "/v2/pools/a/preload", "X-Correlation-Id: it is me\r\n", body);
    Fixture *f = *state;
    Client *c = client_new(f);
    Answer a;

    client_send(c, request);
    RUN_UNTIL(f, fake_manager_count_waiters(f->manager) == 1);
    assert_string_equal(fake_manager_correlation_id(f->manager), "it is me");
    assert_int_equal(fake_manager_count_warnings(f->manager), 1);
    fake_manager_end(f->manager, "a", PM_ERROR_NONE, "");
    client_receive(c, true, &a);
    assert_string_equal(answer_header(&a, "X-Correlation-Id"), "it is me");
    answer_clear(&a);
    client_free(c);
}

/* Others are served meanwhile, and quickly: no answer needs more than a few turns of the loop. */
static void test_others_are_not_delayed(void **state)
{
    Fixture *f = *state;
    Client *waiting = start_preload(f, client_new(f), "a"), *other = client_new(f);
    uint64_t start = 0, end = 0;

    assert_true(sd_event_now(f->event, CLOCK_MONOTONIC, &start) >= 0);
    for (int i = 0; i < 100; i++)
        client_expect(other, GET_HEALTH, 200, NULL);
    fixture_settle(f);
    assert_true(sd_event_now(f->event, CLOCK_MONOTONIC, &end) >= 0);
    /* Far above what it takes, far below what any waiting would take. */
    assert_true(end - start < 5 * USEC_PER_SEC);
    assert_int_equal(waiting->received.length, 0);
    fake_manager_end(f->manager, "a", PM_ERROR_NONE, "");
    expect_answer(waiting, 200, "pool_id", "a");
    client_free(waiting);
    client_free(other);
}

static void test_waiting_does_not_spin(void **state)
{
    Fixture *f = *state;
    Client *c = start_preload(f, client_new(f), "a");

    assert_int_equal(sd_event_run(f->event, 200 * USEC_PER_MSEC), 0);
    assert_int_equal(shutdown(c->fd, SHUT_WR), 0);
    fixture_settle(f);
    assert_int_equal(sd_event_run(f->event, 200 * USEC_PER_MSEC), 0);
    client_free(c);
}

/* A client that closes is noticed at once; the operation goes on. */
static void client_goes_away(Fixture *f, Client *c)
{
    start_preload(f, c, "a");
    client_free(c);
    RUN_UNTIL(f, fake_manager_count_waiters(f->manager) == 0);
    fixture_settle(f);
    assert_int_equal(fake_manager_count_operations(f->manager), 1);
    c = client_new(f);
    send_preload(c, "a");
    expect_answer(c, 409, "code", "OPERATION_IN_PROGRESS");
    fake_manager_end(f->manager, "a", PM_ERROR_NONE, "");
    fixture_settle(f);
    client_expect(c, GET_HEALTH, 200, NULL);
    client_free(c);
}

static void test_client_closes_tcp(void **state)
{
    Fixture *f = *state;

    client_goes_away(f, client_new(f));
}

static void test_client_closes_unix(void **state)
{
    Fixture *f = *state;

    client_goes_away(f, client_new_unix(f));
}

static void test_client_resets(void **state)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    Fixture *f = *state;
    Client *c = client_new(f);

    assert_int_equal(setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    client_goes_away(f, c);
}

static void test_client_pipelines_and_closes(void **state)
{
    Fixture *f = *state;
    Client *c = client_new(f);

    start_preload(f, c, "a");
    client_send(c, GET_HEALTH);
    fixture_settle(f);
    client_free(c);
    RUN_UNTIL(f, fake_manager_count_waiters(f->manager) == 0);
}

static void test_pipelined_behind_waiting(void **state)
{
    Fixture *f = *state;
    Client *c = start_preload(f, client_new(f), "a");

    client_send(c, GET_HEALTH);
    fixture_settle(f);
    assert_int_equal(c->received.length, 0);
    fake_manager_end(f->manager, "a", PM_ERROR_NONE, "");
    expect_answer(c, 200, "pool_id", "a");
    expect_answer(c, 200, "status", "ok");
    client_free(c);
}

/* A client that has shut down its sending side gets the answer, over TCP after an interim one. */
static void test_half_closed(void **state)
{
    Fixture *f = *state;
    /* libmicrohttpd looks at its oldest connection in any case, so these are not to be it. */
    Client *older[] = {client_new(f), client_new_unix(f)}, *tcp, *local;
    Answer a;

    fixture_settle(f);
    tcp = start_preload(f, client_new(f), "a");
    local = start_preload(f, client_new_unix(f), "b");
    assert_int_equal(shutdown(tcp->fd, SHUT_WR), 0);
    assert_int_equal(shutdown(local->fd, SHUT_WR), 0);
    fixture_settle(f);
    assert_int_equal(fake_manager_count_waiters(f->manager), 2);
    fake_manager_end(f->manager, "a", PM_ERROR_NONE, "");
    fake_manager_end(f->manager, "b", PM_ERROR_NONE, "");
    client_receive(tcp, false, &a);
    assert_int_equal(a.status, 100);
    answer_clear(&a);
    expect_answer(tcp, 200, "pool_id", "a");
    expect_answer(local, 200, "pool_id", "b");
    RUN_UNTIL(f, tcp->closed && local->closed);
    assert_false(tcp->reset || local->reset);
    client_free(tcp);
    client_free(local);
    client_free(older[0]);
    client_free(older[1]);
}

/* HTTP/1.0 knows no interim answers: such a client is not asked whether it is there. */
static void test_half_closed_http_1_0(void **state)
{
    Fixture *f = *state;
    Client *c = client_new(f);

    client_send(c, "POST /pools/p1/stop HTTP/1.0\r\n\r\n");
    RUN_UNTIL(f, fake_manager_count_waiters(f->manager) == 1);
    fixture_settle(f);
    assert_int_equal(shutdown(c->fd, SHUT_WR), 0);
    fixture_settle(f);
    fake_manager_end(f->manager, "p1", PM_ERROR_NONE, "");
    expect_answer(c, 200, "pool_id", "p1");
    client_free(c);
}

static void test_waiting_cap(void **state)
{
    Fixture *f = fixture_new();
    Client *clients[3];

    f->settings.waiting_max = 2;
    fixture_start(f);
    for (size_t i = 0; i < ELEMENTSOF(clients); i++)
        clients[i] = client_new(f);
    start_preload(f, clients[0], "a");
    start_preload(f, clients[1], "b");
    send_preload(clients[2], "c");
    expect_answer(clients[2], 503, "code", "UNAVAILABLE");
    /* Nothing was started. */
    assert_int_equal(fake_manager_count_operations(f->manager), 2);
    client_expect(clients[2], GET_HEALTH, 200, NULL);
    fake_manager_end(f->manager, "a", PM_ERROR_NONE, "");
    expect_answer(clients[0], 200, "pool_id", "a");
    start_preload(f, clients[2], "c");
    for (size_t i = 0; i < ELEMENTSOF(clients); i++)
        client_free(clients[i]);
    RUN_UNTIL(f, fake_manager_count_waiters(f->manager) == 0);
    fixture_free(f);
}

static void test_wait_timeout(void **state)
{
    Fixture *f = fixture_new();
    Client *c;
    Answer a;

    f->settings.wait_timeout_usec = 100 * USEC_PER_MSEC;
    fixture_start(f);
    c = start_preload(f, client_new(f), "a");
    client_receive(c, true, &a);
    assert_int_equal(a.status, 503);
    assert_string_equal(answer_header(&a, "Retry-After"), "1");
    assert_string_equal(answer_member(&a, "pool_id"), "a");
    answer_clear(&a);
    assert_int_equal(fake_manager_count_waiters(f->manager), 0);
    client_expect(c, GET_HEALTH, 200, NULL);
    fake_manager_end(f->manager, "a", PM_ERROR_NONE, "");
    client_free(c);
    fixture_free(f);
}

/* The server goes while requests wait: each is answered, and nothing is left. */
static void test_shutdown(void **state)
{
    Fixture *f = fixture_new();
    Client *waiting[20], *idle, *half, *gone;

    fixture_start(f);
    for (size_t i = 0; i < ELEMENTSOF(waiting); i++) {
        char id[8];

        (void)snprintf(id, sizeof(id), "w%zu", i);
        waiting[i] = start_preload(f, i % 2 ? client_new(f) : client_new_unix(f), id);
    }
    idle = client_new(f);
    client_expect(idle, GET_HEALTH, 200, NULL);
    half = client_new(f);
    client_send(half, "POST /pools/p1/stop HTTP/1.1\r\nHost: h\r\nContent-Le");
    fixture_settle(f);
    gone = start_preload(f, client_new(f), "gone");
    client_free(gone);
    fixture_stop(f);
    for (size_t i = 0; i < ELEMENTSOF(waiting); i++) {
        expect_answer(waiting[i], 503, "code", "UNAVAILABLE");
        RUN_UNTIL(f, waiting[i]->closed);
        client_free(waiting[i]);
    }
    RUN_UNTIL(f, idle->closed && half->closed);
    assert_int_equal(half->received.length, 0);
    client_free(idle);
    client_free(half);
    assert_int_equal(fake_manager_count_waiters(f->manager), 0);
    fixture_free(f);
}

/* The server goes in the very turn in which a request has begun to wait. */
static void test_shutdown_before_suspended(void **state)
{
    Fixture *f = fixture_new();
    Client *c;

    fixture_start(f);
    c = client_new(f);
    send_preload(c, "a");
    RUN_UNTIL(f, fake_manager_count_waiters(f->manager) == 1);
    fixture_stop(f);
    expect_answer(c, 503, "code", "UNAVAILABLE");
    client_free(c);
    fixture_free(f);
}

#define WITH_SERVER(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            WITH_SERVER(test_preload),
            WITH_SERVER(test_preload_over_unix),
            WITH_SERVER(test_stop),
            WITH_SERVER(test_instant),
            WITH_SERVER(test_busy),
            WITH_SERVER(test_correlation_id_and_warnings),
            WITH_SERVER(test_others_are_not_delayed),
            WITH_SERVER(test_waiting_does_not_spin),
            WITH_SERVER(test_client_closes_tcp),
            WITH_SERVER(test_client_closes_unix),
            WITH_SERVER(test_client_resets),
            WITH_SERVER(test_client_pipelines_and_closes),
            WITH_SERVER(test_pipelined_behind_waiting),
            WITH_SERVER(test_half_closed),
            WITH_SERVER(test_half_closed_http_1_0),
            cmocka_unit_test(test_waiting_cap),
            cmocka_unit_test(test_wait_timeout),
            cmocka_unit_test(test_shutdown),
            cmocka_unit_test(test_shutdown_before_suspended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
