/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>

#include "fixture.h"

/* Engines that were to run and have ended: how they are started again. Numbers and delays of their
 * own are tested in test-supervision*.c. */

#define SECONDS(n) ((n)*USEC_PER_SEC)

static void exit_with(Fixture *f, int status)
{
    observe(f, unit_failed(CLD_EXITED, status, UNIT_RESULT_EXIT_CODE));
}

static CircuitState circuit(const Fixture *f)
{
    return supervision_circuit(&f->pool->supervision, f->now);
}

/* Nothing is to come, and the next start is nobody's but a client's. */
static void assert_unsupervised(const Fixture *f)
{
    assert_false(f->pool->supervision.pending);
    assert_false(f->pool->automatic);
    assert_int_equal(pool_next_deadline(f->pool), USEC_INFINITY);
}

/* Waits for a restart that is due in `delay`, neither earlier nor never. */
static void assert_waits(Fixture *f, PoolState state, usec_t delay)
{
    usec_t due = f->now.mono + delay;

    assert_int_equal(f->pool->state, state);
    assert_true(f->pool->supervision.pending);
    assert_int_equal(f->pool->supervision.due.mono, due);
    assert_int_equal(pool_next_deadline(f->pool), due);
    assert_false(pool_is_live(f->pool));
    assert_false(pool_is_ready(f->pool));
    assert_false(pool_has_handoff(f->pool));
}

static void timer_now(Fixture *f)
{
    step(f, (Event){.type = EVENT_TIMER, .generation = f->pool->generation});
}

/* The engine runs well for `span`; returns how often the state was worth saving. */
static unsigned runs_well(Fixture *f, usec_t span)
{
    usec_t end = f->now.mono + span;
    unsigned saved = 0;

    while (pool_next_deadline(f->pool) <= end) {
        timer(f);
        for (size_t i = 0; i < f->effects.count; i++)
            saved += f->effects.items[i].type == EFFECT_SAVE;
        if (f->pool->probe_running)
            probe(f, true);
        assert_int_equal(f->pool->state, POOL_READY);
    }
    pass(f, end - f->now.mono);
    return saved;
}

/* A restart that was due has come as far as `state`. */
static void reach_automatic(Fixture *f, PoolState state)
{
    fresh(f, POOL_BACKOFF);
    timer(f);
    if (state == POOL_PREFLIGHT)
        return;
    facts_good(f);
    if (state == POOL_STARTING)
        return;
    observe(f, unit_running());
    if (state == POOL_WARMING)
        return;
    probe(f, true);
}

/* B-SUPER-001, B-SUPER-004, B-SUPER-010, B-SUPER-030: from the crash until all is well again. */
static void test_whole_way(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    pass(f, SECONDS(7));
    crash(f);
    expect(f, POOL_BACKOFF, "no-handoff no-pid reset log:crashed log:restart-scheduled save");
    assert_waits(f, POOL_BACKOFF, SECONDS(1));
    assert_int_equal(f->pool->supervision.restart_count, 0);
    assert_int_equal(f->pool->supervision.delay_usec, SECONDS(1));
    timer(f);
    expect(f, POOL_PREFLIGHT, "log:restart facts");
    assert_true(f->pool->automatic);
    assert_false(f->pool->supervision.pending);
    assert_int_equal(f->pool->supervision.restart_count, 1);
    facts_good(f);
    expect(f, POOL_STARTING, "save start");
    assert_int_equal(f->pool->generation, 2);
    observe(f, unit_running());
    expect(f, POOL_WARMING, "pid log:started probe");
    probe(f, true);
    expect(f, POOL_READY, "handoff save log:ready");
    assert_int_equal(f->pool->supervision.delay_usec, 0);
    assert_null(f->pool->last_error);
    assert_int_equal(f->pool->crash_count, 1);
    assert_int_equal(f->pool->supervision.restart_count, 1);
    assert_true(pool_is_ready(f->pool));
}

/* B-SUPER-011, B-SUPER-012 */
static void test_delays(void **state)
{
    static const usec_t seconds[] = {1, 2, 4, 5, 5};
    Fixture *f = *state;

    f->settings.supervision.backoff_max_usec = SECONDS(5);
    f->settings.supervision.breaker_threshold = 100;
    reach(f, POOL_READY);
    for (size_t i = 0; i < ELEMENTSOF(seconds); i++) {
        crash(f);
        assert_waits(f, POOL_BACKOFF, SECONDS(seconds[i]));
        comes_back(f);
        assert_int_equal(f->pool->supervision.restart_count, i + 1);
    }
}

