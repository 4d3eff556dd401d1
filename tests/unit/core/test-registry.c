/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec-fixture.h"

#include <errno.h>
#include <stdio.h>

#include "../base/alloc-fixture.h"
#include "core/registry.h"

static void test_empty(void **state)
{
    Registry r = {0};

    assert_null(registry_get(&r, "p")); /* B-REG-003 */
    assert_false(registry_remove(&r, "p"));
    assert_int_equal(r.count, 0); /* B-REG-123 */
    registry_done(&r);
}

static void test_ensure_and_remove(void **state)
{
    Registry r = {0};
    Pool *pool = NULL, *again = NULL;
    bool new = false;

    assert_int_equal(registry_ensure(&r, "p", &pool, &new), 0); /* B-REG-080 */
    assert_true(new);                                           /* B-REG-081 */
    assert_string_equal(pool->id, "p");
    assert_int_equal(pool->state, POOL_OFF);
    assert_false(pool_is_live(pool)); /* B-REG-004 */
    assert_false(pool_is_ready(pool));

    assert_int_equal(registry_ensure(&r, "p", &again, &new), 0);
    assert_false(new); /* B-REG-082 */
    assert_ptr_equal(again, pool);
    assert_int_equal(registry_ensure(&r, "p", &again, NULL), 0);
    assert_ptr_equal(again, pool);
    assert_int_equal(r.count, 1);
    assert_ptr_equal(registry_get(&r, "p"), pool);
    assert_null(registry_get(&r, "P"));
    assert_null(registry_get(&r, "pp"));

    pool->spec = spec_full("p");            /* goes with it */
    assert_true(registry_remove(&r, "p"));  /* B-REG-084 */
    assert_null(registry_get(&r, "p"));     /* B-REG-083 */
    assert_false(registry_remove(&r, "p")); /* B-REG-085 */
    registry_done(&r);
}

/* Out of the registry, but not freed. */
static void test_take(void **state)
{
    static const char *const ids[] = {"a", "b", "c"};
    Registry r = {0};
    Pool *pool, *taken;

    for (size_t i = 0; i < ELEMENTSOF(ids); i++)
        assert_int_equal(registry_ensure(&r, ids[i], &pool, NULL), 0);
    assert_null(registry_take(&r, "d"));
    pool = registry_get(&r, "b");
    taken = registry_take(&r, "b");
    assert_ptr_equal(taken, pool);
    assert_string_equal(taken->id, "b");
    assert_int_equal(r.count, 2);
    assert_null(registry_get(&r, "b"));
    assert_null(registry_take(&r, "b"));
    assert_non_null(registry_get(&r, "a"));
    assert_non_null(registry_get(&r, "c"));
    pool_free(taken);
    registry_done(&r);
}

static void test_bad_ids(void **state)
{
    static const char *const ids[] = {"", ".p", "a b", "a/b", "a:b", "\xc3\xa9"};
    char longer[PM_ID_MAX + 2] = "";
    Registry r = {0};
    Pool *pool = NULL;
    bool new = true;

    for (size_t i = 0; i < ELEMENTSOF(ids); i++) {
        assert_int_equal(registry_ensure(&r, ids[i], &pool, &new), -EINVAL);
        assert_null(pool);
        assert_true(new);
        assert_int_equal(r.count, 0);
    }
    memset(longer, 'x', PM_ID_MAX + 1);
    assert_int_equal(registry_ensure(&r, longer, &pool, &new), -EINVAL);
    longer[PM_ID_MAX] = '\0';
    assert_int_equal(registry_ensure(&r, longer, &pool, &new), 0);
    registry_done(&r);
}

static void assert_sorted(const Registry *r)
{
    for (size_t i = 1; i < r->count; i++)
        assert_true(strcmp(r->pools[i - 1]->id, r->pools[i]->id) < 0);
}

/* B-REG-121, in whichever order they come and go */
static void test_sorted(void **state)
{
    enum { POOLS = 1009, STEP = 641 }; /* a prime, so that the steps meet every number once */
    Registry r = {0};
    char id[PM_ID_MAX + 1];
    Pool *pool;

    for (unsigned i = 0; i < POOLS; i++) {
        bool new;

        (void)snprintf(id, sizeof(id), "p%u", i * STEP % POOLS);
        assert_int_equal(registry_ensure(&r, id, &pool, &new), 0);
        assert_true(new);
        assert_sorted(&r);
    }
    assert_int_equal(r.count, POOLS);
    for (unsigned i = 0; i < POOLS; i += 2) {
        (void)snprintf(id, sizeof(id), "p%u", i * STEP % POOLS);
        assert_true(registry_remove(&r, id));
        assert_sorted(&r);
    }
    assert_int_equal(r.count, POOLS / 2);
    for (unsigned i = 0; i < POOLS; i++) {
        (void)snprintf(id, sizeof(id), "p%u", i * STEP % POOLS);
        pool = registry_get(&r, id);
        assert_int_equal(pool != NULL, i % 2 == 1);
        if (pool)
            assert_string_equal(pool->id, id);
    }
    registry_done(&r);
    assert_int_equal(r.count, 0);
}

static void test_order_is_that_of_bytes(void **state)
{
    static const char *const ids[] = {"A", "B", "a", "a-", "a.", "a0", "aA", "a_", "aa", "b"};
    Registry r = {0};
    Pool *pool;

    for (size_t i = ELEMENTSOF(ids); i-- > 0;)
        assert_int_equal(registry_ensure(&r, ids[i], &pool, NULL), 0);
    for (size_t i = 0; i < ELEMENTSOF(ids); i++)
        assert_string_equal(r.pools[i]->id, ids[i]);
    registry_done(&r);
}

static void test_full(void **state)
{
    Registry r = {0};
    Pool *pool, *last = NULL;
    char id[PM_ID_MAX + 1];

    for (unsigned i = 0; i < PM_POOLS_MAX; i++) {
        (void)snprintf(id, sizeof(id), "p%05u", i);
        assert_int_equal(registry_ensure(&r, id, &last, NULL), 0);
    }
    pool = last;
    assert_int_equal(registry_ensure(&r, "one-more", &pool, NULL), -E2BIG);
    assert_ptr_equal(pool, last);
    assert_int_equal(registry_ensure(&r, "p00000", &pool, NULL), 0); /* those there stay in reach */
    assert_true(registry_remove(&r, "p00001"));
    assert_int_equal(registry_ensure(&r, "one-more", &pool, NULL), 0);
    registry_done(&r);
}

static void test_out_of_memory(void **state)
{
    Registry r = {0};
    Pool *pool = NULL;
    char id[PM_ID_MAX + 1];
    size_t count = 0;
    int k;

    for (unsigned i = 0; i < 40; i++) {
        (void)snprintf(id, sizeof(id), "p%u", i);
        FOR_EACH_FAILED_ALLOCATION(k = registry_ensure(&r, id, &pool, NULL), {
            assert_int_equal(k, -ENOMEM);
            assert_int_equal(r.count, count);
            assert_null(registry_get(&r, id));
        });
        assert_int_equal(k, 0);
        count++;
    }
    assert_sorted(&r);
    registry_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_empty),  cmocka_unit_test(test_ensure_and_remove),
            cmocka_unit_test(test_take),   cmocka_unit_test(test_bad_ids),
            cmocka_unit_test(test_sorted), cmocka_unit_test(test_order_is_that_of_bytes),
            cmocka_unit_test(test_full),   cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
