/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-fixture.h"

#include <stdio.h>

/* What is counted of requests and their answers. */

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"

static void scrape(Client *c, Answer *ret)
{
    client_send(c, GET("/metrics"));
    client_receive(c, true, ret);
    assert_int_equal(ret->status, 200);
}

static void assert_line(const Answer *a, const char *wanted)
{
    char line[256];

    (void)snprintf(line, sizeof(line), "\n%s\n", wanted);
    if (!strstr(a->body, line))
        fail_msg("there is no %s in\n%s", wanted, a->body);
}

static void test_answer(void **state)
{
    Client *c = client_new(*state);
    Answer a;

    scrape(c, &a);
    assert_string_equal(answer_header(&a, "Content-Type"),
                        "text/plain; version=0.0.4; charset=utf-8");
    assert_true(startswith(a.body, "pools_of_the_manager 1\n"));
    assert_line(&a, "# TYPE http_requests_total counter");
    assert_line(&a, "# TYPE http_request_duration_seconds histogram");
    answer_clear(&a);
    client_send(c, "HEAD /v2/metrics?whatever HTTP/1.1\r\nHost: h\r\n\r\n");
    client_receive(c, false, &a);
    assert_int_equal(a.status, 200);
    answer_clear(&a);
    client_expect(c, "POST /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 405,
                  "METHOD_NOT_ALLOWED");
    client_free(c);
}

/* So many pools that they are written as the client reads. */
static void test_many(void **state)
{
    Fixture *f = *state;
    Client *c = client_new(f);

    fake_manager_set_more_metrics(f->manager, 9999);
    client_send(c, GET("/metrics"));
    client_expect_text(c, "Transfer-Encoding: chunked\r\n");
    client_expect_text(c, "pools_of_the_manager 1\n");
    client_expect_text(c, "pools_of_the_manager_too 10000\n");
    client_expect_text(c, "\n# TYPE http_requests_total counter\n");
    client_expect_text(c, "\r\n0\r\n\r\n");
    client_expect(c, GET("/health"), 200, NULL);
    client_free(c);
}

/* By route and status, not by what a client writes. */
static void test_counts(void **state)
{
    Client *c = client_new(*state);
    Answer a;

    client_expect(c, GET("/health"), 200, NULL);
    client_expect(c, GET("/v2/health?a=b"), 200, NULL);
    client_expect(c, GET("/pools/p1/status"), 200, NULL);
    client_expect(c, GET("/pools/a/status"), 404, "POOL_NOT_FOUND");
    client_expect(c, GET("/pools/b/status"), 404, "POOL_NOT_FOUND");
    client_expect(c, GET("/nothing"), 404, "NOT_FOUND");
    client_expect(c, "ODD /health HTTP/1.1\r\nHost: h\r\n\r\n", 405, "METHOD_NOT_ALLOWED");
    client_expect(c, GET("/pools/a%/status"), 400, "BAD_REQUEST");
    scrape(c, &a);
    assert_line(&a, "http_requests_total{method=\"GET\",route=\"/health\",status=\"200\"} 2\n"
                    "http_requests_total{method=\"GET\",route=\"/pools/{id}/status\","
                    "status=\"200\"} 1\n"
                    "http_requests_total{method=\"GET\",route=\"/pools/{id}/status\","
                    "status=\"404\"} 2\n"
                    "http_requests_total{method=\"none\",route=\"none\",status=\"400\"} 1\n"
                    "http_requests_total{method=\"none\",route=\"none\",status=\"404\"} 1\n"
                    "http_requests_total{method=\"none\",route=\"none\",status=\"405\"} 1");
    assert_line(&a, "http_request_duration_seconds_count{method=\"GET\",route=\"/health\","
                    "status=\"200\"} 2");
    assert_null(strstr(a.body, "ODD"));
    assert_null(strstr(a.body, "nothing"));
    answer_clear(&a);
    scrape(c, &a);
    assert_line(&a, "http_requests_total{method=\"GET\",route=\"/metrics\",status=\"200\"} 1");
    answer_clear(&a);
    client_free(c);
}

/* A request that is answered before it is read to its end. */
static void test_early(void **state)
{
    Client *c = client_new(*state);
    Answer a;

    client_send(c, "POST /pools/p1/preload HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n"
                   "Content-Type: application/json\r\n\r\n");
    client_receive(c, true, &a);
    assert_int_equal(a.status, 413);
    answer_clear(&a);
    client_free(c);
    c = client_new(*state);
    scrape(c, &a);
    assert_line(&a, "http_requests_total{method=\"POST\",route=\"/pools/{id}/preload\","
                    "status=\"413\"} 1");
    answer_clear(&a);
    client_free(c);
}

/* Neither the lock of the registry nor recovery is waited for. */
static void test_always_answered(void **state)
{
    Fixture *f = *state;
    Client *c = client_new(f);
    Answer a;

    fake_manager_set_recovered(f->manager, false);
    fake_manager_hold_lock(f->manager, true);
    scrape(c, &a);
    answer_clear(&a);
    fake_manager_hold_lock(f->manager, false);
    client_free(c);
}

static void test_token(void **state)
{
    Fixture *f = fixture_new();
    Client *c;
    Answer a;

    f->settings.token = "secret";
    fixture_start(f);
    c = client_new(f);
    client_expect(c, GET("/metrics"), 401, "UNAUTHORIZED");
    client_send(c, "GET /metrics HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer secret\r\n\r\n");
    client_receive(c, true, &a);
    assert_line(&a, "http_requests_total{method=\"GET\",route=\"/metrics\",status=\"401\"} 1");
    answer_clear(&a);
    client_free(c);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_answer, fixture_setup, fixture_teardown),
            cmocka_unit_test_setup_teardown(test_many, fixture_setup, fixture_teardown),
            cmocka_unit_test_setup_teardown(test_counts, fixture_setup, fixture_teardown),
            cmocka_unit_test_setup_teardown(test_early, fixture_setup, fixture_teardown),
            cmocka_unit_test_setup_teardown(test_always_answered, fixture_setup, fixture_teardown),
            cmocka_unit_test(test_token),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
