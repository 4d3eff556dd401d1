/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "fixture.h"

/* Engines that were ready and are not any more. */

/* B-SUPER-001, B-SUPER-004 */
static void test_crash(void **state)
{
    Fixture *f = *state;
    const struct {
        UnitObservation unit;
        FailureClass failure;
        const char *text;
        const char *effects;
    } crashes[] = {
            {unit_failed(CLD_EXITED, 3, UNIT_RESULT_EXIT_CODE), FAILURE_PROCESS_EXIT,
             "the engine exited with status 3",
             "no-handoff no-pid reset log:crashed log:restart-scheduled save"},
            {unit_failed(CLD_DUMPED, SIGSEGV, UNIT_RESULT_CORE_DUMP), FAILURE_SIGNAL,
             "the engine was killed by signal SIGSEGV",
             "no-handoff no-pid reset log:crashed log:restart-scheduled save"},
            {unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_OOM_KILL), FAILURE_OUT_OF_MEMORY,
             "the engine was killed because memory ran out, its memory_max or the host's",
             "no-handoff no-pid reset log:crashed log:restart-scheduled save"},
            {unit_left(CLD_KILLED, SIGTERM), FAILURE_SIGNAL,
             "the engine was killed by signal SIGTERM",
             "no-handoff no-pid log:crashed log:restart-scheduled save"},
            {unit_gone(), FAILURE_PROCESS_EXIT, "the engine ended; how is not on record",
             "no-handoff no-pid log:crashed log:restart-scheduled save"},
    };

    for (size_t i = 0; i < ELEMENTSOF(crashes); i++) {
        fresh(f, POOL_READY);
        observe(f, crashes[i].unit);
        expect(f, POOL_BACKOFF, crashes[i].effects);
        assert_false(pool_is_live(f->pool));
        assert_false(pool_is_ready(f->pool));
        assert_int_equal(f->pool->crash_count, 1);
        assert_string_equal(f->pool->last_error, crashes[i].text);
        assert_int_equal(f->pool->last_error_class, crashes[i].failure);
        assert_int_equal(pool_next_deadline(f->pool), f->now.mono + USEC_PER_SEC);
    }
}

/* Contract, decision 7: status 0 is no failure. */
static void test_exit_0(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "no-handoff no-pid log:exited save");
    assert_int_equal(f->pool->crash_count, 0);
    assert_null(f->pool->last_error);
}

/* How it ended is said first, that it ended only after the rest of its cgroup is gone. */
static void test_goes_down_by_itself(void **state)
{
    Fixture *f = *state;
    UnitObservation u = unit_stopping();

    reach(f, POOL_READY);
    u.exec_main_code = CLD_EXITED;
    u.exec_main_status = 0;
    u.main_pid = 0;
    observe(f, u);
    expect(f, POOL_STOPPING, "no-handoff save");
    assert_int_equal(pool_next_deadline(f->pool), f->now.mono + 15 * USEC_PER_SEC);
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "no-pid log:exited save");
}

static void test_crash_goes_down_by_itself(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    observe(f, unit_stopping());
    observe(f, unit_failed(CLD_EXITED, 1, UNIT_RESULT_EXIT_CODE));
    expect(f, POOL_BACKOFF, "no-pid reset log:crashed log:restart-scheduled save");
    assert_int_equal(f->pool->crash_count, 1);
}

/* The same before it was ever ready: the preload fails, and it is not a crash. */
static void test_start_goes_down_by_itself(void **state)
{
    static const PoolState states[] = {POOL_STARTING, POOL_WARMING};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(states); i++) {
        fresh(f, states[i]);
        observe(f, unit_stopping());
        expect(f, POOL_STOPPING, states[i] == POOL_WARMING ? "no-probe save" : "save");
        observe(f, unit_failed(CLD_EXITED, 1, UNIT_RESULT_EXIT_CODE));
        expect(f, POOL_FAILED, "no-pid reset log:preload-failed save end:preload:PRELOAD_FAILED");
        assert_int_equal(f->pool->crash_count, 0);
    }
}

static void test_crash_while_probing(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    timer(f);
    expect(f, POOL_READY, "probe");
    observe(f, unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_SIGNAL));
    expect(f, POOL_BACKOFF,
           "no-handoff no-probe no-pid reset log:crashed log:restart-scheduled save");
    probe(f, false);
    expect(f, POOL_BACKOFF, "");
}

static void test_crash_while_adopting(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_ADOPTING);
    observe(f, unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_SIGNAL));
    expect(f, POOL_BACKOFF,
           "no-handoff no-probe no-pid reset log:crashed log:restart-scheduled save");
}

