/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/table.h"

#include <errno.h>
#include <locale.h>

static const TableColumn columns[] = {
        {"ID", false, 4},
        {"PID", true, SIZE_MAX},
        {"LAST ERROR", false, 6},
};

static Table *make_table(void)
{
    Table *table;

    assert_int_equal(table_new(columns, ELEMENTSOF(columns), &table), 0);
    assert_int_equal(table_add(table, "chat", COLOR_NORMAL), 0);
    assert_int_equal(table_addf(table, COLOR_NORMAL, "%d", 17), 0);
    assert_int_equal(table_add(table, NULL, COLOR_NORMAL), 0);
    assert_int_equal(table_add(table, "embeddings", COLOR_GREEN), 0);
    assert_int_equal(table_addf(table, COLOR_NORMAL, "%d", 12345), 0);
    assert_int_equal(table_add(table, "exited with\nstatus 3", COLOR_RED), 0);
    return table;
}

static void assert_table(size_t width, bool legend, const char *expected)
{
    Table *table = make_table();
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);

    assert_non_null(f);
    assert_int_equal(table_print(table, f, width, legend), 0);
    assert_int_equal(fclose(f), 0);
    assert_string_equal(text, expected);
    free(text);
    table_free(table);
}

static void test_aligned(void **state)
{
    assert_table(SIZE_MAX, true,
                 "ID            PID  LAST ERROR\n"
                 "chat           17  -\n"
                 "embeddings  12345  exited with\\x0astatus 3\n");
}

static void test_no_legend(void **state)
{
    assert_table(SIZE_MAX, false,
                 "chat           17  -\n"
                 "embeddings  12345  exited with\\x0astatus 3\n");
}

/* The widest column gives way first. */
static void test_fits_the_width(void **state)
{
    assert_table(36, true,
                 "ID            PID  LAST ERROR\n"
                 "chat           17  -\n"
                 "embeddings  12345  exited with\\x0as…\n");
    assert_table(27, true,
                 "ID           PID  LAST ERR…\n"
                 "chat          17  -\n"
                 "embeddin…  12345  exited w…\n");
}

/* What is spare gives way before the widest. */
static void test_spare(void **state)
{
    static const TableColumn spare[] = {{"ID", false, 2}, {"ERROR", false, 5, true}};
    Table *table;
    char *text = NULL;
    size_t size;

    for (size_t width = 20; width >= 14; width -= 6) {
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        assert_int_equal(table_new(spare, ELEMENTSOF(spare), &table), 0);
        assert_int_equal(table_add(table, "embeddings", COLOR_NORMAL), 0);
        assert_int_equal(table_add(table, "exited badly", COLOR_NORMAL), 0);
        assert_int_equal(table_print(table, f, width, false), 0);
        assert_int_equal(fclose(f), 0);
        assert_string_equal(text, width == 20 ? "embeddings  exited …\n" : "embedd…  exit…\n");
        free(text);
        table_free(table);
    }
}

/* What must not be cut is not, even if the line is too long then. */
static void test_minima(void **state)
{
    assert_table(1, true,
                 "ID      PID  LAST …\n"
                 "chat     17  -\n"
                 "emb…  12345  exite…\n");
}

static void test_too_many_columns(void **state)
{
    Table *table = NULL;

    assert_int_equal(table_new(columns, 1000, &table), -EINVAL);
    assert_null(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_aligned),        cmocka_unit_test(test_no_legend),
            cmocka_unit_test(test_fits_the_width), cmocka_unit_test(test_minima),
            cmocka_unit_test(test_spare),          cmocka_unit_test(test_too_many_columns),
    };

    if (!setlocale(LC_ALL, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
