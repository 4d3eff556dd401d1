/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "fixture.h"

/* Stopping: asked for, joined, overdue, stuck. */

/* The handoff goes before the engine is stopped, and is on disk as going before that. */
static void test_stop_ready(void **state)
{
    Fixture *f = *state;
    const OperationResult *result;

    reach(f, POOL_READY);
    stop(f);
    expect(f, POOL_STOPPING, "save no-handoff log:stopping stop");
    assert_false(pool_has_handoff(f->pool));
    assert_false(pool_is_ready(f->pool));
    assert_int_equal(pool_next_deadline(f->pool), f->now.mono + 15 * USEC_PER_SEC);
    observe(f, unit_stopping());
    expect(f, POOL_STOPPING, "");

    pass(f, 70 * USEC_PER_MSEC);
    observe(f, unit_left(CLD_KILLED, SIGTERM));
    /* B-PROC-014 */
    expect(f, POOL_OFF, "no-pid log:stopped save end:stop:success");
    result = ended_operation(f);
    assert_int_equal(result->id, f->operations);
    assert_int_equal(result->duration_usec, 70 * USEC_PER_MSEC);
    assert_int_equal(result->generation, 1);
    assert_null(f->pool->last_error);
    assert_int_equal(f->pool->crash_count, 0);
    assert_int_equal(pool_next_deadline(f->pool), USEC_INFINITY);
}

/* How a stopped engine ends, and whether that took force. */
static void test_how_it_ends(void **state)
{
    Fixture *f = *state;
    const struct {
        UnitObservation unit;
        const char *effects;
    } ends[] = {
            {unit_left(CLD_EXITED, 0), "no-pid log:stopped save end:stop:success"},
            {unit_left(CLD_KILLED, SIGTERM), "no-pid log:stopped save end:stop:success"},
            {unit_failed(CLD_EXITED, 1, UNIT_RESULT_EXIT_CODE),
             "no-pid reset log:stopped save end:stop:success"},
            {unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_TIMEOUT),
             "no-pid reset log:stopped save end:stop:forced"},
            {unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_SIGNAL),
             "no-pid reset log:stopped save end:stop:forced"},
            {unit_failed(CLD_EXITED, 0, UNIT_RESULT_TIMEOUT),
             "no-pid reset log:stopped save end:stop:forced"},
            {unit_gone(), "no-pid log:stopped save end:stop:success"},
    };

    for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
        fresh(f, POOL_STOPPING);
        observe(f, ends[i].unit);
        expect(f, POOL_OFF, ends[i].effects);
        assert_null(f->pool->last_error);
    }
}

static void test_stop_without_engine(void **state)
{
    static const PoolState none[] = {POOL_OFF, POOL_FAILED};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(none); i++) {
        fresh(f, none[i]);
        stop(f);
        expect(f, none[i], "end:stop:NO_ENGINE");
        assert_int_equal(ended_operation(f)->id, f->operations);
    }
}

/* Nothing runs yet: both operations end at once, and late facts start nothing. */
static void test_stop_in_preflight(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_PREFLIGHT);
    stop(f);
    expect(f, POOL_OFF, "end:preload:CANCELLED save end:stop:success");
    facts_good(f);
    expect(f, POOL_OFF, "log:stale");
    assert_int_equal(f->pool->generation, 0);
}

static void test_stop_cancels_preload(void **state)
{
    Fixture *f = *state;

    fresh(f, POOL_STARTING);
    stop(f);
    expect(f, POOL_STOPPING, "end:preload:CANCELLED save log:stopping stop");
    assert_string_equal(ended_operation(f)->error.text,
                        "preload failed: the pool was stopped meanwhile");
    observe(f, unit_gone());
    expect(f, POOL_OFF, "no-pid log:stopped save end:stop:success");

    fresh(f, POOL_WARMING);
    stop(f);
    expect(f, POOL_STOPPING, "end:preload:CANCELLED save no-probe log:stopping stop");
    observe(f, unit_left(CLD_KILLED, SIGTERM));
    expect(f, POOL_OFF, "no-pid log:stopped save end:stop:success");
}

