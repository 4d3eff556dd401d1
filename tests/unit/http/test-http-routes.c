/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-fixture.h"

#include <stdio.h>

#include "http/route.h"

/* Method and path, and what comes back. */
typedef struct Case {
    const char *method;
    const char *path;
    int status;
    const char *code; /* NULL: no error */
} Case;

static void expect_case(Client *c, const Case *row)
{
    _cleanup_free_ char *request = make_request(row->method, row->path, "", NULL);

    client_expect(c, request, row->status, row->code);
}

static void test_every_path(void **state)
{
    static const Case cases[] = {
            {"GET", "/health", 200, NULL},
            {"GET", "/v2/health", 200, NULL},
            {"GET", "http://h/health", 200, NULL},
            {"GET", "/he%61lth", 200, NULL},
            {"GET", "/health?a=b&c", 200, NULL},
            {"GET", "/ready", 200, NULL},
            {"GET", "/pools/p1/status", 200, NULL},
            {"GET", "/v2/pools/p1/status", 200, NULL},
            {"GET", "/pools/p%31/status", 200, NULL},
            {"POST", "/pools/p1/status", 200, NULL},
            {"GET", "/pools/none/status", 404, "POOL_NOT_FOUND"},
            {"POST", "/pools/none/stop", 404, "POOL_NOT_FOUND"},
            {"GET", "/", 404, "NOT_FOUND"},
            {"GET", "/v2", 404, "NOT_FOUND"},
            {"GET", "/v2/v2/health", 404, "NOT_FOUND"},
            {"GET", "/health/", 404, "NOT_FOUND"},
            {"GET", "//health", 404, "NOT_FOUND"},
            {"GET", "/Health", 404, "NOT_FOUND"},
            {"GET", "/healthy", 404, "NOT_FOUND"},
            {"GET", "/heal", 404, "NOT_FOUND"},
            {"GET", "/pools/p1", 405, "METHOD_NOT_ALLOWED"},
            {"GET", "/pools/p1/", 404, "NOT_FOUND"},
            {"GET", "/pools/p1/status/more", 404, "NOT_FOUND"},
            {"GET", "/a/b/c/d/e/f/g/h/i/j", 404, "NOT_FOUND"},
            {"GET", "http://h", 404, "NOT_FOUND"},
            {"GET", "http://h?q", 404, "NOT_FOUND"},
            {"GET", "/pools//status", 400, "INVALID_ID"},
            {"GET", "/pools/a%2Fb/status", 400, "INVALID_ID"},
            {"GET", "/pools/-a/status", 400, "INVALID_ID"},
            {"GET", "/pools/../status", 400, "INVALID_ID"},
            {"GET", "/pools/%C3%A4/status", 400, "INVALID_ID"},
            {"POST", "/pools/a%20b/stop", 400, "INVALID_ID"},
            {"GET", "/pools/p1%00/status", 400, "BAD_REQUEST"},
            {"GET", "/pools/p1%/status", 400, "BAD_REQUEST"},
            {"GET", "/pools/p1%4/status", 400, "BAD_REQUEST"},
            {"GET", "/pools/p1%zz/status", 400, "BAD_REQUEST"},
            {"GET", "/pools/p1%", 400, "BAD_REQUEST"},
            {"GET", "/pools/\xC3\xA4/status", 400, "BAD_REQUEST"},
            {"GET", "/pools/a b/status", 400, "BAD_REQUEST"},
            {"GET", "health", 400, "BAD_REQUEST"},
            {"CONNECT", "h:80", 400, "BAD_REQUEST"},
            {"GET", "/pools?a=b", 400, "BAD_REQUEST"},
            {"GET", "/pools?", 200, NULL},
            {"DELETE", "/health", 405, "METHOD_NOT_ALLOWED"},
            {"GET", "/pools/p1/stop", 405, "METHOD_NOT_ALLOWED"},
            {"PUT", "/pools/p1/status", 405, "METHOD_NOT_ALLOWED"},
            {"get", "/health", 405, "METHOD_NOT_ALLOWED"},
    };
    Fixture *f = *state;
    Client *c = client_new(f);

    /* All on one connection: no error of ours costs it. */
    for (size_t i = 0; i < ELEMENTSOF(cases); i++)
        expect_case(c, &cases[i]);
    assert_false(c->closed);
    client_free(c);
}

static void test_health_says_version(void **state)
{
    Client *c = client_new(*state);
    Answer a;

    client_send(c, "GET /health HTTP/1.1\r\nHost: h\r\n\r\n");
    client_receive(c, true, &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_member(&a, "status"), "ok");
    assert_string_equal(answer_member(&a, "version"), PM_VERSION);
    answer_clear(&a);
    client_free(c);
}

