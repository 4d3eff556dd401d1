/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "fixture.h"

/* Draining: the leases that are out are waited for, at most until the deadline, then the engine is
 * stopped. */

#define DEADLINE_USEC (30 * USEC_PER_SEC)

static void drain_within(Fixture *f, usec_t within_usec)
{
    step(f, (Event){.type = EVENT_DRAIN,
                    .command = {.operation = ++f->operations, .within_usec = within_usec}});
}

static void drain(Fixture *f)
{
    drain_within(f, DEADLINE_USEC);
}

/* A client gives its lease back; what the manager does then. */
static void release_one(Fixture *f)
{
    char id[LEASE_ID_MAX + 1];

    lease_id_format(f->pool, f->pool->leases.first, id);
    assert_true(lease_release(f->pool, id));
    step(f, (Event){.type = EVENT_LEASES});
}

/* A new pool that is draining, for whose leases is waited. */
static void reach_draining(Fixture *f, unsigned leases)
{
    fresh(f, POOL_READY);
    for (unsigned i = 0; i < leases; i++)
        (void)lease_for(f, SPEC_UNSET);
    drain(f);
    assert_int_equal(f->pool->state, POOL_DRAINING);
}

static void expect_drained(const Fixture *f, bool forced, uint64_t leases)
{
    const OperationResult *result = ended_operation(f);

    assert_int_equal(result->kind, OPERATION_DRAIN);
    assert_int_equal(result->error.code, PM_ERROR_NONE);
    assert_int_equal(result->force_stopped, forced);
    assert_int_equal(result->leases, leases);
}

/* B-DRAIN-001, B-DRAIN-002, B-DRAIN-007: it drains, is not ready, grants no lease; the engine and
 * its handoff stay. */
static void test_waits(void **state)
{
    const LeaseRequest request = {.ttl_ms = SPEC_UNSET};
    const Lease *lease = NULL;
    Fixture *f = *state;
    Error error = {.code = PM_ERROR_NONE};

    reach(f, POOL_READY);
    (void)lease_for(f, SPEC_UNSET);
    drain(f);
    expect(f, POOL_DRAINING, "log:draining save");
    assert_true(pool_is_draining(f->pool));
    assert_false(pool_is_ready(f->pool));
    assert_true(pool_is_live(f->pool));
    assert_true(pool_has_handoff(f->pool));
    assert_int_equal(lease_acquire(f->pool, &request, f->now, &lease, &error), -EINVAL);
    assert_int_equal(error.code, PM_ERROR_DRAINING);
    assert_int_equal(f->pool->phase_deadline, f->now.mono + DEADLINE_USEC);
}

/* B-DRAIN-003, B-DRAIN-004, B-DRAIN-006: each lease is given back as ever, and only the last one
 * lets the engine be stopped, whose handoff goes before. */
static void test_last_lease(void **state)
{
    Fixture *f = *state;

    reach_draining(f, 3);
    release_one(f);
    expect(f, POOL_DRAINING, "");
    release_one(f);
    expect(f, POOL_DRAINING, "");
    pass(f, 7 * USEC_PER_SEC);
    release_one(f);
    expect(f, POOL_STOPPING, "save no-handoff log:stopping stop");
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "no-pid log:stopped save end:drain:success");
    expect_drained(f, false, 0);
    assert_int_equal(ended_operation(f)->duration_usec, 7 * USEC_PER_SEC);
    assert_int_equal(pool_next_deadline(f->pool), USEC_INFINITY);
    assert_null(f->pool->last_error);
}

static void test_without_leases(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    drain(f);
    expect(f, POOL_STOPPING, "log:draining save no-handoff log:stopping stop");
    observe(f, unit_left(CLD_EXITED, 0));
    expect_drained(f, false, 0);
}

/* B-DRAIN-005: neither earlier nor later than the deadline. */
static void test_deadline(void **state)
{
    Fixture *f = *state;

    reach_draining(f, 2);
    while (pool_next_deadline(f->pool) < f->pool->drain_deadline) {
        timer(f);
        expect(f, POOL_DRAINING, "probe");
        probe(f, true);
        expect(f, POOL_DRAINING, "");
    }
    timer(f);
    expect(f, POOL_STOPPING, "log:drain-forced save no-handoff log:stopping stop");
    assert_int_equal(f->now.mono, f->pool->drain_deadline);
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "no-pid log:stopped save-leases save end:drain:forced");
    expect_drained(f, true, 2);
    assert_int_equal(f->pool->leases.count, 0);
}

