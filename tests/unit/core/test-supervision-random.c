/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../base/thorough.h"
#include "supervision-fixture.h"

#include "../../sim/prng.h"

enum {
    DRAWS = 20000,
    SCHEDULES = 10000,
    STEPS = 60,
};

static FailureClass any_failure(Prng *p)
{
    return (FailureClass)prng_range(p, FAILURE_NONE + 1, FAILURE_MAX - 1);
}

/* B-SUPER-013, B-SUPER-011: within the bounds and all over them, and double on average. */
static void test_delays(void **state)
{
    Prng p = {.state = 13};

    for (uint64_t restart = 1; restart <= 5; restart++) {
        usec_t exact = MS(1000) << (restart - 1), sum = 0, low = USEC_INFINITY, high = 0;
        uint64_t buckets[10] = {0};

        for (size_t i = 0; i < DRAWS; i++) {
            _cleanup_(life_done) Life l = life_new();

            l.settings.backoff_jitter_percent = 10;
            l.s.backoff_count = restart - 1;
            l.random = prng_next(&p);
            fail_engine(&l, FAILURE_SIGNAL);
            assert_in_range(l.verdict.delay_usec, exact - exact / 10, exact + exact / 10);
            sum += l.verdict.delay_usec;
            low = usec_min(low, l.verdict.delay_usec);
            high = usec_max(high, l.verdict.delay_usec);
            buckets[(l.verdict.delay_usec - (exact - exact / 10)) * 10 / (exact / 5 + 1)]++;
        }
        assert_in_range(sum / DRAWS, exact - exact / 500, exact + exact / 500);
        assert_true(low < exact - exact / 11 && high > exact + exact / 11);
        for (size_t i = 0; i < ELEMENTSOF(buckets); i++)
            assert_in_range(buckets[i], DRAWS / 10 * 9 / 10, DRAWS / 10 * 11 / 10);
    }
}

/* B-SUPER-012: whatever the numbers, never under the minimum and never over the maximum. */
static void test_bounds(void **state)
{
    Prng p = {.state = 12};

    for (size_t i = 0; i < DRAWS; i++) {
        _cleanup_(life_done) Life l = life_new();
        SupervisionSettings *s = &l.settings;

        s->backoff_max_usec = prng_next(&p) >> prng_range(&p, 1, 63);
        s->backoff_min_usec = prng_range(&p, 0, s->backoff_max_usec);
        s->backoff_initial_usec = prng_next(&p) >> prng_range(&p, 0, 63);
        s->backoff_factor = prng_next(&p) >> prng_range(&p, 0, 63);
        s->backoff_jitter_percent = prng_range(&p, 0, 150);
        s->backoff_cuda_multiplier = prng_next(&p) >> prng_range(&p, 0, 63);
        l.s.backoff_count = prng_next(&p) >> prng_range(&p, 0, 63);
        l.random = prng_next(&p);
        l.now = (Instant){0};
        fail_engine(&l, any_failure(&p));
        assert_in_range(l.verdict.delay_usec, s->backoff_min_usec, s->backoff_max_usec);
    }
}

/* What of one schedule is kept beside the record, to check it by. */
typedef struct Log {
    usec_t restarts[STEPS];
    size_t count;
} Log;

/* Counted by hand: how many of the restarts the window that ends at `now` holds. */
static uint64_t log_count(const Log *log, usec_t span_usec, usec_t now)
{
    uint64_t n = 0;

    for (size_t i = 0; i < log->count; i++)
        n += now - log->restarts[i] < span_usec;
    return n;
}

/* Settings of any kind; times short and long beside each other. */
static Life any_life(Prng *p)
{
    Life l = life_new();
    SupervisionSettings *s = &l.settings;

    s->backoff_initial_usec = prng_range(p, 0, MS(3000));
    s->backoff_max_usec = prng_range(p, 1, S(60));
    s->backoff_min_usec = prng_range(p, 0, usec_min(MS(500), s->backoff_max_usec));
    s->backoff_jitter_percent = prng_range(p, 0, 50);
    s->breaker_threshold = prng_range(p, 1, 12);
    s->breaker_open_usec = prng_range(p, 0, S(100));
    s->breaker_stable_usec = prng_range(p, 0, S(60));
    s->restart_limit = prng_range(p, 1, 20);
    s->restart_window_usec = prng_range(p, 0, S(90));
    s->storm_warning_count = prng_range(p, 1, 10);
    s->storm_breaker_count = prng_range(p, 1, SUPERVISION_COUNT_MAX);
    s->oom_storm_count = prng_range(p, 1, 8);
    return l;
}

