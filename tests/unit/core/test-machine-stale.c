/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "fixture.h"

/* What comes late, twice, or for a generation that is gone. */

static void test_other_generation(void **state)
{
    Fixture *f = *state;
    const Event events[] = {
            {.type = EVENT_START_FAILED, .failure = "x"},
            {.type = EVENT_STOP_FAILED, .failure = "x"},
            {.type = EVENT_UNIT, .unit = unit_failed(CLD_EXITED, 1, UNIT_RESULT_EXIT_CODE)},
            {.type = EVENT_UNIT, .unit = unit_gone()},
            {.type = EVENT_PROBE, .probe = {.good = true}},
            {.type = EVENT_PROBE, .probe = {.good = false}},
            {.type = EVENT_TIMER},
    };
    static const uint64_t generations[] = {1, 3};
    static const PoolState states[] = {POOL_STARTING, POOL_WARMING, POOL_READY, POOL_STOPPING};

    for (size_t s = 0; s < ELEMENTSOF(states); s++) {
        fresh(f, POOL_OFF);
        f->pool->generation = 1;
        reach(f, states[s]);
        assert_int_equal(f->pool->generation, 2);
        for (size_t i = 0; i < ELEMENTSOF(events) * ELEMENTSOF(generations); i++) {
            Event event = events[i / 2];
            Pool before = *f->pool;

            event.generation = generations[i % 2];
            step(f, event);
            expect(f, states[s], "log:stale");
            assert_memory_equal(f->pool, &before, sizeof(before));
        }
    }
}

static void test_stale_facts(void **state)
{
    Fixture *f = *state;
    Event late = {.type = EVENT_FACTS, .facts = {.attempt = 1}};

    preload(f);
    assert_int_equal(f->pool->attempt, late.facts.attempt);
    stop(f);
    preload(f);
    step(f, late);
    expect(f, POOL_PREFLIGHT, "log:stale");
    facts_good(f);
    expect(f, POOL_STARTING, "save start");
    facts_good(f);
    expect(f, POOL_STARTING, "log:stale");
    assert_int_equal(f->pool->generation, 1);
}

/* The last generation's unit is heard of until the next one has begun; none of it may stick. */
static void test_late_news_in_preflight(void **state)
{
    Fixture *f = *state;
    UnitObservation first = {.fields = UNIT_FIELD_MAIN_PID, .main_pid = 4712};

    reach(f, POOL_READY);
    observe(f, unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_SIGNAL));
    preload(f);
    observe(f, unit_gone());
    expect(f, POOL_PREFLIGHT, "");
    facts_good(f);
    expect(f, POOL_STARTING, "save start");
    /* Its first half only: not enough to say anything, least of all that it is gone. */
    observe(f, first);
    expect(f, POOL_STARTING, "");
    observe(f, unit_running());
    expect(f, POOL_WARMING, "pid log:started probe");
}

/* An end is handled once, however often it is told. */
static void test_end_told_again(void **state)
{
    Fixture *f = *state;
    const UnitObservation again[] = {
            unit_failed(CLD_EXITED, 1, UNIT_RESULT_EXIT_CODE),
            unit_gone(),
            unit_failed(CLD_EXITED, 1, UNIT_RESULT_EXIT_CODE),
    };

    reach(f, POOL_READY);
    observe(f, again[0]);
    expect(f, POOL_BACKOFF, "no-handoff no-pid reset log:crashed log:restart-scheduled save");
    for (size_t i = 0; i < ELEMENTSOF(again); i++) {
        observe(f, again[i]);
        expect(f, POOL_BACKOFF, "");
    }
    assert_int_equal(f->pool->crash_count, 1);
}

static void test_running_told_again(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_WARMING);
    observe(f, unit_running());
    expect(f, POOL_WARMING, "");
    probe(f, true);
    observe(f, unit_running());
    expect(f, POOL_READY, "");
}

static void test_late_start_failure(void **state)
{
    static const PoolState states[] = {POOL_WARMING, POOL_READY};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(states); i++) {
        fresh(f, states[i]);
        start_failed(f);
        expect(f, states[i], "");
        stop_failed(f);
        expect(f, states[i], "");
    }
}

/* A probe that answers after it was cancelled. */
static void test_late_probe(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_WARMING);
    stop(f);
    probe(f, true);
    expect(f, POOL_STOPPING, "");
    observe(f, unit_gone());
    probe(f, true);
    expect(f, POOL_OFF, "");
}

static void test_timer_without_deadline(void **state)
{
    static const PoolState states[] = {POOL_OFF, POOL_PREFLIGHT, POOL_FAILED, POOL_READY};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(states); i++) {
        fresh(f, states[i]);
        step(f, (Event){.type = EVENT_TIMER, .generation = f->pool->generation});
        expect(f, states[i], "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_other_generation),
            pool_test(test_stale_facts),
            pool_test(test_late_news_in_preflight),
            pool_test(test_end_told_again),
            pool_test(test_running_told_again),
            pool_test(test_late_start_failure),
            pool_test(test_late_probe),
            pool_test(test_timer_without_deadline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