/* B-SUPER-013: the random number of the step decides. */
static void test_jitter(void **state)
{
    Fixture *f = *state;

    f->settings.supervision.backoff_jitter_percent = 10;
    f->random = 0;
    fresh(f, POOL_BACKOFF);
    assert_waits(f, POOL_BACKOFF, 900 * USEC_PER_MSEC);
    f->random = 200000;
    fresh(f, POOL_BACKOFF);
    assert_waits(f, POOL_BACKOFF, 1100 * USEC_PER_MSEC);
}

/* A timer that comes too early starts nothing; B-SUPER-021 */
static void test_not_early(void **state)
{
    static const PoolState states[] = {POOL_BACKOFF, POOL_TRIPPED};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(states); i++) {
        usec_t left;

        fresh(f, states[i]);
        left = pool_next_deadline(f->pool) - f->now.mono;
        pass(f, left - 1);
        timer_now(f);
        expect(f, states[i], "");
        assert_waits(f, states[i], 1);
        pass(f, 1);
        timer_now(f);
        assert_int_equal(f->pool->state, POOL_PREFLIGHT);
    }
}

/* B-SUPER-014, B-SUPER-031: a stable run ends the row, resets the backoff, then the counter; each
 * at its time, and each is put on disk. */
static void test_stable_run(void **state)
{
    static const usec_t deadlines[] = {60, 300, 600};
    Fixture *f = *state;
    usec_t since;

    f->settings.liveness_interval_usec = SECONDS(7); /* never due together with a deadline */
    reach(f, POOL_READY);
    assert_int_equal(f->pool->stable_at, USEC_INFINITY);
    crash(f);
    comes_back(f);
    crash(f);
    comes_back(f);
    since = f->now.mono;
    assert_int_equal(f->pool->ready_since, since);
    for (size_t i = 0; i < ELEMENTSOF(deadlines); i++) {
        assert_int_equal(f->pool->stable_at, since + SECONDS(deadlines[i]));
        assert_int_equal(f->pool->supervision.breakers[BREAKER_GENERAL].failures, i < 1 ? 2 : 0);
        assert_int_equal(f->pool->supervision.backoff_count, i < 2 ? 2 : 0);
        assert_int_equal(f->pool->supervision.restart_count, 2);
        assert_int_equal(runs_well(f, since + SECONDS(deadlines[i]) - 1 - f->now.mono), 0);
        assert_int_equal(runs_well(f, 1), 1);
        expect(f, POOL_READY, "save");
    }
    assert_int_equal(f->pool->supervision.restart_count, 0);
    assert_int_equal(f->pool->stable_at, USEC_INFINITY);
    crash(f);
    assert_waits(f, POOL_BACKOFF, SECONDS(1));
    assert_int_equal(f->pool->crash_count, 3);
}

/* A run that was not long enough changes nothing, however many there are. */
static void test_unstable_runs(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(runs_well(f, SECONDS(60) - 1), 0);
        crash(f);
        assert_waits(f, POOL_BACKOFF, SECONDS(1ULL << i));
        assert_int_equal(f->pool->stable_at, USEC_INFINITY);
        comes_back(f);
    }
    crash(f);
    assert_int_equal(f->pool->state, POOL_TRIPPED);
}

/* B-SUPER-020, B-SUPER-022, B-SUPER-023 */
static void test_trips(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    for (unsigned i = 0; i < 4; i++) {
        crash(f);
        assert_int_equal(circuit(f), CIRCUIT_CLOSED);
        comes_back(f);
    }
    crash(f);
    expect(f, POOL_TRIPPED, "no-handoff no-pid reset log:crashed log:opened save");
    assert_waits(f, POOL_TRIPPED, SECONDS(300));
    assert_int_equal(circuit(f), CIRCUIT_OPEN);
    assert_int_equal(f->pool->supervision.delay_usec, 0);
    timer(f);
    expect(f, POOL_PREFLIGHT, "log:half-open log:restart facts");
    assert_int_equal(circuit(f), CIRCUIT_HALF_OPEN);
    assert_true(f->pool->supervision.trial);
    facts_good(f);
    expect(f, POOL_STARTING, "save start");
    observe(f, unit_running());
    probe(f, true);
    expect(f, POOL_READY, "handoff save log:ready");
    assert_int_equal(circuit(f), CIRCUIT_HALF_OPEN);
}

