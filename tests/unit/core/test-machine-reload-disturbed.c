/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "reload-fixture.h"

/* What can come between a reload and its end: other commands, and engines that end or hang. */

/* The states of a reload in which it waits for something, and how to get there. */
static const struct {
    ReloadPhase phase;
    PoolState state;
} places[] = {
        {RELOAD_DRAINING, POOL_DRAINING},  {RELOAD_STAGING, POOL_DRAINING},
        {RELOAD_LEAVING, POOL_STOPPING},   {RELOAD_ARRIVING, POOL_PREFLIGHT},
        {RELOAD_ARRIVING, POOL_STARTING},  {RELOAD_ARRIVING, POOL_WARMING},
        {RELOAD_ARRIVING, POOL_STOPPING},  {RELOAD_RETURNING, POOL_PREFLIGHT},
        {RELOAD_RETURNING, POOL_STARTING}, {RELOAD_RETURNING, POOL_WARMING},
        {RELOAD_RETURNING, POOL_STOPPING},
};

static void reach_place(Fixture *f, size_t i)
{
    bool starts = places[i].phase == RELOAD_ARRIVING || places[i].phase == RELOAD_RETURNING;

    reach_phase(f, places[i].phase);
    if (starts && places[i].state != POOL_PREFLIGHT)
        facts_good(f);
    if (starts && (places[i].state == POOL_WARMING || places[i].state == POOL_STOPPING))
        observe(f, unit_running());
    if (starts && places[i].state == POOL_STOPPING)
        observe(f, unit_stopping());
    assert_int_equal(f->pool->state, places[i].state);
}

static unsigned ended_reloads(const Fixture *f)
{
    unsigned n = 0;

    for (size_t i = 0; i < f->effects.count; i++)
        n += f->effects.items[i].type == EFFECT_END_OPERATION &&
             f->effects.items[i].result.kind == OPERATION_RELOAD;
    return n;
}

static bool has_effect(const Fixture *f, EffectType type)
{
    for (size_t i = 0; i < f->effects.count; i++)
        if (f->effects.items[i].type == type)
            return true;
    return false;
}

/* The reload is over, and the pool has the spec from before. */
static void expect_cancelled(const Fixture *f, bool staging)
{
    assert_int_equal(ended_reloads(f), 1);
    assert_int_equal(ended_operation(f)->error.code, PM_ERROR_CANCELLED);
    assert_string_equal(ended_operation(f)->error.text,
                        "reload failed: the pool was stopped meanwhile");
    assert_false(ended_operation(f)->rolled_back);
    assert_int_equal(has_effect(f, EFFECT_CANCEL_STAGE), staging);
    assert_int_equal(f->pool->reload.phase, RELOAD_NONE);
    assert_null(f->pool->reload.next);
    assert_null(f->pool->reload.previous);
    assert_string_equal(f->pool->spec->model_path, "/models/tiny.gguf");
}

/* A stop takes its place, wherever it is. */
static void test_stop(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(places); i++) {
        reach_place(f, i);
        stop(f);
        expect_cancelled(f, places[i].phase == RELOAD_STAGING);
        if (places[i].state == POOL_PREFLIGHT) {
            assert_int_equal(f->pool->state, POOL_OFF);
            continue;
        }
        assert_int_equal(f->pool->state, POOL_STOPPING);
        assert_int_equal(f->pool->stop_reason, STOP_REQUESTED);
        observe(f, unit_left(CLD_EXITED, 0));
        assert_int_equal(f->pool->state, POOL_OFF);
        assert_int_equal(ended_operation(f)->kind, OPERATION_STOP);
        assert_int_equal(ended_operation(f)->error.code, PM_ERROR_NONE);
        /* The engine from before is what a restart starts. */
        restart_engine(f);
        assert_string_equal(f->pool->spec->model_path, "/models/tiny.gguf");
    }
}

