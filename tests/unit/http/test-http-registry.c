/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-fixture.h"

#define GET_STATUS "GET /pools/p1/status HTTP/1.1\r\nHost: h\r\n\r\n"
#define GET_HEALTH "GET /health HTTP/1.1\r\nHost: h\r\n\r\n"
#define STOP_P1    "POST /pools/p1/stop HTTP/1.1\r\nHost: h\r\n\r\n"

/* What is sent, what comes back, and what the manager was asked to do. */
static void test_calls(void **state)
{
    static const struct {
        const char *method, *path, *body;
        int status;
        const char *call, *member, *value;
    } cases[] = {
            {"POST", "/pools/new", NULL, 201, "register new", "pool_id", "new"},
            {"POST", "/pools/new", "{}", 200, "register new", "state", "off"},
            {"POST", "/pools/p1", "{\"a\":1}", 200, "register p1", "pool_id", "p1"},
            {"PATCH", "/pools/p1", "{\"version\":\"7\"}", 200, "update p1 7", "pool_id", "p1"},
            {"PATCH", "/pools/p2", "{\"version\":\"7\"}", 201, "update p2 7", "pool_id", "p2"},
            {"POST", "/pools/p3/handoff", "{\"url\":\"http://127.0.0.1:1\"}", 201,
             "handoff p3 http://127.0.0.1:1", "pool_id", "p3"},
            {"POST", "/pools/p3/handoff", "{\"url\":\"http://127.0.0.1:1\",\"pool_id\":\"p4\"}",
             400, "handoff p3 http://127.0.0.1:1", "field", "pool_id"},
            {"POST", "/pools/p1/heartbeat", NULL, 200, "heartbeat p1", "last_heartbeat_ms", "4711"},
            {"POST", "/pools/p1/heartbeat", "{\"timestamp_ms\":5}", 200, "heartbeat p1",
             "last_heartbeat_ms", "5"},
            {"POST", "/pools/no/heartbeat", NULL, 404, "heartbeat no", "code", "POOL_NOT_FOUND"},
            {"POST", "/pools/p1/breaker/reset", NULL, 200, "reset p1", "pool_id", "p1"},
            {"POST", "/pools/no/breaker/reset", NULL, 404, "reset no", "code", "POOL_NOT_FOUND"},
            {"POST", "/pools/p1/breaker/allow", NULL, 409, "allow p1", "code", "BREAKER_CLOSED"},
            {"POST", "/pools/no/breaker/allow", NULL, 404, "allow no", "code", "POOL_NOT_FOUND"},
            {"POST", "/pools/tripped", NULL, 201, "register tripped", "pool_id", "tripped"},
            {"POST", "/pools/tripped/breaker/allow", NULL, 200, "allow tripped", "pool_id",
             "tripped"},
            {"POST", "/pools/p1/leases", NULL, 201, "lease p1 - 0", "lease_id", "7.1"},
            {"POST", "/v2/pools/p1/leases", "{\"owner\":\"me\",\"ttl_ms\":9}", 201, "lease p1 me 9",
             "generation", "7"},
            {"POST", "/pools/p1/leases?enforce_slots=true", NULL, 429, "lease p1 - 0 enforced",
             "code", "NO_SLOT"},
            {"DELETE", "/pools/p1/leases/7.1", NULL, 200, "release p1 7.1", "active_leases", "0"},
            {"DELETE", "/pools/p1/leases/7.2", NULL, 404, "release p1 7.2", "code",
             "LEASE_NOT_FOUND"},
            {"POST", "/pools/p1/leases/release", NULL, 200, "release any of p1", "active_leases",
             "3"},
    };
    Fixture *f = *state;
    Client *c = client_new(f);

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_free_ char *request =
                make_request(cases[i].method, cases[i].path, "", cases[i].body);
        Answer a;

        client_send(c, request);
        client_receive(c, true, &a);
        if (a.status != cases[i].status)
            fail_msg("%d for %s\n%s", a.status, request, a.body);
        assert_string_equal(fake_manager_last_call(f->manager), cases[i].call);
        if (!answer_member(&a, cases[i].member))
            fail_msg("no %s: %s", cases[i].member, a.body);
        assert_string_equal(answer_member(&a, cases[i].member), cases[i].value);
        answer_clear(&a);
    }
    client_free(c);
}

