/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <errno.h>

#include "alloc-fixture.h"
#include "base/exposition.h"

static const MetricLabels none = {NULL, 0};

/* Takes the text, which must be that. */
static void assert_lines(Text *t, const char *lines)
{
    _cleanup_free_ char *s = NULL;

    assert_int_equal(text_take(t, &s), 0);
    assert_string_equal(s, lines);
}

static void test_description(void **state)
{
    Text t = {0};

    metric_describe(&t, "a_total", METRIC_COUNTER, "What is counted.");
    metric_describe(&t, "b", METRIC_GAUGE, "Two\nlines, a \\ and \"quotes\".");
    metric_describe(&t, "c", METRIC_HISTOGRAM, "");
    assert_lines(&t, "# HELP a_total What is counted.\n"
                     "# TYPE a_total counter\n"
                     "# HELP b Two\\nlines, a \\\\ and \"quotes\".\n"
                     "# TYPE b gauge\n"
                     "# HELP c \n"
                     "# TYPE c histogram\n");
}

static void test_numbers(void **state)
{
    Text t = {0};

    metric_number(&t, "a", none, 0);
    metric_number(&t, "a", none, 7);
    metric_number(&t, "a", none, 1200);
    metric_number(&t, "a", none, UINT64_MAX);
    assert_lines(&t, "a 0\na 7\na 1200\na 18446744073709551615\n");
}

static void test_decimals(void **state)
{
    static const struct {
        uint64_t value;
        unsigned digits;
        const char *line;
    } cases[] = {
            {0, 3, "a 0\n"},
            {5, 3, "a 0.005\n"},
            {50, 3, "a 0.05\n"},
            {500, 3, "a 0.5\n"},
            {1000, 3, "a 1\n"},
            {120000, 3, "a 120\n"},
            {1234567, 6, "a 1.234567\n"},
            {1200000, 6, "a 1.2\n"},
            {1, 19, "a 0.0000000000000000001\n"},
            {UINT64_MAX, 3, "a 18446744073709551.615\n"},
            {UINT64_MAX, 19, "a 1.8446744073709551615\n"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        Text t = {0};

        metric_decimal(&t, "a", none, cases[i].value, cases[i].digits);
        assert_lines(&t, cases[i].line);
    }
}

/* Whatever stands in a value, it stays one value of one line. */
static void test_labels(void **state)
{
    const MetricLabel one[] = {{"pool_id", "p"}};
    const MetricLabel odd[] = {{"x", ""}, {"y", "a\"b\\c\nd"}, {"z", "\"},{\\"}, {"u", "\xC3\xA4"}};
    Text t = {0};

    metric_number(&t, "a", (MetricLabels){one, 1}, 1);
    metric_number(&t, "a", (MetricLabels){odd, ELEMENTSOF(odd)}, 2);
    assert_lines(&t, "a{pool_id=\"p\"} 1\n"
                     "a{x=\"\",y=\"a\\\"b\\\\c\\nd\",z=\"\\\"},{\\\\\",u=\"\xC3\xA4\"} 2\n");
}

/* The buckets count those below them, and the last one all. */
static void test_histogram(void **state)
{
    const MetricLabel label = {"p", "q"};
    Histogram h = {.sum_usec = 0};
    Text t = {0};

    histogram_add(&h, 1500);
    histogram_add(&h, 40 * USEC_PER_MSEC);
    histogram_add(&h, 500 * USEC_PER_SEC);
    metric_histogram(&t, "a_ms", (MetricLabels){&label, 1}, &h, METRIC_MILLISECONDS);
    assert_lines(&t, "a_ms_bucket{p=\"q\",le=\"1\"} 0\n"
                     "a_ms_bucket{p=\"q\",le=\"2\"} 1\n"
                     "a_ms_bucket{p=\"q\",le=\"5\"} 1\n"
                     "a_ms_bucket{p=\"q\",le=\"10\"} 1\n"
                     "a_ms_bucket{p=\"q\",le=\"20\"} 1\n"
                     "a_ms_bucket{p=\"q\",le=\"50\"} 2\n"
                     "a_ms_bucket{p=\"q\",le=\"100\"} 2\n"
                     "a_ms_bucket{p=\"q\",le=\"200\"} 2\n"
                     "a_ms_bucket{p=\"q\",le=\"500\"} 2\n"
                     "a_ms_bucket{p=\"q\",le=\"1000\"} 2\n"
                     "a_ms_bucket{p=\"q\",le=\"2000\"} 2\n"
                     "a_ms_bucket{p=\"q\",le=\"5000\"} 2\n"
                     "a_ms_bucket{p=\"q\",le=\"10000\"} 2\n"
                     "a_ms_bucket{p=\"q\",le=\"30000\"} 2\n"
                     "a_ms_bucket{p=\"q\",le=\"60000\"} 2\n"
                     "a_ms_bucket{p=\"q\",le=\"120000\"} 2\n"
                     "a_ms_bucket{p=\"q\",le=\"300000\"} 2\n"
                     "a_ms_bucket{p=\"q\",le=\"+Inf\"} 3\n"
                     "a_ms_sum{p=\"q\"} 500041.5\n"
                     "a_ms_count{p=\"q\"} 3\n");
}

static void test_histogram_in_seconds(void **state)
{
    _cleanup_free_ char *s = NULL;
    Histogram h = {.sum_usec = 0};
    Text t = {0};

    histogram_add(&h, 1500);
    metric_histogram(&t, "a", none, &h, METRIC_SECONDS);
    assert_int_equal(text_take(&t, &s), 0);
    assert_true(startswith(s, "a_bucket{le=\"0.001\"} 0\na_bucket{le=\"0.002\"} 1\n"));
    assert_non_null(strstr(s, "a_bucket{le=\"0.5\"} 1\na_bucket{le=\"1\"} 1\n"));
    assert_non_null(strstr(s, "a_bucket{le=\"300\"} 1\na_bucket{le=\"+Inf\"} 1\n"
                              "a_sum 0.0015\na_count 1\n"));
}

static void test_memory_runs_short(void **state)
{
    Text t = {0};
    char *s = NULL;

    alloc_fail_after(0);
    metric_describe(&t, "a", METRIC_GAUGE, "Help.");
    assert_true(alloc_fail_end());
    metric_number(&t, "a", none, 1);
    assert_int_equal(text_take(&t, &s), -ENOMEM);
    assert_null(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_description),       cmocka_unit_test(test_numbers),
            cmocka_unit_test(test_decimals),          cmocka_unit_test(test_labels),
            cmocka_unit_test(test_histogram),         cmocka_unit_test(test_histogram_in_seconds),
            cmocka_unit_test(test_memory_runs_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
