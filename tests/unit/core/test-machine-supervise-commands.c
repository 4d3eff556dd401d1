/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "fixture.h"

/* What clients ask of a pool that waits for its restart, or whose restart is under way. */

#define SECONDS(n) ((n)*USEC_PER_SEC)
#define FORGOTTEN  "log:deregistered end:deregister:success forget"

static void drain(Fixture *f)
{
    step(f, (Event){.type = EVENT_DRAIN,
                    .command = {.operation = ++f->operations, .within_usec = SECONDS(30)}});
}

static void reset_breaker(Fixture *f)
{
    step(f, (Event){.type = EVENT_BREAKER_RESET});
}

static void allow_restart(Fixture *f)
{
    step(f, (Event){.type = EVENT_BREAKER_ALLOW});
}

static void take_handoff(Fixture *f)
{
    register_handoff(f, handoff_sample("http://127.0.0.1:9000"), false);
}

static CircuitState circuit(const Fixture *f)
{
    return supervision_circuit(&f->pool->supervision, f->now);
}

/* The pool's restart is due: it is in preflight. */
static void reach_restart(Fixture *f, PoolState waited_in)
{
    fresh(f, waited_in);
    timer(f);
    assert_int_equal(f->pool->state, POOL_PREFLIGHT);
    assert_true(f->pool->automatic);
}

static const PoolState waiting[] = {POOL_BACKOFF, POOL_TRIPPED};

/* Each ends the waiting: nothing is restarted any more, and what was counted stays. */
static void test_decided_by_somebody(void **state)
{
    static const struct {
        void (*command)(Fixture *f);
        PoolState becomes;
        const char *effects;
    } cases[] = {
            {stop, POOL_OFF, "save end:stop:success"},
            {drain, POOL_OFF, "save end:drain:success"},
            {deregister, POOL_OFF, FORGOTTEN},
            {preload, POOL_PREFLIGHT, "log:preload-started facts"},
            {restart_engine, POOL_PREFLIGHT, "log:preload-started facts"},
            {take_handoff, POOL_EXTERNAL, "save-leases log:external save probe"},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(cases) * ELEMENTSOF(waiting); i++) {
        PoolState was = waiting[i % 2];
        Supervision before;

        fresh(f, was);
        before = f->pool->supervision;
        cases[i / 2].command(f);
        expect(f, cases[i / 2].becomes, cases[i / 2].effects);
        assert_false(f->pool->supervision.pending);
        assert_false(f->pool->automatic);
        assert_int_equal(f->pool->supervision.delay_usec, 0);
        assert_int_equal(pool_next_deadline(f->pool), USEC_INFINITY);
        assert_int_equal(f->pool->supervision.restart_count, before.restart_count);
        assert_memory_equal(&f->pool->supervision.restarts, &before.restarts,
                            sizeof(before.restarts));
        assert_int_equal(circuit(f), was == POOL_TRIPPED ? CIRCUIT_OPEN : CIRCUIT_CLOSED);
        /* The time of the restart comes. */
        pass(f, SECONDS(400));
        step(f, (Event){.type = EVENT_TIMER, .generation = f->pool->generation});
        expect(f, cases[i / 2].becomes, "");
    }
}

/* A pool that was stopped while it waited is like any other that is off. */
static void test_stopped(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(waiting); i++) {
        fresh(f, waiting[i]);
        stop(f);
        assert_int_equal(ended_operation(f)->id, f->operations);
        stop(f);
        expect(f, POOL_OFF, "end:stop:NO_ENGINE");
        preload(f);
        facts_good(f);
        observe(f, unit_running());
        probe(f, true);
        expect(f, POOL_READY, "handoff save log:ready end:preload:success");
    }
}

/* Started by hand while the breaker is open, it is the engine like any other: no trial. */
static void test_started_while_open(void **state)
{
    static void (*const commands[])(Fixture *) = {preload, restart_engine};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(commands); i++) {
        usec_t until;

        fresh(f, POOL_TRIPPED);
        until = f->pool->supervision.due.mono;
        commands[i](f);
        facts_good(f);
        observe(f, unit_running());
        probe(f, true);
        assert_int_equal(circuit(f), CIRCUIT_OPEN);
        pass(f, SECONDS(1));
        crash(f);
        expect(f, POOL_TRIPPED, "no-handoff no-pid reset log:crashed save");
        assert_int_equal(pool_next_deadline(f->pool), until);

        restart_engine(f);
        facts_good(f);
        observe(f, unit_running());
        probe(f, true);
        while (f->pool->stable_at != USEC_INFINITY && circuit(f) != CIRCUIT_CLOSED) {
            timer(f);
            if (f->pool->probe_running)
                probe(f, true);
        }
        assert_int_equal(f->now.mono - f->pool->ready_since, SECONDS(60));
        assert_int_equal(circuit(f), CIRCUIT_CLOSED);
    }
}