static void test_deregister(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(places); i++) {
        reach_place(f, i);
        deregister(f);
        expect_cancelled(f, places[i].phase == RELOAD_STAGING);
        if (places[i].state != POOL_PREFLIGHT)
            observe(f, unit_left(CLD_EXITED, 0));
        assert_int_equal(f->effects.items[f->effects.count - 1].type, EFFECT_FORGET);
        assert_int_equal(f->pool->state, POOL_OFF);
    }
}

/* It holds the pool like any other operation. */
static void test_holds_the_pool(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(places); i++) {
        const LeaseRequest request = {.ttl_ms = SPEC_UNSET};
        const Lease *lease = NULL;
        bool preflight = places[i].state == POOL_PREFLIGHT;
        uint64_t id;

        reach_place(f, i);
        id = f->pool->operation.id;
        preload(f);
        expect(f, places[i].state, "end:preload:OPERATION_IN_PROGRESS");
        restart_engine(f);
        expect(f, places[i].state, "end:restart:OPERATION_IN_PROGRESS");
        reload(f, "hf:other");
        expect(f, places[i].state,
               preflight ? "end:reload:NO_ENGINE" : "end:reload:OPERATION_IN_PROGRESS");
        reload_to(f, spec_next());
        expect(f, places[i].state,
               preflight ? "end:reload:NO_ENGINE" : "end:reload:OPERATION_IN_PROGRESS");
        step(f, (Event){.type = EVENT_DRAIN, .command = {.operation = ++f->operations}});
        expect(f, places[i].state,
               preflight ? "end:drain:NO_ENGINE" : "end:drain:OPERATION_IN_PROGRESS");
        register_handoff(f, handoff_sample("http://127.0.0.1:9000"), false);
        expect(f, places[i].state, "");
        assert_int_equal(f->pool->operation.id, id);
        assert_int_equal(f->pool->reload.phase, places[i].phase);
        assert_int_equal(lease_acquire(f->pool, &request, f->now, &lease, NULL), -EINVAL);
    }
}

/* After what the table says, the old engine is started again and the reload fails. */
static void expect_goes_back(Fixture *f, FailureClass failure, const char *text)
{
    assert_int_equal(f->pool->state, POOL_PREFLIGHT);
    assert_int_equal(f->pool->reload.phase, RELOAD_RETURNING);
    assert_int_equal(ended_reloads(f), 0);
    facts_good(f);
    observe(f, unit_running());
    probe(f, true);
    expect(f, POOL_READY, "handoff save log:ready log:rolled-back end:reload:RELOAD_FAILED");
    assert_true(ended_operation(f)->rolled_back);
    assert_string_equal(f->pool->spec->model_path, "/models/tiny.gguf");
    assert_int_equal(f->pool->last_error_class, failure);
    assert_true(startswith(f->pool->last_error, text));
}

/* The old engine ends while its leases are waited for, or its successor's model. */
static void test_old_engine_crashes(void **state)
{
    static const ReloadPhase phases[] = {RELOAD_DRAINING, RELOAD_STAGING};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(phases); i++) {
        reach_phase(f, phases[i]);
        crash(f);
        expect(f, POOL_PREFLIGHT,
               i == 0 ? "no-handoff no-pid reset save-leases log:crashed log:reload-failed "
                        "log:preload-started facts save"
                      : "no-handoff no-pid reset log:crashed no-stage log:reload-failed "
                        "log:preload-started facts save");
        assert_int_equal(f->pool->crash_count, 1);
        expect_goes_back(f, FAILURE_SIGNAL, "the engine was killed by signal SIGSEGV");
    }
}

static void test_old_engine_leaves(void **state)
{
    static const ReloadPhase phases[] = {RELOAD_DRAINING, RELOAD_STAGING};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(phases); i++) {
        reach_phase(f, phases[i]);
        observe(f, unit_stopping());
        expect(f, POOL_STOPPING, "no-handoff save");
        /* What it was waited for comes too late. */
        if (i == 0)
            release_lease(f);
        else
            staged(f, "/cache/next.gguf");
        expect(f, POOL_STOPPING, "");
        observe(f, unit_left(CLD_EXITED, 0));
        assert_int_equal(has_effect(f, EFFECT_CANCEL_STAGE), i == 1);
        expect_goes_back(f, FAILURE_PROCESS_EXIT, "the engine left by itself with status 0");
    }
}

