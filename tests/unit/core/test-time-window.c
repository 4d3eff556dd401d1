/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../base/cmocka-all.h"

#include "core/time_window.h"

static void add_all(TimeWindow *w, const usec_t *times, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(time_window_add(w, times[i]), 0);
}

static void test_count(void **state)
{
    static const usec_t times[] = {0, 100, 100, 150, 160};
    static const struct {
        usec_t now, span;
        uint64_t count;
    } cases[] = {
            {0, 60, 1},
            {59, 60, 1},
            {60, 60, 0},
            {99, 60, 0}, /* what lies after now does not count */
            {100, 60, 2},
            {150, 60, 3},
            {159, 60, 3},
            {160, 60, 2}, /* the end of the window that is open */
            {160, 61, 4},
            {160, 0, 0},
            {209, 60, 2},
            {210, 60, 1},
            {219, 60, 1},
            {220, 60, 0},
            {USEC_INFINITY, 60, 0},
            {USEC_INFINITY, USEC_INFINITY, 4},
            {160, USEC_INFINITY, 5},
    };
    _cleanup_(time_window_done) TimeWindow w = {0};

    assert_int_equal(time_window_count(&w, USEC_INFINITY, USEC_INFINITY), 0);
    add_all(&w, times, ELEMENTSOF(times));
    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        uint64_t n = time_window_count(&w, cases[i].span, cases[i].now);

        if (n != cases[i].count)
            fail_msg("case %zu: %lu", i, (unsigned long)n);
    }
}

static void test_next(void **state)
{
    static const usec_t times[] = {100, 110, 150};
    static const struct {
        uint64_t limit;
        usec_t wanted, next;
    } cases[] = {
            {4, 150, 150},
            {4, 500, 500}, /* there is room */
            {3, 150, 160},
            {3, 159, 160}, /* when the first of three has left */
            {3, 160, 160},
            {3, 161, 161}, /* it has by then */
            {2, 150, 170},
            {1, 150, 210},                     /* as many as must have left */
            {0, 150, 210},                     /* is 1 */
            {2, USEC_INFINITY, USEC_INFINITY}, /* never stays never */
            {UINT64_MAX, 150, 150},
    };
    _cleanup_(time_window_done) TimeWindow w = {0};

    assert_int_equal(time_window_next(&w, 1, 60, 7, 8), 8);
    add_all(&w, times, ELEMENTSOF(times));
    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        usec_t next = time_window_next(&w, cases[i].limit, 60, 150, cases[i].wanted);

        if (next != cases[i].next)
            fail_msg("case %zu: %lu", i, (unsigned long)next);
    }
    assert_true(time_window_next(&w, 3, USEC_INFINITY, 150, 150) == USEC_INFINITY);
}

/* The youngest are kept, and a limit beyond what can be kept is as strict as can be. */
static void test_bounded(void **state)
{
    _cleanup_(time_window_done) TimeWindow w = {0};

    for (usec_t t = 1; t <= 3 * TIME_WINDOW_MAX; t++) {
        assert_int_equal(time_window_add(&w, t), 0);
        assert_int_equal(time_window_count(&w, USEC_INFINITY, t),
                         t < TIME_WINDOW_MAX ? t : TIME_WINDOW_MAX);
        for (usec_t span = 1; span <= usec_min(t, TIME_WINDOW_MAX); span++)
            assert_int_equal(time_window_count(&w, span, t), span);
    }
    assert_int_equal(time_window_next(&w, UINT64_MAX, 1000, 192, 192), 1000 + 129);
}

/* Of another boot: nothing waits for times that lie ahead, and new ones take their place. */
static void test_clock_has_begun_anew(void **state)
{
    static const usec_t times[] = {5, 1000, 2000};
    _cleanup_(time_window_done) TimeWindow w = {0};

    add_all(&w, times, ELEMENTSOF(times));
    assert_int_equal(time_window_count(&w, 60, 10), 1);
    assert_int_equal(time_window_next(&w, 1, 60, 10, 10), 65);
    assert_int_equal(time_window_next(&w, 2, 60, 10, 10), 10);
    assert_int_equal(time_window_add(&w, 10), 0);
    assert_int_equal(w.count, 2);
    assert_int_equal(time_window_count(&w, 60, 2000), 0);
    assert_int_equal(time_window_count(&w, 60, 10), 2);
}

/* Neither knows of what happens to the other. */
static void test_copy(void **state)
{
    static const usec_t times[] = {5, 1000};
    _cleanup_(time_window_done) TimeWindow w = {0}, copy = {0};

    assert_int_equal(time_window_copy(&w, &copy), 0);
    assert_int_equal(copy.count, 0);
    add_all(&w, times, ELEMENTSOF(times));
    assert_int_equal(time_window_copy(&w, &copy), 0);
    assert_int_equal(time_window_add(&copy, 7), 0);
    assert_int_equal(time_window_count(&copy, 60, 10), 2);
    assert_int_equal(time_window_count(&w, 60, 10), 1);
    assert_int_equal(time_window_count(&w, 60, 1000), 1);
    time_window_done(&w);
    assert_int_equal(time_window_count(&w, 60, 10), 0);
    assert_int_equal(time_window_count(&copy, 60, 10), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_copy),
            cmocka_unit_test(test_count),
            cmocka_unit_test(test_next),
            cmocka_unit_test(test_bounded),
            cmocka_unit_test(test_clock_has_begun_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
