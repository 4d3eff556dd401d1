/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "fixture.h"

/* A ready engine whose restart has begun to stop it. */
static void begin(Fixture *f)
{
    fresh(f, POOL_READY);
    restart_engine(f);
    expect(f, POOL_STOPPING, "save no-handoff log:stopping stop");
}

/* The same, as far as the preflight of the next engine. */
static void begin_next(Fixture *f)
{
    begin(f);
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_PREFLIGHT, "no-pid log:stopped log:preload-started facts save");
}

static void test_whole_way(void **state)
{
    Fixture *f = *state;
    uint64_t operation;

    begin(f);
    operation = f->operations;
    assert_false(pool_is_ready(f->pool));
    assert_int_equal(f->pool->stop_reason, STOP_RESTART);
    observe(f, unit_stopping());
    expect(f, POOL_STOPPING, "");
    observe(f, unit_failed(CLD_KILLED, SIGTERM, UNIT_RESULT_SIGNAL));
    expect(f, POOL_PREFLIGHT, "no-pid reset log:stopped log:preload-started facts save");
    facts_good(f);
    expect(f, POOL_STARTING, "save start");
    assert_int_equal(f->pool->generation, 2);
    observe(f, unit_running());
    expect(f, POOL_WARMING, "pid log:started probe");
    pass(f, USEC_PER_SEC);
    probe(f, true);
    expect(f, POOL_READY, "handoff save log:ready end:restart:success");
    assert_int_equal(ended_operation(f)->id, operation);
    assert_int_equal(ended_operation(f)->generation, 2);
    assert_int_equal(ended_operation(f)->duration_usec, USEC_PER_SEC);
    assert_int_equal(f->pool->crash_count, 0);
    assert_null(f->pool->last_error);
}

/* Where there is an engine it is stopped first, where there was one it is started; nowhere else. */
static void test_from_each_state(void **state)
{
    static const struct {
        PoolState from;
        PoolState becomes;
        const char *effects;
    } cases[] = {
            {POOL_OFF, POOL_OFF, "end:restart:NO_ENGINE"}, /* never had one */
            {POOL_FAILED, POOL_PREFLIGHT, "log:preload-started facts"},
            {POOL_PREFLIGHT, POOL_PREFLIGHT, "end:restart:OPERATION_IN_PROGRESS"},
            {POOL_STARTING, POOL_STARTING, "end:restart:OPERATION_IN_PROGRESS"},
            {POOL_WARMING, POOL_WARMING, "end:restart:OPERATION_IN_PROGRESS"},
            {POOL_READY, POOL_STOPPING, "save no-handoff log:stopping stop"},
            {POOL_STOPPING, POOL_STOPPING, "end:restart:OPERATION_IN_PROGRESS"},
            {POOL_ADOPTING, POOL_STOPPING, "save no-handoff no-probe log:stopping stop"},
            {POOL_EXTERNAL, POOL_EXTERNAL, "end:restart:ALREADY_RUNNING"},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        fresh(f, cases[i].from);
        restart_engine(f);
        expect(f, cases[i].becomes, cases[i].effects);
    }
}

static void test_off_with_a_spec(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_STOPPING);
    observe(f, unit_left(CLD_EXITED, 0));
    restart_engine(f);
    expect(f, POOL_PREFLIGHT, "log:preload-started facts");
    facts_good(f);
    assert_int_equal(f->pool->generation, 2);
}

/* One that goes down by itself is not stopped again for that. */
static void test_going_down(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    observe(f, unit_stopping());
    restart_engine(f);
    expect(f, POOL_STOPPING, "end:restart:OPERATION_IN_PROGRESS");
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "no-pid log:exited save");
}

/* A start that nobody waits for any more: our restart lost its client, not the engine. */
static void test_warming_without_operation(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_WARMING);
    f->pool->operation = (PoolOperation){.kind = OPERATION_NONE};
    restart_engine(f);
    expect(f, POOL_STOPPING, "save no-probe log:stopping stop");
}

static void test_second_restart(void **state)
{
    Fixture *f = *state;

    begin(f);
    restart_engine(f);
    expect(f, POOL_STOPPING, "end:restart:OPERATION_IN_PROGRESS");
    preload(f);
    expect(f, POOL_STOPPING, "end:preload:OPERATION_IN_PROGRESS");
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_PREFLIGHT, "no-pid log:stopped log:preload-started facts save");
}

/* Its leases go with the old engine. */
static void test_leases(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    (void)lease_for(f, SPEC_UNSET);
    restart_engine(f);
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_PREFLIGHT, "no-pid log:stopped save-leases log:preload-started facts save");
    assert_int_equal(f->pool->leases.count, 0);
}

/* A stop at any point of it: the restart ends, and no engine is started. */
static void test_stop_while_stopping(void **state)
{
    Fixture *f = *state;

    begin(f);
    stop(f);
    expect(f, POOL_STOPPING, "end:restart:CANCELLED save");
    assert_string_equal(ended_operation(f)->error.text,
                        "restart failed: the pool was stopped meanwhile");
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "no-pid log:stopped save end:stop:success");
}

/* On disk it says preflight, for the restart: that must not begin again after ours. */
static void test_stop_in_preflight(void **state)
{
    Fixture *f = *state;

    begin_next(f);
    stop(f);
    expect(f, POOL_OFF, "end:restart:CANCELLED save end:stop:success");
    facts_good(f);
    expect(f, POOL_OFF, "log:stale");
}

