/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec-fixture.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "../base/alloc-fixture.h"
#include "core/lease.h"

static const Instant now = {.mono = 100 * USEC_PER_SEC, .real = 1700000000 * USEC_PER_SEC};
static const LeaseRequest anybody = {.ttl_ms = SPEC_UNSET};

static Instant later(uint64_t ms)
{
    return (Instant){.mono = now.mono + ms * USEC_PER_MSEC, .real = now.real + ms * USEC_PER_MSEC};
}

/* One that grants leases. */
static Pool *ready_pool(void)
{
    Pool *pool = pool_with(spec_minimal("p"));

    pool->state = POOL_READY;
    return pool;
}

static const Lease *grant(Pool *pool, LeaseRequest request)
{
    const Lease *lease = NULL;
    Error error = {.code = PM_ERROR_NONE};

    if (lease_acquire(pool, &request, now, &lease, &error) != 0)
        fail_msg("%s", error.text);
    assert_false(error_is_set(&error));
    return lease;
}

static const Lease *grant_id(Pool *pool, LeaseRequest request, char id[LEASE_ID_MAX + 1])
{
    const Lease *lease = grant(pool, request);

    lease_id_format(pool, lease, id);
    return lease;
}

/* The numbers of the leases that are out, in their order. */
static void assert_numbers(const Pool *pool, const char *wanted)
{
    char found[256] = "";
    const Lease *last = NULL;
    uint64_t count = 0;
    size_t n = 0;

    for (const Lease *l = pool->leases.first; l; l = l->next) {
        n += (size_t)snprintf(found + n, sizeof(found) - n, "%s%" PRIu64, n ? " " : "", l->number);
        last = l;
        count++;
    }
    assert_string_equal(found, wanted);
    assert_int_equal(pool->leases.count, count); /* B-REG-095 */
    assert_ptr_equal(pool->leases.last, last);
}

/* B-REG-090, B-REG-091 */
static void test_acquire(void **state)
{
    _cleanup_(pool_freep) Pool *pool = ready_pool();
    const Lease *lease;

    assert_numbers(pool, "");
    lease = grant(pool, (LeaseRequest){.owner = "me", .holder = ":1.7", .ttl_ms = 1500});
    assert_string_equal(lease->owner, "me");
    assert_string_equal(lease->holder, ":1.7");
    assert_true(lease->expires == now.mono + 1500 * USEC_PER_MSEC);
    assert_numbers(pool, "1");
    lease = grant(pool, anybody);
    assert_null(lease->owner);
    assert_null(lease->holder);
    assert_true(lease->expires == USEC_INFINITY);
    assert_numbers(pool, "1 2");
}

static void test_longest_ttl(void **state)
{
    _cleanup_(pool_freep) Pool *pool = ready_pool();

    assert_true(grant(pool, (LeaseRequest){.ttl_ms = UINT64_MAX - 1})->expires == USEC_INFINITY);
    assert_true(grant(pool, (LeaseRequest){.ttl_ms = 1})->expires == now.mono + USEC_PER_MSEC);
}

/* The id carries the generation, and no number comes twice within one. */
static void test_ids(void **state)
{
    _cleanup_(pool_freep) Pool *pool = ready_pool();
    char id[LEASE_ID_MAX + 1];

    (void)grant_id(pool, anybody, id);
    assert_string_equal(id, "7.1");
    assert_true(lease_release(pool, id));
    (void)grant_id(pool, anybody, id);
    assert_string_equal(id, "7.2");

    pool->generation = 8;
    lease_begin_generation(pool);
    assert_numbers(pool, "");
    (void)grant_id(pool, anybody, id);
    assert_string_equal(id, "8.1");

    pool->generation = UINT64_MAX;
    pool->leases.last->number = UINT64_MAX;
    lease_id_format(pool, pool->leases.last, id);
    assert_string_equal(id, "18446744073709551615.18446744073709551615");
}

/* A lease of an engine that is gone cannot be released on its successor. */
static void test_other_generation(void **state)
{
    _cleanup_(pool_freep) Pool *pool = ready_pool();
    char old[LEASE_ID_MAX + 1], new[LEASE_ID_MAX + 1];

    (void)grant_id(pool, anybody, old);
    pool->generation++;
    lease_begin_generation(pool);
    (void)grant_id(pool, anybody, new);
    assert_false(lease_release(pool, old));
    assert_numbers(pool, "1");
    assert_true(lease_release(pool, new));
}

