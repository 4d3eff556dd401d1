/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "reload-fixture.h"

/* Reload, as it goes when nobody disturbs it: drains, has the model provided, stops the old engine,
 * starts the new one, and comes back to the old one when that fails. */

/* B-RELOAD-001, B-RELOAD-003, B-RELOAD-004, B-RELOAD-005, B-RELOAD-006: the whole way of a spec
 * that is given. */
static void test_whole_way_with_spec(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    (void)lease_for(f, SPEC_UNSET);
    reload_to(f, spec_next());
    expect(f, POOL_DRAINING, "log:reload save");
    assert_int_equal(f->pool->phase_deadline, f->now.mono + RELOAD_WITHIN_USEC);
    assert_true(pool_is_draining(f->pool));
    assert_true(pool_has_handoff(f->pool));
    release_lease(f);
    expect(f, POOL_STOPPING, "save no-handoff log:stopping stop");
    assert_int_equal(f->pool->stop_reason, STOP_RELOAD);
    assert_string_equal(f->pool->spec->model_path, "/models/tiny.gguf");
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_PREFLIGHT, "no-pid log:stopped log:preload-started facts save");
    assert_string_equal(f->pool->spec->model_path, "/models/next.gguf");
    assert_string_equal(f->pool->meta.engine_version, "b4711");
    facts_good(f);
    expect(f, POOL_STARTING, "save start");
    assert_int_equal(f->pool->generation, 2);
    observe(f, unit_running());
    expect(f, POOL_WARMING, "pid log:started probe");
    assert_string_equal(f->pool->meta.engine_version, "b4711");
    pass(f, 3 * USEC_PER_SEC);
    probe(f, true);
    expect(f, POOL_READY, "handoff save log:ready log:reloaded end:reload:success");
    assert_string_equal(f->pool->meta.engine_version, "b5000");
    assert_int_equal(ended_operation(f)->duration_usec, 3 * USEC_PER_SEC);
    assert_false(ended_operation(f)->rolled_back);
    assert_false(ended_operation(f)->unchanged);
    assert_int_equal(f->pool->reload.phase, RELOAD_NONE);
    assert_int_equal(f->pool->operation.kind, OPERATION_NONE);
    assert_true(pool_is_ready(f->pool));
}

/* B-RELOAD-002: the same where the model has to be provided: the old spec with another model. */
static void test_whole_way_with_staging(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    (void)lease_for(f, 1000);
    reload(f, "hf:next");
    expect(f, POOL_DRAINING, "log:reload save");
    timer(f);
    expect(f, POOL_DRAINING, "log:leases-expired save-leases log:staging save stage");
    assert_int_equal(f->pool->reload.phase, RELOAD_STAGING);
    assert_int_equal(f->pool->phase_deadline, USEC_INFINITY);
    step(f, (Event){.type = EVENT_LEASES});
    expect(f, POOL_DRAINING, "");
    staged(f, "/cache/next.gguf");
    expect(f, POOL_STOPPING, "save no-handoff log:stopping stop");
    assert_string_equal(f->pool->spec->model_path, "/models/tiny.gguf");
    arrive(f);
    expect(f, POOL_READY, "handoff save log:ready log:reloaded end:reload:success");
    assert_string_equal(f->pool->spec->model_path, "/cache/next.gguf");
    assert_string_equal(f->pool->spec->model_id, "hf:next");
    assert_string_equal(f->pool->spec->engine_version, "b4711");
    assert_int_equal(f->pool->generation, 2);
}

/* Without leases there is nothing to wait for, not even time. */
static void test_without_leases(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    reload_within(f, "hf:next", NULL, 0);
    expect(f, POOL_DRAINING, "log:reload log:staging save stage");
    fresh(f, POOL_READY);
    reload_within(f, "hf:next", spec_next(), 0);
    expect(f, POOL_STOPPING, "log:reload save no-handoff log:stopping stop");
}

