/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "fixture.h"

/* Our own restart: nothing is restarted early, and nothing is forgotten. */

#define SECONDS(n) ((n)*USEC_PER_SEC)

static const PoolState waiting[] = {POOL_BACKOFF, POOL_TRIPPED};

static CircuitState circuit(const Fixture *f)
{
    return supervision_circuit(&f->pool->supervision, f->now);
}

static void timer_now(Fixture *f)
{
    step(f, (Event){.type = EVENT_TIMER, .generation = f->pool->generation});
}

/* The pool waits on, for the same moment. */
static void test_waits_on(void **state)
{
    Fixture *f = *state;
    const struct {
        UnitObservation unit;
        const char *effects;
    } units[] = {
            {unit_gone(), "no-handoff no-pid"},
            {unit_left(CLD_EXITED, 0), "no-handoff no-pid"},
            {unit_failed(CLD_KILLED, SIGSEGV, UNIT_RESULT_SIGNAL), "no-handoff reset no-pid"},
    };

    for (size_t i = 0; i < ELEMENTSOF(waiting) * ELEMENTSOF(units); i++) {
        PoolState was = waiting[i % 2];
        Supervision before;
        usec_t due;

        fresh(f, was);
        before = f->pool->supervision;
        due = pool_next_deadline(f->pool);
        pass(f, (due - f->now.mono) / 2);
        restart(f, units[i / 2].unit);
        expect(f, was, units[i / 2].effects);
        assert_memory_equal(&f->pool->supervision, &before, sizeof(before));
        assert_int_equal(pool_next_deadline(f->pool), due);
        assert_int_equal(f->pool->crash_count, was == POOL_TRIPPED ? 5 : 1);
        pass(f, due - 1 - f->now.mono);
        timer_now(f);
        expect(f, was, "");
        timer(f);
        assert_int_equal(f->now.mono, due);
        expect(f, POOL_PREFLIGHT,
               was == POOL_TRIPPED ? "log:half-open log:restart facts" : "log:restart facts");
        assert_int_equal(f->pool->supervision.restart_count, before.restart_count + 1);
    }
}

/* However often we die. */
static void test_dies_again_and_again(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(waiting); i++) {
        Supervision before;
        usec_t due;

        fresh(f, waiting[i]);
        before = f->pool->supervision;
        due = pool_next_deadline(f->pool);
        for (unsigned n = 0; n < 20; n++) {
            pass(f, (due - f->now.mono) / 10);
            restart(f, unit_gone());
            assert_int_equal(f->pool->state, waiting[i]);
        }
        assert_memory_equal(&f->pool->supervision, &before, sizeof(before));
        assert_int_equal(pool_next_deadline(f->pool), due);
    }
}

/* The restart was due while we were away: it comes at once, and is one. */
static void test_overdue(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(waiting); i++) {
        uint64_t restarts;

        fresh(f, waiting[i]);
        restarts = f->pool->supervision.restart_count;
        pass(f, SECONDS(1000));
        restart(f, unit_gone());
        expect(f, waiting[i], "no-handoff no-pid");
        assert_int_equal(pool_next_deadline(f->pool), f->now.mono + 1);
        timer(f);
        assert_int_equal(f->pool->state, POOL_PREFLIGHT);
        assert_int_equal(f->pool->supervision.restart_count, restarts + 1);
        assert_int_equal(f->pool->supervision.trial, waiting[i] == POOL_TRIPPED);
    }
}

/* Somebody has started the unit again meanwhile: it is none of ours. */
static void test_waits_beside_an_engine(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(waiting); i++) {
        fresh(f, waiting[i]);
        restart(f, unit_running());
        expect(f, POOL_STOPPING, "no-handoff save log:stopping stop");
        observe(f, unit_gone());
        expect(f, POOL_OFF, "no-pid log:stopped save");
        assert_false(f->pool->supervision.pending);
        assert_int_equal(pool_next_deadline(f->pool), USEC_INFINITY);
    }
}

/* Killed in the preflight of a restart that is on disk already: it goes on, and is counted once. */
static void test_preflight(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(waiting); i++) {
        uint64_t restarts;

        fresh(f, waiting[i]);
        timer(f);
        restarts = f->pool->supervision.restart_count;
        restart(f, unit_gone());
        expect(f, POOL_PREFLIGHT, "no-handoff no-pid log:restart facts");
        assert_true(f->pool->automatic);
        assert_int_equal(f->pool->supervision.restart_count, restarts);
        assert_int_equal(f->pool->supervision.trial, waiting[i] == POOL_TRIPPED);
        facts_bad(f);
        assert_int_equal(f->pool->state, waiting[i]);
        assert_int_equal(f->pool->supervision.restart_count, restarts);
    }
}

/* What was stopped before it was restarted stays off. */
static void test_stopped(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(waiting); i++) {
        fresh(f, waiting[i]);
        stop(f);
        restart(f, unit_gone());
        expect(f, POOL_OFF, "no-handoff no-pid");
        assert_int_equal(pool_next_deadline(f->pool), USEC_INFINITY);
        assert_int_equal(circuit(f), waiting[i] == POOL_TRIPPED ? CIRCUIT_OPEN : CIRCUIT_CLOSED);

        fresh(f, waiting[i]);
        timer(f);
        stop(f);
        restart(f, unit_gone());
        expect(f, POOL_OFF, "no-handoff no-pid");
    }
}

