/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec-fixture.h"

#include <errno.h>

#include "../base/alloc-fixture.h"
#include "core/pool_update.h"

/* The members of a PoolMeta can be written to. */
static char one[] = "1", two[] = "2", gpu0[] = "GPU0", gpu1[] = "GPU1", b1[] = "b1", c1[] = "c1",
            c2[] = "c2", catalog[] = "catalog", d1[] = "d1", d2[] = "d2", sha[] = "sha256:0",
            v1[] = "v1", v2[] = "v2", hints[] = "{\"a\":1}", no_hints[] = "{}";

/* What a pool may have been told. */
static const PoolMeta everything = {
        .engine_version = v1,
        .engine_digest = d1,
        .engine_catalog_id = c1,
        .version = one,
        .device_mask = gpu0,
        .perf_hints = hints,
        .slots_total = 8,
        .slots_free = 5,
};

enum { ALL_FIELDS = (POOL_FIELD_SLOTS_FREE << 1) - 1 };

static void assert_text(const char *found, const char *wanted)
{
    if (!streq_ptr(found, wanted))
        fail_msg("%s is not %s", found ? found : "null", wanted ? wanted : "null");
}

static void assert_meta(const PoolMeta *found, const PoolMeta *wanted)
{
    assert_text(found->engine_version, wanted->engine_version);
    assert_text(found->engine_digest, wanted->engine_digest);
    assert_text(found->engine_catalog_id, wanted->engine_catalog_id);
    assert_text(found->version, wanted->version);
    assert_text(found->device_mask, wanted->device_mask);
    assert_text(found->perf_hints, wanted->perf_hints);
    assert_true(found->slots_total == wanted->slots_total);
    assert_true(found->slots_free == wanted->slots_free);
}

static void apply(Pool *pool, unsigned given, PoolMeta meta)
{
    const PoolUpdate update = {.given = given, .meta = meta};
    Error error = {.code = PM_ERROR_NONE};

    if (pool_update_apply(pool, &update, &error) != 0)
        fail_msg("%s", error.text);
}

/* A pool with everything set. */
static Pool *full_pool(void)
{
    Pool *pool;

    assert_int_equal(pool_new("p", &pool), 0);
    apply(pool, ALL_FIELDS, everything);
    assert_meta(&pool->meta, &everything);
    return pool;
}

static const PoolMeta nothing = {.slots_total = SPEC_UNSET, .slots_free = SPEC_UNSET};

static void test_nothing_is_known_at_first(void **state)
{
    _cleanup_(pool_freep) Pool *pool = NULL;

    assert_int_equal(pool_new("p", &pool), 0);
    assert_meta(&pool->meta, &nothing);
    assert_true(pool_slots_free(pool) == SPEC_UNSET);
}

/* B-REG-030, B-REG-031, B-REG-032, B-REG-040, B-REG-041, B-REG-042, B-REG-043, B-REG-050,
 * B-REG-052, B-REG-060, B-REG-110, B-REG-111: each field by itself, set and cleared; all others
 * stay. */
static void test_one_field(void **state)
{
    static const PoolMeta other = {
            .engine_version = v2,
            .engine_digest = d2,
            .engine_catalog_id = c2,
            .version = two,
            .device_mask = gpu1,
            .perf_hints = no_hints,
            .slots_total = 9,
            .slots_free = 0,
    };
    static const struct {
        PoolField field;
        size_t offset;
        size_t size;
    } fields[] = {
            {POOL_FIELD_ENGINE_VERSION, offsetof(PoolMeta, engine_version), sizeof(char *)},
            {POOL_FIELD_ENGINE_DIGEST, offsetof(PoolMeta, engine_digest), sizeof(char *)},
            {POOL_FIELD_ENGINE_CATALOG_ID, offsetof(PoolMeta, engine_catalog_id), sizeof(char *)},
            {POOL_FIELD_VERSION, offsetof(PoolMeta, version), sizeof(char *)},
            {POOL_FIELD_DEVICE_MASK, offsetof(PoolMeta, device_mask), sizeof(char *)},
            {POOL_FIELD_PERF_HINTS, offsetof(PoolMeta, perf_hints), sizeof(char *)},
            {POOL_FIELD_SLOTS_TOTAL, offsetof(PoolMeta, slots_total), sizeof(uint64_t)},
            {POOL_FIELD_SLOTS_FREE, offsetof(PoolMeta, slots_free), sizeof(uint64_t)},
    };

    for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
        size_t size = fields[i].size;
        _cleanup_(pool_freep) Pool *pool = full_pool();
        PoolMeta wanted = everything;

        memcpy((char *)&wanted + fields[i].offset, (const char *)&other + fields[i].offset, size);
        apply(pool, fields[i].field, other);
        assert_meta(&pool->meta, &wanted);

        memcpy((char *)&wanted + fields[i].offset, (const char *)&nothing + fields[i].offset, size);
        if (fields[i].field == POOL_FIELD_SLOTS_TOTAL)
            wanted.slots_free = SPEC_UNSET;
        apply(pool, fields[i].field, nothing);
        assert_meta(&pool->meta, &wanted);

        apply(pool, 0, other);
        assert_meta(&pool->meta, &wanted);
    }
}

