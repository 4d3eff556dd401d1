/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec-fixture.h"

#include <errno.h>

/* contract, section 5: state */
static const struct {
    const char *name;
    bool engine, handoff;
} states[POOL_STATE_MAX] = {
        [POOL_OFF] = {"off", false, false},
        [POOL_PREFLIGHT] = {"preflight", false, false},
        [POOL_STARTING] = {"starting", true, false},
        [POOL_WARMING] = {"warming", true, false},
        [POOL_READY] = {"ready", true, true},
        [POOL_DRAINING] = {"draining", true, true},
        [POOL_STOPPING] = {"stopping", true, false},
        [POOL_BACKOFF] = {"backoff", false, false},
        [POOL_TRIPPED] = {"tripped", false, false},
        [POOL_FAILED] = {"failed", false, false},
        [POOL_ADOPTING] = {"adopting", true, false}, /* until it is known to have been ready */
        [POOL_EXTERNAL] = {"external", false, false},
};

static void test_state_names(void **state)
{
    static const char *const strange[] = {"", "Off", "off ", "invalid", "crashed"};

    for (int i = 0; i < POOL_STATE_MAX; i++) {
        assert_string_equal(pool_state_to_string((PoolState)i), states[i].name);
        assert_int_equal(pool_state_from_string(states[i].name), i);
    }
    for (size_t i = 0; i < ELEMENTSOF(strange); i++)
        assert_int_equal(pool_state_from_string(strange[i]), POOL_STATE_INVALID);
    assert_null(pool_state_to_string(POOL_STATE_MAX));
    assert_null(pool_state_to_string(POOL_STATE_INVALID));
}

static void test_new(void **state)
{
    static const char *const bad[] = {"", ".p", "a b", "a/b"};
    Pool *pool = NULL;

    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        assert_int_equal(pool_new(bad[i], &pool), -EINVAL);
        assert_null(pool);
    }
    assert_int_equal(pool_new("p.1", &pool), 0);
    assert_string_equal(pool->id, "p.1");
    assert_int_equal(pool->state, POOL_OFF);
    assert_null(pool->spec);
    assert_true(pool->generation == 0);
    assert_int_equal(pool->operation.kind, OPERATION_NONE);
    assert_true(pool_next_deadline(pool) == USEC_INFINITY);
    assert_null(pool_free(pool));
    assert_null(pool_free(NULL));
}

static void test_what_each_state_has(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_minimal("p"));

    pool->unit = unit_running(42);
    for (int i = 0; i < POOL_STATE_MAX; i++) {
        bool takes_work = i == POOL_READY || i == POOL_EXTERNAL;

        pool->state = (PoolState)i;
        assert_int_equal(pool_has_engine(pool), states[i].engine);
        assert_int_equal(pool_is_live(pool), states[i].engine || i == POOL_EXTERNAL);
        for (int was_ready = 0; was_ready < 2; was_ready++) {
            pool->was_ready = was_ready;
            assert_int_equal(pool_has_handoff(pool),
                             states[i].handoff || (i == POOL_ADOPTING && was_ready));
        }
        pool->was_ready = false;
        pool->probe_failures = 0;
        assert_int_equal(pool_is_ready(pool), takes_work);
        pool->probe_failures = 1; /* ready = its last health check passed */
        assert_false(pool_is_ready(pool));
    }
}

/* live = the engine runs, as far as the service manager has said. */
static void test_live(void **state)
{
    static const struct {
        UnitActive active;
        bool live;
    } cases[] = {
            {UNIT_ACTIVE_UNKNOWN, false},     {UNIT_ACTIVE_INACTIVE, false},
            {UNIT_ACTIVE_ACTIVATING, false},  {UNIT_ACTIVE_ACTIVE, true},
            {UNIT_ACTIVE_DEACTIVATING, true}, {UNIT_ACTIVE_FAILED, false},
    };
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_minimal("p"));

    pool->state = POOL_WARMING;
    pool->unit = unit_running(42);
    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        pool->unit.active = cases[i].active;
        assert_int_equal(pool_is_live(pool), cases[i].live);
    }
    /* The main process is gone, what it left is still being killed. */
    pool->unit.active = UNIT_ACTIVE_DEACTIVATING;
    pool->unit.main_pid = 0;
    assert_false(pool_is_live(pool));
}