/* B-SUPER-024: only a stable run is a success; failures are no row any more then. */
static void test_trial_is_good(void **state)
{
    Fixture *f = *state;
    usec_t stable;

    f->settings.liveness_interval_usec = SECONDS(7);
    reach(f, POOL_TRIPPED);
    comes_back(f);
    stable = f->now.mono + SECONDS(60);
    assert_int_equal(runs_well(f, SECONDS(60) - 1), 0);
    assert_int_equal(circuit(f), CIRCUIT_HALF_OPEN);
    assert_int_equal(pool_next_deadline(f->pool), stable);
    timer(f);
    expect(f, POOL_READY, "log:closed save");
    assert_int_equal(circuit(f), CIRCUIT_CLOSED);
    assert_false(f->pool->supervision.trial);
    crash(f);
    assert_waits(f, POOL_BACKOFF, SECONDS(32)); /* the backoff takes longer to be forgotten */
}

/* Ways for a start that nobody waits for to fail, from its preflight on. */
static void preflight_fails(Fixture *f)
{
    facts_bad(f);
}

static void start_is_refused(Fixture *f)
{
    facts_good(f);
    start_failed(f);
}

static void exits_at_once(Fixture *f)
{
    facts_good(f);
    exit_with(f, 1);
}

static void crashes_while_warming(Fixture *f)
{
    facts_good(f);
    observe(f, unit_running());
    crash(f);
}

static void goes_down_while_warming(Fixture *f)
{
    facts_good(f);
    observe(f, unit_running());
    observe(f, unit_stopping());
    exit_with(f, 1);
}

static void is_never_healthy(Fixture *f)
{
    facts_good(f);
    observe(f, unit_running());
    probe(f, false);
    pass(f, SECONDS(120));
    timer(f);
    expect(f, POOL_STOPPING, "save log:health-timeout stop");
    observe(f, unit_left(CLD_KILLED, SIGTERM));
}

static void is_never_seen(Fixture *f)
{
    facts_good(f);
    pass(f, SECONDS(120));
    timer(f);
    observe(f, unit_gone());
}

static const struct {
    void (*happens)(Fixture *f);
    FailureClass failure;
    const char *effects; /* before those of the supervision */
} failing_starts[] = {
        {preflight_fails, FAILURE_PREFLIGHT, "log:preload-failed"},
        {start_is_refused, FAILURE_EXEC_SETUP, "log:preload-failed"},
        {exits_at_once, FAILURE_PROCESS_EXIT, "no-pid reset log:preload-failed"},
        {crashes_while_warming, FAILURE_SIGNAL, "no-probe no-pid reset log:preload-failed"},
        {goes_down_while_warming, FAILURE_PROCESS_EXIT, "no-pid reset log:preload-failed"},
        {is_never_healthy, FAILURE_START_TIMEOUT, "no-pid log:preload-failed"},
        {is_never_seen, FAILURE_START_TIMEOUT, "no-pid log:preload-failed"},
};

static void expect_failed_start(const Fixture *f, size_t i, PoolState state, const char *rest)
{
    char effects[256];

    (void)snprintf(effects, sizeof(effects), "%s %s", failing_starts[i].effects, rest);
    expect(f, state, effects);
    assert_int_equal(f->pool->last_error_class, failing_starts[i].failure);
}

/* An automatic restart that fails is a failure like any other, but no crash. */
static void test_restart_fails(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(failing_starts); i++) {
        reach_automatic(f, POOL_PREFLIGHT);
        failing_starts[i].happens(f);
        expect_failed_start(f, i, POOL_BACKOFF, "log:restart-scheduled save");
        assert_waits(f, POOL_BACKOFF, SECONDS(2));
        assert_int_equal(f->pool->crash_count, 1);
        assert_int_equal(f->pool->supervision.restart_count, 1);
        comes_back(f);
        assert_int_equal(f->pool->supervision.restart_count, 2);
    }
}

/* B-SUPER-025: the trial fails, whatever way: open again, and for longer. */
static void test_trial_is_bad(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(failing_starts); i++) {
        for (unsigned factor = 2; factor <= 8; factor *= 2) {
            if (factor == 2)
                fresh(f, POOL_TRIPPED);
            timer(f);
            expect(f, POOL_PREFLIGHT, "log:half-open log:restart facts");
            failing_starts[i].happens(f);
            expect_failed_start(f, i, POOL_TRIPPED, "log:opened save");
            assert_waits(f, POOL_TRIPPED, SECONDS(300) * factor);
            assert_int_equal(circuit(f), CIRCUIT_OPEN);
        }
    }
}

