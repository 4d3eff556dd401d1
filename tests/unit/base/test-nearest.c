/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "base/nearest.h"

static const char *const names[] = {
        "binary_path", "flags",   NULL,  "host",       "port", "model_path",
        "engine",      "pool_id", "env", "replica_id", NULL,
};

static void test_examples(void **state)
{
    static const struct {
        const char *word, *wanted;
    } cases[] = {
            {"port", "port"},
            {"prot", "port"},
            {"PORT", "port"},
            {"Binary-Path", "binary_path"},
            {"binarypath", "binary_path"},
            {"modelpath", "model_path"},
            {"poolid", "pool_id"},
            {"flag", "flags"},
            {"flagss", "flags"},
            {"envs", "env"},
            {"engin", "engine"},
            {"temperature", NULL},
            {"zzzz", NULL},
            {"", NULL},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        const char *found = nearest_name(cases[i].word, names, ELEMENTSOF(names));

        if (!streq_ptr(found, cases[i].wanted))
            fail_msg("\"%s\": %s", cases[i].word, found ? found : "none");
    }
}

/* What is longer than any name of ours is not looked at, be it the word or a name. */
static void test_long_ones(void **state)
{
    char word[128] = "", name[128] = "";
    const char *const one[] = {name};

    for (size_t length = 60; length < 70; length++) {
        memset(word, 'x', length);
        memset(name, 'x', length);
        assert_int_equal(nearest_name(word, one, 1) != NULL, length <= 64);
        word[length / 2] = 'y';
        assert_int_equal(nearest_name(word, one, 1) != NULL, length <= 64);
        word[length] = 'x';
        assert_int_equal(nearest_name(word, one, 1) != NULL, length < 64);
        word[length] = '\0';
        name[length] = 'x';
        assert_int_equal(nearest_name(word, one, 1) != NULL, length < 64);
        name[length] = '\0';
    }
}

static void test_no_names(void **state)
{
    static const char *const nothing[] = {NULL, NULL};

    assert_null(nearest_name("port", nothing, ELEMENTSOF(nothing)));
    assert_null(nearest_name("port", NULL, 0));
}

/* The fewest edits win wherever they stand. */
static void test_order_does_not_matter(void **state)
{
    static const char *const up[] = {"ports", "port", "sport"}, *const down[] = {"port", "ports"};

    assert_string_equal(nearest_name("port", up, ELEMENTSOF(up)), "port");
    assert_string_equal(nearest_name("port", down, ELEMENTSOF(down)), "port");
    assert_string_equal(nearest_name("ports", down, ELEMENTSOF(down)), "ports");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_examples),
            cmocka_unit_test(test_long_ones),
            cmocka_unit_test(test_no_names),
            cmocka_unit_test(test_order_does_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
