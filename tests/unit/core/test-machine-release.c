/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <sys/wait.h>

#include "fixture.h"

/* The memory of GPUs after an engine's end. */

static const usec_t RELEASE_USEC = 10 * USEC_PER_SEC;

static void observe_gpu(Fixture *f, UnitObservation u)
{
    step(f, (Event){.type = EVENT_UNIT,
                    .generation = f->pool->generation,
                    .uses_gpu = true,
                    .unit = u});
}

static void looked(Fixture *f, GpuMemory memory, uint64_t pid)
{
    step(f, (Event){.type = EVENT_GPU_MEMORY,
                    .generation = f->pool->generation,
                    .gpu_memory = {.memory = memory,
                                   .index = 1,
                                   .bytes = 2048ULL << 20,
                                   .pid = pid,
                                   .why = "the driver is away"}});
}

/* A stop whose engine has left, having had a GPU. */
static void reach_release(Fixture *f)
{
    fresh(f, POOL_READY);
    f->settings.gpu_release_usec = RELEASE_USEC;
    stop(f);
    observe_gpu(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_STOPPING, "save check-gpu");
    assert_true(f->pool->releasing);
    assert_string_equal(pool_state_shown(f->pool), "stopping");
    assert_false(pool_is_live(f->pool));
}

static void test_back_at_once(void **state)
{
    Fixture *f = *state;

    reach_release(f);
    looked(f, GPU_MEMORY_BACK, 0);
    expect(f, POOL_OFF, "no-pid log:stopped save end:stop:success");
    assert_string_equal(ended_operation(f)->warning, "");
    assert_null(f->pool->last_error);
    assert_int_equal(pool_next_deadline(f->pool), USEC_INFINITY);
}

/* Neither without a GPU, nor where it is not wanted. */
static void test_nothing_to_wait_for(void **state)
{
    Fixture *f = *state;

    fresh(f, POOL_READY);
    f->settings.gpu_release_usec = RELEASE_USEC;
    stop(f);
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "no-pid log:stopped save end:stop:success");
    fresh(f, POOL_READY);
    f->settings.gpu_release_usec = 0;
    stop(f);
    observe_gpu(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "no-pid log:stopped save end:stop:success");
}

static void test_back_after_a_while(void **state)
{
    Fixture *f = *state;

    reach_release(f);
    looked(f, GPU_MEMORY_HELD, 4711);
    expect(f, POOL_STOPPING, "save");
    for (unsigned i = 0; i < 8; i++) {
        usec_t before = f->now.mono;

        timer(f);
        expect(f, POOL_STOPPING, "check-gpu");
        assert_true(f->now.mono - before <= USEC_PER_SEC);
        looked(f, GPU_MEMORY_HELD, 4711);
        expect(f, POOL_STOPPING, "");
    }
    timer(f);
    looked(f, GPU_MEMORY_BACK, 0);
    expect(f, POOL_OFF, "no-pid log:stopped save end:stop:success");
    assert_string_equal(ended_operation(f)->warning, "");
}

static const char held[] = "GPU 1 has not given back the engine's memory: 2048 MiB held by its "
                           "process 4711";

static void test_not_back_in_time(void **state)
{
    Fixture *f = *state;
    usec_t begun;
    unsigned looks = 0;

    reach_release(f);
    begun = f->now.mono;
    for (; f->pool->releasing; looks++) {
        looked(f, GPU_MEMORY_HELD, 4711);
        timer(f);
    }
    expect(f, POOL_OFF, "log:gpu-held no-pid log:stopped save end:stop:success");
    assert_int_equal(f->now.mono - begun, RELEASE_USEC);
    assert_in_range(looks, 10, 20);
    assert_string_equal(ended_operation(f)->warning, held);
    assert_string_equal(f->pool->last_error, held);
    assert_int_equal(f->metrics.counts[POOL_COUNT_GPU_MEMORY_HELD], 1);
    /* The next operation has nothing to do with it. */
    preload(f);
    facts_bad(f);
    assert_string_equal(ended_operation(f)->warning, "");
}

/* A driver that says that it cannot tell, and one that says nothing. */
static void test_not_known(void **state)
{
    Fixture *f = *state;

    reach_release(f);
    looked(f, GPU_MEMORY_UNKNOWN, 0);
    expect(f, POOL_OFF, "log:gpu-unknown no-pid log:stopped save end:stop:success");
    assert_string_equal(ended_operation(f)->warning,
                        "whether the engine's memory of the GPUs is free again is not known: the "
                        "driver is away");
    reach_release(f);
    timer(f);
    expect(f, POOL_OFF, "log:gpu-unknown no-pid log:stopped save end:stop:success");
    assert_string_equal(ended_operation(f)->warning,
                        "whether the engine's memory of the GPUs is free again is not known: the "
                        "driver of the GPUs does not answer");
}

