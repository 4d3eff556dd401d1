/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe-fixture.h"

#include <stdio.h>
#include <time.h>

#define GIVE_UP_USEC (20 * USEC_PER_SEC)

usec_t now_usec(void)
{
    struct timespec ts;

    assert_return_code(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
    return (usec_t)ts.tv_sec * USEC_PER_SEC + (usec_t)ts.tv_nsec / 1000;
}

int fixture_setup(void **state)
{
    Fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    assert_return_code(sd_event_new(&f->event), 0);
    assert_return_code(prober_new(f->event, &f->prober), 0);
    *state = f;
    return 0;
}

int fixture_teardown(void **state)
{
    Fixture *f = *state;

    prober_free(f->prober);
    scripted_server_free(f->server);
    sd_event_unref(f->event);
    free(f);
    return 0;
}

void result_take(bool good, const char *error, void *userdata)
{
    Result *result = userdata;

    result->calls++;
    result->good = good;
    result->has_error = error != NULL;
    if (error)
        (void)snprintf(result->error, sizeof(result->error), "%s", error);
}

void fixture_turn(Fixture *f, usec_t timeout_usec)
{
    assert_return_code(sd_event_run(f->event, timeout_usec), 0);
}

void fixture_run_until(Fixture *f, const unsigned *counter, unsigned wanted)
{
    usec_t give_up = now_usec() + GIVE_UP_USEC;

    while (*counter < wanted) {
        if (now_usec() > give_up)
            fail_msg("the loop came to no end: %u of %u", *counter, wanted);
        fixture_turn(f, USEC_PER_SEC);
    }
}

Probe *fixture_start(Fixture *f, const ProbeTarget *target, Result *result)
{
    Probe *probe = NULL;

    *result = (Result){};
    assert_int_equal(probe_start(f->prober, target, result_take, result, &probe), 0);
    assert_non_null(probe);
    assert_int_equal(result->calls, 0); /* never from within */
    return probe;
}

Result fixture_try(Fixture *f, const ProbeTarget *target)
{
    Result result;

    fixture_start(f, target, &result);
    fixture_run_until(f, &result.calls, 1);
    return result;
}

Result fixture_try_script(Fixture *f, const Script *script, usec_t timeout_usec)
{
    scripted_server_free(f->server);
    f->server = scripted_server_new(f->event, "127.0.0.1", script);
    return fixture_try(f, &(ProbeTarget){.host = "127.0.0.1",
                                         .port = scripted_server_port(f->server),
                                         .path = "/health",
                                         .timeout_usec = timeout_usec});
}

void assert_good(const Result *result)
{
    assert_int_equal(result->calls, 1);
    assert_string_equal(result->error, "");
    assert_true(result->good);
    assert_false(result->has_error);
}

void assert_bad(const Result *result, const char *error)
{
    assert_int_equal(result->calls, 1);
    assert_false(result->good);
    assert_string_equal(result->error, error);
}