static void test_old_engine_turns_unhealthy(void **state)
{
    static const ReloadPhase phases[] = {RELOAD_DRAINING, RELOAD_STAGING};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(phases); i++) {
        reach_phase(f, phases[i]);
        while (f->pool->state == POOL_DRAINING) {
            timer(f);
            probe(f, false);
        }
        expect(f, POOL_STOPPING, "save no-handoff log:unhealthy stop");
        observe(f, unit_left(CLD_EXITED, 0));
        expect_goes_back(f, FAILURE_HEALTH_CHECK, "3 health checks in a row failed");
    }
}

static void test_old_engine_loses_its_gpu(void **state)
{
    static const ReloadPhase phases[] = {RELOAD_DRAINING, RELOAD_STAGING};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(phases); i++) {
        reach_phase(f, phases[i]);
        driver_fault(f);
        expect(f, POOL_STOPPING, "save no-handoff log:driver-fault stop");
        observe(f, unit_left(CLD_EXITED, 0));
        expect_goes_back(f, FAILURE_DRIVER_RESET, "GPU 0 has fallen off the bus");
    }
}

/* While it leaves, how it does so is all the same. */
static void test_old_engine_leaves_badly(void **state)
{
    const UnitObservation ends[] = {
            unit_failed(CLD_KILLED, SIGSEGV, UNIT_RESULT_SIGNAL),
            unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_TIMEOUT),
            unit_failed(CLD_EXITED, 1, UNIT_RESULT_EXIT_CODE),
            unit_gone(),
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
        reach_phase(f, RELOAD_LEAVING);
        driver_fault(f);
        expect(f, POOL_STOPPING, "");
        observe(f, ends[i]);
        assert_int_equal(f->pool->state, POOL_PREFLIGHT);
        assert_int_equal(f->pool->reload.phase, RELOAD_ARRIVING);
        assert_int_equal(f->pool->crash_count, 0);
        facts_good(f);
        observe(f, unit_running());
        probe(f, true);
        expect(f, POOL_READY, "handoff save log:ready log:reloaded end:reload:success");
        assert_null(f->pool->last_error);
    }
}

/* Not even SIGKILL ends it: whoever waits is told, and no second engine is started beside it; once
 * it is gone, the one from before is. */
static void test_stuck(void **state)
{
    static const size_t stopping[] = {2, 6, 10};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(stopping); i++) {
        reach_place(f, stopping[i]);
        timer(f);
        expect(f, POOL_STOPPING, "kill query");
        timer(f);
        expect(f, POOL_STOPPING, "kill query log:stuck end:reload:STOP_FAILED");
        assert_false(ended_operation(f)->rolled_back);
        assert_int_equal(f->pool->reload.phase, RELOAD_NONE);
        assert_string_equal(f->pool->spec->model_path, "/models/tiny.gguf");
        timer(f);
        expect(f, POOL_STOPPING, "kill query");
        observe(f, unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_TIMEOUT));
        assert_int_equal(ended_reloads(f), 0);
        assert_int_equal(f->pool->state, POOL_BACKOFF);
        comes_back(f);
        assert_string_equal(f->pool->spec->model_path, "/models/tiny.gguf");
    }
}

static void test_stop_is_refused(void **state)
{
    Fixture *f = *state;

    reach_phase(f, RELOAD_LEAVING);
    stop_failed(f);
    expect(f, POOL_STOPPING, "kill query");
    observe(f, unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_SIGNAL));
    assert_int_equal(f->pool->reload.phase, RELOAD_ARRIVING);
    assert_int_equal(f->pool->state, POOL_PREFLIGHT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_stop),
            pool_test(test_deregister),
            pool_test(test_holds_the_pool),
            pool_test(test_old_engine_crashes),
            pool_test(test_old_engine_leaves),
            pool_test(test_old_engine_turns_unhealthy),
            pool_test(test_old_engine_loses_its_gpu),
            pool_test(test_old_engine_leaves_badly),
            pool_test(test_stuck),
            pool_test(test_stop_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