/* Somebody looks after a pool that has kept on failing for days. */
static bool reset_by_hand(Life *l)
{
    if (supervision_deadline(&l->s) - l->now.mono < S(100000))
        return false;
    assert_true(supervision_reset(&l->s, l->now));
    assert_usec(supervision_deadline(&l->s), l->now.mono);
    return true;
}

static void check_failure(const Life *l, const Log *log)
{
    const SupervisionSettings *s = &l->settings;
    const SupervisionVerdict *v = &l->verdict;
    CircuitState circuit = supervision_circuit(&l->s, l->now);
    uint64_t storm = log_count(log, s->storm_breaker_window_usec, l->now.mono);
    Instant until;

    assert_int_equal(v->tripped, supervision_open_until(&l->s, &until));
    assert_int_equal(v->tripped, circuit != CIRCUIT_CLOSED);
    if (v->tripped)
        assert_true(v->at.mono >= until.mono); /* B-SUPER-021 */
    else
        assert_true(v->at.mono >= usec_add(l->now.mono, s->backoff_min_usec));
    assert_int_equal(v->storm_restarts, log_count(log, s->storm_warning_window_usec, l->now.mono));
    if (v->failures >= s->breaker_threshold || storm >= s->storm_breaker_count)
        assert_true(l->s.breakers[v->breaker].open); /* B-SUPER-020 */
    if (v->opened && !v->storm_opened)
        assert_true(v->failures >= s->breaker_threshold);
    assert_int_equal(v->opened && storm >= s->storm_breaker_count, v->storm_opened);
    if (!l->s.breakers[BREAKER_GENERAL].open)
        assert_true(l->s.breakers[BREAKER_GENERAL].failures < s->breaker_threshold);
    assert_false(l->s.trial);
}

static void check_restart(Life *l, Log *log)
{
    const SupervisionSettings *s = &l->settings;
    CircuitState circuit = supervision_circuit(&l->s, l->now);

    assert_int_not_equal(circuit, CIRCUIT_OPEN);
    assert_int_equal(supervision_restarting(&l->s, l->now), circuit == CIRCUIT_HALF_OPEN);
    log->restarts[log->count++] = l->now.mono;
    assert_true(log_count(log, s->restart_window_usec, l->now.mono) <= s->restart_limit);
    assert_int_equal(supervision_rate(&l->s, s, l->now),
                     log_count(log, s->restart_window_usec, l->now.mono));
    assert_int_equal(supervision_circuit(&l->s, l->now), circuit); /* until it has been shown */
}

/* B-SUPER-033 and the breaker's rules, over random lives: failures of all kinds, at once or after
 * a run, seen late or on time. The window is held against a count of its own. */
static void test_schedules(void **state)
{
    const uint64_t schedules = SCHEDULES / thorough_stride();
    uint64_t tripped = 0, limited = 0, closed = 0, storms = 0;

    for (uint64_t seed = 0; seed < schedules; seed++) {
        Prng p = {.state = seed};
        _cleanup_(life_done) Life l = any_life(&p);
        Log log = {.count = 0};

        for (size_t step = 0; step < STEPS; step++) {
            l.random = prng_next(&p);
            fail_engine(&l, any_failure(&p));
            check_failure(&l, &log);
            tripped += l.verdict.tripped;
            limited += l.verdict.rate_limited;
            storms += l.verdict.storm_opened;
            if (reset_by_hand(&l))
                log.count = 0;
            pass(&l, supervision_deadline(&l.s) - l.now.mono +
                             (prng_one_in(&p, 4) ? prng_range(&p, 0, S(30)) : 0));
            check_restart(&l, &log);
            if (prng_one_in(&p, 3))
                pass(&l, prng_range(&p, 0, S(10)));
            if (prng_one_in(&p, 8))
                closed +=
                        (run_well(&l, prng_range(&p, 0, S(700))) & SUPERVISION_BREAKER_CLOSED) != 0;
        }
    }
    /* The lives have seen something. */
    assert_true(tripped > schedules && limited > schedules);
    assert_true(closed > schedules / 10 && storms > schedules / 10);
}