static void test_pools_is_a_list(void **state)
{
    Client *c = client_new_unix(*state);
    Answer a;

    client_send(c, "GET /pools HTTP/1.1\r\nHost: h\r\n\r\n");
    client_receive(c, true, &a);
    assert_int_equal(a.status, 200);
    assert_true(startswith(a.body, "[{\"pool_id\":\"p1\","));
    assert_true(streq(a.body + a.body_length - 3, "}]\n"));
    answer_clear(&a);
    client_free(c);
}

static void test_before_recovery(void **state)
{
    static const Case cases[] = {
            {"GET", "/health", 200, NULL},
            {"GET", "/pools/p1/status", 200, NULL},
            {"GET", "/ready", 503, "UNAVAILABLE"},
            {"POST", "/pools/p1/stop", 503, "UNAVAILABLE"},
    };
    _cleanup_free_ char *preload = make_preload("p1");
    Fixture *f = *state;
    Client *c = client_new(f);
    Answer a;

    fake_manager_set_recovered(f->manager, false);
    for (size_t i = 0; i < ELEMENTSOF(cases); i++)
        expect_case(c, &cases[i]);
    client_send(c, preload);
    client_receive(c, true, &a);
    assert_int_equal(a.status, 503);
    assert_string_equal(answer_header(&a, "Retry-After"), "1");
    assert_string_equal(answer_member(&a, "retry_after_ms"), "1000");
    assert_string_equal(answer_member(&a, "retriable"), "true");
    answer_clear(&a);
    assert_int_equal(fake_manager_count_operations(f->manager), 0);
    client_free(c);
}

static void expect_allow(Client *c, const char *request, int status, const char *allow)
{
    Answer a;

    client_send(c, request);
    client_receive(c, true, &a);
    assert_int_equal(a.status, status);
    assert_string_equal(answer_header(&a, "Allow"), allow);
    answer_clear(&a);
}

static void test_options(void **state)
{
    Client *c = client_new(*state);

    expect_allow(c, "PUT /health HTTP/1.1\r\nHost: h\r\n\r\n", 405, "GET, HEAD, OPTIONS");
    expect_allow(c, "OPTIONS /pools/p1/stop HTTP/1.1\r\nHost: h\r\n\r\n", 204, "POST, OPTIONS");
    expect_allow(c, "OPTIONS /pools/p1/status HTTP/1.1\r\nHost: h\r\n\r\n", 204,
                 "GET, HEAD, POST, OPTIONS");
    expect_allow(c, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 204,
                 "GET, HEAD, POST, PATCH, DELETE, OPTIONS");
    expect_allow(c, "GET * HTTP/1.1\r\nHost: h\r\n\r\n", 405,
                 "GET, HEAD, POST, PATCH, DELETE, OPTIONS");
    expect_allow(c, "DELETE /pools/p1/stop HTTP/1.1\r\nHost: h\r\n\r\n", 405, "POST, OPTIONS");
    expect_allow(c, "GET /pools/p1 HTTP/1.1\r\nHost: h\r\n\r\n", 405,
                 "POST, PATCH, DELETE, OPTIONS");
    /* A name of ours is no lease's id. */
    expect_allow(c, "DELETE /pools/p1/leases/release HTTP/1.1\r\nHost: h\r\n\r\n", 405,
                 "POST, OPTIONS");
    expect_allow(c, "POST /pools/p1/leases/7.1 HTTP/1.1\r\nHost: h\r\n\r\n", 405,
                 "DELETE, OPTIONS");
    expect_allow(c, "GET /v2/pools/p1/leases HTTP/1.1\r\nHost: h\r\n\r\n", 405, "POST, OPTIONS");
    client_expect(c, "OPTIONS /nothing HTTP/1.1\r\nHost: h\r\n\r\n", 404, "NOT_FOUND");
    client_free(c);
}

static void test_head(void **state)
{
    static const char *const requests[] = {
            "HEAD /health HTTP/1.1\r\nHost: h\r\n\r\n",
            "HEAD /pools HTTP/1.1\r\nHost: h\r\n\r\n",
            "HEAD /pools/p1/status HTTP/1.1\r\nHost: h\r\n\r\n",
            "HEAD /nothing HTTP/1.1\r\nHost: h\r\n\r\n",
            "HEAD /pools/p1/stop HTTP/1.1\r\nHost: h\r\n\r\n",
    };
    static const int statuses[] = {200, 200, 200, 404, 405};
    Client *c = client_new(*state);
    Answer a;

    for (size_t i = 0; i < ELEMENTSOF(requests); i++) {
        client_send(c, requests[i]);
        client_receive(c, false, &a);
        assert_int_equal(a.status, statuses[i]);
        assert_string_not_equal(answer_header(&a, "Content-Length"), "0");
        answer_clear(&a);
    }
    client_expect(c, "GET /health HTTP/1.1\r\nHost: h\r\n\r\n", 200, NULL);
    client_free(c);
}

