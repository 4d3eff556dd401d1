/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "reload-fixture.h"

/* An engine that ended in failure is judged once its output was read, at most a second later. */

/* A new pool in that state; from then on the test says what is read. */
static void reach_reading(Fixture *f, PoolState state)
{
    f->reads_output = false;
    fresh(f, state);
    f->reads_output = true;
}

/* A new pool whose engine was ready, has crashed and is to be judged. */
static void reach_judging(Fixture *f)
{
    reach_reading(f, POOL_READY);
    crash(f);
    assert_true(f->pool->judging);
}

/* B-SUPER-003: the pool is failed at once, what comes next waits for the output. */
static void test_crash(void **state)
{
    Fixture *f = *state;

    reach_reading(f, POOL_READY);
    (void)lease_for(f, SPEC_UNSET);
    crash(f);
    expect(f, POOL_FAILED, "no-handoff no-pid reset save-leases save read-output");
    assert_false(pool_is_ready(f->pool));
    assert_false(pool_is_live(f->pool));
    assert_int_equal(f->pool->crash_count, 1);
    assert_int_equal(f->pool->last_error_class, FAILURE_SIGNAL);
    assert_string_equal(f->pool->last_error, "the engine was killed by signal SIGSEGV");
    assert_int_equal(pool_next_deadline(f->pool), f->now.mono + USEC_PER_SEC);
    output(f, FAILURE_CUDA, "CUDA error: an illegal memory access was encountered");
    expect(f, POOL_BACKOFF, "log:crashed log:restart-scheduled save");
    assert_int_equal(f->pool->last_error_class, FAILURE_CUDA);
    assert_string_equal(f->pool->last_error,
                        "the engine was killed by signal SIGSEGV; its output: CUDA error: an "
                        "illegal memory access was encountered");
    assert_false(f->pool->judging);
    /* The delay is that of the class. */
    assert_int_equal(pool_next_deadline(f->pool), f->now.mono + 2 * USEC_PER_SEC);
    assert_int_equal(f->effects.items[0].log.end.signal, SIGSEGV);
}

/* Nothing comes: after a second it is judged without. */
static void test_deadline(void **state)
{
    Fixture *f = *state;

    reach_judging(f);
    timer(f);
    expect(f, POOL_BACKOFF, "log:crashed log:restart-scheduled save");
    assert_int_equal(f->pool->last_error_class, FAILURE_SIGNAL);
    assert_string_equal(f->pool->last_error, "the engine was killed by signal SIGSEGV");
    output(f, FAILURE_CUDA, "CUDA error");
    expect(f, POOL_BACKOFF, "");
    assert_int_equal(f->pool->last_error_class, FAILURE_SIGNAL);
}

/* The engine dies of it before the driver has said so. */
static void test_driver_says_it_later(void **state)
{
    Fixture *f = *state;

    reach_judging(f);
    driver_fault(f);
    expect(f, POOL_BACKOFF, "log:crashed log:restart-scheduled save");
    assert_int_equal(f->pool->last_error_class, FAILURE_DRIVER_RESET);
    output(f, FAILURE_CUDA, "CUDA error");
    expect(f, POOL_BACKOFF, "");
    assert_int_equal(f->pool->last_error_class, FAILURE_DRIVER_RESET);
}

/* What is said of it twice, or of an engine that is no more, changes nothing. */
static void test_stale(void **state)
{
    Fixture *f = *state;

    reach_judging(f);
    observe(f, unit_gone());
    expect(f, POOL_FAILED, "");
    probe(f, false);
    expect(f, POOL_FAILED, "");
    step(f, (Event){.type = EVENT_TIMER, .generation = 1});
    expect(f, POOL_FAILED, "");
    f->pool->generation++;
    step(f, (Event){.type = EVENT_OUTPUT, .generation = 1});
    expect(f, POOL_FAILED, "log:stale");
    assert_true(f->pool->judging);
    output(f, FAILURE_NONE, "");
    assert_int_equal(f->pool->state, POOL_BACKOFF);
    for (PoolState each = POOL_OFF; each < POOL_STATE_MAX; each++) {
        if (each == POOL_DRAINING)
            continue;
        reach_reading(f, each);
        output(f, FAILURE_CUDA, "CUDA error");
        expect(f, each, "");
    }
}

