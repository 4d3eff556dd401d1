/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fixture.h"

#include <stdio.h>

#include "core/status.h"

/* How much of its model a starting engine has read. */

#define GIB ((uint64_t)1 << 30)

static void test_percent(void **state)
{
    static const struct {
        uint64_t read, model, percent;
    } cases[] = {
            {0, 100, 0},
            {1, 100, 1},
            {50, 100, 50},
            {99, 100, 99},
            {100, 100, 99}, /* all of it only when the engine says so */
            {200, 100, 99},
            {1, 3, 33},
            {2, 3, 66},
            {7 * GIB, 70 * GIB, 10},
            {INT64_MAX, UINT64_MAX - 1, 50},
            {UINT64_MAX - 1, UINT64_MAX - 1, 99},
            {0, 0, SPEC_UNSET}, /* of nothing */
            {5, 0, SPEC_UNSET},
            {5, SPEC_UNSET, SPEC_UNSET},
            {SPEC_UNSET, 100, SPEC_UNSET},
            {SPEC_UNSET, SPEC_UNSET, SPEC_UNSET},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        fresh(f, POOL_WARMING);
        load(f, cases[i].read, cases[i].model);
        expect(f, POOL_WARMING, "");
        assert_true(pool_load_percent(f->pool) == cases[i].percent);
    }
}

/* An engine that maps its model may forget pages: what was read stays read. */
static void test_never_falls(void **state)
{
    static const uint64_t reads[] = {0, 5, 3, 40, SPEC_UNSET, 39, 0, 41, 100, 7, UINT64_MAX - 1};
    Fixture *f = *state;
    uint64_t last = 0;

    reach(f, POOL_STARTING);
    for (size_t i = 0; i < ELEMENTSOF(reads); i++) {
        uint64_t now;

        load(f, reads[i], 100);
        now = pool_load_percent(f->pool);
        assert_true(now >= last && now <= 99);
        last = now;
    }
    assert_int_equal(last, 99);
}

/* In every other state there is nothing to tell, and nothing is taken. */
static void test_only_while_starting(void **state)
{
    Fixture *f = *state;

    for (PoolState each = 0; each < POOL_STATE_MAX; each++) {
        bool starts = each == POOL_STARTING || each == POOL_WARMING;

        if (each == POOL_DRAINING || each == POOL_BACKOFF || each == POOL_TRIPPED)
            continue; /* no way leads there */
        fresh(f, each);
        load(f, 50, 100);
        expect(f, each, "");
        assert_true(pool_load_percent(f->pool) == (starts ? 50 : SPEC_UNSET));
    }
}

/* It ends with the start, and the next engine begins at nothing. */
static void test_of_one_start(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_WARMING);
    load(f, 80, 100);
    probe(f, true);
    assert_true(pool_load_percent(f->pool) == SPEC_UNSET);
    restart_engine(f);
    assert_true(pool_load_percent(f->pool) == SPEC_UNSET);
    observe(f, unit_gone());
    assert_int_equal(f->pool->state, POOL_PREFLIGHT);
    assert_true(pool_load_percent(f->pool) == SPEC_UNSET);
    facts_good(f);
    assert_true(pool_load_percent(f->pool) == SPEC_UNSET);
    load(f, 10, 100);
    assert_int_equal(pool_load_percent(f->pool), 10);
}

/* What was read by the last engine is none of the next one's. */
static void test_stale(void **state)
{
    Fixture *f = *state;
    const Event late = {
            .type = EVENT_LOAD,
            .generation = 1,
            .load = {.read_bytes = 90, .model_bytes = 100},
    };

    reach(f, POOL_READY);
    restart_engine(f);
    observe(f, unit_gone());
    facts_good(f);
    step(f, late);
    expect(f, POOL_STARTING, "log:stale");
    assert_true(pool_load_percent(f->pool) == SPEC_UNSET);
}

/* The text of the status, and the rest of the time at the pace so far. */
static void test_eta(void **state)
{
    static const struct {
        uint64_t waited_ms, read;
        const char *load;
    } cases[] = {
            {0, 0, "{\"phase\":\"warming\",\"percent\":0,\"eta_ms\":null}"},
            {1000, 0, "{\"phase\":\"warming\",\"percent\":0,\"eta_ms\":null}"},
            {1000, 10, "{\"phase\":\"warming\",\"percent\":10,\"eta_ms\":9000}"},
            {5000, 50, "{\"phase\":\"warming\",\"percent\":50,\"eta_ms\":5000}"},
            {9800, 98, "{\"phase\":\"warming\",\"percent\":98,\"eta_ms\":200}"},
            {9900, 99, "{\"phase\":\"warming\",\"percent\":99,\"eta_ms\":null}"},
            {9900, 100, "{\"phase\":\"warming\",\"percent\":99,\"eta_ms\":null}"},
    };
    Fixture *f = *state;
    PoolStatus status;

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        fresh(f, POOL_WARMING);
        pass(f, cases[i].waited_ms * USEC_PER_MSEC);
        load(f, cases[i].read, 100);
        pool_status(f->pool, f->now, &status);
        assert_string_equal(pool_status_find(&status, "load")->string, cases[i].load);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_percent),
            pool_test(test_never_falls),
            pool_test(test_only_while_starting),
            pool_test(test_of_one_start),
            pool_test(test_stale),
            pool_test(test_eta),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