/* A restart that we died in is still one when its engine is found, or is not. */
static void test_starting(void **state)
{
    Fixture *f = *state;
    const struct {
        UnitObservation unit;
        PoolState becomes;
        const char *effects;
    } cases[] = {
            {unit_starting(), POOL_STARTING, "no-handoff"},
            {unit_running(), POOL_WARMING, "no-handoff pid probe"},
            {unit_stopping(), POOL_STOPPING, "no-handoff save"},
            {unit_gone(), POOL_BACKOFF,
             "no-handoff no-pid log:preload-failed log:restart-scheduled save"},
            {unit_failed(CLD_KILLED, SIGSEGV, UNIT_RESULT_SIGNAL), POOL_BACKOFF,
             "no-handoff no-pid reset log:preload-failed log:restart-scheduled save"},
            {unit_failed(CLD_EXITED, 203, UNIT_RESULT_EXIT_CODE), POOL_FAILED,
             "no-handoff no-pid reset log:preload-failed save"},
            {unit_left(CLD_EXITED, 0), POOL_OFF, "no-handoff no-pid log:preload-failed save"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        fresh(f, POOL_BACKOFF);
        timer(f);
        facts_good(f);
        restart(f, cases[i].unit);
        expect(f, cases[i].becomes, cases[i].effects);
        if (pool_has_engine(f->pool)) {
            assert_true(f->pool->automatic);
            observe(f, unit_failed(CLD_EXITED, 1, UNIT_RESULT_EXIT_CODE));
            assert_int_equal(f->pool->state, POOL_BACKOFF);
        }
        assert_int_equal(f->pool->supervision.pending, f->pool->state == POOL_BACKOFF);
        assert_int_equal(f->pool->supervision.restart_count, 1);
        assert_int_equal(f->pool->crash_count, 1);
    }
}

/* Found well: its run is as long as it is, with us or without. */
static void test_stable_run_goes_on(void **state)
{
    Fixture *f = *state;
    usec_t since;

    reach(f, POOL_TRIPPED);
    comes_back(f);
    since = f->now.mono;
    pass(f, SECONDS(40));
    restart(f, unit_running());
    expect(f, POOL_ADOPTING, "pid probe");
    assert_true(f->pool->supervision.trial);
    probe(f, true);
    expect(f, POOL_READY, "handoff save log:adopted");
    assert_int_equal(f->pool->stable_at, since + SECONDS(60));
    assert_int_equal(circuit(f), CIRCUIT_HALF_OPEN);
}

/* What was due while we were away is done when the engine is found well. */
static void test_stable_meanwhile(void **state)
{
    Fixture *f = *state;
    usec_t since;

    reach(f, POOL_TRIPPED);
    comes_back(f);
    since = f->now.mono;
    pass(f, SECONDS(310));
    restart(f, unit_running());
    assert_int_equal(circuit(f), CIRCUIT_HALF_OPEN);
    probe(f, true);
    expect(f, POOL_READY, "log:closed save handoff save log:adopted");
    assert_int_equal(circuit(f), CIRCUIT_CLOSED);
    assert_int_equal(f->pool->supervision.backoff_count, 0);
    assert_int_equal(f->pool->supervision.restart_count, 5);
    assert_int_equal(f->pool->stable_at, since + SECONDS(600));
}

/* It crashed while we were away: like any other crash. */
static void test_crashed_meanwhile(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    pass(f, SECONDS(5));
    restart(f, unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_OOM_KILL));
    expect(f, POOL_BACKOFF, "no-handoff no-pid reset log:crashed log:restart-scheduled save");
    assert_int_equal(pool_next_deadline(f->pool), f->now.mono + SECONDS(1));
    assert_int_equal(f->pool->supervision.ooms.count, 1);

    fresh(f, POOL_TRIPPED);
    comes_back(f);
    restart(f, unit_gone());
    expect(f, POOL_TRIPPED, "no-handoff no-pid log:crashed log:opened save");
    assert_int_equal(pool_next_deadline(f->pool), f->now.mono + SECONDS(600));
}

/* Why it was being stopped decides what comes after, here as ever. */
static void test_stopping(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    for (unsigned i = 0; i < 3; i++) {
        timer(f);
        probe(f, false);
    }
    restart(f, unit_gone());
    expect(f, POOL_BACKOFF, "no-handoff no-pid log:crashed log:restart-scheduled save");
    assert_int_equal(f->pool->last_error_class, FAILURE_HEALTH_CHECK);
    assert_int_equal(f->pool->crash_count, 1);

    timer(f);
    facts_good(f);
    pass(f, SECONDS(120));
    timer(f);
    restart(f, unit_gone());
    expect(f, POOL_BACKOFF, "no-handoff no-pid log:preload-failed log:restart-scheduled save");
    assert_int_equal(f->pool->last_error_class, FAILURE_START_TIMEOUT);

    comes_back(f);
    observe(f, unit_stopping());
    restart(f, unit_failed(CLD_EXITED, 1, UNIT_RESULT_EXIT_CODE));
    expect(f, POOL_BACKOFF, "no-handoff no-pid reset log:crashed log:restart-scheduled save");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_waits_on),         pool_test(test_dies_again_and_again),
            pool_test(test_overdue),          pool_test(test_waits_beside_an_engine),
            pool_test(test_preflight),        pool_test(test_stopped),
            pool_test(test_starting),         pool_test(test_stable_run_goes_on),
            pool_test(test_stable_meanwhile), pool_test(test_crashed_meanwhile),
            pool_test(test_stopping),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
