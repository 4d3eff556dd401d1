/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-fixture.h"

#include <time.h>

#define GET_HEALTH "GET /health HTTP/1.1\r\nHost: h\r\n\r\n"

static usec_t clock_usec(void)
{
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (usec_t)now.tv_sec * USEC_PER_SEC + (usec_t)now.tv_nsec / 1000;
}

/* One of many calls from the bus: after each there is the next one. */
static int on_call(sd_event_source *source, void *userdata)
{
    size_t *calls = userdata;
    usec_t until = clock_usec() + 100;

    while (clock_usec() < until)
        ;
    ++*calls;
    return 0;
}

/* What comes before clients never ends: they are answered all the same. */
static void test_flood(void **state)
{
    Fixture *f = *state;
    Client *c = client_new(f);
    sd_event_source *flood = NULL;
    usec_t start;
    size_t calls = 0;

    client_expect(c, GET_HEALTH, 200, NULL);
    assert_true(sd_event_add_defer(f->event, &flood, on_call, &calls) >= 0);
    assert_true(sd_event_source_set_enabled(flood, SD_EVENT_ON) >= 0);
    /* Before HTTP, behind the client of this test. */
    assert_true(sd_event_source_set_priority(flood, SD_EVENT_PRIORITY_NORMAL + 1) >= 0);
    for (int i = 0; i < 10; i++) {
        client_send(c, GET_HEALTH);
        start = clock_usec();
        while (c->received.length == 0 && clock_usec() - start < USEC_PER_SEC)
            fixture_run(f);
        assert_true(c->received.length > 0);
        text_done(&c->received);
    }
    /* But they do not come first. */
    assert_true(calls > 100);
    sd_event_source_disable_unref(flood);
    client_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_flood, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
