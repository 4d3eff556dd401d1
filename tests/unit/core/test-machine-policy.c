/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "fixture.h"

/* What the policy of a spec changes of the supervision of its pool. */

#define SECONDS(n) ((n)*USEC_PER_SEC)

/* Its engine is ready. */
static void run_engine(Fixture *f, EngineSpec *spec)
{
    preload_spec(f, spec);
    facts_good(f);
    observe(f, unit_running());
    probe(f, true);
    assert_int_equal(f->pool->state, POOL_READY);
}

static void assert_due_in(const Fixture *f, PoolState state, usec_t span)
{
    assert_int_equal(f->pool->state, state);
    assert_int_equal(pool_next_deadline(f->pool), f->now.mono + span);
}

static void test_backoff(void **state)
{
    static const usec_t seconds[] = {3, 9, 20};
    EngineSpec *spec = spec_sample();
    Fixture *f = *state;

    spec->policy.numbers.backoff_initial_usec = SECONDS(3);
    spec->policy.numbers.backoff_factor = 3;
    spec->policy.numbers.backoff_max_usec = SECONDS(20);
    run_engine(f, spec);
    for (size_t i = 0; i < ELEMENTSOF(seconds); i++) {
        crash(f);
        assert_due_in(f, POOL_BACKOFF, SECONDS(seconds[i]));
        comes_back(f);
    }
}

static void test_breaker(void **state)
{
    EngineSpec *spec = spec_sample();
    Fixture *f = *state;

    spec->policy.numbers.breaker_threshold = 1;
    spec->policy.numbers.breaker_open_usec = SECONDS(7);
    run_engine(f, spec);
    crash(f);
    assert_due_in(f, POOL_TRIPPED, SECONDS(7));
}

/* What does not fit when somebody asks for it is tried again only where that is wanted. */
static void test_retry_no_fit(void **state)
{
    static const struct {
        bool setting;
        Flag policy;
        RestartPolicy restart;
        PmErrorCode code;
        PoolState becomes;
    } cases[] = {
            {false, FLAG_UNSET, RESTART_UNSET, PM_ERROR_DOES_NOT_FIT, POOL_FAILED},
            {false, FLAG_ON, RESTART_UNSET, PM_ERROR_DOES_NOT_FIT, POOL_BACKOFF},
            {true, FLAG_UNSET, RESTART_UNSET, PM_ERROR_DOES_NOT_FIT, POOL_BACKOFF},
            {true, FLAG_OFF, RESTART_UNSET, PM_ERROR_DOES_NOT_FIT, POOL_FAILED},
            {true, FLAG_ON, RESTART_NO, PM_ERROR_DOES_NOT_FIT, POOL_FAILED},
            {true, FLAG_ON, RESTART_UNSET, PM_ERROR_PRELOAD_FAILED, POOL_FAILED},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        EngineSpec *spec = spec_sample();

        fresh(f, POOL_OFF);
        f->settings.retry_no_fit = cases[i].setting;
        spec->policy.retry_no_fit = cases[i].policy;
        spec->policy.restart = cases[i].restart;
        preload_spec(f, spec);
        facts_refuse(f, cases[i].code, "vram_bytes", "too large");
        assert_int_equal(f->pool->state, cases[i].becomes);
        /* Whoever has asked is told in any case. */
        assert_int_equal(ended_operation(f)->error.code, cases[i].code);
        if (cases[i].becomes == POOL_FAILED)
            continue;
        comes_back(f);
        assert_int_equal(f->pool->state, POOL_READY);
    }
}

static void test_stable_run(void **state)
{
    EngineSpec *spec = spec_sample();
    Fixture *f = *state;
    usec_t since;

    f->settings.liveness_interval_usec = SECONDS(1000);
    spec->policy.numbers.breaker_stable_usec = SECONDS(11);
    spec->policy.numbers.backoff_reset_usec = SECONDS(12);
    spec->policy.numbers.counter_reset_usec = SECONDS(13);
    run_engine(f, spec);
    crash(f);
    comes_back(f);
    since = f->now.mono;
    for (unsigned i = 11; i <= 13; i++) {
        assert_int_equal(f->pool->stable_at, since + SECONDS(i));
        timer(f);
        expect(f, POOL_READY, "save");
    }
    assert_int_equal(f->pool->supervision.restart_count, 0);
    assert_int_equal(f->pool->stable_at, USEC_INFINITY);
}

/* It is as if the engine had been started by hand: whoever looks after it decides. */
static void test_never_restarted(void **state)
{
    EngineSpec *spec = spec_sample();
    Fixture *f = *state;

    spec->policy.restart = RESTART_NO;
    run_engine(f, spec);
    crash(f);
    expect(f, POOL_FAILED, "no-handoff no-pid reset log:crashed save");
    assert_false(f->pool->supervision.pending);
    assert_int_equal(f->pool->crash_count, 1);
    assert_int_equal(pool_next_deadline(f->pool), USEC_INFINITY);

    /* By hand it is, and then it is as before. */
    restart_engine(f);
    facts_good(f);
    observe(f, unit_running());
    probe(f, true);
    assert_int_equal(f->pool->state, POOL_READY);
    crash(f);
    assert_int_equal(f->pool->state, POOL_FAILED);
}

/* An engine that we end for being unhealthy is one that has failed. */
static void test_never_restarted_when_unhealthy(void **state)
{
    EngineSpec *spec = spec_sample();
    Fixture *f = *state;

    spec->policy.restart = RESTART_NO;
    spec->health.failures = 1;
    run_engine(f, spec);
    timer(f);
    probe(f, false);
    assert_int_equal(f->pool->state, POOL_STOPPING);
    observe(f, unit_left(CLD_KILLED, SIGTERM));
    assert_int_equal(f->pool->state, POOL_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_backoff),         pool_test(test_retry_no_fit),
            pool_test(test_breaker),         pool_test(test_stable_run),
            pool_test(test_never_restarted), pool_test(test_never_restarted_when_unhealthy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
