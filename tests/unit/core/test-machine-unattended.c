/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "fixture.h"

/* A preload that nobody waits for, as of a pool that a file declares: it is an operation like any
 * other, and what becomes of a failure is the supervision's. */

static void begin(Fixture *f, RestartPolicy policy)
{
    EngineSpec *spec = spec_sample();

    spec->policy.restart = policy;
    step(f, (Event){.type = EVENT_PRELOAD,
                    .command = {.operation = ++f->operations, .spec = spec, .unattended = true}});
}

static void exit_with(Fixture *f, int status)
{
    observe(f, unit_failed(CLD_EXITED, status, UNIT_RESULT_EXIT_CODE));
}

static void assert_ended(Fixture *f, PmErrorCode code)
{
    const OperationResult *result = ended_operation(f);

    assert_non_null(result);
    assert_int_equal(result->id, 1);
    assert_int_equal(result->kind, OPERATION_PRELOAD);
    assert_int_equal(result->error.code, code);
    assert_int_equal(f->pool->operation.kind, OPERATION_NONE);
}

/* A failure ends the operation, and the engine comes up at a restart. */
static void assert_comes_up(Fixture *f)
{
    assert_ended(f, PM_ERROR_PRELOAD_FAILED);
    assert_int_equal(f->pool->state, POOL_BACKOFF);
    comes_back(f);
    assert_int_equal(f->pool->state, POOL_READY);
    assert_int_equal(f->pool->supervision.restart_count, 1);
}

/* It is told of as a preload, and is on disk before anything is asked. */
static void test_whole_way(void **state)
{
    Fixture *f = *state;

    begin(f, RESTART_UNSET);
    expect(f, POOL_PREFLIGHT, "save log:preload-started facts");
    facts_good(f);
    observe(f, unit_running());
    probe(f, true);
    expect(f, POOL_READY, "handoff save log:ready end:preload:success");
    assert_int_equal(f->pool->supervision.restart_count, 0);
}

static void test_facts_bad(void **state)
{
    Fixture *f = *state;

    begin(f, RESTART_UNSET);
    facts_bad(f);
    assert_comes_up(f);
}

static void test_service_manager_refuses(void **state)
{
    Fixture *f = *state;

    begin(f, RESTART_UNSET);
    facts_good(f);
    start_failed(f);
    assert_comes_up(f);
}

static void test_exits(void **state)
{
    Fixture *f = *state;

    begin(f, RESTART_UNSET);
    facts_good(f);
    observe(f, unit_running());
    exit_with(f, 1);
    assert_comes_up(f);
}

static void test_start_timeout(void **state)
{
    Fixture *f = *state;

    begin(f, RESTART_UNSET);
    facts_good(f);
    observe(f, unit_running());
    probe(f, false);
    pass(f, 200 * USEC_PER_SEC);
    step(f, (Event){.type = EVENT_TIMER, .generation = f->pool->generation});
    assert_int_equal(f->pool->state, POOL_STOPPING);
    observe(f, unit_left(CLD_KILLED, SIGTERM));
    assert_comes_up(f);
}

/* What would only happen again (contract, decision 7), what is no failure, and what the pool's
 * policy forbids. */
static void test_not_tried_again(void **state)
{
    static const struct {
        int status;
        RestartPolicy policy;
        PoolState state;
    } cases[] = {
            {203, RESTART_UNSET, POOL_FAILED},
            {0, RESTART_UNSET, POOL_OFF},
            {1, RESTART_NO, POOL_FAILED},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        Fixture *f;
        void *own = NULL;

        assert_int_equal(fixture_setup(&own), 0);
        f = own;
        begin(f, cases[i].policy);
        facts_good(f);
        observe(f, unit_running());
        if (cases[i].status == 0)
            observe(f, unit_left(CLD_EXITED, 0));
        else
            exit_with(f, cases[i].status);
        assert_int_equal(f->pool->state, cases[i].state);
        assert_ended(f, PM_ERROR_PRELOAD_FAILED);
        assert_int_equal(pool_next_deadline(f->pool), USEC_INFINITY);
        restart(f, unit_gone());
        assert_int_equal(f->pool->state, cases[i].state);
        assert_int_equal(fixture_teardown(&own), 0);
    }
}

/* The daemon restarts before anything was started: it goes on under its number. */
static void test_killed_in_preflight(void **state)
{
    Fixture *f = *state;

    begin(f, RESTART_UNSET);
    restart(f, unit_gone());
    assert_int_equal(f->pool->state, POOL_PREFLIGHT);
    assert_int_equal(f->pool->operation.id, 1);
    facts_bad(f);
    assert_comes_up(f);
}

static void test_stopped(void **state)
{
    Fixture *f = *state;

    begin(f, RESTART_UNSET);
    facts_good(f);
    observe(f, unit_running());
    stop(f);
    assert_int_equal(f->pool->state, POOL_STOPPING);
    observe(f, unit_left(CLD_KILLED, SIGTERM));
    assert_int_equal(f->pool->state, POOL_OFF);
    assert_false(f->pool->automatic);
    assert_int_equal(pool_next_deadline(f->pool), USEC_INFINITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_whole_way),
            pool_test(test_facts_bad),
            pool_test(test_service_manager_refuses),
            pool_test(test_exits),
            pool_test(test_start_timeout),
            cmocka_unit_test(test_not_tried_again),
            pool_test(test_killed_in_preflight),
            pool_test(test_stopped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