static void test_warnings(void **state)
{
    static const struct {
        const char *method, *path, *body;
    } cases[] = {
            {"POST", "/pools/p1", "{\"colour\":1}"},
            {"PATCH", "/pools/p1", "{\"colour\":1}"},
            {"POST", "/pools/p1/handoff", "{\"url\":\"http://127.0.0.1:1\",\"colour\":1}"},
            {"POST", "/pools/p1/heartbeat", "{\"colour\":1}"},
            {"POST", "/pools/p1/leases", "{\"colour\":1}"},
            {"POST", "/pools/p1/breaker/reset", "{\"colour\":1}"},
    };
    Client *c = client_new(*state);

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_free_ char *request =
                make_request(cases[i].method, cases[i].path, "", cases[i].body);
        Answer a;

        client_send(c, request);
        client_receive(c, true, &a);
        if (a.status >= 300 || !answer_member(&a, "warnings") ||
            !strstr(answer_member(&a, "warnings"), "colour"))
            fail_msg("%d for %s\n%s", a.status, request, a.body);
        answer_clear(&a);
    }
    client_free(c);
}

static void test_body_is_needed(void **state)
{
    static const char *const paths[][2] = {{"PATCH", "/pools/p1"}, {"POST", "/pools/p1/handoff"}};
    Client *c = client_new(*state);

    for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
        _cleanup_free_ char *request = make_request(paths[i][0], paths[i][1], "", NULL);

        client_expect(c, request, 400, "BAD_REQUEST");
    }
    client_free(c);
}

/* Which requests take the lock, and how. */
static void test_which_lock(void **state)
{
    static const struct {
        const char *method, *path;
        unsigned reads, writes;
    } cases[] = {
            {"GET", "/health", 0, 0},           {"GET", "/ready", 0, 0},
            {"GET", "/openapi.json", 0, 0},     {"GET", "/operations/1", 0, 0},
            {"GET", "/pools/none/logs", 0, 0},  {"GET", "/pools", 1, 0},
            {"GET", "/pools/p1/status", 1, 0},  {"POST", "/pools/p1/status", 1, 0},
            {"GET", "/pools/p1/health", 1, 0},  {"POST", "/pools/p1/stop?x", 0, 0},
            {"POST", "/pools/none/stop", 0, 1}, {"POST", "/pools/none/restart", 0, 1},
            {"DELETE", "/pools/none", 0, 1},    {"POST", "/pools/p1/leases", 0, 1},
    };
    Fixture *f = *state;
    Client *c = client_new(f);

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_free_ char *request = make_request(cases[i].method, cases[i].path, "", NULL);
        unsigned reads = fake_manager_count_reads(f->manager);
        unsigned writes = fake_manager_count_writes(f->manager);
        Answer a;

        client_send(c, request);
        client_receive(c, true, &a);
        answer_clear(&a);
        if (fake_manager_count_reads(f->manager) - reads != cases[i].reads ||
            fake_manager_count_writes(f->manager) - writes != cases[i].writes)
            fail_msg("%s %s", cases[i].method, cases[i].path);
    }
    client_free(c);
}

/* Sends it while somebody else holds the lock, and waits until it waits. */
static Client *wait_for_lock(Fixture *f, Client *c, const char *request)
{
    size_t before = fake_manager_count_access_waiters(f->manager);

    client_send(c, request);
    RUN_UNTIL(f, fake_manager_count_access_waiters(f->manager) == before + 1);
    fixture_settle(f);
    assert_int_equal(c->received.length, 0);
    return c;
}

