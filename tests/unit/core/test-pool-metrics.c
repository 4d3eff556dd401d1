/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>

#include "reload-fixture.h"

/* What is counted of the life of a pool. The fixture counts the effects of every step. */

#define MS(n) ((n)*USEC_PER_MSEC)

static uint64_t count(const Fixture *f, PoolCount which)
{
    return f->metrics.counts[which];
}

/* That it failed so often, all for this reason. */
static void assert_failures(const Fixture *f, PoolFailure which, size_t reason, uint64_t times)
{
    const uint64_t *failures = f->metrics.failures[which];

    for (size_t i = 0; i < REASON_MAX; i++)
        assert_int_equal(failures ? failures[i] : 0, i == reason ? times : 0);
}

static void assert_no_failures(const Fixture *f, PoolFailure which)
{
    assert_failures(f, which, 0, 0);
}

/* That so many were measured, of this length all together. */
static void assert_times(const Fixture *f, PoolTime which, uint64_t times, usec_t sum)
{
    const Histogram *found = f->metrics.times[which];

    assert_int_equal(found ? histogram_count(found) : 0, times);
    assert_int_equal(found ? found->sum_usec : 0, sum);
}

static void forget(Fixture *f)
{
    pool_metrics_done(&f->metrics);
}

static void drain_within(Fixture *f, usec_t within_usec)
{
    step(f, (Event){.type = EVENT_DRAIN,
                    .command = {.operation = ++f->operations, .within_usec = within_usec}});
}

/* The engine is well until the deadline is over. */
static void drain_ends(Fixture *f)
{
    while (f->pool->state == POOL_DRAINING) {
        if (f->pool->probe_running)
            probe(f, true);
        else
            timer(f);
    }
}

/* B-METRICS-001: one that is repeated, or refused, is none. */
static void test_preload(void **state)
{
    Fixture *f = *state;

    preload(f);
    facts_good(f);
    pass(f, MS(700));
    observe(f, unit_running());
    assert_int_equal(count(f, POOL_COUNT_PRELOADED), 0);
    pass(f, MS(800));
    probe(f, true);
    assert_int_equal(f->pool->state, POOL_READY);
    assert_int_equal(count(f, POOL_COUNT_PRELOADED), 1);
    assert_times(f, POOL_TIME_START, 1, MS(1500));
    preload(f);
    preload_spec(f, spec_next());
    assert_int_equal(count(f, POOL_COUNT_PRELOADED), 1);
    assert_no_failures(f, POOL_FAILURE_PRELOAD);
    assert_no_failures(f, POOL_FAILURE_CRASH);
}

/* B-METRICS-002 */
static void test_preload_fails(void **state)
{
    Fixture *f = *state;

    preload(f);
    facts_bad(f);
    assert_failures(f, POOL_FAILURE_PRELOAD, FAILURE_PREFLIGHT, 1);
    forget(f);
    preload(f);
    facts_good(f);
    start_failed(f);
    assert_failures(f, POOL_FAILURE_PRELOAD, FAILURE_EXEC_SETUP, 1);
    forget(f);
    preload(f);
    facts_good(f);
    crash(f);
    assert_failures(f, POOL_FAILURE_PRELOAD, FAILURE_SIGNAL, 1);
    assert_no_failures(f, POOL_FAILURE_CRASH);
    forget(f);
    preload(f);
    stop(f);
    assert_failures(f, POOL_FAILURE_PRELOAD, REASON_CANCELLED, 1);
    assert_int_equal(count(f, POOL_COUNT_PRELOADED), 0);
    assert_times(f, POOL_TIME_START, 0, 0);
}

/* B-METRICS-002: what the engine has said counts for more than how it ended. */
static void test_preload_fails_by_its_output(void **state)
{
    Fixture *f = *state;

    f->reads_output = true;
    preload(f);
    facts_good(f);
    observe(f, unit_failed(CLD_EXITED, 1, UNIT_RESULT_EXIT_CODE));
    assert_no_failures(f, POOL_FAILURE_PRELOAD);
    output(f, FAILURE_VRAM_OOM, "out of memory");
    assert_failures(f, POOL_FAILURE_PRELOAD, FAILURE_VRAM_OOM, 1);
}