/* Ready, it is still the trial until it is stable. */
static void test_trial_crashes_when_ready(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_TRIPPED);
    comes_back(f);
    assert_int_equal(runs_well(f, SECONDS(60) - 1), 0);
    crash(f);
    expect(f, POOL_TRIPPED, "no-handoff no-pid reset log:crashed log:opened save");
    assert_waits(f, POOL_TRIPPED, SECONDS(600));
}

/* Whoever waits for a start decides himself what comes after it has failed. */
static void test_start_that_somebody_waits_for(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(failing_starts); i++) {
        fresh(f, POOL_PREFLIGHT);
        failing_starts[i].happens(f);
        expect_failed_start(f, i, POOL_FAILED, "save end:preload:PRELOAD_FAILED");
        assert_unsupervised(f);

        fresh(f, POOL_BACKOFF);
        preload(f);
        failing_starts[i].happens(f);
        expect_failed_start(f, i, POOL_FAILED, "save end:preload:PRELOAD_FAILED");
        assert_unsupervised(f);

        fresh(f, POOL_BACKOFF);
        comes_back(f);
        restart_engine(f);
        observe(f, unit_left(CLD_EXITED, 0));
        assert_int_equal(f->pool->state, POOL_PREFLIGHT);
        failing_starts[i].happens(f);
        expect_failed_start(f, i, POOL_FAILED, "save end:restart:PRELOAD_FAILED");
        assert_unsupervised(f);
    }
}

/* Contract, decision 7: what left with status 0, or could not be executed, is not started again. */
static void test_not_retried(void **state)
{
    static const PoolState states[] = {POOL_STARTING, POOL_WARMING, POOL_READY};
    static const int set_up[] = {200, 203, 226, 243};
    Fixture *f = *state;

    for (size_t s = 0; s < ELEMENTSOF(states); s++) {
        reach_automatic(f, states[s]);
        observe(f, unit_left(CLD_EXITED, 0));
        assert_int_equal(f->pool->state, POOL_OFF);
        assert_unsupervised(f);
        for (size_t i = 0; i < ELEMENTSOF(set_up); i++) {
            reach_automatic(f, states[s]);
            exit_with(f, set_up[i]);
            assert_int_equal(f->pool->state, POOL_FAILED);
            assert_int_equal(f->pool->last_error_class, FAILURE_EXEC_SETUP);
            assert_unsupervised(f);
        }
        reach_automatic(f, states[s]);
        exit_with(f, 244);
        assert_int_equal(f->pool->state, POOL_BACKOFF);
    }
}

/* B-SUPER-002: an engine that does not answer any more is stopped first. */
static void test_unhealthy(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    for (unsigned i = 0; i < 3; i++) {
        timer(f);
        probe(f, false);
    }
    expect(f, POOL_STOPPING, "save no-handoff log:unhealthy stop");
    assert_false(f->pool->supervision.pending);
    observe(f, unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_TIMEOUT));
    expect(f, POOL_BACKOFF, "no-pid reset log:crashed log:restart-scheduled save");
    assert_waits(f, POOL_BACKOFF, SECONDS(1));
    assert_int_equal(f->pool->crash_count, 1);
    assert_int_equal(f->pool->last_error_class, FAILURE_HEALTH_CHECK);
}

/* Not even SIGKILL ends it for a while: no second engine is started beside it. */
static void test_unhealthy_and_stuck(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    for (unsigned i = 0; i < 3; i++) {
        timer(f);
        probe(f, false);
    }
    for (unsigned i = 0; i < 5; i++) {
        timer(f);
        assert_int_equal(f->pool->state, POOL_STOPPING);
    }
    observe(f, unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_TIMEOUT));
    expect(f, POOL_BACKOFF, "no-pid reset log:crashed log:restart-scheduled save");
    assert_waits(f, POOL_BACKOFF, SECONDS(1));
}

/* It was to end: that it did so by a crash is as good. */
static void test_crash_when_it_was_to_end(void **state)
{
    Fixture *f = *state;

    fresh(f, POOL_STOPPING);
    crash(f);
    expect(f, POOL_OFF, "no-pid reset log:stopped save end:stop:success");
    assert_unsupervised(f);
    assert_int_equal(f->pool->crash_count, 0);

    fresh(f, POOL_READY);
    deregister(f);
    crash(f);
    expect(f, POOL_OFF,
           "no-pid reset log:stopped save log:deregistered end:deregister:success forget");
    assert_unsupervised(f);
}

