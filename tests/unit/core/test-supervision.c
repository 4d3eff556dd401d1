/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervision-fixture.h"

#include <inttypes.h>

/* B-SUPER-010: the first restart has the initial delay. */
static void test_first_delay(void **state)
{
    _cleanup_(life_done) Life l = life_new();

    assert_usec(supervision_deadline(&l.s), USEC_INFINITY);
    fail_engine(&l, FAILURE_PROCESS_EXIT);
    assert_false(l.verdict.tripped);
    assert_int_equal(l.verdict.restart, 1);
    assert_usec(l.verdict.delay_usec, MS(1000));
    assert_usec(l.verdict.at.mono, l.now.mono + MS(1000));
    assert_usec(l.verdict.at.real, l.now.real + MS(1000));
    assert_false(l.verdict.rate_limited);
}

static const struct {
    FailureClass failure;
    uint64_t initial_ms, min_ms, max_ms, factor;
    uint64_t delays_ms[9];
} delay_cases[] = {
        {FAILURE_PROCESS_EXIT,
         1000,
         500,
         60000,
         2,
         {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000}},
        {FAILURE_SIGNAL,
         1000,
         500,
         10000,
         3,
         {1000, 3000, 9000, 10000, 10000, 10000, 10000, 10000, 10000}},
        {FAILURE_SIGNAL,
         3000,
         500,
         60000,
         1,
         {3000, 3000, 3000, 3000, 3000, 3000, 3000, 3000, 3000}},
        /* never under the minimum */
        {FAILURE_SIGNAL, 100, 500, 2000, 2, {500, 500, 500, 800, 1600, 2000, 2000, 2000, 2000}},
        /* the classes of the GPU wait twice as long, and no longer than the others at most */
        {FAILURE_CUDA,
         1000,
         500,
         60000,
         2,
         {2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000, 60000}},
        {FAILURE_DRIVER_RESET,
         1000,
         500,
         3000,
         2,
         {2000, 3000, 3000, 3000, 3000, 3000, 3000, 3000, 3000}},
        {FAILURE_VRAM_OOM,
         100,
         500,
         60000,
         2,
         {500, 500, 800, 1600, 3200, 6400, 12800, 25600, 51200}},
        {FAILURE_OUT_OF_MEMORY, 100, 100, 300, 2, {100, 200, 300, 300, 300, 300, 300, 300, 300}},
        /* the maximum wins over a minimum that is larger */
        {FAILURE_HEALTH_CHECK, 100, 500, 300, 2, {300, 300, 300, 300, 300, 300, 300, 300, 300}},
        {FAILURE_START_TIMEOUT, 0, 0, 60000, 2, {0, 0, 0, 0, 0, 0, 0, 0, 0}},
};

/* B-SUPER-011, B-SUPER-012: each delay is twice the one before, up to the maximum. */
static void test_delays(void **state)
{
    for (size_t i = 0; i < ELEMENTSOF(delay_cases); i++) {
        _cleanup_(life_done) Life l = life_new();

        l.settings.backoff_initial_usec = MS(delay_cases[i].initial_ms);
        l.settings.backoff_min_usec = MS(delay_cases[i].min_ms);
        l.settings.backoff_max_usec = MS(delay_cases[i].max_ms);
        l.settings.backoff_factor = delay_cases[i].factor;
        l.settings.breaker_threshold = l.settings.storm_breaker_count = 99;
        for (size_t n = 0; n < ELEMENTSOF(delay_cases[i].delays_ms); n++) {
            fail_engine(&l, delay_cases[i].failure);
            if (l.verdict.delay_usec != MS(delay_cases[i].delays_ms[n]))
                fail_msg("case %zu, restart %zu: %" PRIu64, i, n + 1, l.verdict.delay_usec);
            assert_int_equal(l.verdict.restart, n + 1);
            assert_usec(l.verdict.at.mono, l.now.mono + l.verdict.delay_usec);
            (void)restart_engine(&l);
        }
    }
}

/* However many restarts, and however large the numbers: the maximum, not what is left of a sum that
 * did not fit. */
