/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-fixture.h"

#include <stdio.h>

#define STOP "POST /pools/p1/stop HTTP/1.1\r\nHost: h\r\n"

/* Takes a 202 that names operation `id`; `applied` NULL: it was no preference. */
static void expect_accepted(Client *c, const char *location, const char *applied, const char *id)
{
    Answer a;

    client_receive(c, true, &a);
    assert_int_equal(a.status, 202);
    assert_string_equal(answer_header(&a, "Location"), location);
    if (applied)
        assert_string_equal(answer_header(&a, "Preference-Applied"), applied);
    else
        assert_null(answer_header(&a, "Preference-Applied"));
    assert_string_equal(answer_member(&a, "operation"), id);
    assert_string_equal(answer_member(&a, "pool_id"), "p1");
    answer_clear(&a);
}

static void test_respond_async(void **state)
{
    static const char *const requests[] = {
            STOP "Prefer: respond-async\r\n\r\n",
            "POST /pools/p1/restart HTTP/1.1\r\nHost: h\r\nPrefer: respond-async\r\n\r\n",
            "DELETE /pools/p1?force=true HTTP/1.1\r\nHost: h\r\nPrefer: respond-async\r\n\r\n",
    };
    static const char *const calls[] = {"stop p1", "restart p1", "deregister p1 by force"};
    static const char *const ids[] = {"1", "2", "3"};
    static const char *const locations[] = {"/operations/1", "/operations/2", "/operations/3"};
    Fixture *f = *state;
    Client *c = client_new(f);

    for (size_t i = 0; i < ELEMENTSOF(requests); i++) {
        client_send(c, requests[i]);
        expect_accepted(c, locations[i], "respond-async", ids[i]);
        assert_string_equal(fake_manager_last_call(f->manager), calls[i]);
        assert_int_equal(fake_manager_count_waiters(f->manager), 0);
    }
    client_expect(c, "GET /operations/3 HTTP/1.1\r\nHost: h\r\n\r\n", 200, NULL);
    client_expect(c, "GET /operations/4 HTTP/1.1\r\nHost: h\r\n\r\n", 404, "OPERATION_NOT_FOUND");
    client_expect(c, "GET /operations/x HTTP/1.1\r\nHost: h\r\n\r\n", 400, "INVALID_ID");
    client_free(c);
}

/* Sends a drain of pool p1; `body` NULL: none. */
static void send_drain(Client *c, const char *query, const char *headers, const char *body)
{
    _cleanup_free_ char *request = NULL;
    char path[64];

    (void)snprintf(path, sizeof(path), "/pools/p1/drain%s", query);
    request = make_request("POST", path, headers, body);
    client_send(c, request);
}

/* A drain takes its time: who does not ask to wait is told where to look. */
static void test_drain(void **state)
{
    static const struct {
        const char *query, *headers, *body, *applied, *call;
    } cases[] = {
            {"", "", NULL, NULL, "drain p1"},
            {"?wait=false", "", "{}", NULL, "drain p1"},
            {"", "", "{\"deadline_ms\": 5000}", NULL, "drain p1 within 5000"},
            {"", "", "{\"deadline_ms\": 0}", NULL, "drain p1 within 0"},
            {"", "Prefer: respond-async\r\n", NULL, "respond-async", "drain p1"},
            {"?wait=true", "Prefer: respond-async\r\n", NULL, "respond-async", "drain p1"},
            {"", "Prefer: wait=0\r\n", NULL, "wait=0", "drain p1"},
    };
    Fixture *f = *state;
    Client *c = client_new(f);

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        char id[8], location[32];

        (void)snprintf(id, sizeof(id), "%zu", i + 1);
        (void)snprintf(location, sizeof(location), "/operations/%s", id);
        send_drain(c, cases[i].query, cases[i].headers, cases[i].body);
        expect_accepted(c, location, cases[i].applied, id);
        assert_string_equal(fake_manager_last_call(f->manager), cases[i].call);
        assert_int_equal(fake_manager_count_waiters(f->manager), 0);
    }
    client_free(c);
}

/* Sends a drain that is waited for, ends it, and takes the answer. */
static void wait_for_drain(Client *c, const char *query, const char *headers, PmErrorCode code,
                           Answer *ret)
{
    Fixture *f = c->fixture;

    send_drain(c, query, headers, NULL);
    RUN_UNTIL(f, fake_manager_count_waiters(f->manager) == 1);
    fixture_settle(f);
    assert_int_equal(c->received.length, 0);
    fake_manager_end(f->manager, "p1", code, "the pool was stopped");
    client_receive(c, true, ret);
}