/* B-REG-092, B-REG-093; B-REG-094: twice is once. */
static void test_release(void **state)
{
    static const struct {
        const char *id;
        bool released;
        const char *left;
    } cases[] = {
            {"", false, "1 2 3 4"},
            {"7", false, "1 2 3 4"},
            {"7.", false, "1 2 3 4"},
            {".1", false, "1 2 3 4"},
            {"7.0", false, "1 2 3 4"},
            {"7.01", false, "1 2 3 4"},
            {"7.1 ", false, "1 2 3 4"},
            {" 7.1", false, "1 2 3 4"},
            {"7.1.1", false, "1 2 3 4"},
            {"8.1", false, "1 2 3 4"},
            {"6.1", false, "1 2 3 4"},
            {"7.5", false, "1 2 3 4"},
            {"7.-1", false, "1 2 3 4"},
            {"7.18446744073709551617", false, "1 2 3 4"}, /* 2^64 + 1 */
            {"7.3", true, "1 2 4"},
            {"7.3", false, "1 2 4"},
            {"7.1", true, "2 4"},
            {"7.4", true, "2"},
            {"7.2", true, ""},
            {"7.2", false, ""},
    };
    _cleanup_(pool_freep) Pool *pool = ready_pool();

    for (size_t i = 0; i < 4; i++)
        (void)grant(pool, anybody);
    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        assert_int_equal(lease_release(pool, cases[i].id), cases[i].released);
        assert_numbers(pool, cases[i].left);
    }
    (void)grant(pool, anybody); /* behind the last one that went */
    assert_numbers(pool, "5");
}

/* B-REG-094: the oldest of those that nobody has a name for. */
static void test_release_anonymous(void **state)
{
    _cleanup_(pool_freep) Pool *pool = ready_pool();
    Lease *lease;

    assert_null(lease_take_anonymous(pool));
    (void)grant(pool, (LeaseRequest){.owner = "me", .ttl_ms = SPEC_UNSET});
    (void)grant(pool, anybody);
    (void)grant(pool, (LeaseRequest){.holder = ":1.1", .ttl_ms = SPEC_UNSET});
    (void)grant(pool, (LeaseRequest){.ttl_ms = 5000});
    lease = lease_take_anonymous(pool);
    assert_numbers(pool, "1 3 4");
    lease_put_back(pool, lease);
    assert_numbers(pool, "1 2 3 4");
    assert_null(lease_free(lease_take_anonymous(pool)));
    assert_numbers(pool, "1 3 4");
    lease = lease_take_anonymous(pool);
    assert_numbers(pool, "1 3");
    lease_put_back(pool, lease);
    assert_numbers(pool, "1 3 4");
    lease_free(lease_take_anonymous(pool));
    assert_null(lease_take_anonymous(pool));
    assert_numbers(pool, "1 3");
}

static void test_release_holder(void **state)
{
    static const char *const holders[] = {":1.1", ":1.10", NULL, ":1.1", ":1.2", ":1.1"};
    _cleanup_(pool_freep) Pool *pool = ready_pool();

    for (size_t i = 0; i < ELEMENTSOF(holders); i++)
        (void)grant(pool, (LeaseRequest){.holder = holders[i], .ttl_ms = SPEC_UNSET});
    assert_int_equal(lease_release_holder(pool, ":1."), 0);
    assert_int_equal(lease_release_holder(pool, ":1.1"), 3);
    assert_numbers(pool, "2 3 5");
    assert_int_equal(lease_release_holder(pool, ":1.1"), 0);
    assert_int_equal(lease_release_holder(pool, ":1.2"), 1);
    assert_numbers(pool, "2 3");
    assert_int_equal(lease_release_all(pool), 2);
    assert_int_equal(lease_release_all(pool), 0);
    assert_numbers(pool, "");
}

static void test_expiry(void **state)
{
    static const uint64_t ttls[] = {3000, SPEC_UNSET, 1000, 2000, 1000};
    static const struct {
        uint64_t ms; /* after they were granted */
        uint64_t expired;
        const char *left;
        uint64_t next; /* in milliseconds from then; SPEC_UNSET: none */
    } cases[] = {
            {0, 0, "1 2 3 4 5", 1000},  {999, 0, "1 2 3 4 5", 1000},
            {1000, 2, "1 2 4", 2000},   {1001, 0, "1 2 4", 2000},
            {4000, 2, "2", SPEC_UNSET}, {UINT32_MAX, 0, "2", SPEC_UNSET},
    };
    _cleanup_(pool_freep) Pool *pool = ready_pool();

    assert_true(lease_next_expiry(pool) == USEC_INFINITY);
    for (size_t i = 0; i < ELEMENTSOF(ttls); i++)
        (void)grant(pool, (LeaseRequest){.ttl_ms = ttls[i]});
    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        usec_t next = cases[i].next == SPEC_UNSET ? USEC_INFINITY : later(cases[i].next).mono;

        assert_int_equal(lease_release_expired(pool, later(cases[i].ms)), cases[i].expired);
        assert_numbers(pool, cases[i].left);
        assert_true(lease_next_expiry(pool) == next);
        assert_true(pool_next_deadline(pool) == next);
    }
}

/* The earliest of all counts, whatever the others are. */
static void test_deadline_of_the_pool(void **state)
{
    _cleanup_(pool_freep) Pool *pool = ready_pool();

    (void)grant(pool, (LeaseRequest){.ttl_ms = 1000});
    pool->probe_at = later(500).mono;
    pool->phase_deadline = later(2000).mono;
    assert_true(pool_next_deadline(pool) == later(500).mono);
    pool->probe_at = later(1500).mono;
    assert_true(pool_next_deadline(pool) == later(1000).mono);
}

