/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../manager/fake-devices.h"
#include "http-fixture.h"

#define GET_DEVICES "GET /devices HTTP/1.1\r\nHost: h\r\n\r\n"
#define GET_HEALTH  "GET /health HTTP/1.1\r\nHost: h\r\n\r\n"

static void expect_devices(Client *c)
{
    Answer a;

    client_receive(c, true, &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "{\"gpus\":[]}\n");
    answer_clear(&a);
}

/* Sends it while they are being looked for, and waits until it waits. */
static Client *wait_for_devices(Fixture *f, Client *c)
{
    size_t before = fake_devices_count_waiting();

    client_send(c, GET_DEVICES);
    RUN_UNTIL(f, fake_devices_count_waiting() == before + 1);
    fixture_settle(f);
    assert_int_equal(c->received.length, 0);
    return c;
}

static void test_at_once(void **state)
{
    Fixture *f = *state;
    Client *c = client_new(f);

    client_send(c, GET_DEVICES);
    expect_devices(c);
    client_free(c);
}

static void test_later(void **state)
{
    Fixture *f = *state;
    Client *c, *other = client_new(f);

    fake_devices_hold(true);
    c = wait_for_devices(f, client_new(f));
    client_expect(other, GET_HEALTH, 200, NULL);
    fake_devices_hold(false);
    expect_devices(c);
    /* The connection is good for more. */
    client_expect(c, GET_HEALTH, 200, NULL);
    client_free(c);
    client_free(other);
}

static void test_client_goes_meanwhile(void **state)
{
    Fixture *f = *state;

    fake_devices_hold(true);
    client_free(wait_for_devices(f, client_new_unix(f)));
    RUN_UNTIL(f, fake_devices_count_waiting() == 0);
    fake_devices_hold(false);
    fixture_settle(f);
}

static void test_shutdown_meanwhile(void **state)
{
    Fixture *f = fixture_new();
    Client *c;
    Answer a;

    fixture_start(f);
    fake_devices_hold(true);
    c = wait_for_devices(f, client_new(f));
    fixture_stop(f);
    client_receive(c, true, &a);
    assert_int_equal(a.status, 503);
    answer_clear(&a);
    client_free(c);
    assert_int_equal(fake_devices_count_waiting(), 0);
    fake_devices_hold(false);
    fixture_free(f);
}

#define WITH_SERVER(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            WITH_SERVER(test_at_once),
            WITH_SERVER(test_later),
            WITH_SERVER(test_client_goes_meanwhile),
            cmocka_unit_test(test_shutdown_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