/* What is said is how many were out when the engine was stopped, not what came after. */
static void test_released_too_late(void **state)
{
    Fixture *f = *state;

    fresh(f, POOL_READY);
    (void)lease_for(f, SPEC_UNSET);
    (void)lease_for(f, SPEC_UNSET);
    drain_within(f, 0);
    expect(f, POOL_STOPPING, "log:draining log:drain-forced save no-handoff log:stopping stop");
    release_one(f);
    expect(f, POOL_STOPPING, "");
    observe(f, unit_left(CLD_EXITED, 0));
    expect_drained(f, true, 2);
}

/* An engine that had to be killed was not drained by force: its leases were back. */
static void test_killed_without_leases(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    drain_within(f, 0);
    expect(f, POOL_STOPPING, "log:draining save no-handoff log:stopping stop");
    observe(f, unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_TIMEOUT));
    expect(f, POOL_OFF, "no-pid reset log:stopped save end:drain:success");
    expect_drained(f, false, 0);
}

/* The last lease ends with its time; at the same moment as the deadline, that counts. */
static void test_last_lease_expires(void **state)
{
    Fixture *f = *state;

    for (unsigned i = 0; i < 2; i++) {
        fresh(f, POOL_READY);
        (void)lease_for(f, 1000);
        drain_within(f, (1 + i) * USEC_PER_SEC);
        timer(f);
        expect(f, POOL_STOPPING,
               "log:leases-expired save-leases save no-handoff log:stopping stop");
        observe(f, unit_left(CLD_EXITED, 0));
        expect_drained(f, false, 0);
    }
}

/* Leases that end elsewhere than in a drain stop nothing. */
static void test_leases_of_others(void **state)
{
    static const PoolState states[] = {POOL_OFF,      POOL_FAILED,   POOL_STARTING,
                                       POOL_WARMING,  POOL_READY,    POOL_STOPPING,
                                       POOL_ADOPTING, POOL_EXTERNAL, POOL_PREFLIGHT};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(states); i++) {
        fresh(f, states[i]);
        step(f, (Event){.type = EVENT_LEASES});
        expect(f, states[i], "");
    }
}

/* The engine is watched as ever meanwhile. */
static void test_turns_unhealthy(void **state)
{
    Fixture *f = *state;

    reach_draining(f, 1);
    for (unsigned i = 0; i < 3; i++) {
        expect(f, POOL_DRAINING, i ? "" : "log:draining save");
        timer(f);
        expect(f, POOL_DRAINING, "probe");
        probe(f, false);
    }
    expect(f, POOL_STOPPING, "save no-handoff log:unhealthy stop");
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_FAILED, "no-pid save-leases log:crashed save end:drain:success");
    expect_drained(f, false, 1);
    assert_int_equal(f->pool->last_error_class, FAILURE_HEALTH_CHECK);
}

/* One bad check is no reason to stop it. */
static void test_one_bad_check(void **state)
{
    Fixture *f = *state;

    reach_draining(f, 1);
    timer(f);
    probe(f, false);
    expect(f, POOL_DRAINING, "");
    timer(f);
    probe(f, true);
    expect(f, POOL_DRAINING, "");
    assert_int_equal(f->pool->probe_failures, 0);
}

/* A crash is a crash; the drain has nothing to do any more, and says who used it. */
static void test_crash(void **state)
{
    Fixture *f = *state;

    reach_draining(f, 2);
    observe(f, unit_failed(CLD_KILLED, SIGSEGV, UNIT_RESULT_SIGNAL));
    expect(f, POOL_FAILED,
           "no-handoff no-pid reset save-leases log:crashed save end:drain:success");
    expect_drained(f, false, 2);
    assert_int_equal(f->pool->crash_count, 1);
    assert_int_equal(f->pool->last_error_class, FAILURE_SIGNAL);
}

/* The same where the bus says first that it goes down, and where it leaves with 0. */
static void test_leaves_by_itself(void **state)
{
    Fixture *f = *state;

    reach_draining(f, 1);
    observe(f, unit_stopping());
    expect(f, POOL_STOPPING, "no-handoff save");
    release_one(f);
    expect(f, POOL_STOPPING, "");
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "no-pid log:exited save end:drain:success");
    expect_drained(f, false, 0);
}

/* A drain after another one knows nothing of that. */
static void test_second_engine(void **state)
{
    Fixture *f = *state;

    reach_draining(f, 2);
    pass(f, DEADLINE_USEC);
    timer(f);
    observe(f, unit_left(CLD_EXITED, 0));
    expect_drained(f, true, 2);
    preload(f);
    facts_good(f);
    observe(f, unit_running());
    probe(f, true);
    expect(f, POOL_READY, "handoff save log:ready end:preload:success");
    assert_false(pool_is_draining(f->pool));
    (void)lease_for(f, SPEC_UNSET);
    drain(f);
    assert_int_equal(f->pool->phase_deadline, f->now.mono + DEADLINE_USEC);
    observe(f, unit_gone());
    expect_drained(f, false, 1);
}