static void test_delay_after_many(void **state)
{
    static const struct {
        usec_t initial;
        uint64_t factor, multiplier, count;
    } cases[] = {
            {MS(1000), 2, 2, 64},
            {1, 2, 2, 63},
            {1, 2, 2, UINT64_MAX - 1},
            {1, 2, 2, UINT64_MAX},
            {MS(1000), UINT64_MAX / 2 + 1, 2, 1},
            {MS(1000), 2, UINT64_MAX / 2 + 1, 0},
            {UINT64_MAX / 2 + 1, 2, 2, 0},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_(life_done) Life l = life_new();

        l.settings.backoff_initial_usec = cases[i].initial;
        l.settings.backoff_factor = cases[i].factor;
        l.settings.backoff_cuda_multiplier = cases[i].multiplier;
        l.s.backoff_count = cases[i].count;
        fail_engine(&l, FAILURE_CUDA);
        if (l.verdict.delay_usec != MS(60000))
            fail_msg("case %zu: %" PRIu64, i, l.verdict.delay_usec);
    }
}

/* Which classes are the GPU's, of all there are. */
static void test_multiplier(void **state)
{
    for (FailureClass each = FAILURE_NONE + 1; each < FAILURE_MAX; each++) {
        _cleanup_(life_done) Life l = life_new();
        bool gpu = each == FAILURE_CUDA || each == FAILURE_DRIVER_RESET || each == FAILURE_VRAM_OOM;

        l.settings.backoff_cuda_multiplier = 7;
        fail_engine(&l, each);
        assert_usec(l.verdict.delay_usec, gpu ? MS(7000) : MS(1000));
        assert_int_equal(l.verdict.breaker, gpu ? BREAKER_CUDA : BREAKER_GENERAL);
    }
}

/* B-SUPER-013: the number drawn decides where between the bounds the delay is. */
static void test_jitter(void **state)
{
    static const struct {
        usec_t initial;
        uint64_t percent, random;
        usec_t delay;
    } cases[] = {
            {MS(1000), 10, 0, MS(900)},
            {MS(1000), 10, MS(100), MS(1000)},
            {MS(1000), 10, MS(200), MS(1100)},
            {MS(1000), 10, MS(200) + 1, MS(900)}, /* and from the beginning again */
            {MS(1000), 10, 1, MS(900) + 1},
            {MS(1000), 0, UINT64_MAX, MS(1000)},
            {MS(1000), 100, 0, MS(500)}, /* the minimum */
            {MS(1000), 100, MS(2000), MS(2000)},
            {MS(1000), 1000, MS(2000), MS(2000)}, /* more than all of it is all of it */
            {MS(60000), 10, 0, MS(54000)},
            {MS(60000), 10, MS(12000), MS(60000)}, /* the maximum */
            {MS(64000), 10, 0, MS(54000)},         /* of what is capped */
            {MS(550), 10, 0, MS(500)},
            {1000150, 10, 0, 900135}, /* no remainder is lost */
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_(life_done) Life l = life_new();

        l.settings.backoff_initial_usec = cases[i].initial;
        l.settings.backoff_jitter_percent = cases[i].percent;
        l.random = cases[i].random;
        fail_engine(&l, FAILURE_SIGNAL);
        if (l.verdict.delay_usec != cases[i].delay)
            fail_msg("case %zu: %" PRIu64, i, l.verdict.delay_usec);
    }
}

/* B-SUPER-014: after a stable run the next delay is the first again. */
static void test_backoff_reset(void **state)
{
    _cleanup_(life_done) Life l = life_new();

    crash_loop(&l, FAILURE_SIGNAL, 3);
    assert_usec(l.verdict.delay_usec, MS(4000));
    (void)restart_engine(&l);
    assert_int_equal(run_well(&l, S(300) - 1), SUPERVISION_ROW_ENDED);
    fail_engine(&l, FAILURE_SIGNAL);
    assert_usec(l.verdict.delay_usec, MS(8000));
    (void)restart_engine(&l);
    assert_int_equal(run_well(&l, S(300)), SUPERVISION_ROW_ENDED | SUPERVISION_BACKOFF_RESET);
    fail_engine(&l, FAILURE_SIGNAL);
    assert_usec(l.verdict.delay_usec, MS(1000));
    assert_int_equal(l.verdict.restart, 1);
}

