/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include <stdio.h>

#include "fixture.h"

/* From preload to ready, or not. */

static void test_whole_way(void **state)
{
    Fixture *f = *state;
    const OperationResult *result;

    preload(f);
    expect(f, POOL_PREFLIGHT, "log:preload-started facts");
    assert_int_equal(f->pool->generation, 0);

    facts_good(f);
    expect(f, POOL_STARTING, "save start");
    assert_int_equal(f->pool->generation, 1);
    assert_int_equal(pool_next_deadline(f->pool), f->now.mono + 120 * USEC_PER_SEC);

    observe(f, unit_starting());
    expect(f, POOL_STARTING, "");

    /* B-PRELOAD-004: the pid file before the first health check */
    observe(f, unit_running());
    expect(f, POOL_WARMING, "pid log:started probe");
    assert_true(pool_is_live(f->pool));
    /* B-PRELOAD-020 */
    assert_false(pool_is_ready(f->pool));
    assert_false(pool_has_handoff(f->pool));

    /* B-PRELOAD-021, B-PRELOAD-022, B-PRELOAD-023 */
    pass(f, 30 * USEC_PER_MSEC);
    probe(f, true);
    expect(f, POOL_READY, "handoff save log:ready end:preload:success");
    assert_true(pool_is_ready(f->pool));
    assert_true(pool_has_handoff(f->pool));
    result = ended_operation(f);
    assert_int_equal(result->id, 1);
    assert_int_equal(result->generation, 1);
    assert_int_equal(result->duration_usec, 30 * USEC_PER_MSEC);
    assert_int_equal(f->pool->last_heartbeat_real, f->now.real);
    assert_int_equal(pool_next_deadline(f->pool), f->now.mono + 5 * USEC_PER_SEC);
}

static void test_facts_bad(void **state)
{
    Fixture *f = *state;

    preload(f);
    facts_bad(f);
    expect(f, POOL_FAILED, "log:preload-failed save end:preload:PRELOAD_FAILED");
    assert_string_equal(ended_operation(f)->error.text, "preload failed: port 8080 is taken");
    assert_string_equal(f->pool->last_error, "port 8080 is taken");
    assert_int_equal(f->pool->last_error_class, FAILURE_PREFLIGHT);
    assert_int_equal(f->pool->generation, 0);
    assert_int_equal(pool_next_deadline(f->pool), USEC_INFINITY);
}

/* What was found keeps its code and the field to blame. */
static void test_facts_refused(void **state)
{
    static const struct {
        PmErrorCode code;
        const char *field, *text, *effects;
    } cases[] = {
            {PM_ERROR_GPU_REQUIRED, "", "GPU-only enforcement: nvcc/nvidia-smi not found",
             "log:preload-failed save end:preload:GPU_REQUIRED"},
            {PM_ERROR_PRELOAD_FAILED, "port", "port 8080 is taken",
             "log:preload-failed save end:preload:PRELOAD_FAILED"},
            {PM_ERROR_INVALID_FIELD, "device_mask", "GPU7 is not there",
             "log:preload-failed save end:preload:INVALID_FIELD"},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        char whole[PM_ERROR_TEXT_MAX + 1];

        fresh(f, POOL_PREFLIGHT);
        facts_refuse(f, cases[i].code, cases[i].field, cases[i].text);
        expect(f, POOL_FAILED, cases[i].effects);
        (void)snprintf(whole, sizeof(whole), "preload failed: %s", cases[i].text);
        assert_string_equal(ended_operation(f)->error.text, whole);
        assert_string_equal(ended_operation(f)->error.field, cases[i].field);
        assert_string_equal(f->pool->last_error, cases[i].text);
        assert_int_equal(f->pool->last_error_class, FAILURE_PREFLIGHT);
    }
}

