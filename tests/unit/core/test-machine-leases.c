/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "fixture.h"

/* What becomes of the leases while the pool lives. */

/* A lease with a time to live ends by itself; the others, and the engine, stay. */
static void test_expire(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    (void)lease_for(f, 1000);
    (void)lease_for(f, SPEC_UNSET);
    assert_int_equal(pool_next_deadline(f->pool), f->now.mono + USEC_PER_SEC);
    timer(f);
    expect(f, POOL_READY, "log:leases-expired save-leases");
    assert_int_equal(f->pool->leases.count, 1);
    timer(f);
    expect(f, POOL_READY, "probe");
    assert_int_equal(f->pool->leases.count, 1);
}

/* Nothing is missed when both are due at the same moment. */
static void test_expire_with_the_probe(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    (void)lease_for(f, 5000);
    timer(f);
    expect(f, POOL_READY, "log:leases-expired save-leases probe");
}

/* They end while the engine is being stopped, too, and its deadline stays. */
static void test_expire_while_stopping(void **state)
{
    Fixture *f = *state;
    usec_t stop_deadline;

    reach(f, POOL_READY);
    (void)lease_for(f, 1000);
    stop(f);
    assert_int_equal(f->pool->leases.count, 1);
    stop_deadline = f->pool->phase_deadline;
    timer(f);
    expect(f, POOL_STOPPING, "log:leases-expired save-leases");
    assert_int_equal(pool_next_deadline(f->pool), stop_deadline);
    timer(f);
    expect(f, POOL_STOPPING, "kill query");
}

/* With the engine they are all gone, however it ends. */
static void test_gone_with_the_engine(void **state)
{
    Fixture *f = *state;
    const struct {
        UnitObservation unit;
        PoolState becomes;
        const char *effects;
    } table[] = {
            {unit_failed(CLD_KILLED, SIGSEGV, UNIT_RESULT_SIGNAL), POOL_BACKOFF,
             "no-handoff no-pid reset save-leases log:crashed log:restart-scheduled save"},
            {unit_left(CLD_EXITED, 0), POOL_OFF, "no-handoff no-pid log:exited save-leases save"},
            {unit_gone(), POOL_BACKOFF,
             "no-handoff no-pid save-leases log:crashed log:restart-scheduled save"},
    };

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        fresh(f, POOL_READY);
        (void)lease_for(f, SPEC_UNSET);
        (void)lease_for(f, 10);
        observe(f, table[i].unit);
        expect(f, table[i].becomes, table[i].effects);
        assert_int_equal(f->pool->leases.count, 0);
        assert_int_equal(lease_next_expiry(f->pool), USEC_INFINITY);
    }
}

/* Without any there is no file to write. */
static void test_none_to_go(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_STOPPING);
    observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "no-pid log:stopped save end:stop:success");
}

/* Each engine counts its own. */
static void test_numbers_of_the_next_engine(void **state)
{
    Fixture *f = *state;
    char id[LEASE_ID_MAX + 1];

    reach(f, POOL_READY);
    lease_id_format(f->pool, lease_for(f, SPEC_UNSET), id);
    assert_string_equal(id, "1.1");
    observe(f, unit_gone());
    preload(f);
    facts_good(f);
    observe(f, unit_running());
    probe(f, true);
    lease_id_format(f->pool, lease_for(f, SPEC_UNSET), id);
    assert_string_equal(id, "2.1");
    assert_false(lease_release(f->pool, "1.1"));
}

/* Our own restart keeps them, and those that ended meanwhile go at once. */
static void test_recover(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    (void)lease_for(f, 1000);
    (void)lease_for(f, SPEC_UNSET);
    pass(f, 3 * USEC_PER_SEC);
    restart(f, unit_running());
    expect(f, POOL_ADOPTING, "pid probe");
    assert_int_equal(f->pool->leases.count, 2);
    timer(f);
    expect(f, POOL_ADOPTING, "log:leases-expired save-leases");
    probe(f, true);
    assert_int_equal(f->pool->leases.count, 1);
    assert_int_equal(lease_for(f, SPEC_UNSET)->number, 3);
}

static void test_recover_without_engine(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    (void)lease_for(f, SPEC_UNSET);
    restart(f, unit_gone());
    expect(f, POOL_BACKOFF, "no-handoff no-pid save-leases log:crashed log:restart-scheduled save");
    assert_int_equal(f->pool->leases.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_expire),
            pool_test(test_expire_with_the_probe),
            pool_test(test_expire_while_stopping),
            pool_test(test_gone_with_the_engine),
            pool_test(test_none_to_go),
            pool_test(test_numbers_of_the_next_engine),
            pool_test(test_recover),
            pool_test(test_recover_without_engine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