static void assert_same(const Life *a, const Life *b)
{
    assert_usec(a->verdict.at.mono, b->verdict.at.mono);
    assert_usec(a->verdict.at.real, b->verdict.at.real);
    assert_usec(a->verdict.delay_usec, b->verdict.delay_usec);
    assert_int_equal(a->verdict.restart, b->verdict.restart);
    assert_int_equal(a->verdict.failures, b->verdict.failures);
    assert_int_equal(a->verdict.opened, b->verdict.opened);
    assert_int_equal(a->verdict.reopened, b->verdict.reopened);
    assert_int_equal(a->verdict.storm_warning, b->verdict.storm_warning);
    assert_int_equal(a->verdict.storm_restarts, b->verdict.storm_restarts);
    assert_int_equal(a->verdict.oom_storm, b->verdict.oom_storm);
    assert_int_equal(a->verdict.ooms, b->verdict.ooms);
    assert_int_equal(a->s.restart_count, b->s.restart_count);
    assert_int_equal(supervision_circuit(&a->s, a->now), supervision_circuit(&b->s, b->now));
}

/* A copy goes on where the record was, at every point of its life; the windows also when
 * they are read back time by time. */
static void test_copy(void **state)
{
    Prng p = {.state = 1};

    for (size_t life = 0; life < 200 / thorough_stride(); life++) {
        _cleanup_(life_done) Life l = any_life(&p), copy = l;

        for (size_t step = 0; step < STEPS; step++) {
            FailureClass failure = any_failure(&p);
            usec_t run = prng_one_in(&p, 8) ? prng_range(&p, 0, S(700)) : 0;

            l.random = prng_next(&p);
            supervision_done(&copy.s);
            copy = l;
            copy.s.restarts = copy.s.ooms = (TimeWindow){0};
            for (size_t i = 0; i < l.s.restarts.count; i++)
                assert_int_equal(time_window_add(&copy.s.restarts, l.s.restarts.times[i]), 0);
            for (size_t i = 0; i < l.s.ooms.count; i++)
                assert_int_equal(time_window_add(&copy.s.ooms, l.s.ooms.times[i]), 0);
            fail_engine(&l, failure);
            fail_engine(&copy, failure);
            assert_same(&l, &copy);
            assert_int_equal(reset_by_hand(&l), reset_by_hand(&copy));
            assert_int_equal(restart_engine(&l), restart_engine(&copy));
            assert_int_equal(run_well(&l, run), run_well(&copy, run));
            assert_same(&l, &copy);
        }
    }
}

static usec_t extreme(Prng *p)
{
    static const usec_t times[] = {
            0, 1, 2, S(60), UINT64_MAX / 2, USEC_INFINITY - 1, USEC_INFINITY};

    return times[prng_range(p, 0, ELEMENTSOF(times) - 1)];
}

/* Clocks and numbers at their ends, and clocks that jump: no sum overflows, nothing is due in the
 * past, and a failure always leaves a restart pending. */
static void test_extremes(void **state)
{
    Prng p = {.state = 99};

    for (size_t i = 0; i < DRAWS; i++) {
        SupervisionSettings s = {0};
        SupervisionVerdict v;
        _cleanup_(supervision_done) Supervision record = {0};
        usec_t *numbers = (usec_t *)&s;

        for (size_t n = 0; n < sizeof(s) / sizeof(*numbers); n++)
            numbers[n] = extreme(&p);
        record.restart_count = record.backoff_count = record.breakers[0].failures = extreme(&p);
        for (size_t step = 0; step < 10; step++) {
            Instant now = {.mono = extreme(&p), .real = extreme(&p)};
            usec_t since = extreme(&p), next;

            if (prng_one_in(&p, 3))
                supervision_rebooted(&record, now);
            supervision_failed(&record, &s, any_failure(&p), now, extreme(&p), &v);
            assert_true(record.pending);
            assert_true(supervision_deadline(&record) >= now.mono);
            assert_true(v.delay_usec <= s.backoff_max_usec);
            assert_true(v.failures > 0 && v.restart > 0);
            if (prng_one_in(&p, 3))
                (void)supervision_allow_once(&record, now);
            now.mono = extreme(&p);
            (void)supervision_restarting(&record, now);
            assert_true(record.restart_count > 0 && record.backoff_count > 0);
            supervision_ready(&record);
            (void)supervision_stable(&record, &s, since, now);
            next = supervision_next_change(&record, &s, since);
            assert_true(next == USEC_INFINITY || next > now.mono);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_delays),    cmocka_unit_test(test_bounds),
            cmocka_unit_test(test_schedules), cmocka_unit_test(test_copy),
            cmocka_unit_test(test_extremes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
