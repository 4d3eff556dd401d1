/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/terminal.h"

#include <locale.h>

static void test_safe_text(void **state)
{
    static const struct {
        const char *text;
        const char *safe;
    } cases[] = {
            {"", ""},
            {"plain", "plain"},
            {"größe 模型", "größe 模型"},
            {"\033[2Jgone", "\\x1b[2Jgone"},
            {"a\nb\r\t", "a\\x0ab\\x0d\\x09"},
            {"\x7f", "\\x7f"},
            {"\xc2\x9b"
             "31m",
             "\\xc2\\x9b31m"}, /* the one-character form of ESC [ */
            {"\xff\xfe", "\\xff\\xfe"},
            {"cut \xe6\xa8", "cut \\xe6\\xa8"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        char *safe = terminal_safe(cases[i].text);

        assert_non_null(safe);
        assert_string_equal(safe, cases[i].safe);
        free(safe);
    }
}

static void test_columns(void **state)
{
    assert_int_equal(text_columns(""), 0);
    assert_int_equal(text_columns("größe"), 5);
    assert_int_equal(text_columns("模型"), 4);
    assert_int_equal(text_columns("e\xcc\x81"), 1); /* with an accent of its own */
}

static void test_ellipsis(void **state)
{
    static const struct {
        const char *text;
        size_t columns;
        const char *cut;
    } cases[] = {
            {"engine", 6, "engine"}, {"engine", 5, "engi…"},   {"engine", 1, "…"},
            {"engine", 0, ""},       {"模型路径", 5, "模型…"}, {"模型路径", 4, "模…"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        char *cut = text_ellipsize(cases[i].text, cases[i].columns);

        assert_non_null(cut);
        assert_string_equal(cut, cases[i].cut);
        assert_true(text_columns(cut) <= cases[i].columns);
        free(cut);
    }
}

static void test_no_colour_in_files(void **state)
{
    FILE *f = tmpfile();

    assert_non_null(f);
    assert_string_equal(terminal_color(f, COLOR_RED), "");
    assert_int_equal(fclose(f), 0);
}

static void test_width(void **state)
{
    FILE *f = tmpfile();

    assert_non_null(f);
    assert_int_equal(unsetenv("COLUMNS"), 0);
    assert_true(terminal_width(f) == SIZE_MAX);
    assert_int_equal(setenv("COLUMNS", "57", 1), 0);
    assert_int_equal(terminal_width(f), 57);
    assert_int_equal(setenv("COLUMNS", "wide", 1), 0);
    assert_true(terminal_width(f) == SIZE_MAX);
    assert_int_equal(unsetenv("COLUMNS"), 0);
    assert_int_equal(fclose(f), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_safe_text), cmocka_unit_test(test_columns),
            cmocka_unit_test(test_ellipsis),  cmocka_unit_test(test_no_colour_in_files),
            cmocka_unit_test(test_width),
    };

    if (!setlocale(LC_ALL, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
