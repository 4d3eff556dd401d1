/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec-fixture.h"

#include <inttypes.h>

#include "../../sim/prng.h"
#include "core/probe_schedule.h"

#define MS(n) ((n)*USEC_PER_MSEC)
#define S(n)  ((n)*USEC_PER_SEC)

static void test_pause(void **state)
{
    static const struct {
        bool ramp;
        usec_t interval, waited, pause;
    } cases[] = {
            /* 2 % of the time waited, at least 2 ms, at most the interval */
            {true, MS(500), 0, MS(2)},
            {true, MS(500), 1, MS(2)},
            {true, MS(500), MS(100), MS(2)},
            {true, MS(500), MS(101), 2020},
            {true, MS(500), MS(150), MS(3)},
            {true, MS(500), S(1), MS(20)},
            {true, MS(500), S(10), MS(200)},
            {true, MS(500), S(25) - 50, MS(500) - 1},
            {true, MS(500), S(25), MS(500)},
            {true, MS(500), S(26), MS(500)},
            {true, MS(500), S(120), MS(500)},
            {true, MS(500), USEC_INFINITY, MS(500)},
            {true, MS(1), 0, MS(1)}, /* the interval is the upper bound, come what may */
            {true, MS(1), S(10), MS(1)},
            /* B-PRELOAD-011: without the ramp always the interval */
            {false, MS(500), 0, MS(500)},
            {false, MS(500), S(1), MS(500)},
            {false, MS(500), S(120), MS(500)},
            {false, MS(1), S(120), MS(1)},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        ProbeSettings s = {.ramp = cases[i].ramp, .interval_usec = cases[i].interval};
        usec_t pause = probe_pause(&s, cases[i].waited);

        if (pause != cases[i].pause)
            fail_msg("case %zu: %" PRIu64, i, pause);
    }
}

static void test_liveness_pause(void **state)
{
    const ProbeSettings s = {.liveness_interval_usec = S(5)};

    assert_true(probe_liveness_pause(&s, 0) == S(5));
    assert_true(probe_liveness_pause(&s, 1) == S(5) - 1);
    assert_true(probe_liveness_pause(&s, MS(625)) == MS(4375)); /* an eighth */
    assert_true(probe_liveness_pause(&s, MS(625) + 1) == S(5));
    assert_true(probe_liveness_slack(&s) == MS(250));
    assert_true(probe_liveness_slack(&(ProbeSettings){.liveness_interval_usec = MS(20)}) == MS(1));
    assert_true(probe_liveness_slack(&(ProbeSettings){.liveness_interval_usec = S(60)}) == MS(250));
    assert_true(probe_adopted_pause(&s, 0) == S(5));
    assert_true(probe_adopted_pause(&s, S(5)) == 0);
    assert_true(probe_adopted_pause(&s, S(5) + 1) == S(5));
}

/* A thousand engines that were found at one moment, all of which answer at once: in no hundredth of
 * the interval are more than a few times their share asked. */
static void test_checks_of_many_spread(void **state)
{
    enum { ENGINES = 1000, PARTS = 100, ROUNDS = 20 };
    const ProbeSettings s = {.liveness_interval_usec = S(5)};
    unsigned asked[PARTS * (ROUNDS + 1)] = {0};
    Prng prng = {1};

    for (size_t i = 0; i < ENGINES; i++) {
        usec_t at = probe_adopted_pause(&s, prng_next(&prng));

        while (at < ROUNDS * S(5)) {
            asked[at / (S(5) / PARTS)]++;
            at += probe_liveness_pause(&s, prng_next(&prng));
        }
    }
    for (size_t i = 0; i < (size_t)PARTS * ROUNDS; i++)
        if (asked[i] > 4 * ENGINES / PARTS)
            fail_msg("%u in part %zu", asked[i], i);
}

/* An engine that needs `t` is seen 2 % later at most, or 2 ms or the interval. */
static void test_ramp_sees_an_engine_soon(void **state)
{
    const ProbeSettings s = {.ramp = true, .interval_usec = MS(500)};
    usec_t waited = 0;
    unsigned tries = 0;

    for (; waited < S(120); tries++) {
        usec_t pause = probe_pause(&s, waited);

        assert_true(pause <= usec_min(usec_max(waited / 50, MS(2)), MS(500)));
        waited += pause;
    }
    assert_in_range(tries, 240, 600); /* and yet it is not pestered */
}

static const PolicySettings policy = {
        .health_interval_usec = MS(500),
        .health_ramp = true,
        .health_timeout_usec = S(120),
        .health_try_timeout_usec = S(2),
        .health_path = "/health",
        .liveness_interval_usec = S(5),
        .liveness_failures = 3,
        .stop_grace_usec = S(5),
};

static void assert_settings(const EngineSpec *spec, const ProbeSettings *wanted)
{
    ProbeSettings s;

    probe_settings(spec, &policy, &s);
    assert_string_equal(s.path, wanted->path);
    assert_true(s.interval_usec == wanted->interval_usec);
    assert_true(s.timeout_usec == wanted->timeout_usec);
    assert_true(s.try_timeout_usec == wanted->try_timeout_usec);
    assert_true(s.ramp == wanted->ramp);
    assert_true(s.liveness_interval_usec == wanted->liveness_interval_usec);
    assert_true(s.liveness_failures == wanted->liveness_failures);
}

/* Each override alone, then all of them. */
static void test_settings_of_a_pool(void **state)
{
    _cleanup_spec_ EngineSpec *spec = spec_minimal("p"), *full = spec_full("p");
    const ProbeSettings defaults = {"/health", MS(500), S(120), S(2), true, S(5), 3};
    ProbeSettings wanted = defaults;

    assert_settings(spec, &wanted);
    spec->health.interval_ms = 100;
    wanted.interval_usec = MS(100);
    assert_settings(spec, &wanted);
    spec->health.timeout_ms = 60000;
    wanted.timeout_usec = S(60);
    assert_settings(spec, &wanted);
    spec->health.failures = 5;
    wanted.liveness_failures = 5;
    assert_settings(spec, &wanted);
    spec->health.path = text("/up");
    wanted.path = "/up";
    assert_settings(spec, &wanted);
    assert_settings(full, &wanted);
}

static void test_stop_grace(void **state)
{
    _cleanup_spec_ EngineSpec *spec = spec_minimal("p");

    assert_true(spec_stop_grace(spec, &policy) == S(5));
    spec->stop_grace_ms = 1500;
    assert_true(spec_stop_grace(spec, &policy) == MS(1500));
    spec->stop_grace_ms = 0; /* SIGKILL at once is a wish too */
    assert_true(spec_stop_grace(spec, &policy) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_pause),
            cmocka_unit_test(test_liveness_pause),
            cmocka_unit_test(test_checks_of_many_spread),
            cmocka_unit_test(test_ramp_sees_an_engine_soon),
            cmocka_unit_test(test_settings_of_a_pool),
            cmocka_unit_test(test_stop_grace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
