/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "reload-fixture.h"

/* Our own restart in each phase of a reload: it goes on, as the same operation. */

/* The new engine comes, and the reload succeeds as the operation that it was. */
static void expect_succeeds(Fixture *f, uint64_t operation)
{
    facts_good(f);
    observe(f, unit_running());
    probe(f, true);
    expect(f, POOL_READY, "handoff save log:ready log:reloaded end:reload:success");
    assert_int_equal(ended_operation(f)->id, operation);
    assert_string_equal(f->pool->spec->model_path, "/models/next.gguf");
    assert_string_equal(f->pool->meta.engine_version, "b5000");
}

/* The old engine comes back, and the reload fails. */
static void expect_returns(Fixture *f)
{
    uint64_t operation = f->pool->operation.id;

    assert_int_equal(f->pool->state, POOL_PREFLIGHT);
    assert_int_equal(f->pool->reload.phase, RELOAD_RETURNING);
    facts_good(f);
    observe(f, unit_running());
    probe(f, true);
    expect(f, POOL_READY, "handoff save log:ready log:rolled-back end:reload:RELOAD_FAILED");
    assert_int_equal(ended_operation(f)->id, operation);
    assert_string_equal(f->pool->spec->model_path, "/models/tiny.gguf");
}

static void test_draining(void **state)
{
    Fixture *f = *state;
    usec_t deadline;

    reach_phase(f, RELOAD_DRAINING);
    deadline = f->pool->phase_deadline;
    restart(f, unit_running());
    expect(f, POOL_ADOPTING, "pid probe");
    assert_true(pool_is_draining(f->pool));
    assert_false(pool_is_ready(f->pool));
    pass(f, USEC_PER_SEC);
    probe(f, true);
    expect(f, POOL_DRAINING, "handoff save log:adopted save");
    assert_int_equal(f->pool->phase_deadline, deadline);
    release_lease(f);
    expect(f, POOL_DRAINING, "log:staging save stage");
}

/* The last lease came back, or the deadline was over, before the engine was looked at. */
static void test_draining_is_over(void **state)
{
    Fixture *f = *state;

    reach_phase(f, RELOAD_DRAINING);
    restart(f, unit_running());
    release_lease(f);
    expect(f, POOL_ADOPTING, "");
    probe(f, true);
    expect(f, POOL_DRAINING, "handoff save log:adopted log:staging save stage");

    reach_phase(f, RELOAD_DRAINING);
    pass(f, 2 * RELOAD_WITHIN_USEC);
    restart(f, unit_running());
    probe(f, true);
    expect(f, POOL_READY,
           "handoff save log:adopted log:reload-aborted save end:reload:RELOAD_FAILED");
    assert_true(ended_operation(f)->rolled_back);
    assert_int_equal(f->pool->leases.count, 1);
}

/* The same provisioner is waited for, or another one begun: whoever does that knows. */
static void test_staging(void **state)
{
    Fixture *f = *state;
    uint64_t operation;

    reach_phase(f, RELOAD_STAGING);
    operation = f->pool->operation.id;
    restart(f, unit_running());
    expect(f, POOL_ADOPTING, "pid probe");
    /* Too early: nobody has asked for it in this life. */
    staged(f, "/models/next.gguf");
    expect(f, POOL_ADOPTING, "");
    probe(f, true);
    expect(f, POOL_DRAINING, "handoff save log:adopted log:staging save stage");
    assert_int_equal(f->pool->operation.id, operation);
    assert_string_equal(f->pool->reload.model_ref, "hf:next");
    restart(f, unit_running());
    probe(f, true);
    expect(f, POOL_DRAINING, "handoff save log:adopted log:staging save stage");
    staged(f, "/models/next.gguf");
    expect(f, POOL_STOPPING, "save no-handoff log:stopping stop");
}

/* What is on disk may be older than the leases that are out: they are waited for. */
static void test_staging_with_leases(void **state)
{
    Fixture *f = *state;

    reach_phase(f, RELOAD_STAGING);
    f->pool->state = POOL_READY;
    (void)lease_for(f, SPEC_UNSET);
    f->pool->state = POOL_DRAINING;
    restart(f, unit_running());
    probe(f, true);
    expect(f, POOL_DRAINING, "handoff save log:adopted save");
    assert_int_equal(f->pool->reload.phase, RELOAD_DRAINING);
    release_lease(f);
    expect(f, POOL_DRAINING, "log:staging save stage");
}

static void test_leaving(void **state)
{
    const UnitObservation ends[] = {unit_left(CLD_EXITED, 0), unit_gone(),
                                    unit_failed(CLD_KILLED, SIGSEGV, UNIT_RESULT_SIGNAL)};
    Fixture *f = *state;
    uint64_t operation;

    reach_phase(f, RELOAD_LEAVING);
    operation = f->pool->operation.id;
    restart(f, unit_running());
    expect(f, POOL_STOPPING, "no-handoff save log:stopping stop");
    restart(f, unit_stopping());
    expect(f, POOL_STOPPING, "no-handoff save log:stopping stop");
    observe(f, unit_left(CLD_EXITED, 0));
    expect_succeeds(f, operation);

    for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
        reach_phase(f, RELOAD_LEAVING);
        operation = f->pool->operation.id;
        restart(f, ends[i]);
        assert_int_equal(f->pool->state, POOL_PREFLIGHT);
        expect_succeeds(f, operation);
    }
}