static void test_stop_before_start_is_refused(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_STARTING);
    stop(f);
    start_failed(f);
    expect(f, POOL_OFF, "no-pid log:stopped save end:stop:success");
}

static void test_stop_adopting(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_ADOPTING);
    stop(f);
    expect(f, POOL_STOPPING, "save no-handoff no-probe log:stopping stop");
}

/* A stop that is already under way for another reason is joined: the pool ends off, not failed. */
static void test_stop_joins(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_WARMING);
    pass(f, 120 * USEC_PER_SEC);
    timer(f);
    stop(f);
    expect(f, POOL_STOPPING, "end:preload:CANCELLED save");
    observe(f, unit_left(CLD_KILLED, SIGTERM));
    expect(f, POOL_OFF, "no-pid log:stopped save end:stop:success");
}

static void test_stop_joins_an_end(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    observe(f, unit_stopping());
    expect(f, POOL_STOPPING, "no-handoff save");
    stop(f);
    expect(f, POOL_STOPPING, "save");
    observe(f, unit_failed(CLD_EXITED, 1, UNIT_RESULT_EXIT_CODE));
    expect(f, POOL_OFF, "no-pid reset log:stopped save end:stop:success");
}

static void test_second_stop(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_STOPPING);
    stop(f);
    expect(f, POOL_STOPPING, "end:stop:OPERATION_IN_PROGRESS");
    assert_int_equal(ended_operation(f)->id, f->operations);
    observe(f, unit_gone());
    assert_int_equal(ended_operation(f)->id, f->operations - 1);
}

/* Beyond what the service manager's own SIGKILL should need: ours, then an alarm. The operation
 * ends once, the pool holds its place, and the end is still handled when it comes. */
static void test_overdue(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_STOPPING);
    timer(f);
    expect(f, POOL_STOPPING, "kill query");
    observe(f, unit_stopping());
    timer(f);
    expect(f, POOL_STOPPING, "kill query log:stuck end:stop:STOP_FAILED");
    assert_non_null(strstr(f->pool->last_error, "hangs in the kernel"));
    for (size_t i = 0; i < 3; i++) {
        usec_t before = f->now.mono;

        timer(f);
        expect(f, POOL_STOPPING, "kill query");
        assert_int_equal(f->now.mono - before, 10 * USEC_PER_SEC);
    }
    observe(f, unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_SIGNAL));
    expect(f, POOL_OFF, "no-pid reset log:stopped save");
}

static void test_overdue_ends_after_kill(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_STOPPING);
    timer(f);
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "no-pid log:stopped save end:stop:forced");
}

/* Whoever waits for a preload whose engine cannot even be killed is told, too. */
static void test_overdue_preload(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_STARTING);
    timer(f);
    timer(f);
    timer(f);
    expect(f, POOL_STOPPING, "kill query log:stuck end:preload:STOP_FAILED");
    assert_int_equal(f->pool->last_error_class, FAILURE_START_TIMEOUT);
    observe(f, unit_gone());
    expect(f, POOL_FAILED, "no-pid log:preload-failed save");
}

/* The service manager gives up before we do and calls the unit failed; but a process is left, and
 * owns its memory. The end is that the unit, reset, is gone. */
static void test_abandoned(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_STOPPING);
    observe(f, unit_abandoned());
    expect(f, POOL_STOPPING, "reset kill query");
    assert_int_equal(pool_next_deadline(f->pool), f->now.mono + 10 * USEC_PER_SEC);
    /* Told again: no reason to be alarmed sooner. */
    observe(f, unit_abandoned());
    expect(f, POOL_STOPPING, "reset");
    observe(f, unit_abandoned_and_reset());
    expect(f, POOL_STOPPING, "");
    preload(f);
    expect(f, POOL_STOPPING, "end:preload:OPERATION_IN_PROGRESS");
    observe(f, unit_gone());
    expect(f, POOL_OFF, "no-pid log:stopped save end:stop:forced");
}