/* Its restart is in preflight: late facts of it start nothing. */
static void test_restart_in_preflight(void **state)
{
    static const struct {
        void (*command)(Fixture *f);
        PoolState becomes;
        const char *effects;
    } cases[] = {
            {stop, POOL_OFF, "save end:stop:success"},
            {drain, POOL_PREFLIGHT, "end:drain:NO_ENGINE"},
            {deregister, POOL_OFF, FORGOTTEN},
            {preload, POOL_PREFLIGHT, "end:preload:OPERATION_IN_PROGRESS"},
            {restart_engine, POOL_PREFLIGHT, "log:preload-started facts"},
            {take_handoff, POOL_PREFLIGHT, ""},
            {allow_restart, POOL_PREFLIGHT, ""},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(cases) * ELEMENTSOF(waiting); i++) {
        Event facts = {.type = EVENT_FACTS};
        uint64_t attempt;
        bool goes_on;

        reach_restart(f, waiting[i % 2]);
        attempt = facts.facts.attempt = f->pool->attempt;
        cases[i / 2].command(f);
        expect(f, cases[i / 2].becomes, cases[i / 2].effects);
        goes_on = f->pool->state == POOL_PREFLIGHT && f->pool->attempt == attempt;
        assert_int_equal(f->pool->automatic, goes_on);
        step(f, facts);
        if (goes_on)
            expect(f, POOL_STARTING, "save start");
        else
            expect(f, cases[i / 2].becomes, "log:stale");
    }
}

/* Its engine is starting. */
static void test_restart_while_starting(void **state)
{
    static const struct {
        void (*command)(Fixture *f);
        const char *effects, *ended;
        PoolState becomes;
    } cases[] = {
            {stop, "save log:stopping stop", "no-pid log:stopped save end:stop:success", POOL_OFF},
            {deregister, "save log:stopping stop", "no-pid log:stopped save " FORGOTTEN, POOL_OFF},
            {restart_engine, "save log:stopping stop",
             "no-pid log:stopped log:preload-started facts save", POOL_PREFLIGHT},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(cases) * ELEMENTSOF(waiting); i++) {
        reach_restart(f, waiting[i % 2]);
        facts_good(f);
        cases[i / 2].command(f);
        expect(f, POOL_STOPPING, cases[i / 2].effects);
        assert_false(f->pool->automatic);
        assert_false(f->pool->supervision.trial);
        observe(f, unit_gone());
        expect(f, cases[i / 2].becomes, cases[i / 2].ended);
        assert_int_equal(pool_next_deadline(f->pool), USEC_INFINITY);
    }
    reach_restart(f, POOL_BACKOFF);
    facts_good(f);
    preload(f);
    expect(f, POOL_STARTING, "end:preload:OPERATION_IN_PROGRESS");
    drain(f);
    expect(f, POOL_STARTING, "end:drain:OPERATION_IN_PROGRESS");
    assert_true(f->pool->automatic);
}

/* A stop in preflight gives back the single test: the circuit is half-open still, for the next. */
static void test_stopped_trial(void **state)
{
    Fixture *f = *state;

    reach_restart(f, POOL_TRIPPED);
    stop(f);
    assert_int_equal(circuit(f), CIRCUIT_HALF_OPEN);
    assert_false(f->pool->supervision.trial);
}

/* Reset: what waits is started at once, and all counts anew. */
static void test_reset_while_waiting(void **state)
{
    static const char *const effects[] = {"save log:restart facts",
                                          "log:closed save log:restart facts"};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(waiting); i++) {
        uint64_t restarts;

        fresh(f, waiting[i]);
        restarts = f->pool->supervision.restart_count;
        pass(f, 1);
        reset_breaker(f);
        expect(f, POOL_PREFLIGHT, effects[i]);
        assert_int_equal(circuit(f), CIRCUIT_CLOSED);
        assert_true(f->pool->automatic);
        assert_false(f->pool->supervision.pending);
        assert_false(f->pool->supervision.trial);
        assert_int_equal(f->pool->supervision.restart_count, restarts + 1);
        assert_int_equal(pool_next_deadline(f->pool), USEC_INFINITY);
        facts_bad(f);
        expect(f, POOL_BACKOFF, "log:preload-failed log:restart-scheduled save");
        /* The one by hand was the first of the new row. */
        assert_int_equal(pool_next_deadline(f->pool), f->now.mono + SECONDS(2));
    }
}

