/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe-fixture.h"

#include <errno.h>

#include "../base/alloc-fixture.h"

/* libcurl without memory: whichever allocation fails, the try ends, long before its time is up, and
 * says nothing bad of the server. */

enum { ALLOCATIONS_MIN = 20 }; /* that a try takes; else nothing was shown */

/* Returns whether an allocation has failed. */
static bool try_with_failure(Fixture *f, const ProbeTarget *target, size_t after)
{
    Result result = {0};
    Probe *probe;
    bool failed;
    int r;

    alloc_fail_after(after);
    r = probe_start(f->prober, target, result_take, &result, &probe);
    if (r >= 0)
        fixture_run_until(f, &result.calls, 1);
    failed = alloc_fail_end();
    if (r < 0)
        assert_int_equal(r, -ENOMEM);
    assert_string_equal(result.error, "");
    return failed;
}

static void test_each_allocation(void **state)
{
    static const Script script = {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};
    Fixture *f = *state;
    ProbeTarget target = {.host = "127.0.0.1", .path = "/", .timeout_usec = 3600 * USEC_PER_SEC};
    Result good;
    size_t n = 0;

    f->server = scripted_server_new(f->event, "127.0.0.1", &script);
    target.port = scripted_server_port(f->server);
    while (try_with_failure(f, &target, n))
        n++;
    assert_true(n >= ALLOCATIONS_MIN);
    good = fixture_try(f, &target);
    assert_good(&good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_each_allocation, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
