/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../base/cmocka-all.h"

#include <errno.h>
#include <poolmgr/names.h>

#include "core/unit_name.h"

#define ID16 "abcdefghijklmnop"
#define ID64 ID16 ID16 ID16 ID16

static void test_round_trip(void **state)
{
    static const struct {
        const char *pool, *replica;
        uint64_t generation;
        const char *name;
    } cases[] = {
            {"a", "b", 1, "pool@a:b:g1.service"},
            {"pool-1", "r0", 42, "pool@pool-1:r0:g42.service"},
            {"A.service", "g1.service", 7, "pool@A.service:g1.service:g7.service"},
            {"0_.-", "g2", 10, "pool@0_.-:g2:g10.service"},
            {ID64, ID64, UINT64_MAX, "pool@" ID64 ":" ID64 ":g18446744073709551615.service"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        char name[PM_UNIT_NAME_MAX + 1];
        UnitName parsed;

        unit_name_format(cases[i].pool, cases[i].replica, cases[i].generation, name);
        assert_string_equal(name, cases[i].name);
        assert_int_equal(unit_name_parse(name, &parsed), 0);
        assert_string_equal(parsed.pool_id, cases[i].pool);
        assert_string_equal(parsed.replica_id, cases[i].replica);
        assert_true(parsed.generation == cases[i].generation);
    }
}

static const char *const strange_names[] = {
        "",
        "p",
        "pool@",
        "pool@.service",
        "pool@a.service",
        "pool@a:b.service",
        "pool@a:b:1.service",
        "pool@a:b:g.service",
        "pool@a:b:g0.service",
        "pool@a:b:g01.service",
        "pool@a:b:g-1.service",
        "pool@a:b:g+1.service",
        "pool@a:b:g1x.service",
        "pool@a:b:G1.service",
        "pool@a:b:g18446744073709551616.service",
        "pool@a:b:g000000000000000000000000000000000001.service",
        "pool@a:b:g1",
        "pool@a:b:g1.servic",
        "pool@a:b:g1.service ",
        "pool@a:b:g1.service.service",
        "pool@a:b:g1.slice",
        "pool@a:b:c:g1.service",
        "pool@a::g1.service",
        "pool@:b:g1.service",
        "pool@:::g1.service",
        "pool@.a:b:g1.service",
        "pool@a:-b:g1.service",
        "pool@a b:c:g1.service",
        "pool@a/b:c:g1.service",
        "pool@a:b\\x2d:g1.service",
        "pool@\xc3\xa9:b:g1.service",
        "pool@" ID64 "x:b:g1.service",
        "pool@a:" ID64 "x:g1.service",
        "pool@" ID64 ID64 ID64 ID64 ID64 ":b:g1.service",
        "Pool@a:b:g1.service",
        "xpool@a:b:g1.service",
        "pools.slice",
};

static void test_strange_names(void **state)
{
    for (size_t i = 0; i < ELEMENTSOF(strange_names); i++) {
        UnitName parsed = {.pool_id = "untouched", .generation = 99};
        size_t n = strlen(strange_names[i]) + 1;
        _cleanup_free_ char *exact = copy_exactly(strange_names[i], n);

        if (unit_name_parse(exact, &parsed) != -EINVAL)
            fail_msg("\"%s\" was taken", exact);
        assert_string_equal(parsed.pool_id, "untouched");
        assert_true(parsed.generation == 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_round_trip),
            cmocka_unit_test(test_strange_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
