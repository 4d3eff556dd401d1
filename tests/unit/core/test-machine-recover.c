/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "fixture.h"

/* Our own restart: what the pool was, with each way in which its unit can be found. */

typedef struct Recovery {
    PoolState was;
    UnitObservation unit;
    PoolState becomes;
    const char *effects;
} Recovery;

static void test_recover(void **state)
{
    Fixture *f = *state;
    const UnitObservation crashed = unit_failed(CLD_EXITED, 1, UNIT_RESULT_EXIT_CODE),
                          left = unit_left(CLD_EXITED, 0);
    const Recovery table[] = {
            {POOL_OFF, unit_gone(), POOL_OFF, "no-handoff no-pid"},
            {POOL_FAILED, unit_gone(), POOL_FAILED, "no-handoff no-pid"},
            {POOL_FAILED, crashed, POOL_FAILED, "no-handoff reset no-pid"},
            {POOL_FAILED, unit_running(), POOL_STOPPING, "no-handoff save log:stopping stop"},
            {POOL_FAILED, unit_starting(), POOL_STOPPING, "no-handoff save log:stopping stop"},

            {POOL_STARTING, unit_gone(), POOL_FAILED,
             "no-handoff no-pid log:preload-failed save end:preload:PRELOAD_FAILED"},
            {POOL_STARTING, crashed, POOL_FAILED,
             "no-handoff no-pid reset log:preload-failed save end:preload:PRELOAD_FAILED"},
            {POOL_STARTING, left, POOL_OFF,
             "no-handoff no-pid log:preload-failed save end:preload:PRELOAD_FAILED"},
            {POOL_STARTING, unit_starting(), POOL_STARTING, "no-handoff"},
            {POOL_STARTING, unit_running(), POOL_WARMING, "no-handoff pid probe"},
            {POOL_STARTING, unit_stopping(), POOL_STOPPING, "no-handoff save"},

            {POOL_READY, unit_running(), POOL_ADOPTING, "pid probe"},
            {POOL_READY, unit_stopping(), POOL_STOPPING, "no-handoff save"},
            {POOL_READY, unit_abandoned(), POOL_STOPPING, "no-handoff save reset kill query"},
            {POOL_READY, crashed, POOL_BACKOFF,
             "no-handoff no-pid reset log:crashed log:restart-scheduled save"},
            {POOL_READY, left, POOL_OFF, "no-handoff no-pid log:exited save"},
            {POOL_READY, unit_gone(), POOL_BACKOFF,
             "no-handoff no-pid log:crashed log:restart-scheduled save"},

            {POOL_STOPPING, unit_running(), POOL_STOPPING, "no-handoff save log:stopping stop"},
            {POOL_STOPPING, unit_stopping(), POOL_STOPPING, "no-handoff save log:stopping stop"},
            {POOL_STOPPING, unit_abandoned(), POOL_STOPPING, "no-handoff reset kill query"},
            {POOL_STOPPING, unit_abandoned_and_reset(), POOL_STOPPING,
             "no-handoff save log:stopping stop"},
            {POOL_STOPPING, left, POOL_OFF, "no-handoff no-pid log:stopped save end:stop:success"},
            {POOL_STOPPING, crashed, POOL_OFF,
             "no-handoff no-pid reset log:stopped save end:stop:success"},
            {POOL_STOPPING, unit_gone(), POOL_OFF,
             "no-handoff no-pid log:stopped save end:stop:success"},
    };

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        uint64_t generation;

        fresh(f, table[i].was);
        generation = f->pool->generation;
        restart(f, table[i].unit);
        expect(f, table[i].becomes, table[i].effects);
        assert_int_equal(f->pool->generation, generation);
        /* There is a deadline exactly when there is an engine, or is to be one, unless a probe
         * runs. */
        assert_int_equal(pool_next_deadline(f->pool) != USEC_INFINITY || f->pool->probe_running,
                         pool_has_engine(f->pool) || f->pool->state == POOL_BACKOFF);
    }
}

