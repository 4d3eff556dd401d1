/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec-fixture.h"

#include <errno.h>

#include "../base/alloc-fixture.h"

typedef enum Kind {
    TEXT,
    TEXTS,
    U16,
    U64,
    RESTART,
    SPLIT,
    FLAG,
} Kind;

#define MEMBER(m, kind)                                                    \
    {                                                                      \
#m, kind, offsetof(EngineSpec, m), sizeof(((EngineSpec *)NULL)->m) \
    }

static const struct {
    const char *name;
    Kind kind;
    size_t offset, size;
} members[] = {
        MEMBER(pool_id, TEXT),
        MEMBER(replica_id, TEXT),
        MEMBER(binary_path, TEXT),
        MEMBER(flags, TEXTS),
        MEMBER(host, TEXT),
        MEMBER(port, U16),
        MEMBER(model_path, TEXT),
        MEMBER(engine, TEXT),
        MEMBER(engine_version, TEXT),
        MEMBER(engine_digest, TEXT),
        MEMBER(engine_catalog_id, TEXT),
        MEMBER(model_id, TEXT),
        MEMBER(device_mask, TEXT),
        MEMBER(env, TEXTS),
        MEMBER(credentials, TEXTS),
        MEMBER(slots_total, U64),
        MEMBER(vram_bytes, U64),
        MEMBER(ram_bytes, U64),
        MEMBER(split, SPLIT),
        MEMBER(health.path, TEXT),
        MEMBER(health.interval_ms, U64),
        MEMBER(health.timeout_ms, U64),
        MEMBER(health.failures, U64),
        MEMBER(stop_grace_ms, U64),
        MEMBER(resources.memory_max, U64),
        MEMBER(resources.memory_high, U64),
        MEMBER(resources.cpu_weight, U64),
        MEMBER(resources.tasks_max, U64),
        MEMBER(resources.io_weight, U64),
        MEMBER(sandbox.pieces[0], FLAG),
        MEMBER(sandbox.pieces[1], FLAG),
        MEMBER(sandbox.pieces[2], FLAG),
        MEMBER(sandbox.pieces[3], FLAG),
        MEMBER(sandbox.pieces[4], FLAG),
        MEMBER(sandbox.pieces[5], FLAG),
        MEMBER(sandbox.pieces[6], FLAG),
        MEMBER(sandbox.pieces[7], FLAG),
        MEMBER(sandbox.pieces[8], FLAG),
        MEMBER(sandbox.pieces[9], FLAG),
        MEMBER(sandbox.pieces[10], FLAG),
        MEMBER(sandbox.pieces[11], FLAG),
        MEMBER(sandbox.pieces[12], FLAG),
        MEMBER(sandbox.pieces[13], FLAG),
        MEMBER(sandbox.protect_home, FLAG),
        MEMBER(sandbox.protect_system, FLAG),
        MEMBER(sandbox.user, TEXT),
        MEMBER(sandbox.supplementary_groups, TEXTS),
        MEMBER(sandbox.capabilities, TEXTS),
        MEMBER(sandbox.read_only_paths, TEXTS),
        MEMBER(sandbox.read_write_paths, TEXTS),
        MEMBER(sandbox.system_calls, TEXTS),
        MEMBER(sandbox.address_families, TEXTS),
        MEMBER(sandbox.addresses, TEXTS),
        MEMBER(sandbox.root_directory, TEXT),
        MEMBER(sandbox.root_image, TEXT),
        MEMBER(container.rootfs, TEXT),
        MEMBER(policy.numbers.backoff_initial_usec, U64),
        MEMBER(policy.numbers.backoff_max_usec, U64),
        MEMBER(policy.numbers.backoff_min_usec, U64),
        MEMBER(policy.numbers.backoff_factor, U64),
        MEMBER(policy.numbers.backoff_jitter_percent, U64),
        MEMBER(policy.numbers.backoff_cuda_multiplier, U64),
        MEMBER(policy.numbers.backoff_reset_usec, U64),
        MEMBER(policy.numbers.counter_reset_usec, U64),
        MEMBER(policy.numbers.breaker_threshold, U64),
        MEMBER(policy.numbers.breaker_open_usec, U64),
        MEMBER(policy.numbers.breaker_stable_usec, U64),
        MEMBER(policy.numbers.breaker_factor, U64),
        MEMBER(policy.numbers.breaker_open_max_usec, U64),
        MEMBER(policy.numbers.restart_limit, U64),
        MEMBER(policy.numbers.restart_window_usec, U64),
        MEMBER(policy.numbers.storm_warning_count, U64),
        MEMBER(policy.numbers.storm_warning_window_usec, U64),
        MEMBER(policy.numbers.storm_breaker_count, U64),
        MEMBER(policy.numbers.storm_breaker_window_usec, U64),
        MEMBER(policy.numbers.oom_storm_count, U64),
        MEMBER(policy.numbers.oom_storm_window_usec, U64),
        MEMBER(policy.restart, RESTART),
        MEMBER(policy.retry_no_fit, FLAG),
};

/* A member that is added to the spec must be added here too: whatever no member covers may only be
 * the padding behind the port. */
