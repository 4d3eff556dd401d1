/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../base/alloc-fixture.h"
#include "support.h"
#include "json/reader.h"

/* Whichever allocation fails, the text is refused for want of memory: never is a part left out. */

static bool json_c_fails, has_failed;
static size_t left;

static bool fails(void)
{
    if (!json_c_fails || has_failed)
        return false;
    has_failed = left == 0;
    left -= !has_failed;
    return has_failed;
}

/* The linker's names: __wrap_x is called instead of x, which is __real_x. */
#define WRAP(type, name, parameters, arguments, failure)      \
    type __real_##name parameters;                            \
    type __wrap_##name parameters;                            \
    type __wrap_##name parameters                             \
    {                                                         \
        return fails() ? (failure) : __real_##name arguments; \
    }

WRAP(json_object *, json_object_new_object, (void), (), NULL)
WRAP(json_object *, json_object_new_array, (void), (), NULL)
WRAP(json_object *, json_object_new_boolean, (json_bool b), (b), NULL)
WRAP(json_object *, json_object_new_int64, (int64_t i), (i), NULL)
WRAP(json_object *, json_object_new_uint64, (uint64_t i), (i), NULL)
WRAP(json_object *, json_object_new_double_s, (double d, const char *s), (d, s), NULL)
WRAP(json_object *, json_object_new_string_len, (const char *s, int n), (s, n), NULL)
WRAP(int, json_object_object_add, (json_object * o, const char *k, json_object *v), (o, k, v), -1)
WRAP(int, json_object_array_add, (json_object * o, json_object *v), (o, v), -1)

static const char text[] = "{\"a\":[1,-2,18446744073709551615,2.5,\"\\u00e9\",true,null,[]],"
                           "\"b\":{\"c\":null,\"d\":false}}";

static void assert_read(int r, json_object *value, const Error *error, bool failed)
{
    if (failed) {
        assert_int_equal(r, -ENOMEM);
        assert_int_equal(error->code, PM_ERROR_INTERNAL);
        return;
    }
    assert_int_equal(r, 0);
    assert_string_equal(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN),
                        "{\"a\":[1,-2,18446744073709551615,2.5,\"\xc3\xa9\",true,null,[]],"
                        "\"b\":{\"c\":null,\"d\":false}}");
}

static bool try_with_failure(bool of_json_c, size_t after)
{
    _cleanup_json_ json_object *value = NULL;
    Error error = {0};
    bool failed;
    int r;

    json_c_fails = of_json_c;
    has_failed = false;
    left = after;
    if (!of_json_c)
        alloc_fail_after(after);
    r = json_read(text, sizeof(text) - 1, &value, &error);
    failed = of_json_c ? has_failed : alloc_fail_end();
    json_c_fails = false;
    assert_read(r, value, &error, failed);
    return failed;
}

static void test_of_json_c(void **state)
{
    size_t n = 0;

    while (try_with_failure(true, n))
        n++;
    assert_int_equal(n, 11 + 12); /* values that are not null; and places for them all */
}

static void test_of_ours(void **state)
{
    size_t n = 0;

    while (try_with_failure(false, n))
        n++;
    assert_int_equal(n, 4 + 1); /* keys and strings */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_of_json_c),
            cmocka_unit_test(test_of_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
