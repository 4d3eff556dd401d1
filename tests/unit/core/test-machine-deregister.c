/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "fixture.h"

#define FORGOTTEN "log:deregistered end:deregister:success forget"

/* B-REG-083: the entry goes, after the engine where there is one. */
static void test_from_each_state(void **state)
{
    static const struct {
        PoolState from;
        PoolState becomes;
        const char *effects;
    } cases[] = {
            {POOL_OFF, POOL_OFF, FORGOTTEN},
            {POOL_FAILED, POOL_OFF, FORGOTTEN},
            {POOL_PREFLIGHT, POOL_OFF, "end:preload:CANCELLED " FORGOTTEN},
            {POOL_STARTING, POOL_STOPPING, "end:preload:CANCELLED save log:stopping stop"},
            {POOL_WARMING, POOL_STOPPING, "end:preload:CANCELLED save no-probe log:stopping stop"},
            {POOL_READY, POOL_STOPPING, "save no-handoff log:stopping stop"},
            {POOL_STOPPING, POOL_STOPPING, "end:deregister:OPERATION_IN_PROGRESS"},
            {POOL_ADOPTING, POOL_STOPPING, "save no-handoff no-probe log:stopping stop"},
            {POOL_EXTERNAL, POOL_OFF, "no-probe " FORGOTTEN},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        fresh(f, cases[i].from);
        deregister(f);
        expect(f, cases[i].becomes, cases[i].effects);
    }
}

static void test_engine_ends(void **state)
{
    const struct {
        PoolState from;
        UnitObservation unit;
        const char *effects;
    } cases[] = {
            {POOL_STARTING, unit_gone(), "no-pid log:stopped save " FORGOTTEN},
            {POOL_WARMING, unit_left(CLD_EXITED, 0), "no-pid log:stopped save " FORGOTTEN},
            {POOL_READY, unit_left(CLD_EXITED, 0), "no-pid log:stopped save " FORGOTTEN},
            {POOL_READY, unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_TIMEOUT),
             "no-pid reset log:stopped save " FORGOTTEN},
            {POOL_ADOPTING, unit_gone(), "no-pid log:stopped save " FORGOTTEN},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        fresh(f, cases[i].from);
        deregister(f);
        observe(f, cases[i].unit);
        expect(f, POOL_OFF, cases[i].effects);
    }
}

/* The service manager has not even started it. */
static void test_start_refused_meanwhile(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_STARTING);
    deregister(f);
    start_failed(f);
    expect(f, POOL_OFF, "no-pid log:stopped save " FORGOTTEN);
}

/* It joins an engine that goes down by itself. */
static void test_going_down(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    observe(f, unit_stopping());
    deregister(f);
    expect(f, POOL_STOPPING, "save");
    observe(f, unit_failed(CLD_KILLED, SIGSEGV, UNIT_RESULT_SIGNAL));
    expect(f, POOL_OFF, "no-pid reset log:stopped save " FORGOTTEN);
}

/* The engine of a restart is not started. */
static void test_during_a_restart(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    restart_engine(f);
    deregister(f);
    expect(f, POOL_STOPPING, "end:restart:CANCELLED save");
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "no-pid log:stopped save " FORGOTTEN);

    fresh(f, POOL_READY);
    restart_engine(f);
    observe(f, unit_left(CLD_EXITED, 0));
    deregister(f);
    expect(f, POOL_OFF, "end:restart:CANCELLED " FORGOTTEN);
}

static void test_others_meanwhile(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    deregister(f);
    deregister(f);
    expect(f, POOL_STOPPING, "end:deregister:OPERATION_IN_PROGRESS");
    stop(f);
    expect(f, POOL_STOPPING, "end:stop:OPERATION_IN_PROGRESS");
    restart_engine(f);
    expect(f, POOL_STOPPING, "end:restart:OPERATION_IN_PROGRESS");
    preload(f);
    expect(f, POOL_STOPPING, "end:preload:OPERATION_IN_PROGRESS");
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "no-pid log:stopped save " FORGOTTEN);
}

static void test_leases(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    (void)lease_for(f, SPEC_UNSET);
    deregister(f);
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "no-pid log:stopped save-leases save " FORGOTTEN);
}

/* An engine that not even SIGKILL ends: whoever waits is told, and the pool stays, with its memory
 * taken. */
static void test_stuck(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    deregister(f);
    timer(f);
    expect(f, POOL_STOPPING, "kill query");
    timer(f);
    expect(f, POOL_STOPPING, "kill query log:stuck end:deregister:STOP_FAILED");
    deregister(f); /* once more: it joins */
    expect(f, POOL_STOPPING, "save");
    observe(f, unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_SIGNAL));
    expect(f, POOL_OFF, "no-pid reset log:stopped save " FORGOTTEN);
}

/* Our own restart meanwhile. */
static void test_recover(void **state)
{
    const struct {
        UnitObservation unit;
        PoolState becomes;
        const char *effects;
    } cases[] = {
            {unit_running(), POOL_STOPPING, "no-handoff save log:stopping stop"},
            {unit_stopping(), POOL_STOPPING, "no-handoff save log:stopping stop"},
            {unit_left(CLD_EXITED, 0), POOL_OFF, "no-handoff no-pid log:stopped save " FORGOTTEN},
            {unit_gone(), POOL_OFF, "no-handoff no-pid log:stopped save " FORGOTTEN},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        fresh(f, POOL_READY);
        deregister(f);
        restart(f, cases[i].unit);
        expect(f, cases[i].becomes, cases[i].effects);
        if (f->pool->state != POOL_STOPPING)
            continue;
        observe(f, unit_left(CLD_EXITED, 0));
        expect(f, POOL_OFF, "no-pid log:stopped save " FORGOTTEN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_from_each_state),
            pool_test(test_engine_ends),
            pool_test(test_start_refused_meanwhile),
            pool_test(test_going_down),
            pool_test(test_during_a_restart),
            pool_test(test_others_meanwhile),
            pool_test(test_leases),
            pool_test(test_stuck),
            pool_test(test_recover),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