/* An engine that does not end fails the preload that waits for it, once. */
static void test_preload_is_stuck(void **state)
{
    Fixture *f = *state;

    preload(f);
    facts_good(f);
    observe(f, unit_running());
    while (f->pool->operation.kind == OPERATION_PRELOAD) {
        if (f->pool->probe_running)
            probe(f, false);
        else
            timer(f);
    }
    assert_failures(f, POOL_FAILURE_PRELOAD, REASON_STOP_FAILED, 1);
}

/* B-METRICS-006, B-METRICS-007 */
static void test_restarts(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    crash(f);
    assert_failures(f, POOL_FAILURE_CRASH, FAILURE_SIGNAL, 1);
    assert_failures(f, POOL_FAILURE_RESTART_SCHEDULED, FAILURE_SIGNAL, 1);
    assert_times(f, POOL_TIME_BACKOFF, 1, MS(1000));
    assert_int_equal(count(f, POOL_COUNT_RESTARTED), 0);
    comes_back(f);
    assert_int_equal(count(f, POOL_COUNT_RESTARTED), 1);
    crash(f);
    comes_back(f);
    assert_failures(f, POOL_FAILURE_CRASH, FAILURE_SIGNAL, 2);
    assert_times(f, POOL_TIME_BACKOFF, 2, MS(3000));
    assert_int_equal(count(f, POOL_COUNT_RESTARTED), 2);
    assert_int_equal(histogram_count(f->metrics.times[POOL_TIME_START]), 3);
    assert_int_equal(count(f, POOL_COUNT_PRELOADED), 1);
}

/* One by hand is none of the supervision's. */
static void test_restart_by_hand(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    restart_engine(f);
    observe(f, unit_left(CLD_KILLED, SIGTERM));
    facts_good(f);
    observe(f, unit_running());
    probe(f, true);
    assert_int_equal(f->pool->state, POOL_READY);
    assert_int_equal(count(f, POOL_COUNT_RESTARTED), 0);
    assert_int_equal(count(f, POOL_COUNT_PRELOADED), 1);
    assert_no_failures(f, POOL_FAILURE_CRASH);
    assert_int_equal(histogram_count(f->metrics.times[POOL_TIME_START]), 2);
}

static void test_breaker_and_storm(void **state)
{
    Fixture *f = *state;

    f->settings.supervision.breaker_threshold = 3;
    f->settings.supervision.storm_warning_count = 1;
    reach(f, POOL_READY);
    for (size_t i = 0; i < 2; i++) {
        crash(f);
        comes_back(f);
    }
    assert_int_equal(count(f, POOL_COUNT_BREAKER_OPENED), 0);
    crash(f);
    assert_int_equal(f->pool->state, POOL_TRIPPED);
    assert_int_equal(count(f, POOL_COUNT_BREAKER_OPENED), 1);
    assert_int_equal(count(f, POOL_COUNT_RESTART_STORM), 1);
    /* No delay was chosen: the end of the open time is waited for. */
    assert_failures(f, POOL_FAILURE_RESTART_SCHEDULED, FAILURE_SIGNAL, 2);
    timer(f);
    facts_bad(f);
    assert_int_equal(f->pool->state, POOL_TRIPPED);
    assert_int_equal(count(f, POOL_COUNT_BREAKER_OPENED), 2);
}