/* Contract, decision 5: what runs already is left alone, with its leases. */
static void test_same_model(void **state)
{
    static const char *const refs[] = {"/models/tiny.gguf", "file:/models/tiny.gguf",
                                       "file:///models/tiny.gguf", "tiny"};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(refs); i++) {
        EngineSpec *spec = spec_sample();

        spec->model_id = strdup("tiny");
        f->pool = pool_free(f->pool);
        assert_int_equal(pool_new("pool-a", &f->pool), 0);
        preload_spec(f, spec);
        facts_good(f);
        observe(f, unit_running());
        probe(f, true);
        (void)lease_for(f, SPEC_UNSET);
        reload(f, refs[i]);
        expect(f, POOL_READY, "end:reload:unchanged");
        assert_int_equal(ended_operation(f)->generation, 1);
        assert_int_equal(f->pool->leases.count, 1);
        assert_int_equal(f->pool->reload.phase, RELOAD_NONE);
    }
}

static void test_same_spec(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    (void)lease_for(f, SPEC_UNSET);
    reload_to(f, spec_sample());
    expect(f, POOL_READY, "end:reload:unchanged");
    /* With a spec its model alone does not decide. */
    reload_within(f, "/models/tiny.gguf", spec_next(), RELOAD_WITHIN_USEC);
    expect(f, POOL_DRAINING, "log:reload save");
}

/* The provisioner finds that it is the file that runs. */
static void test_staged_to_the_same(void **state)
{
    Fixture *f = *state;

    reach_phase(f, RELOAD_STAGING);
    staged(f, "/models/tiny.gguf");
    expect(f, POOL_READY, "save end:reload:success");
    assert_true(pool_is_ready(f->pool));
    assert_int_equal(f->pool->generation, 1);
    assert_int_equal(f->pool->reload.phase, RELOAD_NONE);
    (void)lease_for(f, SPEC_UNSET);
}

/* Contract, decision 2: leases and engine stay as they were, draining is cleared, the error says
 * so. */
static void test_drain_deadline(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    (void)lease_for(f, SPEC_UNSET);
    (void)lease_for(f, SPEC_UNSET);
    reload(f, "hf:next");
    while (pool_next_deadline(f->pool) < f->pool->drain_deadline) {
        timer(f);
        expect(f, POOL_DRAINING, "probe");
        probe(f, true);
    }
    timer(f);
    assert_int_equal(f->now.mono, f->pool->drain_deadline);
    expect(f, POOL_READY, "log:reload-aborted save end:reload:RELOAD_FAILED probe");
    assert_true(ended_operation(f)->rolled_back);
    assert_string_equal(ended_operation(f)->error.text,
                        "reload failed: the drain's deadline is over, and leases are still out: 2");
    assert_int_equal(f->pool->last_error_class, FAILURE_DRAIN_TIMEOUT);
    assert_int_equal(f->pool->leases.count, 2);
    assert_int_equal(f->pool->generation, 1);
    assert_false(pool_is_draining(f->pool));
    (void)lease_for(f, SPEC_UNSET);
}

/* The liveness probe that was due meanwhile is not forgotten. */
static void test_drain_deadline_seen_late(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    (void)lease_for(f, SPEC_UNSET);
    reload_within(f, "hf:next", NULL, USEC_PER_SEC);
    pass(f, 10 * USEC_PER_SEC);
    step(f, (Event){.type = EVENT_TIMER, .generation = 1});
    expect(f, POOL_READY, "log:reload-aborted save end:reload:RELOAD_FAILED probe");
}

static void test_no_time_to_drain(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    (void)lease_for(f, SPEC_UNSET);
    reload_within(f, "hf:next", NULL, 0);
    expect(f, POOL_READY, "log:reload log:reload-aborted save end:reload:RELOAD_FAILED");
    assert_true(ended_operation(f)->rolled_back);
}

/* The engine is untouched until its successor is there. */
static void test_staging_fails(void **state)
{
    Fixture *f = *state;

    reach_phase(f, RELOAD_STAGING);
    staging_failed(f);
    expect(f, POOL_READY, "log:reload-aborted save end:reload:RELOAD_FAILED");
    assert_true(ended_operation(f)->rolled_back);
    assert_string_equal(ended_operation(f)->error.text, "reload failed: HTTP status 404");
    assert_int_equal(f->pool->last_error_class, FAILURE_PROVISION);
    assert_int_equal(f->pool->generation, 1);
    assert_true(pool_is_ready(f->pool));
}