/* The failures that an engine which was ready can have, and what its output makes of them. */
typedef struct Known {
    FailureClass failure;
    void (*happen)(Fixture *f);
    bool refined;
} Known;

static void exits(Fixture *f)
{
    observe(f, unit_failed(CLD_EXITED, 1, UNIT_RESULT_EXIT_CODE));
}

static void runs_out_of_memory(Fixture *f)
{
    observe(f, unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_OOM_KILL));
}

static void turns_unhealthy(Fixture *f)
{
    while (f->pool->state == POOL_READY) {
        timer(f);
        probe(f, false);
    }
    observe(f, unit_left(CLD_EXITED, 0));
}

static void loses_its_gpu(Fixture *f)
{
    driver_fault(f);
    expect(f, POOL_STOPPING, "save no-handoff log:driver-fault stop");
    observe(f, unit_left(CLD_KILLED, SIGTERM));
}

static void test_classes(void **state)
{
    static const Known known[] = {
            {FAILURE_PROCESS_EXIT, exits, true},
            {FAILURE_SIGNAL, crash, true},
            {FAILURE_HEALTH_CHECK, turns_unhealthy, true},
            {FAILURE_OUT_OF_MEMORY, runs_out_of_memory, false},
            {FAILURE_DRIVER_RESET, loses_its_gpu, false},
    };
    static const FailureClass found[] = {FAILURE_CUDA, FAILURE_VRAM_OOM, FAILURE_OUT_OF_MEMORY,
                                         FAILURE_DRIVER_RESET};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(known); i++) {
        for (size_t k = 0; k < ELEMENTSOF(found); k++) {
            reach_reading(f, POOL_READY);
            known[i].happen(f);
            assert_true(f->pool->judging);
            assert_int_equal(f->pool->last_error_class, known[i].failure);
            output(f, found[k], "a line");
            expect(f, POOL_BACKOFF, "log:crashed log:restart-scheduled save");
            assert_int_equal(f->pool->last_error_class,
                             known[i].refined ? found[k] : known[i].failure);
            assert_int_equal(strstr(f->pool->last_error, "; its output: a line") != NULL,
                             known[i].refined);
        }
    }
}

/* The last line of an engine that was at work is about its work. */
static void test_line_without_class(void **state)
{
    Fixture *f = *state;

    reach_judging(f);
    output(f, FAILURE_NONE, "slot 3 released");
    expect(f, POOL_BACKOFF, "log:crashed log:restart-scheduled save");
    assert_string_equal(f->pool->last_error, "the engine was killed by signal SIGSEGV");
    reach_judging(f);
    output(f, FAILURE_VRAM_OOM, "");
    assert_int_equal(f->pool->last_error_class, FAILURE_VRAM_OOM);
    assert_string_equal(f->pool->last_error, "the engine was killed by signal SIGSEGV");
}

/* One that was never ready: its last line tells why, with a class or without. */
static void test_start(void **state)
{
    Fixture *f = *state;

    reach_reading(f, POOL_WARMING);
    exits(f);
    expect(f, POOL_FAILED, "no-probe no-pid reset save read-output");
    assert_int_equal(f->pool->operation.kind, OPERATION_PRELOAD);
    output(f, FAILURE_NONE, "error: invalid argument: --nonsense");
    expect(f, POOL_FAILED, "log:preload-failed save end:preload:PRELOAD_FAILED");
    assert_string_equal(ended_operation(f)->error.text,
                        "preload failed: the engine exited with status 1 before it was healthy; "
                        "its output: error: invalid argument: --nonsense");
    assert_int_equal(f->pool->last_error_class, FAILURE_PROCESS_EXIT);
    assert_int_equal(pool_next_deadline(f->pool), USEC_INFINITY);

    reach_reading(f, POOL_WARMING);
    exits(f);
    output(f, FAILURE_VRAM_OOM, "failed to allocate CUDA0 buffer");
    assert_int_equal(f->pool->last_error_class, FAILURE_VRAM_OOM);
}