/* B-ERROR-012 */
static void test_start_refused(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_STARTING);
    start_failed(f);
    expect(f, POOL_FAILED, "log:preload-failed save end:preload:PRELOAD_FAILED");
    assert_non_null(strstr(f->pool->last_error, "Access denied"));
    assert_int_equal(f->pool->last_error_class, FAILURE_EXEC_SETUP);
    assert_int_equal(pool_next_deadline(f->pool), USEC_INFINITY);
}

/* The bus takes UTF-8 only: what is too long is not cut within a character. */
static void test_start_refused_at_length(void **state)
{
    Fixture *f = *state;
    Event event = {.type = EVENT_START_FAILED, .generation = 1};

    for (size_t shift = 0; shift < 2; shift++) {
        fresh(f, POOL_STARTING);
        memset(event.failure, 0, sizeof(event.failure));
        for (size_t i = shift; i + 1 < sizeof(event.failure); i += 2)
            memcpy(event.failure + i, "\xc3\xa9", 2);
        if (shift)
            event.failure[0] = '.';
        step(f, event);
        assert_int_equal(f->pool->state, POOL_FAILED);
        assert_true(strlen(f->pool->last_error) >= PM_ERROR_TEXT_MAX - 1);
        assert_memory_equal(f->pool->last_error + strlen(f->pool->last_error) - 2, "\xc3\xa9", 2);
        assert_memory_equal(ended_operation(f)->error.text +
                                    strlen(ended_operation(f)->error.text) - 2,
                            "\xc3\xa9", 2);
    }
}

typedef struct EarlyEnd {
    UnitObservation unit;
    PoolState state;
    const char *effects;
    FailureClass failure;
    const char *text; /* a part of it */
} EarlyEnd;

static void check_early_end(Fixture *f, PoolState from, const EarlyEnd *e)
{
    fresh(f, from);
    if (from == POOL_WARMING)
        probe(f, false); /* else the end cancels one */
    observe(f, e->unit);
    expect(f, e->state, e->effects);
    assert_int_equal(f->pool->last_error_class, e->failure);
    assert_non_null(strstr(f->pool->last_error, e->text));
    assert_int_equal(pool_next_deadline(f->pool), USEC_INFINITY);
    assert_int_equal(f->pool->crash_count, 0);
}

/* B-PRELOAD-032, B-PRELOAD-034; contract, decision 7 */
static void test_ended_before_ready(void **state)
{
    Fixture *f = *state;
#define FAILED "no-pid reset log:preload-failed save end:preload:PRELOAD_FAILED"
#define LEFT   "no-pid log:preload-failed save end:preload:PRELOAD_FAILED"
    const EarlyEnd ends[] = {
            {unit_failed(CLD_EXITED, 1, UNIT_RESULT_EXIT_CODE), POOL_FAILED, FAILED,
             FAILURE_PROCESS_EXIT, "exited with status 1"},
            {unit_failed(CLD_EXITED, 203, UNIT_RESULT_EXIT_CODE), POOL_FAILED, FAILED,
             FAILURE_EXEC_SETUP, "could not be executed: the binary is missing"},
            {unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_SIGNAL), POOL_FAILED, FAILED,
             FAILURE_SIGNAL, "SIGKILL"},
            {unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_OOM_KILL), POOL_FAILED, FAILED,
             FAILURE_OUT_OF_MEMORY, "memory ran out"},
            {unit_failed(0, 0, UNIT_RESULT_RESOURCES), POOL_FAILED, FAILED, FAILURE_EXEC_SETUP,
             "lacks resources"},
            {unit_left(CLD_EXITED, 0), POOL_OFF, LEFT, FAILURE_PROCESS_EXIT,
             "exited with status 0"},
            {unit_gone(), POOL_FAILED, LEFT, FAILURE_PROCESS_EXIT, "not on record"},
    };

    for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
        check_early_end(f, POOL_STARTING, &ends[i]);
        check_early_end(f, POOL_WARMING, &ends[i]);
    }
}