/* One signal alone is never an end. */
static void test_not_ended_yet(void **state)
{
    Fixture *f = *state;
    const UnitObservation news[] = {
            {.fields = UNIT_FIELD_ACTIVE | UNIT_FIELD_JOB,
             .active = UNIT_ACTIVE_INACTIVE,
             .job = 7},
            {.fields = UNIT_FIELD_LOAD, .load = UNIT_LOAD_LOADED},
            {.fields = UNIT_FIELD_ACTIVE, .active = UNIT_ACTIVE_INACTIVE},
    };

    for (size_t i = 0; i < ELEMENTSOF(news); i++) {
        fresh(f, POOL_READY);
        observe(f, news[i]);
        expect(f, POOL_READY, "");
    }
}

/* Health checks of a ready engine: one every liveness interval. */
static void test_liveness(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    for (size_t i = 0; i < 3; i++) {
        usec_t before = f->now.mono;

        timer(f);
        expect(f, POOL_READY, "probe");
        assert_int_equal(f->now.mono - before, 5 * USEC_PER_SEC);
        probe(f, true);
        expect(f, POOL_READY, "");
        assert_int_equal(f->pool->last_heartbeat_real, f->now.real);
    }
}

/* B-SUPER-002: N bad ones in a row */
static void test_unhealthy(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    for (size_t i = 0; i < 2; i++) {
        timer(f);
        probe(f, false);
        expect(f, POOL_READY, "");
        assert_false(pool_is_ready(f->pool));
        assert_true(pool_is_live(f->pool));
    }
    timer(f);
    probe(f, false);
    expect(f, POOL_STOPPING, "save no-handoff log:unhealthy stop");
    assert_string_equal(f->pool->last_error,
                        "3 health checks in a row failed; the last: connection refused");
    assert_int_equal(f->pool->last_error_class, FAILURE_HEALTH_CHECK);
    observe(f, unit_left(CLD_KILLED, SIGTERM));
    expect(f, POOL_BACKOFF, "no-pid log:crashed log:restart-scheduled save");
    assert_int_equal(f->pool->last_error_class, FAILURE_HEALTH_CHECK);
    assert_int_equal(f->pool->crash_count, 1);
}

/* A good one in between starts the count anew. */
static void test_unhealthy_not_in_a_row(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    for (size_t i = 0; i < 20; i++) {
        timer(f);
        probe(f, i % 3 == 2);
        expect(f, POOL_READY, "");
        assert_int_equal(pool_is_ready(f->pool), i % 3 == 2);
    }
}

static void probe_not_made(Fixture *f)
{
    step(f, (Event){.type = EVENT_PROBE,
                    .generation = f->pool->generation,
                    .probe = {.not_made = true}});
}

/* A check that we could not make says nothing of the engine: it counts neither way. */
static void test_checks_not_made(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    for (size_t i = 0; i < 5; i++) {
        usec_t before = f->now.mono;

        timer(f);
        expect(f, POOL_READY, "probe");
        assert_int_equal(f->now.mono - before, 5 * USEC_PER_SEC);
        probe_not_made(f);
        expect(f, POOL_READY, "");
        assert_true(pool_is_ready(f->pool));
    }
    for (size_t i = 0; i < 2; i++) {
        timer(f);
        probe(f, false);
        timer(f);
        probe_not_made(f);
        expect(f, POOL_READY, "");
        assert_false(pool_is_ready(f->pool));
    }
    timer(f);
    probe(f, false);
    expect(f, POOL_STOPPING, "save no-handoff log:unhealthy stop");
}

static void test_check_not_made_while_warming(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_WARMING);
    probe_not_made(f);
    expect(f, POOL_WARMING, "");
    timer(f);
    expect(f, POOL_WARMING, "probe");
    probe(f, true);
    assert_int_equal(f->pool->state, POOL_READY);
}

static void test_own_failures(void **state)
{
    Fixture *f = *state;
    EngineSpec *spec = spec_sample();

    spec->health.failures = 1;
    preload_spec(f, spec);
    facts_good(f);
    observe(f, unit_running());
    probe(f, true);
    timer(f);
    probe(f, false);
    expect(f, POOL_STOPPING, "save no-handoff log:unhealthy stop");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_crash),
            pool_test(test_exit_0),
            pool_test(test_goes_down_by_itself),
            pool_test(test_crash_goes_down_by_itself),
            pool_test(test_start_goes_down_by_itself),
            pool_test(test_crash_while_probing),
            pool_test(test_crash_while_adopting),
            pool_test(test_not_ended_yet),
            pool_test(test_liveness),
            pool_test(test_checks_not_made),
            pool_test(test_check_not_made_while_warming),
            pool_test(test_unhealthy),
            pool_test(test_unhealthy_not_in_a_row),
            pool_test(test_own_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