/* A stop does not wait for leases: it takes the drain's place, before and after the deadline. */
static void test_stop(void **state)
{
    Fixture *f = *state;

    reach_draining(f, 1);
    stop(f);
    expect(f, POOL_STOPPING, "end:drain:CANCELLED save no-handoff log:stopping stop");
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "no-pid log:stopped save-leases save end:stop:success");

    reach_draining(f, 1);
    pass(f, DEADLINE_USEC);
    timer(f);
    assert_int_equal(f->pool->state, POOL_STOPPING);
    stop(f);
    assert_int_equal(ended_operation(f)->error.code, PM_ERROR_CANCELLED);
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "no-pid log:stopped save-leases save end:stop:success");
}

static void test_deregister(void **state)
{
    Fixture *f = *state;

    reach_draining(f, 1);
    deregister(f);
    expect(f, POOL_STOPPING, "end:drain:CANCELLED save no-handoff log:stopping stop");
    observe(f, unit_left(CLD_EXITED, 0));
    assert_int_equal(ended_operation(f)->kind, OPERATION_DEREGISTER);
}

/* It holds the pool like any other operation. */
static void test_holds_the_pool(void **state)
{
    Fixture *f = *state;

    reach_draining(f, 1);
    preload(f);
    expect(f, POOL_DRAINING, "end:preload:OPERATION_IN_PROGRESS");
    restart_engine(f);
    expect(f, POOL_DRAINING, "end:restart:OPERATION_IN_PROGRESS");
    drain(f);
    expect(f, POOL_DRAINING, "end:drain:OPERATION_IN_PROGRESS");
    release_one(f);
    expect(f, POOL_STOPPING, "save no-handoff log:stopping stop");
    observe(f, unit_left(CLD_EXITED, 0));
    assert_int_equal(ended_operation(f)->id, 2);
}

/* Only a ready pool can be drained; each other one says why not, and stays as it is. */
static void test_refused(void **state)
{
    static const struct {
        PoolState state;
        const char *effects;
    } table[] = {
            {POOL_OFF, "end:drain:NO_ENGINE"},
            {POOL_FAILED, "end:drain:NO_ENGINE"},
            {POOL_PREFLIGHT, "end:drain:NO_ENGINE"},
            {POOL_EXTERNAL, "end:drain:NO_ENGINE"},
            {POOL_STARTING, "end:drain:OPERATION_IN_PROGRESS"},
            {POOL_WARMING, "end:drain:OPERATION_IN_PROGRESS"},
            {POOL_STOPPING, "end:drain:OPERATION_IN_PROGRESS"},
            {POOL_ADOPTING, "end:drain:OPERATION_IN_PROGRESS"},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        PoolOperation before;

        fresh(f, table[i].state);
        before = f->pool->operation;
        drain(f);
        expect(f, table[i].state, table[i].effects);
        assert_int_equal(f->pool->operation.kind, before.kind);
        assert_int_equal(f->pool->operation.id, before.id);
    }
}

/* Our own restart: the same operation, and what is left of its time. */
static void test_goes_on(void **state)
{
    Fixture *f = *state;
    usec_t deadline;
    uint64_t id;

    reach_draining(f, 1);
    deadline = f->pool->phase_deadline;
    id = f->pool->operation.id;
    pass(f, 10 * USEC_PER_SEC);
    restart(f, unit_running());
    expect(f, POOL_ADOPTING, "pid probe");
    assert_true(pool_is_draining(f->pool));
    assert_false(pool_is_ready(f->pool));
    pass(f, USEC_PER_SEC);
    probe(f, true);
    expect(f, POOL_DRAINING, "handoff save");
    assert_int_equal(f->pool->phase_deadline, deadline);
    assert_int_equal(f->pool->operation.id, id);
    release_one(f);
    expect(f, POOL_STOPPING, "save no-handoff log:stopping stop");
    observe(f, unit_left(CLD_EXITED, 0));
    expect_drained(f, false, 0);
    assert_int_equal(ended_operation(f)->id, id);
    assert_int_equal(ended_operation(f)->duration_usec, 11 * USEC_PER_SEC);
}