static void test_arriving(void **state)
{
    Fixture *f = *state;
    uint64_t operation;

    reach_phase(f, RELOAD_ARRIVING);
    operation = f->pool->operation.id;
    restart(f, unit_gone());
    expect(f, POOL_PREFLIGHT, "no-handoff no-pid log:preload-started facts");
    assert_string_equal(f->pool->spec->model_path, "/models/next.gguf");
    assert_string_equal(f->pool->reload.previous->model_path, "/models/tiny.gguf");
    expect_succeeds(f, operation);

    reach_phase(f, RELOAD_ARRIVING);
    facts_good(f);
    restart(f, unit_starting());
    expect(f, POOL_STARTING, "no-handoff");
    observe(f, unit_running());
    restart(f, unit_running());
    expect(f, POOL_WARMING, "no-handoff pid probe");
    assert_string_equal(f->pool->meta.engine_version, "b4711");
    probe(f, true);
    expect(f, POOL_READY, "handoff save log:ready log:reloaded end:reload:success");
    assert_string_equal(f->pool->meta.engine_version, "b5000");
}

/* The new engine did not outlive us. */
static void test_arriving_has_gone(void **state)
{
    const UnitObservation ends[] = {unit_left(CLD_EXITED, 0), unit_gone(),
                                    unit_failed(CLD_EXITED, 1, UNIT_RESULT_EXIT_CODE)};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
        reach_phase(f, RELOAD_ARRIVING);
        facts_good(f);
        restart(f, ends[i]);
        expect_returns(f);
    }
    reach_phase(f, RELOAD_ARRIVING);
    facts_good(f);
    restart(f, unit_stopping());
    expect(f, POOL_STOPPING, "no-handoff save");
    observe(f, unit_left(CLD_EXITED, 0));
    expect_returns(f);
}

/* It is being stopped because it did not become healthy: the reason is not forgotten. */
static void test_arriving_is_stopped(void **state)
{
    Fixture *f = *state;

    reach_phase(f, RELOAD_ARRIVING);
    facts_good(f);
    timer(f);
    assert_int_equal(f->pool->stop_reason, STOP_START_TIMEOUT);
    restart(f, unit_running());
    assert_int_equal(f->pool->state, POOL_STOPPING);
    assert_int_equal(f->pool->stop_reason, STOP_START_TIMEOUT);
    observe(f, unit_left(CLD_EXITED, 0));
    expect_returns(f);
    assert_int_equal(f->pool->last_error_class, FAILURE_START_TIMEOUT);
}

static void test_returning(void **state)
{
    Fixture *f = *state;

    reach_phase(f, RELOAD_RETURNING);
    restart(f, unit_gone());
    expect(f, POOL_PREFLIGHT, "no-handoff no-pid log:preload-started facts");
    expect_returns(f);
    assert_string_equal(f->pool->last_error, "port 8080 is taken");
    assert_int_equal(f->pool->last_error_class, FAILURE_PREFLIGHT);

    reach_phase(f, RELOAD_RETURNING);
    facts_good(f);
    restart(f, unit_gone());
    expect(f, POOL_BACKOFF,
           "no-handoff no-pid log:preload-failed log:restart-scheduled save "
           "end:reload:RELOAD_FAILED");
    assert_false(ended_operation(f)->rolled_back);
    comes_back(f);
}

/* The old engine ended while nobody looked. */
static void test_old_engine_has_gone(void **state)
{
    static const ReloadPhase phases[] = {RELOAD_DRAINING, RELOAD_STAGING};
    const UnitObservation ends[] = {unit_left(CLD_EXITED, 0), unit_gone(),
                                    unit_failed(CLD_KILLED, SIGSEGV, UNIT_RESULT_SIGNAL)};
    Fixture *f = *state;

    for (size_t p = 0; p < ELEMENTSOF(phases); p++) {
        for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
            reach_phase(f, phases[p]);
            restart(f, ends[i]);
            expect_returns(f);
        }
        reach_phase(f, phases[p]);
        restart(f, unit_running());
        crash(f);
        expect_returns(f);
    }
}

/* It turned sick while we were away. */
static void test_old_engine_is_sick(void **state)
{
    Fixture *f = *state;

    reach_phase(f, RELOAD_STAGING);
    restart(f, unit_running());
    while (f->pool->state == POOL_ADOPTING) {
        if (f->pool->probe_running)
            probe(f, false);
        else
            timer(f);
    }
    expect(f, POOL_STOPPING, "save no-handoff log:unhealthy stop");
    observe(f, unit_left(CLD_EXITED, 0));
    expect_returns(f);
}

/* Commands before the engine was looked at. */
static void test_stop_while_adopting(void **state)
{
    Fixture *f = *state;

    reach_phase(f, RELOAD_STAGING);
    restart(f, unit_running());
    stop(f);
    expect(f, POOL_STOPPING,
           "no-stage end:reload:CANCELLED save no-handoff no-probe log:stopping stop");
    assert_int_equal(f->pool->reload.phase, RELOAD_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_draining),
            pool_test(test_draining_is_over),
            pool_test(test_staging),
            pool_test(test_staging_with_leases),
            pool_test(test_leaving),
            pool_test(test_arriving),
            pool_test(test_arriving_has_gone),
            pool_test(test_arriving_is_stopped),
            pool_test(test_returning),
            pool_test(test_old_engine_has_gone),
            pool_test(test_old_engine_is_sick),
            pool_test(test_stop_while_adopting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
