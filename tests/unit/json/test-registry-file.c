/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support.h"

#include <errno.h>

#include "json/encode.h"
#include "json/registry_file.h"

static char *text_of(RegistryNumbers numbers)
{
    char *text = NULL;
    size_t length;

    assert_int_equal(json_text(json_registry_file(&numbers), true, &text, &length), 0);
    return text;
}

static void test_round_trip(void **state)
{
    static const RegistryNumbers cases[] = {
            {0, 0}, {1, 2}, {INT64_MAX, 0}, {0, INT64_MAX}, {INT64_MAX, INT64_MAX}};

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_free_ char *text = text_of(cases[i]);
        RegistryNumbers read = {.generation_floor = 99, .operation_floor = 99};

        assert_int_equal(registry_file_parse(text, strlen(text), &read, NULL), 0);
        assert_true(read.generation_floor == cases[i].generation_floor);
        assert_true(read.operation_floor == cases[i].operation_floor);
    }
}

static void test_shape(void **state)
{
    _cleanup_free_ char *text = text_of((RegistryNumbers){7, 1000});

    assert_string_equal(text, "{\n  \"format\": 1,\n  \"generation_floor\": 7,\n"
                              "  \"operation_floor\": 1000\n}\n");
}

/* Cut or damaged anywhere: refused or read, and what was there stays when it is refused. */
static void test_damaged(void **state)
{
    _cleanup_free_ char *text = text_of((RegistryNumbers){7, 1000});
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i++) {
        char *cut = copy_exactly(text, i);
        RegistryNumbers read = {99, 99};
        Error error = {0};

        assert_int_equal(registry_file_parse(cut, i, &read, &error), i == length - 1 ? 0 : -EINVAL);
        assert_int_equal(error_is_set(&error), i < length - 1);
        assert_int_equal(read.generation_floor, i == length - 1 ? 7 : 99);
        free(cut);
        for (int bit = 0; bit < 8; bit++) {
            int r;

            read = (RegistryNumbers){99, 99};
            text[i] = (char)(text[i] ^ (1 << bit));
            r = registry_file_parse(text, length, &read, NULL);
            assert_true(r == 0 || r == -EINVAL);
            if (r < 0)
                assert_true(read.generation_floor == 99 && read.operation_floor == 99);
            text[i] = (char)(text[i] ^ (1 << bit));
        }
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *field, *part;
    } cases[] = {
            {"[]", "", "must be an object"},
            {"1", "", "must be an object"},
            {"{}", "format", "is required"},
            {"{\"format\": 0, \"generation_floor\": 1, \"operation_floor\": 1}", "format", "got 0"},
            {"{\"format\": 2, \"generation_floor\": 1, \"operation_floor\": 1}", "format", "got 2"},
            {"{\"format\": \"1\", \"generation_floor\": 1, \"operation_floor\": 1}", "format",
             "got \"1\""},
            {"{\"format\": 1, \"operation_floor\": 1}", "generation_floor", "is required"},
            {"{\"format\": 1, \"generation_floor\": null, \"operation_floor\": 1}",
             "generation_floor", "is required"},
            {"{\"format\": 1, \"generation_floor\": -1, \"operation_floor\": 1}",
             "generation_floor", "got -1"},
            {"{\"format\": 1, \"generation_floor\": 1}", "operation_floor", "is required"},
            {"{\"format\": 1, \"generation_floor\": 1, \"operation_floor\": 1.0}",
             "operation_floor", "got 1.0"},
            {"{\"format\": 1, \"generation_floor\": 1, \"operation_floor\": 9223372036854775808}",
             "operation_floor", "got 922337203685477580"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        RegistryNumbers read = {99, 99};
        Error error = {0};

        assert_int_equal(registry_file_parse(cases[i].text, strlen(cases[i].text), &read, &error),
                         -EINVAL);
        assert_error(cases[i].text, &error, PM_ERROR_INVALID_FIELD, cases[i].field, cases[i].part);
        assert_true(read.generation_floor == 99 && read.operation_floor == 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_round_trip),
            cmocka_unit_test(test_shape),
            cmocka_unit_test(test_damaged),
            cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