/* The halves of what the bus says may come apart: without the pid no health check. */
static void test_active_without_pid(void **state)
{
    Fixture *f = *state;
    UnitObservation half = {.fields = UNIT_FIELD_ACTIVE, .active = UNIT_ACTIVE_ACTIVE};
    UnitObservation pid = {.fields = UNIT_FIELD_MAIN_PID, .main_pid = 4711};

    reach(f, POOL_STARTING);
    observe(f, half);
    expect(f, POOL_STARTING, "query");
    observe(f, pid);
    expect(f, POOL_WARMING, "pid log:started probe");
}

/* Known to be 0: the other half is under way, nothing needs to be asked. */
static void test_active_with_pid_zero(void **state)
{
    Fixture *f = *state;
    UnitObservation u = unit_running();

    u.main_pid = 0;
    reach(f, POOL_STARTING);
    observe(f, u);
    expect(f, POOL_STARTING, "");
}

/* Pauses after each bad try, as long as each try takes `takes`. */
static void check_pauses(Fixture *f, usec_t takes, const usec_t *pauses, size_t n)
{
    reach(f, POOL_WARMING);
    for (size_t i = 0; i < n; i++) {
        usec_t before;

        pass(f, takes);
        before = f->now.mono;
        probe(f, false);
        expect(f, POOL_WARMING, "");
        assert_int_equal(f->pool->probe_at - before, pauses[i]);
        timer(f);
        expect(f, POOL_WARMING, "probe");
        assert_int_equal(f->pool->probe_at, USEC_INFINITY);
    }
}

/* Contract, preload health ramp: 2 % of the time waited, at least 2 ms, at most the interval. */
static void test_ramp(void **state)
{
    static const usec_t pauses[] = {20000, 40400, 61208, 82432, 104080, 126162};

    check_pauses(*state, USEC_PER_SEC, pauses, ELEMENTSOF(pauses));
}

static void test_ramp_first(void **state)
{
    static const usec_t pauses[] = {2000, 2000, 2000};

    check_pauses(*state, USEC_PER_MSEC, pauses, ELEMENTSOF(pauses));
}

/* B-PRELOAD-011 */
static void test_no_ramp(void **state)
{
    static const usec_t pauses[] = {500000, 500000, 500000};
    Fixture *f = *state;

    f->settings.health_ramp = false;
    check_pauses(f, USEC_PER_MSEC, pauses, ELEMENTSOF(pauses));
}

/* B-PRELOAD-013, B-PRELOAD-030, B-PRELOAD-031, B-PRELOAD-033, B-ERROR-021, B-ERROR-022 */
static void test_health_timeout(void **state)
{
    Fixture *f = *state;
    usec_t began = f->now.mono;

    reach(f, POOL_WARMING);
    while (f->pool->state == POOL_WARMING) {
        if (f->pool->probe_running)
            probe(f, false);
        timer(f);
    }
    assert_int_equal(f->now.mono - began, 120 * USEC_PER_SEC);
    expect(f, POOL_STOPPING, "save log:health-timeout stop");
    assert_int_equal(f->pool->last_error_class, FAILURE_START_TIMEOUT);
    assert_string_equal(f->pool->last_error,
                        "the engine did not become healthy within 120000 ms; last health check: "
                        "connection refused");

    observe(f, unit_stopping());
    expect(f, POOL_STOPPING, "");
    observe(f, unit_left(CLD_KILLED, SIGTERM));
    expect(f, POOL_FAILED, "no-pid log:preload-failed save end:preload:PRELOAD_FAILED");
    assert_int_equal(f->pool->last_error_class, FAILURE_START_TIMEOUT);
    assert_non_null(strstr(ended_operation(f)->error.text, "preload failed: the engine did not"));
}

static void test_timeout_while_probing(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_WARMING);
    pass(f, 120 * USEC_PER_SEC);
    timer(f);
    expect(f, POOL_STOPPING, "save no-probe log:health-timeout stop");
    probe(f, true);
    expect(f, POOL_STOPPING, "");
}