static void test_all_members_are_listed(void **state)
{
    unsigned char covered[sizeof(EngineSpec)] = {0};
    size_t holes = 0;

    for (size_t i = 0; i < ELEMENTSOF(members); i++)
        for (size_t k = 0; k < members[i].size; k++)
            assert_int_equal(covered[members[i].offset + k]++, 0);
    for (size_t i = 0; i < sizeof(covered); i++)
        holes += covered[i] == 0;
    assert_int_equal(holes, sizeof(char *) - sizeof(uint16_t));
}

/* Gives the member another value. */
static void change(EngineSpec *spec, size_t i)
{
    char *at = (char *)spec + members[i].offset;
    uint64_t number;
    uint16_t port;
    Flag flag;
    char **texts, *s;

    switch (members[i].kind) {
    case TEXT:
        memcpy(&s, at, sizeof(s));
        free(s);
        s = text("something else");
        memcpy(at, &s, sizeof(s));
        break;
    case TEXTS:
        memcpy(&texts, at, sizeof(texts));
        assert_int_equal(strv_extend(&texts, "ANOTHER=one"), 0);
        memcpy(at, &texts, sizeof(texts));
        break;
    case U16:
        memcpy(&port, at, sizeof(port));
        port++;
        memcpy(at, &port, sizeof(port));
        break;
    case U64:
        memcpy(&number, at, sizeof(number));
        number = number == SPEC_UNSET ? 0 : number + 1;
        memcpy(at, &number, sizeof(number));
        break;
    case FLAG:
        memcpy(&flag, at, sizeof(flag));
        flag = (flag + 1) % 3;
        memcpy(at, &flag, sizeof(flag));
        break;
    case RESTART:
        spec->policy.restart = (spec->policy.restart + 1) % RESTART_MAX;
        break;
    case SPLIT:
        spec->split.mode = SPLIT_RATIOS;
        spec->split.ratios =
                realloc(spec->split.ratios, ++spec->split.count * sizeof(spec->split.ratios[0]));
        assert_non_null(spec->split.ratios);
        spec->split.ratios[spec->split.count - 1] = 0;
        spec->split.ratios[0]++;
        break;
    }
}

static void test_each_member_makes_a_difference(void **state)
{
    EngineSpec *(*const make[])(const char *) = {spec_minimal, spec_full};

    for (size_t k = 0; k < ELEMENTSOF(make); k++) {
        for (size_t i = 0; i < ELEMENTSOF(members); i++) {
            _cleanup_spec_ EngineSpec *a = make[k]("p"), *b = make[k]("p");

            assert_true(engine_spec_equal(a, b));
            change(b, i);
            if (engine_spec_equal(a, b) || engine_spec_equal(b, a))
                fail_msg("%s is not compared", members[i].name);
            assert_true(engine_spec_equal(b, b));
        }
    }
}

static void test_null_equals_only_null(void **state)
{
    _cleanup_spec_ EngineSpec *spec = spec_minimal("p");

    assert_true(engine_spec_equal(NULL, NULL));
    assert_false(engine_spec_equal(NULL, spec));
    assert_false(engine_spec_equal(spec, NULL));
}

/* Argv is a list: its order and the borders between its items count. */
static void test_lists_are_compared_item_by_item(void **state)
{
    _cleanup_spec_ EngineSpec *a = spec_minimal("p"), *b = spec_minimal("p"),
                              *c = spec_minimal("p");

    assert_int_equal(strv_extend(&a->flags, "-a"), 0);
    assert_int_equal(strv_extend(&a->flags, "-b"), 0);
    assert_int_equal(strv_extend(&b->flags, "-b"), 0);
    assert_int_equal(strv_extend(&b->flags, "-a"), 0);
    assert_int_equal(strv_extend(&c->flags, "-a -b"), 0);
    assert_false(engine_spec_equal(a, b));
    assert_false(engine_spec_equal(a, c));
}

static void test_new_is_unset(void **state)
{
    _cleanup_spec_ EngineSpec *spec = NULL;

    assert_int_equal(engine_spec_new(&spec), 0);
    for (size_t i = 0; i < ELEMENTSOF(members); i++) {
        static const uint64_t zero[sizeof(SpecSplit) / sizeof(uint64_t)], unset = SPEC_UNSET;
        const char *at = (const char *)spec + members[i].offset;

        assert_memory_equal(at, members[i].kind == U64 ? &unset : zero, members[i].size);
    }
    assert_null(engine_spec_free(NULL));
}

static void test_out_of_memory(void **state)
{
    _cleanup_spec_ EngineSpec *spec = NULL;
    int r;

    FOR_EACH_FAILED_ALLOCATION(r = engine_spec_new(&spec), {
        assert_int_equal(r, -ENOMEM);
        assert_null(spec);
    });
    assert_int_equal(r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_all_members_are_listed),
            cmocka_unit_test(test_each_member_makes_a_difference),
            cmocka_unit_test(test_null_equals_only_null),
            cmocka_unit_test(test_lists_are_compared_item_by_item),
            cmocka_unit_test(test_new_is_unset),
            cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
