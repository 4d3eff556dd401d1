/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <errno.h>

#include "alloc-fixture.h"
#include "base/strv.h"

static char A[] = "a", B[] = "b", EMPTY[] = "";
static char *none[] = {NULL}, *a[] = {A, NULL}, *ab[] = {A, B, NULL}, *ba[] = {B, A, NULL},
            *empty[] = {EMPTY, NULL};

static void test_length_and_foreach(void **state)
{
    static const struct {
        char **v;
        size_t n;
    } cases[] = {{NULL, 0}, {none, 0}, {a, 1}, {ab, 2}, {empty, 1}};

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        size_t n = 0;

        STRV_FOREACH (s, cases[i].v)
            assert_ptr_equal(*s, cases[i].v[n++]);
        assert_int_equal(n, cases[i].n);
        assert_int_equal(strv_length(cases[i].v), cases[i].n);
    }
}

static void test_equal(void **state)
{
    char a2[] = "a";
    char *again[] = {a2, NULL};
    const struct {
        char **x, **y;
        bool equal;
    } cases[] = {
            {NULL, NULL, true}, {NULL, none, true}, {none, NULL, true}, {a, again, true},
            {ab, ab, true},     {a, NULL, false},   {NULL, a, false},   {a, ab, false},
            {ab, a, false},     {ab, ba, false},    {a, empty, false},  {NULL, empty, false},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++)
        if (strv_equal(cases[i].x, cases[i].y) != cases[i].equal)
            fail_msg("case %zu", i);
}

static void test_contains(void **state)
{
    assert_false(strv_contains(NULL, "a"));
    assert_false(strv_contains(none, ""));
    assert_true(strv_contains(ab, "b"));
    assert_false(strv_contains(ab, ""));
    assert_false(strv_contains(ab, "ab"));
    assert_true(strv_contains(empty, ""));
}

static void test_extend(void **state)
{
    _cleanup_strv_free_ char **v = NULL;
    char text[] = "one";

    assert_int_equal(strv_extend(&v, text), 0);
    text[0] = 'X';
    assert_int_equal(strv_extendf(&v, "%s-%d", "two", 2), 0);
    assert_int_equal(strv_extend(&v, ""), 0);
    assert_int_equal(strv_length(v), 3);
    assert_string_equal(v[0], "one");
    assert_string_equal(v[1], "two-2");
    assert_string_equal(v[2], "");
}

static void test_copy(void **state)
{
    _cleanup_strv_free_ char **copy = NULL;
    char **untouched = ab;

    assert_int_equal(strv_copy(ab, &copy), 0);
    assert_true(strv_equal(copy, ab));
    assert_ptr_not_equal(copy[0], ab[0]);

    assert_int_equal(strv_copy(none, &untouched), 0);
    assert_null(untouched);
    untouched = ab;
    assert_int_equal(strv_copy(NULL, &untouched), 0);
    assert_null(untouched);
    assert_null(strv_free(NULL));
}

static void test_out_of_memory(void **state)
{
    _cleanup_strv_free_ char **v = NULL, **copy = NULL;
    int r;

    assert_int_equal(strv_extend(&v, "first"), 0);
    FOR_EACH_FAILED_ALLOCATION(r = strv_extend(&v, "second"), {
        assert_int_equal(r, -ENOMEM);
        assert_int_equal(strv_length(v), 1);
        assert_string_equal(v[0], "first");
    });
    assert_int_equal(r, 0);
    FOR_EACH_FAILED_ALLOCATION(r = strv_extendf(&v, "%s", "third"), {
        assert_int_equal(r, -ENOMEM);
        assert_int_equal(strv_length(v), 2);
    });
    assert_int_equal(r, 0);
    FOR_EACH_FAILED_ALLOCATION(r = strv_copy(v, &copy), {
        assert_int_equal(r, -ENOMEM);
        assert_null(copy);
    });
    assert_int_equal(r, 0);
    assert_true(strv_equal(v, copy));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_length_and_foreach),
            cmocka_unit_test(test_equal),
            cmocka_unit_test(test_contains),
            cmocka_unit_test(test_extend),
            cmocka_unit_test(test_copy),
            cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
