/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "base/usec.h"

static void test_arithmetic_stays_in_range(void **state)
{
    static const struct {
        usec_t a, b, sum, difference;
    } cases[] = {
            {0, 0, 0, 0},
            {5, 3, 8, 2},
            {3, 5, 8, 0},
            {5, 5, 10, 0},
            {USEC_INFINITY - 1, 1, USEC_INFINITY, USEC_INFINITY - 2},
            {USEC_INFINITY - 1, 2, USEC_INFINITY, USEC_INFINITY - 3},
            {USEC_INFINITY, 0, USEC_INFINITY, USEC_INFINITY},
            {USEC_INFINITY, USEC_INFINITY, USEC_INFINITY, USEC_INFINITY},
            {0, USEC_INFINITY, USEC_INFINITY, 0},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        assert_true(usec_add(cases[i].a, cases[i].b) == cases[i].sum);
        assert_true(usec_sub(cases[i].a, cases[i].b) == cases[i].difference);
    }
}

static void test_min_max(void **state)
{
    assert_true(usec_min(1, 2) == 1);
    assert_true(usec_min(USEC_INFINITY, 2) == 2);
    assert_true(usec_max(1, 2) == 2);
    assert_true(usec_max(USEC_INFINITY, 2) == USEC_INFINITY);
}

static void test_milliseconds_are_cut(void **state)
{
    assert_true(usec_to_ms(999) == 0);
    assert_true(usec_to_ms(1000) == 1);
    assert_true(usec_to_ms(USEC_PER_MINUTE + 1) == 60000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_arithmetic_stays_in_range),
            cmocka_unit_test(test_min_max),
            cmocka_unit_test(test_milliseconds_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