/* The same engine goes on: same generation, no new handoff until the check has passed. */
static void test_adopted(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    pass(f, 40 * USEC_PER_SEC);
    restart(f, unit_running());
    expect(f, POOL_ADOPTING, "pid probe");
    assert_true(pool_is_live(f->pool));
    assert_false(pool_is_ready(f->pool));
    assert_true(pool_has_handoff(f->pool));
    probe(f, true);
    expect(f, POOL_READY, "handoff save log:adopted");
    assert_int_equal(f->pool->generation, 1);
    assert_true(pool_is_ready(f->pool));
}

/* An error of an earlier time is not forgotten by adopting. */
static void test_adopted_with_error(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    error_text_set(&f->pool->last_error, "something");
    f->pool->last_error_class = FAILURE_SIGNAL;
    restart(f, unit_running());
    probe(f, true);
    assert_string_equal(f->pool->last_error, "something");
    assert_int_equal(f->pool->last_error_class, FAILURE_SIGNAL);
}

static void test_adopted_but_sick(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_ADOPTING);
    for (size_t i = 0; i < 2; i++) {
        probe(f, false);
        expect(f, POOL_ADOPTING, "");
        timer(f);
        expect(f, POOL_ADOPTING, "probe");
    }
    probe(f, false);
    expect(f, POOL_STOPPING, "save no-handoff log:unhealthy stop");
}

/* The start that we were killed in has the rest of its time. */
static void test_start_goes_on(void **state)
{
    Fixture *f = *state;
    usec_t began = f->now.mono;

    reach(f, POOL_STARTING);
    pass(f, 50 * USEC_PER_SEC);
    restart(f, unit_running());
    assert_int_equal(f->pool->phase_deadline, began + 120 * USEC_PER_SEC);
    probe(f, true);
    expect(f, POOL_READY, "handoff save log:ready end:preload:success");
}

/* Or, when that is over, time for one try at the least. */
static void test_start_goes_on_late(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_STARTING);
    pass(f, 500 * USEC_PER_SEC);
    restart(f, unit_running());
    expect(f, POOL_WARMING, "no-handoff pid probe");
    assert_int_equal(f->pool->phase_deadline, f->now.mono + 4 * USEC_PER_SEC);
    timer(f);
    expect(f, POOL_STOPPING, "save no-probe log:health-timeout stop");
}

static void test_start_found_half_way(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_STARTING);
    restart(f, unit_starting());
    expect(f, POOL_STARTING, "no-handoff");
    observe(f, unit_running());
    expect(f, POOL_WARMING, "pid log:started probe");
}

/* A ready engine whose unit is active, of whose process nothing is known: it says so soon. */
static void test_ready_without_pid(void **state)
{
    Fixture *f = *state;
    UnitObservation u = unit_running();

    u.main_pid = 0;
    reach(f, POOL_READY);
    restart(f, u);
    expect(f, POOL_STARTING, "no-handoff");
    assert_int_not_equal(pool_next_deadline(f->pool), USEC_INFINITY);
    observe(f, unit_running());
    probe(f, true);
    expect(f, POOL_READY, "handoff save log:ready");
}

/* Why it was being stopped is not forgotten. */
static void test_stop_reason_survives(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_WARMING);
    pass(f, 120 * USEC_PER_SEC);
    timer(f);
    restart(f, unit_left(CLD_KILLED, SIGTERM));
    expect(f, POOL_FAILED, "no-handoff no-pid log:preload-failed save end:preload:PRELOAD_FAILED");
    assert_int_equal(f->pool->last_error_class, FAILURE_START_TIMEOUT);
}

static void test_own_end_survives(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    observe(f, unit_stopping());
    restart(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "no-handoff no-pid log:exited save");
}

/* A preflight is not saved but for a restart; a file that says so nevertheless is no engine. */
static void test_preflight(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_PREFLIGHT);
    restart(f, unit_gone());
    expect(f, POOL_OFF, "no-handoff no-pid");
    preload(f);
    expect(f, POOL_PREFLIGHT, "log:preload-started facts");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_recover),
            pool_test(test_adopted),
            pool_test(test_adopted_with_error),
            pool_test(test_adopted_but_sick),
            pool_test(test_start_goes_on),
            pool_test(test_start_goes_on_late),
            pool_test(test_start_found_half_way),
            pool_test(test_ready_without_pid),
            pool_test(test_stop_reason_survives),
            pool_test(test_own_end_survives),
            pool_test(test_preflight),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