/* B-REG-061, B-REG-062, B-REG-063: what is reported is kept within the total, and what is told
 * stays within what the leases leave. */
static void test_slots(void **state)
{
    static const struct {
        uint64_t total, reported, leases;
        uint64_t kept, told;
    } cases[] = {
            {4, SPEC_UNSET, 0, SPEC_UNSET, 4},
            {4, SPEC_UNSET, 1, SPEC_UNSET, 3},
            {4, SPEC_UNSET, 4, SPEC_UNSET, 0},
            {4, SPEC_UNSET, 5, SPEC_UNSET, 0},
            {4, 4, 0, 4, 4},
            {4, 0, 0, 0, 0},
            {4, 2, 1, 2, 2},
            {4, 3, 2, 3, 2},
            {4, 5, 0, 4, 4},
            {1, INT64_MAX, 0, 1, 1},
            {INT64_MAX, INT64_MAX, 1, INT64_MAX, INT64_MAX - 1},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_(pool_freep) Pool *pool = full_pool();

        apply(pool, POOL_FIELD_SLOTS_TOTAL | POOL_FIELD_SLOTS_FREE,
              (PoolMeta){.slots_total = cases[i].total, .slots_free = cases[i].reported});
        for (uint64_t n = 0; n < cases[i].leases; n++) {
            Lease *lease = calloc(1, sizeof(Lease));

            assert_non_null(lease);
            lease_append(pool, lease);
        }
        assert_true(pool->meta.slots_total == cases[i].total);
        assert_true(pool->meta.slots_free == cases[i].kept);
        assert_true(pool_slots_free(pool) == cases[i].told);
    }
}

/* A smaller total takes what was reported along. */
static void test_total_shrinks(void **state)
{
    _cleanup_(pool_freep) Pool *pool = full_pool();

    apply(pool, POOL_FIELD_SLOTS_TOTAL, (PoolMeta){.slots_total = 3});
    assert_true(pool->meta.slots_free == 3);
    apply(pool, POOL_FIELD_SLOTS_TOTAL, (PoolMeta){.slots_total = 8});
    assert_true(pool->meta.slots_free == 3);
}

/* What is free without a total means nothing: refused, and nothing else of the update is done. */
static void test_free_without_total(void **state)
{
    static const struct {
        bool has_total;
        unsigned given;
        uint64_t total;
        int r;
    } cases[] = {
            {false, POOL_FIELD_SLOTS_FREE, 0, -EINVAL},
            {false, POOL_FIELD_SLOTS_FREE | POOL_FIELD_SLOTS_TOTAL, SPEC_UNSET, -EINVAL},
            {false, POOL_FIELD_SLOTS_FREE | POOL_FIELD_SLOTS_TOTAL, 4, 0},
            {true, POOL_FIELD_SLOTS_FREE, 0, 0},
            {true, POOL_FIELD_SLOTS_FREE | POOL_FIELD_SLOTS_TOTAL, SPEC_UNSET, -EINVAL},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_(pool_freep) Pool *pool = full_pool();
        const PoolUpdate update = {
                .given = cases[i].given | POOL_FIELD_VERSION,
                .meta = {.version = two, .slots_total = cases[i].total, .slots_free = 2},
        };
        PoolMeta before = everything;
        Error error = {.code = PM_ERROR_NONE};

        if (!cases[i].has_total) {
            apply(pool, POOL_FIELD_SLOTS_TOTAL, nothing);
            before.slots_total = before.slots_free = SPEC_UNSET;
        }
        assert_int_equal(pool_update_apply(pool, &update, &error), cases[i].r);
        if (cases[i].r == 0) {
            assert_string_equal(pool->meta.version, "2");
            assert_true(pool->meta.slots_free == 2);
            continue;
        }
        assert_int_equal(error.code, PM_ERROR_INVALID_FIELD);
        assert_string_equal(error.field, "slots_free");
        assert_meta(&pool->meta, &before);
    }
}

