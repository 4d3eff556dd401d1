/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervision-fixture.h"

/* No breaker, and always the same delay: restarts come as fast as `delay_usec` lets them. */
static Life life_with_delay(usec_t delay_usec)
{
    Life l = life_new();

    l.settings.backoff_initial_usec = l.settings.backoff_max_usec = delay_usec;
    l.settings.backoff_min_usec = 0;
    l.settings.breaker_threshold = UINT64_MAX;
    l.settings.storm_breaker_count = UINT64_MAX;
    return l;
}

/* B-SUPER-033: ten in 60 s, and the eleventh when the first is 60 s ago. */
static void test_rate_limit(void **state)
{
    _cleanup_(life_done) Life l = life_with_delay(S(1));
    usec_t restarts[35];

    for (size_t n = 0; n < ELEMENTSOF(restarts); n++) {
        fail_engine(&l, FAILURE_SIGNAL);
        assert_false(l.verdict.tripped);
        assert_usec(l.verdict.delay_usec, S(1));
        if (n % 10 || n == 0) {
            assert_false(l.verdict.rate_limited);
            assert_usec(l.verdict.at.mono, l.now.mono + S(1));
        } else {
            assert_true(l.verdict.rate_limited);
            assert_usec(l.verdict.at.mono, restarts[n - 10] + S(60));
        }
        (void)restart_engine(&l);
        restarts[n] = l.now.mono;
        assert_int_equal(supervision_rate(&l.s, &l.settings, l.now), n < 10 ? n + 1 : 10);
    }
}

/* The window slides: it is never emptied at once, as a period would be. */
static void test_rate_limit_slides(void **state)
{
    _cleanup_(life_done) Life l = life_with_delay(0);

    for (size_t n = 0; n < 10; n++) {
        fail_engine(&l, FAILURE_SIGNAL);
        (void)restart_engine(&l);
        pass(&l, S(5));
    }
    for (size_t n = 0; n < 10; n++) { /* 50 s after the first: one place each 5 s */
        fail_engine(&l, FAILURE_SIGNAL);
        assert_usec(l.verdict.at.mono, l.now.mono + (n == 0 ? S(10) : S(5)));
        (void)restart_engine(&l);
        assert_int_equal(supervision_rate(&l.s, &l.settings, l.now), 10);
    }
    pass(&l, S(60) - 1);
    assert_int_equal(supervision_rate(&l.s, &l.settings, l.now), 1);
    pass(&l, 1);
    assert_int_equal(supervision_rate(&l.s, &l.settings, l.now), 0);
}

/* A trial waits for the window, too; one that is allowed by hand does not. */
static void test_rate_limit_of_trials(void **state)
{
    _cleanup_(life_done) Life l = life_with_delay(0);

    l.settings.breaker_open_usec = S(1);
    for (size_t n = 0; n < 10; n++) {
        fail_engine(&l, FAILURE_SIGNAL);
        (void)restart_engine(&l);
    }
    l.settings.breaker_threshold = 5;
    fail_engine(&l, FAILURE_SIGNAL);
    assert_true(l.verdict.tripped && l.verdict.rate_limited);
    assert_usec(l.verdict.at.mono, l.now.mono + S(60));
    assert_true(supervision_allow_once(&l.s, l.now));
    assert_usec(supervision_deadline(&l.s), l.now.mono);
    assert_true(restart_engine(&l));
    assert_int_equal(supervision_rate(&l.s, &l.settings, l.now), 11);
}

/* A reset by hand gives way at once. */
static void test_rate_limit_reset(void **state)
{
    _cleanup_(life_done) Life l = life_with_delay(S(1));

    crash_loop(&l, FAILURE_SIGNAL, 11);
    assert_true(l.verdict.rate_limited);
    (void)supervision_reset(&l.s, l.now);
    assert_usec(supervision_deadline(&l.s), l.now.mono);
    (void)restart_engine(&l);
    assert_int_equal(supervision_rate(&l.s, &l.settings, l.now), 1);
    fail_engine(&l, FAILURE_SIGNAL);
    assert_false(l.verdict.rate_limited);
}

/* More than five restarts in 60 s: said once, and again when there was quiet in between. */
static void test_warning(void **state)
{
    _cleanup_(life_done) Life l = life_with_delay(S(1));

    for (size_t storm = 0; storm < 2; storm++) {
        for (uint64_t n = 0; n <= 9; n++) {
            fail_engine(&l, FAILURE_SIGNAL);
            assert_int_equal(l.verdict.storm_restarts, n);
            assert_int_equal(l.verdict.storm_warning, n == 6);
            assert_int_equal(l.s.storm_warned, n >= 6);
            if (n < 9)
                (void)restart_engine(&l);
        }
        (void)restart_engine(&l);
        pass(&l, S(60));
        fail_engine(&l, FAILURE_SIGNAL);
        assert_false(l.verdict.storm_warning || l.s.storm_warned);
        pass(&l, S(1000));
    }
}