static void test_stop_while_starting(void **state)
{
    Fixture *f = *state;

    begin_next(f);
    facts_good(f);
    stop(f);
    expect(f, POOL_STOPPING, "end:restart:CANCELLED save log:stopping stop");
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "no-pid log:stopped save end:stop:success");
}

/* It crashes before the stop has reached it: that is as good. */
static void test_crash_while_stopping(void **state)
{
    Fixture *f = *state;

    begin(f);
    observe(f, unit_failed(CLD_DUMPED, SIGSEGV, UNIT_RESULT_CORE_DUMP));
    expect(f, POOL_PREFLIGHT, "no-pid reset log:stopped log:preload-started facts save");
    assert_int_equal(f->pool->crash_count, 0);
}

static void test_next_crashes(void **state)
{
    Fixture *f = *state;

    begin_next(f);
    facts_good(f);
    observe(f, unit_failed(CLD_EXITED, 3, UNIT_RESULT_EXIT_CODE));
    expect(f, POOL_FAILED, "no-pid reset log:preload-failed save end:restart:PRELOAD_FAILED");
    assert_string_equal(ended_operation(f)->error.text,
                        "restart failed: the engine exited with status 3 before it was healthy");
}

static void test_next_is_never_healthy(void **state)
{
    Fixture *f = *state;

    begin_next(f);
    facts_good(f);
    observe(f, unit_running());
    probe(f, false);
    pass(f, 120 * USEC_PER_SEC);
    timer(f);
    expect(f, POOL_STOPPING, "save log:health-timeout stop");
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_FAILED, "no-pid log:preload-failed save end:restart:PRELOAD_FAILED");
    assert_int_equal(f->pool->last_error_class, FAILURE_START_TIMEOUT);
}

static void test_next_is_refused(void **state)
{
    Fixture *f = *state;

    begin_next(f);
    facts_refuse(f, PM_ERROR_GPU_REQUIRED, "", "GPU-only enforcement");
    expect(f, POOL_FAILED, "log:preload-failed save end:restart:GPU_REQUIRED");
    assert_string_equal(ended_operation(f)->error.text, "restart failed: GPU-only enforcement");
}

/* The old one does not end: nothing is started beside it, not even once it has. */
static void test_stuck(void **state)
{
    Fixture *f = *state;

    begin(f);
    timer(f);
    expect(f, POOL_STOPPING, "kill query");
    timer(f);
    expect(f, POOL_STOPPING, "kill query log:stuck end:restart:STOP_FAILED");
    observe(f, unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_SIGNAL));
    expect(f, POOL_OFF, "no-pid reset log:stopped save");
}

/* Our own restart, at each point of it. */
static void test_recover(void **state)
{
    const struct {
        bool is_next; /* as far as the preflight */
        UnitObservation unit;
        PoolState becomes;
        const char *effects;
    } cases[] = {
            {false, unit_running(), POOL_STOPPING, "no-handoff save log:stopping stop"},
            {false, unit_stopping(), POOL_STOPPING, "no-handoff save log:stopping stop"},
            {false, unit_left(CLD_EXITED, 0), POOL_PREFLIGHT,
             "no-handoff no-pid log:stopped log:preload-started facts save"},
            {false, unit_gone(), POOL_PREFLIGHT,
             "no-handoff no-pid log:stopped log:preload-started facts save"},
            {true, unit_gone(), POOL_PREFLIGHT, "no-handoff no-pid log:preload-started facts"},
            {true, unit_failed(CLD_EXITED, 1, UNIT_RESULT_EXIT_CODE), POOL_PREFLIGHT,
             "no-handoff reset no-pid log:preload-started facts"},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        uint64_t operation;

        if (cases[i].is_next)
            begin_next(f);
        else
            begin(f);
        operation = f->pool->operation.id;
        restart(f, cases[i].unit);
        expect(f, cases[i].becomes, cases[i].effects);
        if (f->pool->state == POOL_STOPPING)
            observe(f, unit_left(CLD_EXITED, 0));
        facts_good(f);
        assert_int_equal(f->pool->generation, 2);
        observe(f, unit_running());
        probe(f, true);
        expect(f, POOL_READY, "handoff save log:ready end:restart:success");
        assert_int_equal(ended_operation(f)->id, operation);
    }
}

static void test_recover_while_starting(void **state)
{
    Fixture *f = *state;

    begin_next(f);
    facts_good(f);
    restart(f, unit_starting());
    expect(f, POOL_STARTING, "no-handoff");
    observe(f, unit_running());
    probe(f, true);
    expect(f, POOL_READY, "handoff save log:ready end:restart:success");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_whole_way),
            pool_test(test_from_each_state),
            pool_test(test_off_with_a_spec),
            pool_test(test_going_down),
            pool_test(test_warming_without_operation),
            pool_test(test_second_restart),
            pool_test(test_leases),
            pool_test(test_stop_while_stopping),
            pool_test(test_stop_in_preflight),
            pool_test(test_stop_while_starting),
            pool_test(test_crash_while_stopping),
            pool_test(test_next_crashes),
            pool_test(test_next_is_never_healthy),
            pool_test(test_next_is_refused),
            pool_test(test_stuck),
            pool_test(test_recover),
            pool_test(test_recover_while_starting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