/* It did not become healthy in time, and its output tells why. */
static void test_start_timeout(void **state)
{
    Fixture *f = *state;

    reach_reading(f, POOL_STARTING);
    timer(f);
    expect(f, POOL_STOPPING, "save log:health-timeout stop");
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_FAILED, "no-pid save read-output");
    output(f, FAILURE_CUDA, "no CUDA-capable device is detected");
    expect(f, POOL_FAILED, "log:preload-failed save end:preload:PRELOAD_FAILED");
    assert_int_equal(f->pool->last_error_class, FAILURE_CUDA);
}

/* That it could not even be stopped does not hide why it was to be. */
static void test_stop_is_refused(void **state)
{
    Fixture *f = *state;

    reach_reading(f, POOL_STARTING);
    timer(f);
    stop_failed(f);
    expect(f, POOL_STOPPING, "kill query");
    observe(f, unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_SIGNAL));
    output(f, FAILURE_NONE, "");
    expect(f, POOL_FAILED, "log:preload-failed save end:preload:PRELOAD_FAILED");
    assert_int_equal(f->pool->last_error_class, FAILURE_START_TIMEOUT);
}

/* What could not be executed has said nothing, and is not tried again. */
static void test_no_program(void **state)
{
    Fixture *f = *state;

    reach_reading(f, POOL_BACKOFF);
    f->reads_output = false;
    comes_back(f);
    crash(f);
    f->reads_output = true;
    timer(f);
    facts_good(f);
    observe(f, unit_failed(CLD_EXITED, 203, UNIT_RESULT_EXIT_CODE));
    expect(f, POOL_FAILED, "no-pid reset save read-output");
    output(f, FAILURE_NONE, "");
    expect(f, POOL_FAILED, "log:preload-failed save");
    assert_int_equal(f->pool->last_error_class, FAILURE_EXEC_SETUP);
    assert_false(f->pool->supervision.pending);
}

/* Ends that are no failure need no judgement. */
static void test_no_failure(void **state)
{
    Fixture *f = *state;

    reach_reading(f, POOL_READY);
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "no-handoff no-pid log:exited save");
    reach_reading(f, POOL_STOPPING);
    observe(f, unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_TIMEOUT));
    expect(f, POOL_OFF, "no-pid reset log:stopped save end:stop:forced");
    reach_reading(f, POOL_STARTING);
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "no-pid log:preload-failed save end:preload:PRELOAD_FAILED");
    assert_false(f->pool->judging);
}

/* Whoever asks for something finds the pool judged. */
static void test_commands(void **state)
{
    static const struct {
        EventType type;
        PoolState becomes;
        const char *effects;
    } table[] = {
            {EVENT_STOP, POOL_OFF, "log:crashed log:restart-scheduled save save end:stop:success"},
            {EVENT_DRAIN, POOL_OFF,
             "log:crashed log:restart-scheduled save save end:drain:success"},
            {EVENT_RESTART, POOL_PREFLIGHT,
             "log:crashed log:restart-scheduled save log:preload-started facts"},
            {EVENT_DEREGISTER, POOL_OFF,
             "log:crashed log:restart-scheduled save log:deregistered end:deregister:success "
             "forget"},
            {EVENT_BREAKER_RESET, POOL_PREFLIGHT,
             "log:crashed log:restart-scheduled save save log:restart facts"},
            {EVENT_BREAKER_ALLOW, POOL_BACKOFF, "log:crashed log:restart-scheduled save"},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        reach_judging(f);
        step(f, (Event){.type = table[i].type, .command = {.operation = ++f->operations}});
        expect(f, table[i].becomes, table[i].effects);
        assert_false(f->pool->judging);
        output(f, FAILURE_CUDA, "CUDA error");
        expect(f, table[i].becomes, "");
    }
    reach_judging(f);
    preload(f);
    expect(f, POOL_PREFLIGHT, "log:crashed log:restart-scheduled save log:preload-started facts");
    reach_judging(f);
    reload_to(f, spec_next());
    expect(f, POOL_BACKOFF, "log:crashed log:restart-scheduled save end:reload:NO_ENGINE");
    reach_judging(f);
    register_handoff(f, handoff_sample("http://127.0.0.1:9000"), false);
    assert_int_equal(f->pool->state, POOL_EXTERNAL);
    assert_false(f->pool->judging);
}