/* To clear what is free needs no total. */
static void test_clear_free_without_total(void **state)
{
    _cleanup_(pool_freep) Pool *pool = NULL;

    assert_int_equal(pool_new("p", &pool), 0);
    apply(pool, POOL_FIELD_SLOTS_FREE, nothing);
    assert_meta(&pool->meta, &nothing);
}

/* B-PRELOAD-024: what describes the engine is replaced; what was set for the pool only by what the
 * spec gives. */
static void test_from_spec(void **state)
{
    _cleanup_spec_ EngineSpec *small = spec_minimal("p"), *full = spec_full("p");
    _cleanup_(pool_freep) Pool *pool = full_pool();
    PoolMeta wanted = everything;

    wanted.engine_version = b1;
    wanted.engine_digest = wanted.engine_catalog_id = NULL;
    wanted.slots_free = SPEC_UNSET;
    pool_meta_from_spec(pool, small);
    assert_meta(&pool->meta, &wanted);

    wanted.engine_digest = sha;
    wanted.engine_catalog_id = catalog;
    wanted.slots_total = 4;
    pool_meta_from_spec(pool, full);
    assert_meta(&pool->meta, &wanted);
}

/* B-REG-101, B-REG-102, B-REG-103, B-REG-104, B-REG-107: all that is known of its engine, and
 * nothing of another one.
 */
static void test_from_handoff(void **state)
{
    _cleanup_(handoff_freep) Handoff *handoff = handoff_at("http://127.0.0.1:9000");
    _cleanup_(pool_freep) Pool *pool = full_pool();
    PoolMeta wanted = nothing;

    wanted.version = everything.version;
    wanted.perf_hints = everything.perf_hints;
    pool_meta_from_handoff(pool, handoff);
    assert_meta(&pool->meta, &wanted);

    handoff->engine_version = text("v9");
    handoff->device_mask = text("GPU7");
    handoff->slots_total = 2;
    handoff->slots_free = 3; /* clamped */
    wanted.engine_version = handoff->engine_version;
    wanted.device_mask = handoff->device_mask;
    wanted.slots_total = wanted.slots_free = 2;
    pool_meta_from_handoff(pool, handoff);
    assert_meta(&pool->meta, &wanted);

    handoff->slots_total = SPEC_UNSET; /* free ones of how many? */
    wanted.slots_total = wanted.slots_free = SPEC_UNSET;
    pool_meta_from_handoff(pool, handoff);
    assert_meta(&pool->meta, &wanted);
}

static void test_copy(void **state)
{
    _cleanup_(pool_freep) Pool *pool = full_pool();
    PoolMeta copy = nothing;
    int r;

    FOR_EACH_FAILED_ALLOCATION(r = pool_meta_copy(&pool->meta, &copy), {
        assert_int_equal(r, -ENOMEM);
        assert_meta(&copy, &nothing);
    });
    assert_int_equal(r, 0);
    assert_meta(&copy, &everything);
    assert_ptr_not_equal(copy.version, pool->meta.version);
    pool_meta_done(&copy);
    assert_meta(&copy, &nothing);
}

/* Nothing has changed where the memory did not suffice. */
static void test_out_of_memory(void **state)
{
    const PoolUpdate update = {
            .given = ALL_FIELDS,
            .meta = {.engine_version = v2, .version = two, .slots_total = 1, .slots_free = 1},
    };
    _cleanup_(pool_freep) Pool *pool = full_pool();
    int r;

    FOR_EACH_FAILED_ALLOCATION(r = pool_update_apply(pool, &update, NULL), {
        assert_int_equal(r, -ENOMEM);
        assert_meta(&pool->meta, &everything);
    });
    assert_int_equal(r, 0);
    assert_meta(&pool->meta, &update.meta);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_nothing_is_known_at_first),
            cmocka_unit_test(test_one_field),
            cmocka_unit_test(test_slots),
            cmocka_unit_test(test_total_shrinks),
            cmocka_unit_test(test_free_without_total),
            cmocka_unit_test(test_clear_free_without_total),
            cmocka_unit_test(test_from_spec),
            cmocka_unit_test(test_from_handoff),
            cmocka_unit_test(test_copy),
            cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