/* Answers that nobody waits for. */
static void test_staged_stale(void **state)
{
    Fixture *f = *state;

    reach_phase(f, RELOAD_STAGING);
    staged_for(f, f->pool->operation.id - 1, "/cache/other.gguf");
    expect(f, POOL_DRAINING, "");
    staged(f, "/cache/next.gguf");
    assert_int_equal(f->pool->state, POOL_STOPPING);
    staged(f, "/cache/next.gguf");
    expect(f, POOL_STOPPING, "");
    for (PoolState each = POOL_OFF; each < POOL_STATE_MAX; each++) {
        if (each == POOL_DRAINING)
            continue;
        fresh(f, each);
        staged_for(f, f->pool->operation.id, "/cache/next.gguf");
        expect(f, each, "");
    }
    reach_phase(f, RELOAD_DRAINING);
    staged(f, "/cache/next.gguf");
    expect(f, POOL_DRAINING, "");
}

/* B-RELOAD-007: whatever becomes of the new engine, the old one serves the pool again. */
static void test_new_engine_fails(void **state)
{
    const struct {
        void (*go_wrong)(Fixture *f);
        FailureClass failure;
        const char *text;
        const char *effects;
    } table[] = {
            {facts_bad, FAILURE_PREFLIGHT, "port 8080 is taken",
             "log:preload-failed log:reload-failed log:preload-started facts save"},
            {arriving_start_fails, FAILURE_EXEC_SETUP,
             "the engine could not be started: Access denied",
             "log:preload-failed log:reload-failed log:preload-started facts save"},
            {arriving_exits, FAILURE_PROCESS_EXIT,
             "the engine exited with status 1 before it was healthy",
             "no-pid reset log:preload-failed log:reload-failed log:preload-started facts save"},
            {arriving_leaves, FAILURE_PROCESS_EXIT,
             "the engine exited with status 0 before it was healthy",
             "no-probe no-pid log:preload-failed log:reload-failed log:preload-started facts save"},
            {arriving_is_no_program, FAILURE_EXEC_SETUP, "the engine could not be executed: ",
             "no-pid reset log:preload-failed log:reload-failed log:preload-started facts save"},
            {arriving_times_out, FAILURE_START_TIMEOUT,
             "the engine did not become healthy within 120000 ms; last health check: connection "
             "refused",
             "no-pid log:preload-failed log:reload-failed log:preload-started facts save"},
            {arriving_has_driver_fault, FAILURE_DRIVER_RESET, "GPU 0 has fallen off the bus",
             "no-pid log:preload-failed log:reload-failed log:preload-started facts save"},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        uint64_t generation;

        reach_phase(f, RELOAD_ARRIVING);
        table[i].go_wrong(f);
        expect(f, POOL_PREFLIGHT, table[i].effects);
        assert_int_equal(f->pool->reload.phase, RELOAD_RETURNING);
        assert_string_equal(f->pool->spec->model_path, "/models/tiny.gguf");
        assert_null(f->pool->reload.previous);
        generation = f->pool->generation;
        facts_good(f);
        observe(f, unit_running());
        assert_string_equal(f->pool->meta.engine_version, "b4711");
        probe(f, true);
        expect(f, POOL_READY, "handoff save log:ready log:rolled-back end:reload:RELOAD_FAILED");
        assert_true(ended_operation(f)->rolled_back);
        assert_int_equal(f->pool->generation, generation + 1);
        assert_string_equal(f->pool->meta.engine_version, "b4711");
        /* It stays to be seen, although an engine has become ready since. */
        assert_int_equal(f->pool->last_error_class, table[i].failure);
        assert_true(startswith(f->pool->last_error, table[i].text));
        assert_true(startswith(ended_operation(f)->error.text, "reload failed: "));
        assert_int_equal(f->pool->reload.phase, RELOAD_NONE);
        (void)lease_for(f, SPEC_UNSET);
    }
}

