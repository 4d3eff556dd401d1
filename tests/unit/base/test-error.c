/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "base/error.h"
#include "base/parse.h"

static void test_set(void **state)
{
    Error error = {.text = "of before", .field = "of before"};

    assert_false(error_is_set(NULL));
    assert_false(error_is_set(&error));
    assert_int_equal(error_set(&error, PM_ERROR_INVALID_FIELD, "port", "%s: must be %d to %d",
                               "port", 1, 65535),
                     -EINVAL);
    assert_true(error_is_set(&error));
    assert_int_equal(error.code, PM_ERROR_INVALID_FIELD);
    assert_string_equal(error.field, "port");
    assert_string_equal(error.text, "port: must be 1 to 65535");

    assert_int_equal(error_set(&error, PM_ERROR_INTERNAL, NULL, "out of memory"), -EIO);
    assert_int_equal(error.code, PM_ERROR_INTERNAL);
    assert_string_equal(error.field, "");
    assert_string_equal(error.text, "out of memory");
}

static void test_result_follows_the_http_status(void **state)
{
    for (int i = PM_ERROR_NONE + 1; i < PM_ERROR_MAX; i++) {
        PmErrorCode code = (PmErrorCode)i;
        int wanted = pm_error_info(code)->http_status < 500 ? -EINVAL : -EIO;
        Error error;

        assert_int_equal(error_set(&error, code, "", "%s", "text"), wanted);
        assert_int_equal(error.code, code);
        assert_int_equal(error_set(NULL, code, "", "%s", "text"), wanted);
    }
}

/* `width` bytes long characters behind `shift` others, with room for `max` bytes. */
static void check_cut(const char *kept, size_t max, size_t shift, size_t width)
{
    size_t characters = (max - shift) / width;

    assert_int_equal(strlen(kept), shift + characters * width);
    assert_true(utf8_is_valid(kept, strlen(kept)));
}

static void test_too_long_is_cut_between_characters(void **state)
{
    static const char *const letters[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};

    for (size_t width = 1; width <= ELEMENTSOF(letters); width++) {
        for (size_t shift = 0; shift < 4; shift++) {
            char text[2 * PM_ERROR_TEXT_MAX] = "yyy";
            size_t n = shift;
            Error error;

            for (; n + width < sizeof(text); n += width)
                memcpy(text + n, letters[width - 1], width);
            text[n] = '\0';
            (void)error_set(&error, PM_ERROR_BAD_REQUEST, text, "%s", text);
            check_cut(error.text, PM_ERROR_TEXT_MAX, shift, width);
            check_cut(error.field, PM_ERROR_FIELD_MAX, shift, width);
        }
    }
}

/* Neither JSON nor the bus can carry anything else. */
static void test_broken_text_is_repaired(void **state)
{
    Error error;

    (void)error_set(&error, PM_ERROR_BAD_REQUEST, "f\xff", "%s", "t\xc3z");
    assert_string_equal(error.field, "f?");
    assert_string_equal(error.text, "t?z");
}

static void test_the_longest_are_kept(void **state)
{
    char text[PM_ERROR_TEXT_MAX + 1] = "", field[PM_ERROR_FIELD_MAX + 1] = "";
    Error error;

    memset(text, 't', PM_ERROR_TEXT_MAX);
    memset(field, 'f', PM_ERROR_FIELD_MAX);
    (void)error_set(&error, PM_ERROR_BAD_REQUEST, field, "%s", text);
    assert_string_equal(error.text, text);
    assert_string_equal(error.field, field);
}

static void test_kept_text(void **state)
{
    char *text = NULL;

    error_text_set(&text, "%s", "");
    assert_null(text);
    error_text_set(&text, "%d times", 3);
    assert_string_equal(text, "3 times");
    error_text_set(&text, "%s; \xff", text);
    assert_string_equal(text, "3 times; ?");
    error_text_set(&text, "%0*d\xc3\xa9", PM_ERROR_TEXT_MAX - 1, 0);
    assert_int_equal(strlen(text), PM_ERROR_TEXT_MAX - 1);
    error_text_clear(&text);
    assert_null(text);
    error_text_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_kept_text),
            cmocka_unit_test(test_set),
            cmocka_unit_test(test_result_follows_the_http_status),
            cmocka_unit_test(test_too_long_is_cut_between_characters),
            cmocka_unit_test(test_broken_text_is_repaired),
            cmocka_unit_test(test_the_longest_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
