/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../manager/fake-plan.h"
#include "http-fixture.h"

#include <stdio.h>

#define BODY(pool)                                                                                \
    "{\"prepared\":{\"pool_id\":\"" pool "\",\"binary_path\":\"/e\",\"flags\":[],\"host\":\"h\"," \
    "\"port\":1,\"model_path\":\"m\",\"engine_version\":\"1\"}}"
#define GET_HEALTH "GET /health HTTP/1.1\r\nHost: h\r\n\r\n"

static void send_plan(Client *c, const char *body)
{
    char request[1024];

    (void)snprintf(request, sizeof(request),
                   "POST /plan HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                   "Content-Length: %zu\r\n\r\n%s",
                   strlen(body), body);
    client_send(c, request);
}

static void expect_plan(Client *c, unsigned status, const char *part)
{
    Answer a;

    client_receive(c, true, &a);
    assert_int_equal(a.status, status);
    if (!strstr(a.body, part))
        fail_msg("\"%s\" is not in %s", part, a.body);
    answer_clear(&a);
}

/* Sends it while none is made, and waits until it waits. */
static Client *wait_for_plan(Fixture *f, Client *c)
{
    fake_plan_hold(true);
    send_plan(c, BODY("chat"));
    RUN_UNTIL(f, fake_plan_count_waiting() == 1);
    fixture_settle(f);
    assert_int_equal(c->received.length, 0);
    return c;
}

static void test_at_once(void **state)
{
    Fixture *f = *state;
    Client *c = client_new(f);

    send_plan(c, BODY("chat"));
    expect_plan(c, 200, "{\"pool_id\":\"chat\"}");
    send_plan(c, BODY("unrecovered"));
    expect_plan(c, 503, "UNAVAILABLE");
    client_free(c);
}

static void test_later(void **state)
{
    Fixture *f = *state;
    Client *c = wait_for_plan(f, client_new(f)), *other = client_new(f);

    client_expect(other, GET_HEALTH, 200, NULL);
    fake_plan_hold(false);
    expect_plan(c, 200, "{\"pool_id\":\"chat\"}");
    client_expect(c, GET_HEALTH, 200, NULL);
    client_free(c);
    client_free(other);
}

static void test_bad_body(void **state)
{
    Fixture *f = *state;
    Client *c = client_new(f);

    send_plan(c, "{\"prepared\":{\"pool_id\":\"chat\"}}");
    expect_plan(c, 400, "binary_path");
    client_free(c);
}

static void test_client_goes_meanwhile(void **state)
{
    Fixture *f = *state;

    client_free(wait_for_plan(f, client_new_unix(f)));
    RUN_UNTIL(f, fake_plan_count_waiting() == 0);
    fake_plan_hold(false);
    fixture_settle(f);
}

static void test_shutdown_meanwhile(void **state)
{
    Fixture *f = fixture_new();
    Client *c;

    fixture_start(f);
    c = wait_for_plan(f, client_new(f));
    fixture_stop(f);
    expect_plan(c, 503, "UNAVAILABLE");
    client_free(c);
    assert_int_equal(fake_plan_count_waiting(), 0);
    fake_plan_hold(false);
    fixture_free(f);
}

#define WITH_SERVER(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            WITH_SERVER(test_at_once),
            WITH_SERVER(test_later),
            WITH_SERVER(test_bad_body),
            WITH_SERVER(test_client_goes_meanwhile),
            cmocka_unit_test(test_shutdown_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