static void test_error_object(void **state)
{
    Client *c = client_new(*state);
    Answer a;

    client_send(c, "GET /pools/none/status HTTP/1.1\r\nHost: h\r\n\r\n");
    client_receive(c, true, &a);
    assert_string_equal(answer_member(&a, "error"), "pool none not found");
    assert_string_equal(answer_member(&a, "pool_id"), "none");
    assert_string_equal(answer_member(&a, "retriable"), "false");
    assert_null(answer_header(&a, "Retry-After"));
    answer_clear(&a);
    client_free(c);
}

static void test_correlation_id(void **state)
{
    char long_id[PM_CORRELATION_ID_MAX + 2], request[512];
    Client *c = client_new(*state);
    char first[64];
    Answer a;

    client_send(c, "GET /health HTTP/1.1\r\nHost: h\r\nX-Correlation-Id: a b~\r\n\r\n");
    client_receive(c, true, &a);
    assert_string_equal(answer_header(&a, "X-Correlation-Id"), "a b~");
    answer_clear(&a);

    client_send(c, "GET /health HTTP/1.1\r\nHost: h\r\n\r\n");
    client_receive(c, true, &a);
    (void)snprintf(first, sizeof(first), "%s", answer_header(&a, "X-Correlation-Id"));
    assert_int_equal(strlen(first), 32);
    assert_int_equal(strspn(first, "0123456789abcdef"), 32);
    answer_clear(&a);
    client_send(c, "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n");
    client_receive(c, true, &a);
    assert_string_not_equal(answer_header(&a, "X-Correlation-Id"), first);
    answer_clear(&a);

    memset(long_id, 'x', sizeof(long_id));
    long_id[PM_CORRELATION_ID_MAX] = '\0';
    (void)snprintf(request, sizeof(request),
                   "GET /health HTTP/1.1\r\nHost: h\r\nX-Correlation-Id: %s\r\n\r\n", long_id);
    client_expect(c, request, 200, NULL);
    long_id[PM_CORRELATION_ID_MAX] = 'x';
    long_id[PM_CORRELATION_ID_MAX + 1] = '\0';
    (void)snprintf(request, sizeof(request),
                   "GET /health HTTP/1.1\r\nHost: h\r\nX-Correlation-Id: %s\r\n\r\n", long_id);
    client_expect(c, request, 400, "BAD_REQUEST");
    client_expect(c, "GET /health HTTP/1.1\r\nHost: h\r\nX-Correlation-Id: \xC3\xA4\r\n\r\n", 400,
                  "BAD_REQUEST");
    client_expect(c, "GET /health HTTP/1.1\r\nHost: h\r\nX-Correlation-Id: a\tb\r\n\r\n", 400,
                  "BAD_REQUEST");
    client_free(c);
}

static void test_token(void **state)
{
    static const struct {
        const char *path, *header;
        int status;
    } cases[] = {
            {"/health", "", 200},
            {"/v2/health", "", 200},
            {"/health", "Authorization: Bearer wrong\r\n", 200},
            {"/ready", "", 401},
            {"/pools", "", 401},
            {"/nothing", "", 401},
            {"/pools/%zz/status", "", 401},
            {"/pools", "Authorization: Bearer secret\r\n", 200},
            {"/pools", "Authorization: bearer   secret\r\n", 200},
            {"/nothing", "Authorization: Bearer secret\r\n", 404},
            {"/pools", "Authorization: Bearer secre\r\n", 401},
            {"/pools", "Authorization: Bearer secretsecret\r\n", 401},
            {"/pools", "Authorization: Bearer secreT\r\n", 401},
            {"/pools", "Authorization: Bearer \r\n", 401},
            {"/pools", "Authorization: Bearer\r\n", 401},
            {"/pools", "Authorization: secret\r\n", 401},
            {"/pools", "Authorization: Basic secret\r\n", 401},
    };
    Fixture *f = fixture_new();
    Client *c;
    Answer a;

    f->settings.token = "secret";
    fixture_start(f);
    c = client_new(f);
    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_free_ char *request = make_request("GET", cases[i].path, cases[i].header, NULL);

        client_send(c, request);
        client_receive(c, true, &a);
        if (a.status != cases[i].status)
            fail_msg("%d for %s %s", a.status, cases[i].path, cases[i].header);
        if (a.status == 401) {
            assert_string_equal(answer_header(&a, "WWW-Authenticate"), "Bearer");
            assert_string_equal(answer_member(&a, "code"), "UNAUTHORIZED");
            assert_null(answer_header(&a, "Allow"));
        }
        assert_null(strstr(a.body, "secret"));
        answer_clear(&a);
    }
    client_free(c);
    fixture_free(f);
}

