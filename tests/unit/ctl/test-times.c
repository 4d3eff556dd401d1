/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "ctl/times.h"

#include <time.h>

static void test_spans(void **state)
{
    static const struct {
        uint64_t ms;
        const char *text;
    } cases[] = {
            {0, "0ms"},
            {1, "1ms"},
            {999, "999ms"},
            {1000, "1s"},
            {1999, "1s"},
            {59999, "59s"},
            {60000, "1min"},
            {182500, "3min 2s"},
            {3600000, "1h"},
            {3659000, "1h"},
            {3660000, "1h 1min"},
            {86400000, "1d"},
            {86400000 + 3600000, "1d 1h"},
            {UINT64_MAX, "213503982334d 14h"},
    };
    char text[SPAN_TEXT_MAX];

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        span_format(cases[i].ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void test_timestamps(void **state)
{
    char text[TIMESTAMP_TEXT_MAX];

    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    tzset();
    timestamp_format(1700000000123, text);
    assert_string_equal(text, "Tue 2023-11-14 22:13:20 UTC");
    timestamp_format(UINT64_MAX, text); /* no such day: whatever it says, it is text */
    assert_non_null(memchr(text, '\0', sizeof(text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_spans),
            cmocka_unit_test(test_timestamps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
