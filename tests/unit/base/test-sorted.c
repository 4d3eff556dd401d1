/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "cmocka-all.h"

static const char *key_of(const void *item)
{
    return item;
}

static void test_search(void **state)
{
    static const char *const items[] = {"b", "d", "f"};
    static const struct {
        const char *key;
        size_t count, index;
        bool found;
    } rows[] = {
            {"a", 3, 0, false}, {"b", 3, 0, true},  {"c", 3, 1, false}, {"d", 3, 1, true},
            {"e", 3, 2, false}, {"f", 3, 2, true},  {"g", 3, 3, false}, {"", 3, 0, false},
            {"f", 2, 2, false}, {"b", 0, 0, false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        bool found = !rows[i].found;

        assert_int_equal(sorted_search(items, rows[i].count, key_of, rows[i].key, &found),
                         rows[i].index);
        assert_int_equal(found, rows[i].found);
    }
}

static void test_reserve(void **state)
{
    size_t allocated = 0;
    const char **items = NULL;

    for (size_t count = 0; count < 1000; count++) {
        items = sorted_reserve(items, count, &allocated);
        assert_non_null(items);
        assert_true(allocated > count);
        items[count] = "x"; /* a place that is not there is what the sanitizers look for */
    }
    free(items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_search),
            cmocka_unit_test(test_reserve),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