/* Killed again before the engine was found well. */
static void test_goes_on_twice(void **state)
{
    Fixture *f = *state;
    usec_t deadline;

    reach_draining(f, 1);
    deadline = f->pool->phase_deadline;
    restart(f, unit_running());
    probe(f, false);
    restart(f, unit_running());
    expect(f, POOL_ADOPTING, "pid probe");
    assert_true(pool_is_draining(f->pool));
    probe(f, true);
    expect(f, POOL_DRAINING, "handoff save");
    assert_int_equal(f->pool->phase_deadline, deadline);
}

/* The last lease came back before the engine was looked at. */
static void test_goes_on_without_leases(void **state)
{
    Fixture *f = *state;

    reach_draining(f, 1);
    restart(f, unit_running());
    release_one(f);
    expect(f, POOL_ADOPTING, "");
    probe(f, true);
    expect(f, POOL_STOPPING, "handoff save no-handoff log:stopping stop");
    observe(f, unit_left(CLD_EXITED, 0));
    expect_drained(f, false, 0);
}

/* The deadline was over while we were away. */
static void test_goes_on_too_late(void **state)
{
    Fixture *f = *state;

    reach_draining(f, 2);
    pass(f, 2 * DEADLINE_USEC);
    restart(f, unit_running());
    probe(f, true);
    expect(f, POOL_STOPPING, "handoff log:drain-forced save no-handoff log:stopping stop");
    observe(f, unit_left(CLD_EXITED, 0));
    expect_drained(f, true, 2);
}

/* Killed while the engine was being stopped: how it came to that is not forgotten. */
static void test_stopping_goes_on(void **state)
{
    Fixture *f = *state;

    reach_draining(f, 2);
    pass(f, DEADLINE_USEC);
    timer(f);
    restart(f, unit_running());
    expect(f, POOL_STOPPING, "no-handoff save log:stopping stop");
    observe(f, unit_left(CLD_EXITED, 0));
    expect_drained(f, true, 2);
}

/* The engine is found in another way than it was left. */
static void test_found_otherwise(void **state)
{
    const struct {
        UnitObservation unit;
        PoolState becomes;
        uint64_t leases;
    } table[] = {
            {unit_failed(CLD_KILLED, SIGSEGV, UNIT_RESULT_SIGNAL), POOL_FAILED, 1},
            {unit_left(CLD_EXITED, 0), POOL_OFF, 1},
            {unit_gone(), POOL_FAILED, 1},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        reach_draining(f, 1);
        restart(f, table[i].unit);
        assert_int_equal(f->pool->state, table[i].becomes);
        expect_drained(f, false, table[i].leases);
    }
    reach_draining(f, 1);
    restart(f, unit_stopping());
    expect(f, POOL_STOPPING, "no-handoff save");
    observe(f, unit_left(CLD_EXITED, 0));
    expect_drained(f, false, 1);
}

/* It turned sick while we were away. */
static void test_found_sick(void **state)
{
    Fixture *f = *state;

    reach_draining(f, 1);
    restart(f, unit_running());
    for (unsigned i = 0; i < 2; i++) {
        probe(f, false);
        timer(f);
        expect(f, POOL_ADOPTING, "probe");
        assert_true(pool_is_draining(f->pool));
    }
    probe(f, false);
    expect(f, POOL_STOPPING, "save no-handoff log:unhealthy stop");
    observe(f, unit_left(CLD_EXITED, 0));
    expect_drained(f, false, 1);
}

/* A wait without an end. */
static void test_longest(void **state)
{
    Fixture *f = *state;

    fresh(f, POOL_READY);
    (void)lease_for(f, SPEC_UNSET);
    drain_within(f, USEC_INFINITY);
    expect(f, POOL_DRAINING, "log:draining save");
    assert_int_equal(f->pool->phase_deadline, USEC_INFINITY);
    release_one(f);
    expect(f, POOL_STOPPING, "save no-handoff log:stopping stop");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_waits),
            pool_test(test_last_lease),
            pool_test(test_without_leases),
            pool_test(test_deadline),
            pool_test(test_released_too_late),
            pool_test(test_killed_without_leases),
            pool_test(test_last_lease_expires),
            pool_test(test_leases_of_others),
            pool_test(test_turns_unhealthy),
            pool_test(test_one_bad_check),
            pool_test(test_crash),
            pool_test(test_leaves_by_itself),
            pool_test(test_second_engine),
            pool_test(test_stop),
            pool_test(test_deregister),
            pool_test(test_holds_the_pool),
            pool_test(test_refused),
            pool_test(test_goes_on),
            pool_test(test_goes_on_twice),
            pool_test(test_goes_on_without_leases),
            pool_test(test_goes_on_too_late),
            pool_test(test_stopping_goes_on),
            pool_test(test_found_otherwise),
            pool_test(test_found_sick),
            pool_test(test_longest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