/* A unit that never gets active has the same deadline. */
static void test_timeout_while_starting(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_STARTING);
    timer(f);
    expect(f, POOL_STOPPING, "save log:health-timeout stop");
    start_failed(f);
    expect(f, POOL_FAILED, "no-pid log:preload-failed save end:preload:PRELOAD_FAILED");
}

static void test_own_timeout(void **state)
{
    Fixture *f = *state;
    EngineSpec *spec = spec_sample();

    spec->health.timeout_ms = 700;
    preload_spec(f, spec);
    facts_good(f);
    assert_int_equal(pool_next_deadline(f->pool), f->now.mono + 700 * USEC_PER_MSEC);
}

static void test_early_timer(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_WARMING);
    probe(f, false);
    step(f, (Event){.type = EVENT_TIMER, .generation = 1});
    expect(f, POOL_WARMING, "");
}

/* B-REG-013: the last error stays until a successful start. */
static void test_error_until_ready(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_FAILED);
    preload(f);
    assert_string_equal(f->pool->last_error, "port 8080 is taken");
    facts_good(f);
    observe(f, unit_running());
    assert_string_equal(f->pool->last_error, "port 8080 is taken");
    probe(f, true);
    assert_null(f->pool->last_error);
    assert_int_equal(f->pool->last_error_class, FAILURE_NONE);
}

/* A preload that finds something going on. */
static void test_preload_when_busy(void **state)
{
    static const PoolState busy[] = {POOL_PREFLIGHT, POOL_STARTING, POOL_WARMING, POOL_STOPPING,
                                     POOL_ADOPTING};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(busy); i++) {
        uint64_t generation;

        fresh(f, busy[i]);
        generation = f->pool->generation;
        preload(f);
        expect(f, busy[i], "end:preload:OPERATION_IN_PROGRESS");
        assert_int_equal(ended_operation(f)->id, f->operations);
        assert_int_equal(f->pool->generation, generation);
    }
}

static void test_preload_when_ready(void **state)
{
    Fixture *f = *state;
    EngineSpec *other = spec_sample();

    reach(f, POOL_READY);
    preload(f);
    expect(f, POOL_READY, "end:preload:unchanged");
    assert_int_equal(ended_operation(f)->generation, 1);
    other->port = 8081;
    preload_spec(f, other);
    expect(f, POOL_READY, "end:preload:ALREADY_RUNNING");
    assert_int_equal(f->pool->spec->port, 8080);
}

static void test_preload_when_external(void **state)
{
    Fixture *f = *state;

    f->pool->state = POOL_EXTERNAL;
    preload(f);
    expect(f, POOL_EXTERNAL, "end:preload:ALREADY_RUNNING");
}

/* From each state of rest a preload starts; the generation counts the starts. */
static void test_preload_again(void **state)
{
    static const PoolState rest[] = {POOL_OFF, POOL_FAILED, POOL_BACKOFF, POOL_TRIPPED};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(rest); i++) {
        f->pool->state = rest[i];
        preload(f);
        expect(f, POOL_PREFLIGHT, "log:preload-started facts");
        facts_good(f);
        expect(f, POOL_STARTING, "save start");
        assert_int_equal(f->pool->generation, i + 1);
        start_failed(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_whole_way),
            pool_test(test_facts_bad),
            pool_test(test_facts_refused),
            pool_test(test_start_refused),
            pool_test(test_start_refused_at_length),
            pool_test(test_ended_before_ready),
            pool_test(test_active_without_pid),
            pool_test(test_active_with_pid_zero),
            pool_test(test_ramp),
            pool_test(test_ramp_first),
            pool_test(test_no_ramp),
            pool_test(test_health_timeout),
            pool_test(test_timeout_while_probing),
            pool_test(test_timeout_while_starting),
            pool_test(test_own_timeout),
            pool_test(test_early_timer),
            pool_test(test_error_until_ready),
            pool_test(test_preload_when_busy),
            pool_test(test_preload_when_ready),
            pool_test(test_preload_when_external),
            pool_test(test_preload_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