static void test_abandoned_for_good(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_STOPPING);
    observe(f, unit_abandoned());
    observe(f, unit_abandoned_and_reset());
    timer(f);
    expect(f, POOL_STOPPING, "kill query log:stuck end:stop:STOP_FAILED");
    observe(f, unit_abandoned_and_reset());
    expect(f, POOL_STOPPING, "");
    timer(f);
    expect(f, POOL_STOPPING, "kill query");
    observe(f, unit_gone());
    expect(f, POOL_OFF, "no-pid log:stopped save");
}

/* After we had sent our own SIGKILL: the alarm comes when it would have come. */
static void test_abandoned_when_overdue(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_STOPPING);
    timer(f);
    expect(f, POOL_STOPPING, "kill query");
    pass(f, 5 * USEC_PER_SEC);
    observe(f, unit_abandoned());
    expect(f, POOL_STOPPING, "reset");
    timer(f);
    expect(f, POOL_STOPPING, "kill query log:stuck end:stop:STOP_FAILED");
}

/* Somebody else's stop got stuck. */
static void test_abandoned_unasked(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    observe(f, unit_abandoned());
    expect(f, POOL_STOPPING, "no-handoff save reset kill query");
    observe(f, unit_abandoned_and_reset());
    observe(f, unit_gone());
    expect(f, POOL_BACKOFF, "no-pid log:crashed log:restart-scheduled save");
}

/* A stop that comes when the pool is stuck already is told at the next try. */
static void test_stop_when_stuck(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_STOPPING);
    timer(f);
    timer(f);
    stop(f);
    expect(f, POOL_STOPPING, "save");
    timer(f);
    expect(f, POOL_STOPPING, "kill query end:stop:STOP_FAILED");
}

static void test_stop_refused(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_STOPPING);
    stop_failed(f);
    expect(f, POOL_STOPPING, "kill query");
    assert_non_null(strstr(f->pool->last_error, "Connection timed out"));
    assert_int_equal(pool_next_deadline(f->pool), f->now.mono + 10 * USEC_PER_SEC);
    observe(f, unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_SIGNAL));
    expect(f, POOL_OFF, "no-pid reset log:stopped save end:stop:forced");
}

static void test_stop_refused_too_late(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_STOPPING);
    observe(f, unit_gone());
    stop_failed(f);
    expect(f, POOL_OFF, "");
    assert_null(f->pool->last_error);
}

/* Contract: stop_grace_ms; twice for the service manager, and a margin. */
static void test_own_grace(void **state)
{
    Fixture *f = *state;
    EngineSpec *spec = spec_sample();

    spec->stop_grace_ms = 250;
    preload_spec(f, spec);
    facts_good(f);
    stop(f);
    assert_int_equal(pool_next_deadline(f->pool), f->now.mono + 5500 * USEC_PER_MSEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_stop_ready),
            pool_test(test_how_it_ends),
            pool_test(test_stop_without_engine),
            pool_test(test_stop_in_preflight),
            pool_test(test_stop_cancels_preload),
            pool_test(test_stop_before_start_is_refused),
            pool_test(test_stop_adopting),
            pool_test(test_stop_joins),
            pool_test(test_stop_joins_an_end),
            pool_test(test_second_stop),
            pool_test(test_overdue),
            pool_test(test_overdue_ends_after_kill),
            pool_test(test_overdue_preload),
            pool_test(test_abandoned),
            pool_test(test_abandoned_for_good),
            pool_test(test_abandoned_when_overdue),
            pool_test(test_abandoned_unasked),
            pool_test(test_stop_when_stuck),
            pool_test(test_stop_refused),
            pool_test(test_stop_refused_too_late),
            pool_test(test_own_grace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