/* What decides nothing does not hurry it. */
static void test_others_wait(void **state)
{
    Fixture *f = *state;

    reach_judging(f);
    step(f, (Event){.type = EVENT_LEASES});
    expect(f, POOL_FAILED, "");
    handoff_gone(f);
    expect(f, POOL_FAILED, "");
    load(f, 1, 2);
    expect(f, POOL_FAILED, "");
    assert_true(f->pool->judging);
}

/* A drain waits for the end, and is told of it afterwards. */
static void test_drain(void **state)
{
    Fixture *f = *state;

    reach_reading(f, POOL_READY);
    (void)lease_for(f, SPEC_UNSET);
    step(f, (Event){.type = EVENT_DRAIN,
                    .command = {.operation = ++f->operations, .within_usec = USEC_PER_SEC}});
    crash(f);
    expect(f, POOL_FAILED, "no-handoff no-pid reset save-leases save read-output");
    assert_int_equal(f->pool->operation.kind, OPERATION_DRAIN);
    output(f, FAILURE_NONE, "");
    expect(f, POOL_FAILED, "log:crashed save end:drain:success");
    assert_int_equal(ended_operation(f)->leases, 1);
}

/* A reload that goes back does so with what the output told. */
static void test_reload(void **state)
{
    Fixture *f = *state;

    reach_reading(f, POOL_READY);
    reload_to(f, spec_next());
    observe(f, unit_left(CLD_EXITED, 0));
    facts_good(f);
    exits(f);
    expect(f, POOL_FAILED, "no-pid reset save read-output");
    assert_int_equal(f->pool->reload.phase, RELOAD_ARRIVING);
    output(f, FAILURE_VRAM_OOM, "failed to allocate CUDA0 buffer");
    expect(f, POOL_PREFLIGHT,
           "log:preload-failed log:reload-failed log:preload-started facts save");
    facts_good(f);
    observe(f, unit_running());
    probe(f, true);
    expect(f, POOL_READY, "handoff save log:ready log:rolled-back end:reload:RELOAD_FAILED");
    assert_int_equal(f->pool->last_error_class, FAILURE_VRAM_OOM);
    assert_non_null(strstr(f->pool->last_error, "failed to allocate CUDA0 buffer"));
}

/* Stopped while it is judged: the reload goes back first, and is stopped there. */
static void test_stop_of_a_reload(void **state)
{
    Fixture *f = *state;

    reach_phase(f, RELOAD_ARRIVING);
    f->reads_output = true;
    facts_good(f);
    exits(f);
    stop(f);
    expect(f, POOL_OFF,
           "log:preload-failed log:reload-failed log:preload-started facts save "
           "end:reload:CANCELLED save end:stop:success");
    assert_string_equal(f->pool->spec->model_path, "/models/tiny.gguf");
    assert_int_equal(f->pool->reload.phase, RELOAD_NONE);
}

/* Our own restart: it is judged at once, without the output. */
static void test_recover(void **state)
{
    Fixture *f = *state;

    reach_judging(f);
    restart(f, unit_failed(CLD_KILLED, SIGSEGV, UNIT_RESULT_SIGNAL));
    expect(f, POOL_BACKOFF, "log:crashed log:restart-scheduled save no-handoff reset no-pid");
    assert_false(f->pool->judging);
    assert_int_equal(f->pool->last_error_class, FAILURE_SIGNAL);
    assert_int_equal(f->pool->crash_count, 1);
    assert_int_not_equal(pool_next_deadline(f->pool), USEC_INFINITY);

    reach_judging(f);
    restart(f, unit_gone());
    expect(f, POOL_BACKOFF, "log:crashed log:restart-scheduled save no-handoff no-pid");

    reach_reading(f, POOL_WARMING);
    exits(f);
    restart(f, unit_gone());
    expect(f, POOL_FAILED, "log:preload-failed save end:preload:PRELOAD_FAILED no-handoff no-pid");
}