static void add_lease(Pool *pool, uint64_t number)
{
    Lease *lease = calloc(1, sizeof(Lease));

    assert_non_null(lease);
    lease->number = number;
    lease->expires = USEC_INFINITY;
    lease_append(pool, lease);
}

static void test_next_deadline(void **state)
{
    static const struct {
        usec_t phase, probe, next;
    } cases[] = {
            {5, 7, 5},
            {7, 5, 5},
            {5, USEC_INFINITY, 5},
            {USEC_INFINITY, 5, 5},
            {USEC_INFINITY, USEC_INFINITY, USEC_INFINITY},
    };
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_minimal("p"));

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        pool->phase_deadline = cases[i].phase;
        pool->probe_at = cases[i].probe;
        assert_true(pool_next_deadline(pool) == cases[i].next);
    }
}

/* What was read from disk takes the place of what there was; only the owner's pointer stays. */
/* Only a health check of a ready engine may be late, and nothing else with it. */
static void test_deadline_slack(void **state)
{
    static const struct {
        PoolState state;
        usec_t probe, phase, stable, slack;
    } cases[] = {
            {POOL_READY, 100, USEC_INFINITY, USEC_INFINITY, 20},
            {POOL_EXTERNAL, 100, USEC_INFINITY, USEC_INFINITY, 20},
            {POOL_DRAINING, 100, 110, USEC_INFINITY, 10},
            {POOL_READY, 100, USEC_INFINITY, 105, 5},
            {POOL_READY, 100, USEC_INFINITY, 100, 0},
            {POOL_READY, 100, USEC_INFINITY, 90, 0},
            {POOL_READY, USEC_INFINITY, USEC_INFINITY, USEC_INFINITY, 0},
            {POOL_WARMING, 100, USEC_INFINITY, USEC_INFINITY, 0},
    };
    Pool *pool;

    assert_int_equal(pool_new("p", &pool), 0);
    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        pool->state = cases[i].state;
        pool->probe_at = cases[i].probe;
        pool->phase_deadline = cases[i].phase;
        pool->stable_at = cases[i].stable;
        assert_int_equal(pool_deadline_slack(pool, 20), cases[i].slack);
    }
    pool->state = POOL_OFF;
    pool_free(pool);
}

static void test_take(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_full("p")), *from = pool_with(spec_full("p"));
    EngineSpec *spec = from->spec;
    int owner, other;

    pool->userdata = &owner;
    pool->external = handoff_at("http://127.0.0.1:1");
    from->userdata = &other;
    from->state = POOL_EXTERNAL;
    from->external = handoff_at("http://127.0.0.1:2");
    from->generation = 9;
    from->registered = true;
    from->meta.version = text("7");
    add_lease(pool, 1);
    add_lease(from, 2);
    add_lease(from, 3);

    pool_take(pool, from);
    assert_ptr_equal(pool->userdata, &owner);
    assert_ptr_equal(pool->spec, spec);
    assert_int_equal(pool->state, POOL_EXTERNAL);
    assert_string_equal(pool->external->url, "http://127.0.0.1:2");
    assert_int_equal(pool->generation, 9);
    assert_true(pool->registered);
    assert_string_equal(pool->meta.version, "7");
    assert_int_equal(pool->leases.count, 2);
    assert_int_equal(pool->leases.first->number, 2);
    assert_int_equal(pool->leases.last->number, 3);
    assert_null(from->spec);
    assert_null(from->external);
    assert_null(from->leases.first);
    assert_null(from->meta.version);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_state_names),
            cmocka_unit_test(test_new),
            cmocka_unit_test(test_what_each_state_has),
            cmocka_unit_test(test_live),
            cmocka_unit_test(test_deadline_slack),
            cmocka_unit_test(test_next_deadline),
            cmocka_unit_test(test_take),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