/* Whatever is said of the unit then: how the engine ended is known. */
static void test_news_while_waiting(void **state)
{
    Fixture *f = *state;

    reach_release(f);
    observe_gpu(f, unit_gone());
    expect(f, POOL_STOPPING, "");
    stop_failed(f);
    expect(f, POOL_STOPPING, "");
    start_failed(f);
    expect(f, POOL_STOPPING, "");
    looked(f, GPU_MEMORY_HELD, 4711);
    looked(f, GPU_MEMORY_BACK, 0); /* that nobody has asked for */
    expect(f, POOL_STOPPING, "");
    assert_true(f->pool->releasing);
}

static void crash_with_gpu(Fixture *f)
{
    fresh(f, POOL_READY);
    f->settings.gpu_release_usec = RELEASE_USEC;
    observe_gpu(f, unit_failed(CLD_KILLED, SIGSEGV, UNIT_RESULT_SIGNAL));
    expect(f, POOL_STOPPING, "no-handoff save check-gpu");
}

/* Unready at once, and started again once the memory is back. */
static void test_crash(void **state)
{
    Fixture *f = *state;

    crash_with_gpu(f);
    looked(f, GPU_MEMORY_BACK, 0);
    assert_int_equal(f->pool->state, POOL_BACKOFF);
    assert_int_equal(f->pool->crash_count, 1);
    assert_int_equal(f->pool->last_error_class, FAILURE_SIGNAL);
}

/* It is started again all the same: the fit check of that start sees what is free. */
static void test_crash_held(void **state)
{
    Fixture *f = *state;

    crash_with_gpu(f);
    while (f->pool->releasing) {
        looked(f, GPU_MEMORY_HELD, 4711);
        timer(f);
    }
    assert_int_equal(f->pool->state, POOL_BACKOFF);
    assert_int_equal(f->pool->last_error_class, FAILURE_SIGNAL);
    assert_non_null(strstr(f->pool->last_error, "SIGSEGV"));
    assert_non_null(strstr(f->pool->last_error, held));
    comes_back(f);
    assert_null(f->pool->last_error);
}

static void test_stop_while_waiting(void **state)
{
    Fixture *f = *state;

    crash_with_gpu(f);
    stop(f);
    expect(f, POOL_STOPPING, "save");
    assert_true(f->pool->releasing);
    looked(f, GPU_MEMORY_BACK, 0);
    expect(f, POOL_OFF, "no-pid reset log:stopped save end:stop:success");
    reach_release(f);
    stop(f);
    expect(f, POOL_STOPPING, "end:stop:OPERATION_IN_PROGRESS");
}

/* The driver tells of the fault a little later: there is no more to wait for. */
static void test_driver_fault_while_waiting(void **state)
{
    Fixture *f = *state;

    crash_with_gpu(f);
    step(f, (Event){.type = EVENT_DRIVER_FAULT,
                    .generation = f->pool->generation,
                    .failure = "GPU 1 has fallen off the bus"});
    assert_int_equal(f->pool->state, POOL_BACKOFF);
    assert_int_equal(f->pool->last_error_class, FAILURE_DRIVER_RESET);
    assert_non_null(strstr(f->pool->last_error, "fallen off the bus"));
    reach_release(f);
    step(f, (Event){.type = EVENT_DRIVER_FAULT,
                    .generation = f->pool->generation,
                    .failure = "GPU 1 has fallen off the bus"});
    assert_int_equal(f->pool->state, POOL_OFF);
}

/* What a restart waits for carries its warning to the answer. */
static void test_restart_held(void **state)
{
    Fixture *f = *state;

    fresh(f, POOL_READY);
    f->settings.gpu_release_usec = RELEASE_USEC;
    restart_engine(f);
    observe_gpu(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_STOPPING, "save check-gpu");
    while (f->pool->releasing) {
        looked(f, GPU_MEMORY_HELD, 4711);
        timer(f);
    }
    assert_int_equal(f->pool->state, POOL_PREFLIGHT);
    facts_good(f);
    observe(f, unit_running());
    probe(f, true);
    assert_string_equal(ended_operation(f)->warning, held);
    assert_null(f->pool->last_error);
}

static void recover_gpu(Fixture *f, UnitObservation u)
{
    f->settings.gpu_release_usec = RELEASE_USEC;
    restart(f, u);
}

/* Our restart meanwhile: the wait begins anew, and knows whom it was about. */
static void test_recovery(void **state)
{
    Fixture *f = *state;

    reach_release(f);
    looked(f, GPU_MEMORY_HELD, 4711);
    recover_gpu(f, unit_gone());
    assert_int_equal(f->pool->state, POOL_STOPPING);
    assert_true(f->pool->releasing);
    assert_int_equal(f->pool->held_pid, 4711);
    looked(f, GPU_MEMORY_BACK, 0);
    expect(f, POOL_OFF, "no-pid log:stopped save end:stop:success");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_back_at_once),
            pool_test(test_nothing_to_wait_for),
            pool_test(test_back_after_a_while),
            pool_test(test_not_back_in_time),
            pool_test(test_not_known),
            pool_test(test_news_while_waiting),
            pool_test(test_crash),
            pool_test(test_crash_held),
            pool_test(test_stop_while_waiting),
            pool_test(test_driver_fault_while_waiting),
            pool_test(test_restart_held),
            pool_test(test_recovery),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
