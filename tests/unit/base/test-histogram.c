/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "base/histogram.h"

static void test_an_empty_one_has_counted_nothing(void **state)
{
    Histogram h = {.sum_usec = 0};

    assert_int_equal(histogram_count(&h), 0);
}

/* Contract: metrics. */
static void test_the_bounds_grow_from_1_to_300000_ms(void **state)
{
    assert_int_equal(histogram_bound_ms(0), 1);
    assert_int_equal(histogram_bound_ms(HISTOGRAM_BUCKETS - 1), 300000);
    for (size_t i = 1; i < HISTOGRAM_BUCKETS; i++)
        assert_true(histogram_bound_ms(i - 1) < histogram_bound_ms(i));
}

static void test_a_bound_belongs_to_its_bucket(void **state)
{
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        Histogram h = {.sum_usec = 0};
        usec_t bound = usec_from_ms(histogram_bound_ms(i));

        histogram_add(&h, bound - 1);
        histogram_add(&h, bound);
        histogram_add(&h, bound + 1);
        assert_int_equal(h.buckets[i], 2);
        assert_int_equal(h.buckets[i + 1], 1);
        assert_int_equal(histogram_count(&h), 3);
        assert_int_equal(h.sum_usec, 3 * bound);
    }
}

static void test_extremes(void **state)
{
    Histogram h = {.sum_usec = 0};

    histogram_add(&h, 0);
    assert_int_equal(h.buckets[0], 1);
    histogram_add(&h, USEC_INFINITY);
    histogram_add(&h, 1);
    assert_int_equal(h.buckets[HISTOGRAM_BUCKETS], 1);
    assert_int_equal(histogram_count(&h), 3);
    assert_true(h.sum_usec == USEC_INFINITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_an_empty_one_has_counted_nothing),
            cmocka_unit_test(test_the_bounds_grow_from_1_to_300000_ms),
            cmocka_unit_test(test_a_bound_belongs_to_its_bucket),
            cmocka_unit_test(test_extremes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
