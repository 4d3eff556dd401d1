/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec-fixture.h"

#include <errno.h>

#include "core/handoff.h"
#include "core/lease.h"
#include "core/registry.h"
#include "core/status.h"

static const Instant now = {.mono = 100 * USEC_PER_SEC, .real = 1700000000 * USEC_PER_SEC};
static const LeaseRequest anybody = {.ttl_ms = SPEC_UNSET};

static bool is_draining(const Pool *pool)
{
    PoolStatus status;

    pool_status(pool, now, &status);
    return pool_status_find(&status, "draining")->boolean;
}

/* B-REG-070, B-REG-071: a pool that drains says so, and no other does. */
static void test_said_in_the_status(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_minimal("p"));
    const char *expected;

    /* What an external one has. */
    assert_int_equal(handoff_new(&pool->external), 0);
    assert_int_equal(handoff_set_url(pool->external, "http://127.0.0.1:1", &expected), 0);
    for (PoolState each = 0; each < POOL_STATE_MAX; each++) {
        pool->state = each;
        assert_int_equal(is_draining(pool), each == POOL_DRAINING);
    }
}

/* B-REG-072, B-REG-073: neither a pool that is not there nor a new one. */
static void test_not_unless_told(void **state)
{
    Registry r = {0};
    Pool *pool;

    assert_null(registry_get(&r, "p"));
    assert_int_equal(registry_ensure(&r, "p", &pool, NULL), 0);
    assert_false(is_draining(pool));
    registry_done(&r);
}

/* B-REG-070: no lease is granted any more; those that are out are given back as ever. */
static void test_leases(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_minimal("p"));
    const Lease *lease, *none = NULL;
    Error error = {.code = PM_ERROR_NONE};
    char id[LEASE_ID_MAX + 1];

    pool->state = POOL_READY;
    assert_int_equal(lease_acquire(pool, &anybody, now, &lease, &error), 0);
    lease_id_format(pool, lease, id);

    pool->state = POOL_DRAINING;
    assert_int_equal(lease_acquire(pool, &anybody, now, &none, &error), -EINVAL);
    assert_int_equal(error.code, PM_ERROR_DRAINING);
    assert_string_equal(error.text, "pool is draining");
    assert_null(none);
    assert_int_equal(pool->leases.count, 1);

    assert_true(lease_release(pool, id));
    assert_int_equal(pool->leases.count, 0);
    assert_true(is_draining(pool));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_said_in_the_status),
            cmocka_unit_test(test_not_unless_told),
            cmocka_unit_test(test_leases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