static void test_drain_that_is_waited_for(void **state)
{
    Client *c = client_new(*state);
    Answer a;

    wait_for_drain(c, "?wait=true", "", PM_ERROR_NONE, &a);
    assert_int_equal(a.status, 200);
    answer_clear(&a);
    wait_for_drain(c, "", "Prefer: wait=60\r\n", PM_ERROR_NONE, &a);
    assert_int_equal(a.status, 200);
    answer_clear(&a);
    wait_for_drain(c, "?wait=true", "", PM_ERROR_CANCELLED, &a);
    assert_int_equal(a.status, 409);
    assert_string_equal(answer_member(&a, "code"), "CANCELLED");
    answer_clear(&a);
    client_free(c);
}

/* What is wrong is said before anything begins. */
static void test_bad_drain(void **state)
{
    static const struct {
        const char *query, *headers, *body;
        int status;
        const char *code, *field;
    } cases[] = {
            {"?wait=maybe", "", NULL, 400, "INVALID_FIELD", "wait"},
            {"?deadline_ms=5", "", NULL, 400, "BAD_REQUEST", NULL},
            {"", "", "{\"deadline_ms\": -1}", 400, "INVALID_FIELD", "deadline_ms"},
            {"", "", "{\"deadline_ms\": \"1\"}", 400, "INVALID_FIELD", "deadline_ms"},
            {"", "", "[]", 400, "INVALID_JSON", NULL},
            {"", "", "{", 400, "INVALID_JSON", NULL},
            {"", "Origin: https://pages.example\r\n", NULL, 403, "FORBIDDEN", NULL},
    };
    Fixture *f = *state;
    Client *c = client_new(f);
    Answer a;

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        send_drain(c, cases[i].query, cases[i].headers, cases[i].body);
        client_receive(c, true, &a);
        assert_int_equal(a.status, cases[i].status);
        assert_string_equal(answer_member(&a, "code"), cases[i].code);
        if (cases[i].field)
            assert_string_equal(answer_member(&a, "field"), cases[i].field);
        answer_clear(&a);
    }
    client_expect(c, "POST /pools/no/drain HTTP/1.1\r\nHost: h\r\n\r\n", 404, "POOL_NOT_FOUND");
    client_expect(c, "GET /pools/p1/drain HTTP/1.1\r\nHost: h\r\n\r\n", 405, "METHOD_NOT_ALLOWED");
    assert_int_equal(fake_manager_count_operations(f->manager), 0);
    client_free(c);
}

/* Sends a reload of pool p1, and its body. */
static void send_reload(Client *c, const char *headers, const char *body)
{
    _cleanup_free_ char *request = make_request("POST", "/pools/p1/reload", headers, body);

    client_send(c, request);
}

#define SPEC                                                                                    \
    "{\"pool_id\": \"p1\", \"binary_path\": \"/bin/engine\", \"flags\": [], \"host\": \"::1\"," \
    "\"port\": 8000, \"model_path\": \"/m\", \"engine_version\": \"v2\", \"colour\": 1}"

static void test_reload(void **state)
{
    static const struct {
        const char *headers, *body, *applied, *call;
        size_t warnings;
    } cases[] = {
            {"Prefer: respond-async\r\n", "{\"new_model_ref\": \"/m\"}", "respond-async",
             "drain reload p1 to /m of the same", 0},
            {"Prefer: wait=0\r\n",
             "{\"new_model_ref\": \"m\", \"prepared\": " SPEC ", \"drain_deadline_ms\": 0,"
             " \"strategy\": \"blue-green\", \"shape\": null}",
             "wait=0", "blue-green reload p1 to m of v2 within 0", 2},
    };
    Fixture *f = *state;
    Client *c = client_new(f);

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        char id[8], location[32];

        (void)snprintf(id, sizeof(id), "%zu", i + 1);
        (void)snprintf(location, sizeof(location), "/operations/%s", id);
        send_reload(c, cases[i].headers, cases[i].body);
        expect_accepted(c, location, cases[i].applied, id);
        assert_string_equal(fake_manager_last_call(f->manager), cases[i].call);
        assert_int_equal(fake_manager_count_warnings(f->manager), cases[i].warnings);
    }
    client_free(c);
}

/* Who does not say otherwise waits, and is told whether the engine from before is back. */
static void test_reload_that_is_waited_for(void **state)
{
    static const struct {
        PmErrorCode code;
        int status;
        const char *success, *error;
    } cases[] = {
            {PM_ERROR_NONE, 200, "true", NULL},
            {PM_ERROR_RELOAD_FAILED, 500, "false", "RELOAD_FAILED"},
            {PM_ERROR_CANCELLED, 409, "false", "CANCELLED"},
    };
    Fixture *f = *state;
    Client *c = client_new(f);

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        Answer a;

        send_reload(c, "", "{\"new_model_ref\": \"m\"}");
        RUN_UNTIL(f, fake_manager_count_waiters(f->manager) == 1);
        fixture_settle(f);
        assert_int_equal(c->received.length, 0);
        fake_manager_end(f->manager, "p1", cases[i].code, "it does not start");
        client_receive(c, true, &a);
        assert_int_equal(a.status, cases[i].status);
        assert_string_equal(answer_member(&a, "pool_id"), "p1");
        assert_string_equal(answer_member(&a, "success"), cases[i].success);
        assert_string_equal(answer_member(&a, "rolled_back"), "false");
        if (cases[i].error)
            assert_string_equal(answer_member(&a, "code"), cases[i].error);
        answer_clear(&a);
    }
    client_free(c);
}