static void test_recover_reload(void **state)
{
    Fixture *f = *state;

    reach_phase(f, RELOAD_ARRIVING);
    f->reads_output = true;
    facts_good(f);
    exits(f);
    restart(f, unit_gone());
    assert_int_equal(f->pool->state, POOL_PREFLIGHT);
    assert_int_equal(f->pool->reload.phase, RELOAD_RETURNING);
    facts_good(f);
    observe(f, unit_running());
    probe(f, true);
    expect(f, POOL_READY, "handoff save log:ready log:rolled-back end:reload:RELOAD_FAILED");
}

/* A fault of the driver stops every engine that runs, in whatever state, and nothing else. */
static void test_driver_fault(void **state)
{
    static const struct {
        PoolState state;
        const char *effects; /* NULL: none, and the state stays */
    } table[] = {
            {POOL_OFF, NULL},
            {POOL_PREFLIGHT, NULL},
            {POOL_STARTING, "save log:driver-fault stop"},
            {POOL_WARMING, "save no-probe log:driver-fault stop"},
            {POOL_READY, "save no-handoff log:driver-fault stop"},
            {POOL_STOPPING, NULL},
            {POOL_BACKOFF, NULL},
            {POOL_TRIPPED, NULL},
            {POOL_FAILED, NULL},
            {POOL_ADOPTING, "save no-handoff no-probe log:driver-fault stop"},
            {POOL_EXTERNAL, NULL},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        FailureClass before;

        fresh(f, table[i].state);
        before = f->pool->last_error_class;
        driver_fault(f);
        if (!table[i].effects) {
            expect(f, table[i].state, "");
            assert_int_equal(f->pool->last_error_class, before);
            continue;
        }
        expect(f, POOL_STOPPING, table[i].effects);
        assert_int_equal(f->pool->stop_reason, STOP_DRIVER_FAULT);
        assert_string_equal(f->pool->last_error, "GPU 0 has fallen off the bus");
        driver_fault(f);
        expect(f, POOL_STOPPING, "");
        observe(f, unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_TIMEOUT));
        assert_int_equal(f->pool->last_error_class, FAILURE_DRIVER_RESET);
        assert_int_equal(f->pool->state, f->pool->was_ready ? POOL_BACKOFF : POOL_FAILED);
        assert_int_equal(f->pool->crash_count, f->pool->was_ready);
    }
}

/* The engine is stopped for the fault also after our restart. */
static void test_driver_fault_recover(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    driver_fault(f);
    restart(f, unit_running());
    expect(f, POOL_STOPPING, "no-handoff save log:driver-fault stop");
    observe(f, unit_left(CLD_KILLED, SIGTERM));
    expect(f, POOL_BACKOFF, "no-pid log:crashed log:restart-scheduled save");
    assert_int_equal(f->pool->last_error_class, FAILURE_DRIVER_RESET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_crash),
            pool_test(test_deadline),
            pool_test(test_stale),
            pool_test(test_classes),
            pool_test(test_line_without_class),
            pool_test(test_start),
            pool_test(test_start_timeout),
            pool_test(test_stop_is_refused),
            pool_test(test_no_program),
            pool_test(test_no_failure),
            pool_test(test_commands),
            pool_test(test_others_wait),
            pool_test(test_drain),
            pool_test(test_reload),
            pool_test(test_stop_of_a_reload),
            pool_test(test_recover),
            pool_test(test_recover_reload),
            pool_test(test_driver_says_it_later),
            pool_test(test_driver_fault),
            pool_test(test_driver_fault_recover),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