/* Elsewhere it only closes the breaker. */
static void test_reset_elsewhere(void **state)
{
    Fixture *f = *state;

    for (PoolState each = 0; each < POOL_STATE_MAX; each++) {
        if (each == POOL_BACKOFF || each == POOL_TRIPPED || each == POOL_DRAINING)
            continue;
        fresh(f, each);
        reset_breaker(f);
        expect(f, each, "save");
    }
    fresh(f, POOL_TRIPPED);
    stop(f);
    reset_breaker(f);
    expect(f, POOL_OFF, "log:closed save");
    assert_int_equal(circuit(f), CIRCUIT_CLOSED);

    f->settings.liveness_interval_usec = SECONDS(100);
    fresh(f, POOL_TRIPPED);
    comes_back(f);
    assert_int_equal(circuit(f), CIRCUIT_HALF_OPEN);
    reset_breaker(f);
    expect(f, POOL_READY, "log:closed save");
    assert_int_equal(circuit(f), CIRCUIT_CLOSED);
    assert_false(f->pool->supervision.trial);
    timer(f); /* the run is stable, of which there is nothing to say any more */
    expect(f, POOL_READY, "");
    crash(f);
    expect(f, POOL_BACKOFF, "no-handoff no-pid reset log:crashed log:restart-scheduled save");
    assert_int_equal(pool_next_deadline(f->pool), f->now.mono + SECONDS(1));
}

/* A reset while the trial is under way: its failure is an ordinary one. */
static void test_reset_during_trial(void **state)
{
    Fixture *f = *state;

    reach_restart(f, POOL_TRIPPED);
    reset_breaker(f);
    expect(f, POOL_PREFLIGHT, "log:closed save");
    facts_bad(f);
    expect(f, POOL_BACKOFF, "log:preload-failed log:restart-scheduled save");
}

/* One restart in spite of the breaker; when it fails all is as if nobody had asked. */
static void test_allow(void **state)
{
    Fixture *f = *state;
    usec_t until;

    reach(f, POOL_TRIPPED);
    until = pool_next_deadline(f->pool);
    for (unsigned i = 0; i < 3; i++) {
        pass(f, SECONDS(60));
        allow_restart(f);
        expect(f, POOL_PREFLIGHT, "log:half-open log:restart facts");
        assert_int_equal(circuit(f), CIRCUIT_HALF_OPEN);
        assert_int_equal(pool_next_deadline(f->pool), USEC_INFINITY);
        facts_bad(f);
        expect(f, POOL_TRIPPED, "log:preload-failed save");
        assert_int_equal(circuit(f), CIRCUIT_OPEN);
        assert_int_equal(pool_next_deadline(f->pool), until);
    }
    allow_restart(f);
    facts_good(f);
    observe(f, unit_running());
    probe(f, true);
    expect(f, POOL_READY, "handoff save log:ready");
    assert_int_equal(f->pool->stable_at, f->now.mono + SECONDS(60));
}

/* It fails when the breaker would have been half-open: that is a trial that failed. */
static void test_allowed_restart_fails_late(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_TRIPPED);
    pass(f, SECONDS(299));
    allow_restart(f);
    pass(f, SECONDS(1));
    facts_bad(f);
    expect(f, POOL_TRIPPED, "log:preload-failed log:opened save");
    assert_int_equal(pool_next_deadline(f->pool), f->now.mono + SECONDS(600));
}

/* A backoff is no open breaker, and elsewhere no restart waits. */
static void test_nothing_to_allow(void **state)
{
    Fixture *f = *state;

    for (PoolState each = 0; each < POOL_STATE_MAX; each++) {
        usec_t due;

        if (each == POOL_TRIPPED || each == POOL_DRAINING)
            continue;
        fresh(f, each);
        due = pool_next_deadline(f->pool);
        allow_restart(f);
        expect(f, each, "");
        assert_int_equal(pool_next_deadline(f->pool), due);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_decided_by_somebody),        pool_test(test_stopped),
            pool_test(test_started_while_open),         pool_test(test_restart_in_preflight),
            pool_test(test_restart_while_starting),     pool_test(test_stopped_trial),
            pool_test(test_reset_while_waiting),        pool_test(test_reset_elsewhere),
            pool_test(test_reset_during_trial),         pool_test(test_allow),
            pool_test(test_allowed_restart_fails_late), pool_test(test_nothing_to_allow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