/* B-SUPER-030, B-SUPER-031: each restart counts; a long stable run ends the count. */
static void test_restart_count(void **state)
{
    _cleanup_(life_done) Life l = life_new();

    for (uint64_t n = 1; n <= 3; n++) {
        fail_engine(&l, FAILURE_SIGNAL);
        assert_int_equal(l.s.restart_count, n - 1);
        (void)restart_engine(&l);
        assert_int_equal(l.s.restart_count, n);
        assert_usec(supervision_deadline(&l.s), USEC_INFINITY);
    }
    assert_int_equal(run_well(&l, S(600) - 1), SUPERVISION_ROW_ENDED | SUPERVISION_BACKOFF_RESET);
    assert_int_equal(l.s.restart_count, 3);
    fail_engine(&l, FAILURE_SIGNAL);
    (void)restart_engine(&l);
    assert_int_equal(l.s.restart_count, 4);
    assert_int_equal(run_well(&l, S(600)),
                     SUPERVISION_ROW_ENDED | SUPERVISION_BACKOFF_RESET | SUPERVISION_COUNTER_RESET);
    assert_int_equal(l.s.restart_count, 0);
}

/* What a stable run changes, each when it is due and not before; then there is nothing left. */
static void test_stable_run(void **state)
{
    static const struct {
        usec_t at;
        unsigned changes;
        usec_t next;
    } cases[] = {
            {0, 0, S(60)},
            {S(60) - 1, 0, S(60)},
            {S(60), SUPERVISION_ROW_ENDED, S(300)},
            {S(60), 0, S(300)},
            {S(300) - 1, 0, S(300)},
            {S(300), SUPERVISION_BACKOFF_RESET, S(600)},
            {S(600) - 1, 0, S(600)},
            {S(601), SUPERVISION_COUNTER_RESET, USEC_INFINITY},
            {S(6000), 0, USEC_INFINITY},
    };
    _cleanup_(life_done) Life l = life_new();
    usec_t since;

    assert_usec(supervision_next_change(&l.s, &l.settings, 0), USEC_INFINITY);
    fail_engine(&l, FAILURE_SIGNAL);
    (void)restart_engine(&l);
    assert_usec(l.s.delay_usec, MS(1000)); /* it is shown until the engine is ready */
    supervision_ready(&l.s);
    assert_usec(l.s.delay_usec, 0);
    since = l.now.mono;
    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        usec_t next = cases[i].next == USEC_INFINITY ? USEC_INFINITY : since + cases[i].next;

        pass(&l, since + cases[i].at - l.now.mono);
        assert_int_equal(supervision_stable(&l.s, &l.settings, since, l.now), cases[i].changes);
        assert_usec(supervision_next_change(&l.s, &l.settings, since), next);
    }
}

/* Late, all of it at once. Times of "never" do not come. */
static void test_stable_run_seen_late(void **state)
{
    _cleanup_(life_done) Life l = life_new();
    Life never;

    crash_loop(&l, FAILURE_SIGNAL, 2);
    (void)restart_engine(&l);
    never = l;
    never.settings.breaker_stable_usec = never.settings.backoff_reset_usec = USEC_INFINITY;
    never.settings.counter_reset_usec = USEC_INFINITY;
    assert_int_equal(run_well(&never, S(100000)), 0);
    never.now.mono = USEC_INFINITY;
    assert_int_equal(supervision_stable(&never.s, &never.settings, 0, never.now), 0);
    pass(&l, S(10000));
    assert_int_equal(supervision_stable(&l.s, &l.settings, l.now.mono - S(10000), l.now),
                     SUPERVISION_ROW_ENDED | SUPERVISION_BACKOFF_RESET | SUPERVISION_COUNTER_RESET);
}

/* A stop by hand: nothing is due any more, and what was is not forgotten. */
static void test_cancel(void **state)
{
    _cleanup_(life_done) Life l = life_new();

    crash_loop(&l, FAILURE_SIGNAL, 2);
    supervision_cancel(&l.s);
    assert_usec(supervision_deadline(&l.s), USEC_INFINITY);
    assert_usec(l.s.delay_usec, 0);
    assert_int_equal(l.s.restart_count, 1);
    assert_false(supervision_allow_once(&l.s, l.now));
    fail_engine(&l, FAILURE_SIGNAL);
    assert_usec(l.verdict.delay_usec, MS(2000));
    assert_int_equal(l.verdict.failures, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_first_delay),
            cmocka_unit_test(test_delays),
            cmocka_unit_test(test_delay_after_many),
            cmocka_unit_test(test_multiplier),
            cmocka_unit_test(test_jitter),
            cmocka_unit_test(test_backoff_reset),
            cmocka_unit_test(test_restart_count),
            cmocka_unit_test(test_stable_run),
            cmocka_unit_test(test_stable_run_seen_late),
            cmocka_unit_test(test_cancel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