static void test_lock_is_had_later(void **state)
{
    Fixture *f = *state;
    Client *reader, *writer, *other = client_new(f);
    Answer a;

    fake_manager_hold_lock(f->manager, true);
    reader = wait_for_lock(f, client_new(f), GET_STATUS);
    writer = wait_for_lock(f, client_new_unix(f), STOP_P1);
    client_expect(other, GET_HEALTH, 200, NULL);
    fake_manager_hold_lock(f->manager, false);
    client_receive(reader, true, &a);
    assert_int_equal(a.status, 200);
    answer_clear(&a);
    /* It has waited for the lock, and waits for its operation now. */
    RUN_UNTIL(f, fake_manager_count_waiters(f->manager) == 1);
    fixture_settle(f);
    assert_int_equal(writer->received.length, 0);
    fake_manager_end(f->manager, "p1", PM_ERROR_NONE, "");
    client_receive(writer, true, &a);
    assert_int_equal(a.status, 200);
    answer_clear(&a);
    client_expect(reader, GET_STATUS, 200, NULL);
    client_free(reader);
    client_free(writer);
    client_free(other);
}

/* B-API-013, B-API-022 */
static void test_lock_is_not_had(void **state)
{
    _cleanup_free_ char *preload = make_preload("a");
    const char *const requests[] = {preload, GET_STATUS, STOP_P1};
    Fixture *f = *state;
    Client *c = client_new(f);

    fake_manager_hold_lock(f->manager, true);
    for (size_t i = 0; i < ELEMENTSOF(requests); i++) {
        Answer a;

        wait_for_lock(f, c, requests[i]);
        fake_manager_lock_times_out(f->manager);
        client_receive(c, true, &a);
        assert_int_equal(a.status, 500);
        assert_string_equal(answer_member(&a, "code"), "REGISTRY_LOCK");
        assert_string_equal(answer_member(&a, "error"), "registry lock failed: it is held");
        answer_clear(&a);
    }
    assert_int_equal(fake_manager_count_operations(f->manager), 0);
    assert_string_equal(fake_manager_last_call(f->manager), "");
    fake_manager_hold_lock(f->manager, false);
    client_expect(c, GET_STATUS, 200, NULL);
    client_free(c);
}

static void test_async_after_lock(void **state)
{
    Fixture *f = *state;
    Client *c;
    Answer a;

    fake_manager_hold_lock(f->manager, true);
    c = wait_for_lock(f, client_new(f),
                      "POST /pools/p1/stop HTTP/1.1\r\nHost: h\r\nPrefer: respond-async\r\n\r\n");
    fake_manager_hold_lock(f->manager, false);
    client_receive(c, true, &a);
    assert_int_equal(a.status, 202);
    answer_clear(&a);
    client_free(c);
}

static void test_client_goes_while_it_waits_for_the_lock(void **state)
{
    Fixture *f = *state;

    fake_manager_hold_lock(f->manager, true);
    client_free(wait_for_lock(f, client_new(f), STOP_P1));
    RUN_UNTIL(f, fake_manager_count_access_waiters(f->manager) == 0);
    fake_manager_hold_lock(f->manager, false);
    fixture_settle(f);
    assert_int_equal(fake_manager_count_operations(f->manager), 0);
}

static void test_shutdown_while_the_lock_is_waited_for(void **state)
{
    Fixture *f = fixture_new();
    Client *c;
    Answer a;

    fixture_start(f);
    fake_manager_hold_lock(f->manager, true);
    c = wait_for_lock(f, client_new(f), STOP_P1);
    fixture_stop(f);
    client_receive(c, true, &a);
    assert_int_equal(a.status, 503);
    assert_null(strstr(a.body, "goes on"));
    answer_clear(&a);
    client_free(c);
    fixture_free(f);
}

#define WITH_SERVER(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            WITH_SERVER(test_calls),
            WITH_SERVER(test_warnings),
            WITH_SERVER(test_body_is_needed),
            WITH_SERVER(test_which_lock),
            WITH_SERVER(test_lock_is_had_later),
            WITH_SERVER(test_lock_is_not_had),
            WITH_SERVER(test_async_after_lock),
            WITH_SERVER(test_client_goes_while_it_waits_for_the_lock),
            cmocka_unit_test(test_shutdown_while_the_lock_is_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