static void test_crash_while_draining(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_TRIPPED);
    comes_back(f);
    (void)lease_for(f, SPEC_UNSET);
    step(f, (Event){.type = EVENT_DRAIN,
                    .command = {.operation = ++f->operations, .within_usec = SECONDS(30)}});
    assert_int_equal(f->pool->state, POOL_DRAINING);
    assert_false(f->pool->automatic);
    assert_false(f->pool->supervision.trial);
    crash(f);
    expect(f, POOL_FAILED,
           "no-handoff no-pid reset save-leases log:crashed save end:drain:success");
    assert_unsupervised(f);
    assert_int_equal(f->pool->crash_count, 6);
}

/* Restarts that come as fast as the machine makes them. */
static void make_fast(Fixture *f)
{
    SupervisionSettings *s = &f->settings.supervision;

    s->backoff_initial_usec = s->backoff_min_usec = s->backoff_max_usec = SECONDS(1);
    s->breaker_threshold = 1000;
}

static unsigned count_log(const Fixture *f, LogKind kind)
{
    unsigned n = 0;

    for (size_t i = 0; i < f->effects.count; i++)
        n += f->effects.items[i].type == EFFECT_LOG && f->effects.items[i].log.kind == kind;
    return n;
}

/* B-SUPER-032: more than five restarts in a minute are told, once. */
static void test_storm(void **state)
{
    Fixture *f = *state;

    make_fast(f);
    reach(f, POOL_READY);
    for (unsigned restarts = 0; restarts < 9; restarts++) {
        crash(f);
        assert_int_equal(count_log(f, LOG_RESTART_STORM), restarts == 6);
        comes_back(f);
    }
    assert_int_equal(f->pool->supervision.restart_count, 9);
}

static void test_storm_opens_the_breaker(void **state)
{
    Fixture *f = *state;

    make_fast(f);
    reach(f, POOL_READY);
    for (unsigned restarts = 0; restarts < 10; restarts++) {
        crash(f);
        assert_int_equal(f->pool->state, POOL_BACKOFF);
        comes_back(f);
    }
    crash(f);
    expect(f, POOL_TRIPPED, "no-handoff no-pid reset log:crashed log:opened save");
    assert_waits(f, POOL_TRIPPED, SECONDS(300));
}

/* B-SUPER-033: the eleventh restart waits until the first one was a minute ago. */
static void test_limit(void **state)
{
    Fixture *f = *state;
    usec_t first;

    make_fast(f);
    f->settings.supervision.storm_breaker_count = SUPERVISION_COUNT_MAX;
    reach(f, POOL_READY);
    first = f->now.mono + SECONDS(1);
    for (unsigned restarts = 0; restarts < 10; restarts++) {
        crash(f);
        assert_waits(f, POOL_BACKOFF, SECONDS(1));
        comes_back(f);
    }
    crash(f);
    assert_waits(f, POOL_BACKOFF, first + SECONDS(60) - f->now.mono);
    timer(f);
    expect(f, POOL_PREFLIGHT, "log:restart facts");
}

static void test_oom_storm(void **state)
{
    Fixture *f = *state;

    make_fast(f);
    reach(f, POOL_READY);
    for (unsigned ooms = 1; ooms <= 6; ooms++) {
        observe(f, unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_OOM_KILL));
        assert_int_equal(f->pool->last_error_class, FAILURE_OUT_OF_MEMORY);
        assert_int_equal(count_log(f, LOG_OOM_STORM), ooms == 5);
        comes_back(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_whole_way),
            pool_test(test_delays),
            pool_test(test_jitter),
            pool_test(test_not_early),
            pool_test(test_stable_run),
            pool_test(test_unstable_runs),
            pool_test(test_trips),
            pool_test(test_trial_is_good),
            pool_test(test_restart_fails),
            pool_test(test_trial_is_bad),
            pool_test(test_trial_crashes_when_ready),
            pool_test(test_start_that_somebody_waits_for),
            pool_test(test_not_retried),
            pool_test(test_unhealthy),
            pool_test(test_unhealthy_and_stuck),
            pool_test(test_crash_when_it_was_to_end),
            pool_test(test_crash_while_draining),
            pool_test(test_storm),
            pool_test(test_storm_opens_the_breaker),
            pool_test(test_limit),
            pool_test(test_oom_storm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