static void assert_refused(Pool *pool, LeaseRequest request, PmErrorCode code, const char *text)
{
    const Lease *none = NULL;
    Error error = {.code = PM_ERROR_NONE};
    uint64_t count = pool->leases.count;

    assert_int_equal(lease_acquire(pool, &request, now, &none, &error), -EINVAL);
    assert_int_equal(error.code, code);
    if (!strstr(error.text, text))
        fail_msg("\"%s\" is not in \"%s\"", text, error.text);
    assert_null(none);
    assert_int_equal(pool->leases.count, count);
    assert_int_equal(lease_acquire(pool, &request, now, &none, NULL), -EINVAL);
}

/* Only a ready pool grants leases, a draining one refuses. */
static void test_state(void **state)
{
    _cleanup_(pool_freep) Pool *pool = ready_pool();

    pool->external = handoff_at("http://127.0.0.1:9000");
    for (PoolState each = 0; each < POOL_STATE_MAX; each++) {
        pool->state = each;
        if (each == POOL_READY || each == POOL_EXTERNAL) {
            (void)grant(pool, anybody);
            pool->probe_failures = 1;
            assert_refused(pool, anybody, PM_ERROR_NOT_READY, "not passed the last health check");
            pool->probe_failures = 0;
        } else if (each == POOL_DRAINING) {
            assert_refused(pool, anybody, PM_ERROR_DRAINING, "pool is draining");
        } else {
            assert_refused(pool, anybody, PM_ERROR_NOT_READY, "pool is not ready");
            assert_refused(pool, anybody, PM_ERROR_NOT_READY, pool_state_to_string(each));
        }
    }
}

/* Slots bind only who asks for that, and only when they are known. */
static void test_enforce_slots(void **state)
{
    const LeaseRequest enforced = {.ttl_ms = SPEC_UNSET, .enforce_slots = true};
    _cleanup_(pool_freep) Pool *pool = ready_pool();

    (void)grant(pool, enforced); /* not known */
    pool->meta.slots_total = 2;
    (void)grant(pool, enforced);
    assert_refused(pool, enforced, PM_ERROR_NO_SLOT, "all 2 slots of the pool are taken");
    (void)grant(pool, anybody);
    assert_refused(pool, enforced, PM_ERROR_NO_SLOT, "all 2 slots");
    assert_int_equal(lease_release_all(pool), 3);

    pool->meta.slots_free = 0; /* somebody else reports that the engine is full */
    assert_refused(pool, enforced, PM_ERROR_NO_SLOT, "all 2 slots");
    pool->meta.slots_free = 1;
    (void)grant(pool, enforced);
}

static void test_too_many(void **state)
{
    _cleanup_(pool_freep) Pool *pool = ready_pool();

    for (size_t i = 0; i < PM_LEASES_MAX; i++)
        (void)grant(pool, anybody);
    assert_refused(pool, anybody, PM_ERROR_NO_SLOT, "2048 leases");
    assert_true(lease_release(pool, "7.17"));
    assert_int_equal(grant(pool, anybody)->number, PM_LEASES_MAX + 1);
}

/* What was read back is the youngest; the numbers go on behind it. */
static void test_append(void **state)
{
    _cleanup_(pool_freep) Pool *pool = ready_pool();
    Lease *lease = calloc(1, sizeof(Lease));

    assert_non_null(lease);
    lease->number = 41;
    lease->expires = USEC_INFINITY;
    lease_append(pool, lease);
    assert_numbers(pool, "41");
    assert_int_equal(grant(pool, anybody)->number, 42);
}

static void test_out_of_memory(void **state)
{
    const LeaseRequest request = {.owner = "me", .holder = ":1.1", .ttl_ms = 1};
    _cleanup_(pool_freep) Pool *pool = ready_pool();
    const Lease *lease = NULL;
    int r;

    FOR_EACH_FAILED_ALLOCATION(r = lease_acquire(pool, &request, now, &lease, NULL), {
        assert_int_equal(r, -ENOMEM);
        assert_null(lease);
        assert_numbers(pool, "");
    });
    assert_int_equal(r, 0);
    assert_numbers(pool, "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_acquire),
            cmocka_unit_test(test_longest_ttl),
            cmocka_unit_test(test_ids),
            cmocka_unit_test(test_other_generation),
            cmocka_unit_test(test_release),
            cmocka_unit_test(test_release_anonymous),
            cmocka_unit_test(test_release_holder),
            cmocka_unit_test(test_expiry),
            cmocka_unit_test(test_deadline_of_the_pool),
            cmocka_unit_test(test_state),
            cmocka_unit_test(test_enforce_slots),
            cmocka_unit_test(test_too_many),
            cmocka_unit_test(test_append),
            cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