static void test_drains(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    (void)lease_for(f, SPEC_UNSET);
    drain_within(f, MS(5000));
    drain_within(f, MS(5000)); /* is refused */
    pass(f, MS(40));
    release_lease(f);
    observe(f, unit_left(CLD_KILLED, SIGTERM));
    assert_int_equal(f->metrics.drains[DRAIN_COMPLETED], 1);
    assert_times(f, POOL_TIME_DRAIN, 1, MS(40));
    fresh(f, POOL_READY);
    (void)lease_for(f, SPEC_UNSET);
    drain_within(f, MS(100));
    timer(f);
    assert_int_equal(count(f, POOL_COUNT_DRAIN_FORCED), 1);
    observe(f, unit_left(CLD_KILLED, SIGTERM));
    assert_int_equal(f->metrics.drains[DRAIN_FORCED], 1);
    assert_times(f, POOL_TIME_DRAIN, 2, MS(140));
    fresh(f, POOL_READY);
    (void)lease_for(f, SPEC_UNSET);
    drain_within(f, MS(100));
    stop(f);
    assert_int_equal(f->metrics.drains[DRAIN_CANCELLED], 1);
    assert_int_equal(f->metrics.drains[DRAIN_COMPLETED], 1);
    assert_int_equal(f->metrics.drains[DRAIN_FORCED], 1);
    assert_int_equal(f->metrics.drains[DRAIN_FAILED], 0);
    assert_int_equal(count(f, POOL_COUNT_DRAIN_FORCED), 1);
}

static void test_drain_is_stuck(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    drain_within(f, 0);
    while (f->pool->operation.kind == OPERATION_DRAIN)
        timer(f);
    assert_int_equal(f->metrics.drains[DRAIN_FAILED], 1);
}

static void test_reload(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    reload_to(f, spec_next());
    pass(f, MS(250));
    arrive(f);
    assert_int_equal(f->pool->state, POOL_READY);
    assert_int_equal(count(f, POOL_COUNT_RELOADED), 1);
    assert_times(f, POOL_TIME_RELOAD, 1, MS(250));
    /* What runs already is not touched. */
    reload_to(f, spec_next());
    assert_int_equal(count(f, POOL_COUNT_RELOADED), 1);
    assert_no_failures(f, POOL_FAILURE_RELOAD);
    assert_int_equal(count(f, POOL_COUNT_PRELOADED), 1);
    assert_no_failures(f, POOL_FAILURE_CRASH);
}

static void test_reload_fails(void **state)
{
    Fixture *f = *state;

    reach_phase(f, RELOAD_STAGING);
    staging_failed(f);
    assert_failures(f, POOL_FAILURE_RELOAD, FAILURE_PROVISION, 1);
    assert_int_equal(histogram_count(f->metrics.times[POOL_TIME_RELOAD]), 1);
    forget(f);
    reach_phase(f, RELOAD_DRAINING);
    drain_ends(f);
    assert_failures(f, POOL_FAILURE_RELOAD, FAILURE_DRAIN_TIMEOUT, 1);
    forget(f);
    reach_phase(f, RELOAD_RETURNING);
    assert_no_failures(f, POOL_FAILURE_RELOAD); /* not before it is clear what becomes of it */
    facts_good(f);
    observe(f, unit_running());
    probe(f, true);
    assert_failures(f, POOL_FAILURE_RELOAD, FAILURE_PREFLIGHT, 1);
    forget(f);
    reach_phase(f, RELOAD_DRAINING);
    stop(f);
    assert_failures(f, POOL_FAILURE_RELOAD, REASON_CANCELLED, 1);
    assert_int_equal(count(f, POOL_COUNT_RELOADED), 0);
}

/* What a run of the daemon before this one has begun is measured from its beginning. */
static void test_recovered(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    forget(f);
    restart(f, unit_running());
    probe(f, true);
    assert_int_equal(f->pool->state, POOL_READY);
    assert_times(f, POOL_TIME_START, 0, 0);
    assert_int_equal(count(f, POOL_COUNT_PRELOADED), 0);
    fresh(f, POOL_WARMING);
    forget(f);
    pass(f, MS(300));
    restart(f, unit_running());
    probe(f, true);
    assert_times(f, POOL_TIME_START, 1, MS(300));
    assert_int_equal(count(f, POOL_COUNT_PRELOADED), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_preload),
            pool_test(test_preload_fails),
            pool_test(test_preload_fails_by_its_output),
            pool_test(test_preload_is_stuck),
            pool_test(test_restarts),
            pool_test(test_restart_by_hand),
            pool_test(test_breaker_and_storm),
            pool_test(test_drains),
            pool_test(test_drain_is_stuck),
            pool_test(test_reload),
            pool_test(test_reload_fails),
            pool_test(test_recovered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