/* Not even the old engine starts: the operation ends, the supervision goes on. */
static void test_rollback_fails(void **state)
{
    Fixture *f = *state;

    reach_phase(f, RELOAD_RETURNING);
    facts_bad(f);
    expect(f, POOL_BACKOFF,
           "log:preload-failed log:restart-scheduled save end:reload:RELOAD_FAILED");
    assert_false(ended_operation(f)->rolled_back);
    assert_string_equal(ended_operation(f)->error.text,
                        "reload failed: port 8080 is taken; and the engine from before does not "
                        "start: port 8080 is taken");
    assert_int_equal(f->pool->reload.phase, RELOAD_NONE);
    assert_true(f->pool->supervision.pending);
    comes_back(f);
    assert_string_equal(f->pool->spec->model_path, "/models/tiny.gguf");
}

static void test_rollback_crashes(void **state)
{
    Fixture *f = *state;

    reach_phase(f, RELOAD_RETURNING);
    facts_good(f);
    observe(f, unit_running());
    crash(f);
    expect(f, POOL_BACKOFF,
           "no-probe no-pid reset log:preload-failed log:restart-scheduled save "
           "end:reload:RELOAD_FAILED");
    assert_int_equal(f->pool->last_error_class, FAILURE_SIGNAL);
    comes_back(f);
}

/* It leaves with 0: nobody is served either way. */
static void test_rollback_leaves(void **state)
{
    Fixture *f = *state;

    reach_phase(f, RELOAD_RETURNING);
    facts_good(f);
    observe(f, unit_running());
    observe(f, unit_left(CLD_EXITED, 0));
    assert_int_equal(f->pool->state, POOL_BACKOFF);
    assert_int_equal(ended_operation(f)->error.code, PM_ERROR_RELOAD_FAILED);
    comes_back(f);
}

/* A refusal of the service manager is tried again; what is no program, is not. */
static void test_rollback_is_refused(void **state)
{
    Fixture *f = *state;

    reach_phase(f, RELOAD_RETURNING);
    facts_good(f);
    start_failed(f);
    assert_int_equal(f->pool->state, POOL_BACKOFF);
    assert_int_equal(f->pool->last_error_class, FAILURE_EXEC_SETUP);

    reach_phase(f, RELOAD_RETURNING);
    facts_good(f);
    observe(f, unit_failed(CLD_EXITED, 203, UNIT_RESULT_EXIT_CODE));
    expect(f, POOL_FAILED, "no-pid reset log:preload-failed save end:reload:RELOAD_FAILED");
    assert_false(f->pool->supervision.pending);
}

/* That the new engine is no program says nothing of the old one. */
static void test_rollback_after_no_program(void **state)
{
    Fixture *f = *state;

    reach_phase(f, RELOAD_ARRIVING);
    arriving_is_no_program(f);
    assert_int_equal(f->pool->reload.phase, RELOAD_RETURNING);
    facts_bad(f);
    assert_int_equal(f->pool->state, POOL_BACKOFF);
}

/* Neither is what its policy says is not to be. */
static void test_rollback_of_the_unsupervised(void **state)
{
    EngineSpec *spec = spec_sample();
    Fixture *f = *state;

    spec->policy.restart = RESTART_NO;
    preload_spec(f, spec);
    facts_good(f);
    observe(f, unit_running());
    probe(f, true);
    reload_to(f, spec_next());
    observe(f, unit_left(CLD_EXITED, 0));
    facts_bad(f);
    facts_bad(f);
    expect(f, POOL_FAILED, "log:preload-failed save end:reload:RELOAD_FAILED");
}