static void test_bodies(void **state)
{
    static const struct {
        const char *path, *headers, *body;
        int status;
        const char *code;
    } cases[] = {
            {"/pools/p1/preload", "", "", 400, "BAD_REQUEST"},
            {"/pools/p1/preload", "Content-Type: application/json\r\n", "", 400, "BAD_REQUEST"},
            {"/pools/p1/preload", "", "{}", 415, "UNSUPPORTED_MEDIA_TYPE"},
            {"/pools/p1/preload", "Content-Type: \r\n", "{}", 415, "UNSUPPORTED_MEDIA_TYPE"},
            {"/pools/p1/preload", "Content-Type: text/plain\r\n", "{}", 415,
             "UNSUPPORTED_MEDIA_TYPE"},
            {"/pools/p1/preload", "Content-Type: application/jsonx\r\n", "{}", 415,
             "UNSUPPORTED_MEDIA_TYPE"},
            {"/pools/p1/preload", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
             "{}", 415, "UNSUPPORTED_MEDIA_TYPE"},
            {"/pools/p1/preload", "Content-Type: application/json\r\n", "{", 400, "INVALID_JSON"},
            {"/pools/p1/preload", "Content-Type: application/json\r\n", "[]", 400, ""},
            {"/pools/p1/preload", "Content-Type: Application/JSON ; charset=utf-8\r\n", "{}", 400,
             "INVALID_FIELD"},
            {"/pools/p1/stop", "", "x", 415, "UNSUPPORTED_MEDIA_TYPE"},
            {"/pools/p1/stop", "Content-Type: application/json\r\n", "[]", 400, "INVALID_JSON"},
            {"/pools/p1/stop", "Content-Type: application/json\r\n", "{\"a\":1", 400,
             "INVALID_JSON"},
            {"/pools/p1/status", "Content-Type: text/plain\r\n", "whatever", 200, NULL},
            {"/pools/p1/stop", "Origin: https://pages.example\r\n", "", 403, "FORBIDDEN"},
            {"/pools/p1/preload", "Origin: null\r\nContent-Type: application/json\r\n", "{}", 403,
             "FORBIDDEN"},
            {"/pools/p1/status", "Origin: https://pages.example\r\n", "", 200, NULL},
    };
    Fixture *f = *state;
    Client *c = client_new(f);

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        char request[512];
        Answer a;

        (void)snprintf(request, sizeof(request),
                       "POST %s HTTP/1.1\r\nHost: h\r\n%sContent-Length: %zu\r\n\r\n%s",
                       cases[i].path, cases[i].headers, strlen(cases[i].body), cases[i].body);
        client_send(c, request);
        client_receive(c, true, &a);
        if (a.status != cases[i].status)
            fail_msg("%d for %s\n%s", a.status, request, a.body);
        if (cases[i].code && cases[i].code[0])
            assert_string_equal(answer_member(&a, "code"), cases[i].code);
        answer_clear(&a);
    }
    assert_int_equal(fake_manager_count_operations(f->manager), 0);
    assert_false(c->closed);
    client_free(c);
}

static void test_table(void **state)
{
    for (size_t i = 0; route_at(i); i++) {
        const Route *a = route_at(i);

        assert_true(a->method && a->pattern[0] == '/' && a->name && a->summary && a->handler);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(a->name, route_at(j)->name);
    }
    assert_null(route_at(1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_every_path, fixture_setup, fixture_teardown),
            cmocka_unit_test_setup_teardown(test_health_says_version, fixture_setup,
                                            fixture_teardown),
            cmocka_unit_test_setup_teardown(test_pools_is_a_list, fixture_setup, fixture_teardown),
            cmocka_unit_test_setup_teardown(test_before_recovery, fixture_setup, fixture_teardown),
            cmocka_unit_test_setup_teardown(test_options, fixture_setup, fixture_teardown),
            cmocka_unit_test_setup_teardown(test_head, fixture_setup, fixture_teardown),
            cmocka_unit_test_setup_teardown(test_error_object, fixture_setup, fixture_teardown),
            cmocka_unit_test_setup_teardown(test_correlation_id, fixture_setup, fixture_teardown),
            cmocka_unit_test_setup_teardown(test_bodies, fixture_setup, fixture_teardown),
            cmocka_unit_test(test_token),
            cmocka_unit_test(test_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