static void test_bad_reload(void **state)
{
    static const struct {
        const char *headers, *body;
        int status;
        const char *code, *field;
    } cases[] = {
            {"", "{}", 400, "INVALID_FIELD", "new_model_ref"},
            {"", "{\"new_model_ref\": \"-m\"}", 400, "INVALID_FIELD", "new_model_ref"},
            {"", "{\"new_model_ref\": \"m\", \"strategy\": \"\"}", 400, "INVALID_FIELD",
             "strategy"},
            {"", "{\"new_model_ref\": \"m\", \"prepared\": {\"pool_id\": \"p1\"}}", 400,
             "INVALID_FIELD", "prepared.binary_path"},
            {"", "{\"new_model_ref\": \"m\", \"drain_deadline_ms\": -1}", 400, "INVALID_FIELD",
             "drain_deadline_ms"},
            {"", "[]", 400, "INVALID_JSON", NULL},
            {"Origin: https://pages.example\r\n", "{}", 403, "FORBIDDEN", NULL},
    };
    Fixture *f = *state;
    Client *c = client_new(f);
    Answer a;

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        send_reload(c, cases[i].headers, cases[i].body);
        client_receive(c, true, &a);
        assert_int_equal(a.status, cases[i].status);
        assert_string_equal(answer_member(&a, "code"), cases[i].code);
        if (cases[i].field)
            assert_string_equal(answer_member(&a, "field"), cases[i].field);
        answer_clear(&a);
    }
    client_expect(c, "POST /pools/p1/reload HTTP/1.1\r\nHost: h\r\n\r\n", 400, "BAD_REQUEST");
    client_expect(c, "GET /pools/p1/reload HTTP/1.1\r\nHost: h\r\n\r\n", 405, "METHOD_NOT_ALLOWED");
    assert_int_equal(fake_manager_count_operations(f->manager), 0);
    client_free(c);
}

static void test_location_under_v2(void **state)
{
    Client *c = client_new(*state);

    client_send(c, "POST /v2/pools/p1/stop HTTP/1.1\r\nHost: h\r\nPrefer: respond-async\r\n\r\n");
    expect_accepted(c, "/v2/operations/1", "respond-async", "1");
    client_send(c, "POST /v2/pools/p1/drain HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_accepted(c, "/v2/operations/2", NULL, "2");
    client_free(c);
}

static void test_errors_come_at_once(void **state)
{
    Client *c = client_new(*state);

    client_expect(c, "POST /pools/no/stop HTTP/1.1\r\nHost: h\r\nPrefer: respond-async\r\n\r\n",
                  404, "POOL_NOT_FOUND");
    client_free(c);
}

static void test_wait_ends_first(void **state)
{
    Fixture *f = *state;
    Client *c = client_new(f);

    client_send(c, STOP "Prefer: respond-async, wait=0\r\n\r\n");
    expect_accepted(c, "/operations/1", "respond-async, wait=0", "1");
    client_send(c, STOP "Prefer: wait=1\r\n\r\n");
    expect_accepted(c, "/operations/2", "wait=1", "2");
    assert_int_equal(fake_manager_count_waiters(f->manager), 0);
    client_expect(c, "GET /health HTTP/1.1\r\nHost: h\r\n\r\n", 200, NULL);
    client_free(c);
}

static void test_operation_ends_first(void **state)
{
    Fixture *f = *state;
    Client *c = client_new(f);
    Answer a;

    client_send(c, STOP "Prefer: respond-async, wait=3600\r\n\r\n");
    RUN_UNTIL(f, fake_manager_count_waiters(f->manager) == 1);
    fixture_settle(f);
    fake_manager_end(f->manager, "p1", PM_ERROR_NONE, "");
    client_receive(c, true, &a);
    assert_int_equal(a.status, 200);
    assert_null(answer_header(&a, "Preference-Applied"));
    assert_null(answer_header(&a, "Location"));
    answer_clear(&a);
    client_free(c);
}

#define WITH_SERVER(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            WITH_SERVER(test_respond_async),
            WITH_SERVER(test_location_under_v2),
            WITH_SERVER(test_errors_come_at_once),
            WITH_SERVER(test_wait_ends_first),
            WITH_SERVER(test_operation_ends_first),
            WITH_SERVER(test_drain),
            WITH_SERVER(test_drain_that_is_waited_for),
            WITH_SERVER(test_bad_drain),
            WITH_SERVER(test_reload),
            WITH_SERVER(test_reload_that_is_waited_for),
            WITH_SERVER(test_bad_reload),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