/* Two long reasons: both are there, and what is cut is cut between characters. */
static void test_long_reasons(void **state)
{
    Fixture *f = *state;
    char text[PM_ERROR_TEXT_MAX + 1];

    for (size_t i = 0; i + 1 < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    text[sizeof(text) - 1] = '\0';
    for (size_t shift = 0; shift < 2; shift++) {
        reach_phase(f, RELOAD_ARRIVING);
        facts_refuse(f, PM_ERROR_PRELOAD_FAILED, NULL, text + 1 - shift);
        error_text_set(&f->pool->reload.error, "%s", text + 1 - shift);
        facts_bad(f);
        assert_non_null(strstr(f->pool->last_error, "; and the engine from before does not start"));
    }
}

/* B-RELOAD-008, B-RELOAD-009: what the registry knows is of the new engine, only the mask stays. */
static void test_mask_stays(void **state)
{
    EngineSpec *next = spec_next();
    Fixture *f = *state;
    Error error = {.code = PM_ERROR_NONE};

    reach(f, POOL_READY);
    free(f->pool->meta.device_mask);
    f->pool->meta.device_mask = strdup("GPU0");
    f->pool->meta.slots_total = 4;
    next->slots_total = 8;
    next->engine_digest = strdup("sha256:1");
    assert_int_equal(reload_keep(f->pool->spec, f->pool->meta.device_mask, next, &error), 0);
    reload_to(f, next);
    assert_int_equal(f->pool->meta.slots_total, 4);
    arrive(f);
    assert_int_equal(f->pool->state, POOL_READY);
    assert_string_equal(f->pool->meta.device_mask, "GPU0");
    assert_int_equal(f->pool->meta.slots_total, 8);
    assert_string_equal(f->pool->meta.engine_digest, "sha256:1");
    assert_string_equal(f->pool->meta.engine_version, "b5000");
    assert_string_equal(f->pool->id, "pool-a");
}

/* Only a ready pool can be reloaded; each other one says why not, and stays as it is. */
static void test_refused(void **state)
{
    static const struct {
        PoolState state;
        const char *effects;
    } table[] = {
            {POOL_OFF, "end:reload:NO_ENGINE"},
            {POOL_FAILED, "end:reload:NO_ENGINE"},
            {POOL_PREFLIGHT, "end:reload:NO_ENGINE"},
            {POOL_BACKOFF, "end:reload:NO_ENGINE"},
            {POOL_TRIPPED, "end:reload:NO_ENGINE"},
            {POOL_EXTERNAL, "end:reload:NO_ENGINE"},
            {POOL_STARTING, "end:reload:OPERATION_IN_PROGRESS"},
            {POOL_WARMING, "end:reload:OPERATION_IN_PROGRESS"},
            {POOL_STOPPING, "end:reload:OPERATION_IN_PROGRESS"},
            {POOL_ADOPTING, "end:reload:OPERATION_IN_PROGRESS"},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        PoolOperation before;

        fresh(f, table[i].state);
        before = f->pool->operation;
        reload_to(f, spec_next());
        expect(f, table[i].state, table[i].effects);
        assert_int_equal(f->pool->operation.id, before.id);
        reload(f, "hf:next");
        expect(f, table[i].state, table[i].effects);
    }
}

/* The supervision has forgotten nothing and pursues nothing: a crash afterwards is one as ever. */
static void test_crash_after(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    reload_to(f, spec_next());
    arrive(f);
    assert_int_equal(f->pool->state, POOL_READY);
    crash(f);
    expect(f, POOL_BACKOFF, "no-handoff no-pid reset log:crashed log:restart-scheduled save");
    comes_back(f);
    assert_string_equal(f->pool->spec->model_path, "/models/next.gguf");
}

/* One after the other. */
static void test_again(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    for (unsigned i = 0; i < 3; i++) {
        reload(f, i % 2 ? "hf:tiny" : "hf:next");
        staged(f, i % 2 ? "/models/tiny.gguf" : "/models/next.gguf");
        arrive(f);
        expect(f, POOL_READY, "handoff save log:ready log:reloaded end:reload:success");
    }
    assert_int_equal(f->pool->generation, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_whole_way_with_spec),
            pool_test(test_whole_way_with_staging),
            pool_test(test_without_leases),
            pool_test(test_same_model),
            pool_test(test_same_spec),
            pool_test(test_staged_to_the_same),
            pool_test(test_drain_deadline),
            pool_test(test_drain_deadline_seen_late),
            pool_test(test_no_time_to_drain),
            pool_test(test_staging_fails),
            pool_test(test_staged_stale),
            pool_test(test_new_engine_fails),
            pool_test(test_rollback_fails),
            pool_test(test_rollback_crashes),
            pool_test(test_rollback_leaves),
            pool_test(test_rollback_is_refused),
            pool_test(test_rollback_after_no_program),
            pool_test(test_rollback_of_the_unsupervised),
            pool_test(test_long_reasons),
            pool_test(test_mask_stays),
            pool_test(test_refused),
            pool_test(test_crash_after),
            pool_test(test_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