/* Five pauses lie between six restarts: 60 s of them are no storm. */
static void test_warning_window(void **state)
{
    static const struct {
        usec_t delay;
        bool warned;
    } cases[] = {{S(12), false}, {S(12) - 1, true}};

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_(life_done) Life l = life_with_delay(cases[i].delay);
        bool warned = false;

        for (size_t n = 0; n < 20; n++) {
            fail_engine(&l, FAILURE_SIGNAL);
            warned = warned || l.verdict.storm_warning;
            (void)restart_engine(&l);
        }
        assert_int_equal(warned, cases[i].warned);
    }
}

/* Ten restarts in 30 s open the breaker, whatever the failures in a row. */
static void test_opens_breaker(void **state)
{
    static const struct {
        FailureClass failure;
        usec_t delay;
        bool opened;
        BreakerKind breaker;
    } cases[] = {
            {FAILURE_SIGNAL, S(1), true, BREAKER_GENERAL},
            {FAILURE_CUDA, S(1), true, BREAKER_CUDA},
            {FAILURE_SIGNAL, S(3), true, BREAKER_GENERAL},
            {FAILURE_SIGNAL, S(30) / 9 - 1, true, BREAKER_GENERAL}, /* nine pauses: under 30 s */
            {FAILURE_SIGNAL, S(30) / 9 + 1, false, BREAKER_GENERAL},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_(life_done) Life l = life_with_delay(cases[i].delay);
        Breaker *other = &l.s.breakers[!cases[i].breaker];

        l.settings.storm_breaker_count = 10;
        for (size_t n = 0; n < 10; n++) {
            fail_engine(&l, cases[i].failure);
            assert_false(l.verdict.tripped || l.verdict.opened || l.verdict.storm_opened);
            (void)restart_engine(&l);
        }
        fail_engine(&l, cases[i].failure);
        assert_int_equal(l.verdict.storm_opened, cases[i].opened);
        assert_int_equal(l.verdict.opened, cases[i].opened);
        assert_int_equal(l.verdict.tripped, cases[i].opened);
        assert_int_equal(l.s.breakers[cases[i].breaker].open, cases[i].opened);
        assert_false(other->open);
        if (cases[i].opened)
            assert_usec(l.verdict.at.mono, l.now.mono + S(300));
    }
}

/* Five ends for want of memory, of either kind, in 60 s: said once. */
static void test_oom_storm(void **state)
{
    static const FailureClass ooms[] = {FAILURE_OUT_OF_MEMORY, FAILURE_VRAM_OOM};
    _cleanup_(life_done) Life l = life_with_delay(S(5));

    for (size_t storm = 0; storm < 2; storm++) {
        for (uint64_t n = 1; n <= 7; n++) {
            fail_engine(&l, ooms[n % 2]);
            assert_int_equal(l.verdict.ooms, n);
            assert_int_equal(l.verdict.oom_storm, n == 5);
            (void)restart_engine(&l);
            fail_engine(&l, FAILURE_CUDA); /* counts for nothing here */
            assert_int_equal(l.verdict.ooms, n);
            assert_false(l.verdict.oom_storm);
        }
        pass(&l, S(60));
        fail_engine(&l, FAILURE_SIGNAL);
        assert_int_equal(l.verdict.ooms, 0);
    }
}

static void test_oom_window(void **state)
{
    static const struct {
        usec_t pause;
        bool storm;
    } cases[] = {{S(15), false}, {S(15) - 1, true}}; /* four pauses between five */

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_(life_done) Life l = life_with_delay(0);
        bool storm = false;

        for (size_t n = 0; n < 20; n++) {
            fail_engine(&l, FAILURE_VRAM_OOM);
            storm = storm || l.verdict.oom_storm;
            pass(&l, cases[i].pause);
        }
        assert_int_equal(storm, cases[i].storm);
    }
}

/* After a reset by hand both storms begin from nothing. */
static void test_reset(void **state)
{
    _cleanup_(life_done) Life l = life_with_delay(S(1));

    for (size_t round = 0; round < 2; round++) {
        bool warned = false, oom = false;

        for (size_t n = 0; n < 8; n++) {
            fail_engine(&l, FAILURE_OUT_OF_MEMORY);
            assert_int_equal(l.verdict.storm_restarts, n);
            assert_int_equal(l.verdict.ooms, n + 1);
            warned = warned || l.verdict.storm_warning;
            oom = oom || l.verdict.oom_storm;
            (void)restart_engine(&l);
        }
        assert_true(warned && oom);
        (void)supervision_reset(&l.s, l.now);
        assert_false(l.s.storm_warned || l.s.oom_storm_warned);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_rate_limit),
            cmocka_unit_test(test_rate_limit_slides),
            cmocka_unit_test(test_rate_limit_of_trials),
            cmocka_unit_test(test_rate_limit_reset),
            cmocka_unit_test(test_warning),
            cmocka_unit_test(test_warning_window),
            cmocka_unit_test(test_opens_breaker),
            cmocka_unit_test(test_oom_storm),
            cmocka_unit_test(test_oom_window),
            cmocka_unit_test(test_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
