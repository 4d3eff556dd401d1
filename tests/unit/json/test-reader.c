/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support.h"
#include "json/reader.h"

#define TEXT(s) s, sizeof(s) - 1

static const struct {
    const char *text;
    size_t length;
    const char *again; /* how json-c writes what was read */
} good[] = {
        {TEXT("{}"), "{}"},
        {TEXT("[]"), "[]"},
        {TEXT(" \t\r\n[ 1 , 2 ]\r\n \t"), "[1,2]"},
        {TEXT("null"), "null"},
        {TEXT("true"), "true"},
        {TEXT("false"), "false"},
        {TEXT("5"), "5"},
        {TEXT("-5 "), "-5"},
        {TEXT("\"x\""), "\"x\""},
        {TEXT("0"), "0"},
        {TEXT("[-0]"), "[0]"},
        {TEXT("9223372036854775807"), "9223372036854775807"},
        {TEXT("18446744073709551615"), "18446744073709551615"},
        {TEXT("-9223372036854775808"), "-9223372036854775808"},
        {TEXT("[1.5,1e3,1E+3,1.25e-3,0.1]"), "[1.5,1e3,1E+3,1.25e-3,0.1]"},
        {TEXT("{\"a\":{\"a\":1},\"b\":{\"a\":2}}"), "{\"a\":{\"a\":1},\"b\":{\"a\":2}}"},
        {TEXT("{\"\":1,\"a\":2,\"A\":3}"), "{\"\":1,\"a\":2,\"A\":3}"},
        {TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\""), "\"\\\"\\\\/\\b\\f\\n\\r\\tA\""},
        {TEXT("\"\\u007f\\u0080\\u07ff\\u0800\\u20ac\\uffff\""),
         "\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xe2\x82\xac\xef\xbf\xbf\""},
        {TEXT("\"\\ud83d\\ude00 \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""),
         "\"\xf0\x9f\x98\x80 \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""},
        {TEXT("[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"), "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"},
        {TEXT("\"// no comment, 'no' quote\""), "\"// no comment, 'no' quote\""},
};

static void test_good(void **state)
{
    for (size_t i = 0; i < ELEMENTSOF(good); i++) {
        _cleanup_json_ json_object *value = NULL;
        Error error = {0};

        if (json_read(good[i].text, good[i].length, &value, &error) != 0)
            fail_msg("%s: %s", good[i].text, error.text);
        assert_string_equal(json_object_to_json_string_ext(value, JSON_C_TO_STRING_NOSLASHESCAPE),
                            good[i].again);
    }
}

static const struct {
    const char *text;
    size_t length;
    const char *field, *part;
} bad[] = {
        {TEXT(""), "", "line 1, column 1: expected a value, got the end of the text"},
        {TEXT(" \n "), "", "line 2, column 2: expected a value, got the end"},
        {TEXT("{"), "", "column 2: expected a key in double quotes, got the end"},
        {TEXT("["), "[0]", "expected a value, got the end"},
        {TEXT("{\"a\""), "a", "expected a colon after the key, got the end"},
        {TEXT("{\"a\" 1}"), "a", "expected a colon after the key, got 1"},
        {TEXT("{\"a\":}"), "a", "expected a value, got }"},
        {TEXT("{\"a\":1"), "", "expected a comma or }, got the end"},
        {TEXT("{\"a\":1]"), "", "expected a comma or }, got ]"},
        {TEXT("{\"a\":1,}"), "", "expected a key in double quotes, got }"},
        {TEXT("{,}"), "", "expected a key in double quotes, got ,"},
        {TEXT("{a:1}"), "", "expected a key in double quotes, got a"},
        {TEXT("{'a':1}"), "", "expected a key in double quotes, got '"},
        {TEXT("{1:1}"), "", "expected a key in double quotes, got 1"},
        {TEXT("{\"a\":'x'}"), "a", "expected a value, got '"},
        {TEXT("[1,]"), "[1]", "expected a value, got ]"},
        {TEXT("[1 2]"), "[0]", "expected a comma or ], got 2"},
        {TEXT("[1}"), "[0]", "expected a comma or ], got }"},
        {TEXT("1 2"), "", "expected the end of the text, got 2"},
        {TEXT("{} {}"), "", "column 4: expected the end of the text, got {"},
        {TEXT("{}\0"), "", "expected the end of the text, got the byte 0x00"},
        {TEXT("{\0}"), "", "got the byte 0x00"},
        {TEXT("{}//x"), "", "expected the end of the text, got /"},
        {TEXT("/*x*/{}"), "", "expected a value, got /"},
        {TEXT("#x\n{}"), "", "expected a value, got #"},
        {TEXT("\xef\xbb\xbf{}"), "", "got the byte 0xef"},
        {TEXT("\xa0{}"), "", "got the byte 0xa0"},
        {TEXT("\f{}"), "", "got the byte 0x0c"},
        {TEXT("NaN"), "", "expected a value, got N"},
        {TEXT("[Infinity]"), "[0]", "expected a value, got I"},
        {TEXT("[-Infinity]"), "[0]", "expected a digit, got I"},
        {TEXT("True"), "", "expected a value, got T"},
        {TEXT("nul"), "", "expected a value, got n"},
        {TEXT("nulll"), "", "expected the end of the text, got l"},
        {TEXT("[+1]"), "[0]", "expected a value, got +"},
        {TEXT("[01]"), "[0]", "must not start with 0"},
        {TEXT("[-01]"), "[0]", "must not start with 0"},
        {TEXT("[.5]"), "[0]", "expected a value, got ."},
        {TEXT("[1.]"), "[0]", "expected a digit after the point, got ]"},
        {TEXT("[1e]"), "[0]", "expected a digit of the exponent, got ]"},
        {TEXT("[1e+]"), "[0]", "expected a digit of the exponent, got ]"},
        {TEXT("[0x10]"), "[0]", "expected a comma or ], got x"},
        {TEXT("[-]"), "[0]", "expected a digit, got ]"},
        {TEXT("-"), "", "expected a digit, got the end"},
        {TEXT("{\"port\":18446744073709551616}"), "port",
         "in port: the number 18446744073709551616 is out of range"},
        {TEXT("[-9223372036854775809]"), "[0]", "out of range"},
        {TEXT("[1e999]"), "[0]", "out of range"},
        {TEXT("[0.00000000000000000000000000000000000000000000000000000000000000001]"), "[0]",
         "more than 64 characters"},
        {TEXT("\"abc"), "", "column 1: the string that starts here has no end"},
        {TEXT("\"abc\\"), "", "unknown escape"},
        {TEXT("\"abc\\\""), "", "has no end"},
        {TEXT("[\"a\nb\"]"), "[0]", "raw control character 0x0a, write \\u000a"},
        {TEXT("[\"a\0b\"]"), "[0]", "raw control character 0x00"},
        {TEXT("[\"\\u0000\"]"), "[0]", "\\u0000 is not allowed"},
        {TEXT("{\"a\\u0000b\":1}"), "", "\\u0000 is not allowed"},
        {TEXT("[\"\\x41\"]"), "[0]", "unknown escape"},
        {TEXT("[\"\\\0\"]"), "[0]", "unknown escape"},
        {TEXT("[\"\\u12g4\"]"), "[0]", "four hexadecimal digits"},
        {TEXT("[\"\\u12"), "[0]", "four hexadecimal digits"},
        {TEXT("[\"\\ud800\"]"), "[0]", "\\ud800 is half of a surrogate pair"},
        {TEXT("[\"\\ud800x\"]"), "[0]", "half of a surrogate pair"},
        {TEXT("[\"\\ud800\\u0041\"]"), "[0]", "half of a surrogate pair"},
        {TEXT("[\"\\udc00\\ud800\"]"), "[0]", "half of a surrogate pair"},
        {TEXT("[\"\xff\"]"), "[0]", "not valid UTF-8"},
        {TEXT("[\"\xc0\xaf\"]"), "[0]", "not valid UTF-8"},
        {TEXT("[\"\xed\xa0\x80\"]"), "[0]", "not valid UTF-8"},
        {TEXT("[\"\xf4\x90\x80\x80\"]"), "[0]", "not valid UTF-8"},
        {TEXT("[\"\xe2\x82\"]"), "[0]", "not valid UTF-8"},
        {TEXT("{\"a\":1,\"a\":1}"), "a", "column 8, in a: the key is there twice"},
        {TEXT("{\"a\":1,\"\\u0061\":1}"), "a", "the key is there twice"},
        {TEXT("{\"p\":{\"x\":[{},{\"k\":1,\n \"k\":2}]}}"), "p.x[1].k", "line 2, column 2"},
        {TEXT("{\"\":1,\"\":1}"), "", "the key is there twice"},
        {TEXT("[\"\xc3\xa9\",]"), "[1]", "column 6"},
        {TEXT("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"), "[0][0][0][0]", "more than 16 levels deep"},
        {TEXT("{\"a\":[[[[[[[[[[[[[[[{}]]]]]]]]]]]]]]]}"), "a[0][0]", "more than 16 levels deep"},
};

static void test_bad(void **state)
{
    _cleanup_json_ json_object *untouched = json_object_new_object();

    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        json_object *value = untouched;
        Error error = {0};

        assert_int_equal(json_read(bad[i].text, bad[i].length, &value, &error), -EINVAL);
        assert_ptr_equal(value, untouched);
        if (startswith(error.field, "[0][0]") || startswith(error.field, "a[0][0]"))
            error.field[strlen(bad[i].field)] = '\0';
        assert_error(bad[i].text, &error, PM_ERROR_INVALID_JSON, bad[i].field, bad[i].part);
        assert_int_equal(json_read(bad[i].text, bad[i].length, &value, NULL), -EINVAL);
    }
}

/* Reads only the bytes that it was given: no NUL stands behind them. */
static void test_exact_length(void **state)
{
    static const char text[] = "{\"a\": [1, -2.5e1, \"\\ud83d\\ude00\", true, null]}";
    size_t length = sizeof(text) - 1;

    for (size_t n = 0; n <= length; n++) {
        char *copy = copy_exactly(text, n);
        _cleanup_json_ json_object *value = NULL;
        Error error = {0};

        assert_int_equal(json_read(copy, n, &value, &error), n == length ? 0 : -EINVAL);
        free(copy);
    }
}

/* No byte that is changed makes the reader fail in another way than by refusing. */
static void test_every_byte_changed(void **state)
{
    static const char text[] = "{\"a\":[1,-2.5e1,\"\\u00e9\\ud83d\\ude00\"],\"b\":{\"c\":null}}";

    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        for (int c = 0; c < 256; c++) {
            _cleanup_json_ json_object *value = NULL;
            char copy[sizeof(text) - 1];
            Error error = {0};
            int r;

            memcpy(copy, text, sizeof(copy));
            copy[i] = (char)c;
            r = json_read(copy, sizeof(copy), &value, &error);
            assert_int_equal(error_is_set(&error), r < 0);
            assert_true(r == 0 || r == -EINVAL);
        }
    }
}

static char *filled(size_t length)
{
    char *text = malloc(length);

    assert_non_null(text);
    memset(text, ' ', length);
    text[0] = '1';
    return text;
}

static void test_size(void **state)
{
    char *text = filled(PM_BODY_MAX + 1);
    _cleanup_json_ json_object *value = NULL;
    Error error = {0};

    assert_int_equal(json_read(text, PM_BODY_MAX, &value, &error), 0);
    assert_int_equal(json_read(text, PM_BODY_MAX + 1, &value, &error), -EINVAL);
    assert_error("1 MiB and a byte", &error, PM_ERROR_BODY_TOO_LARGE, "",
                 "has 1048577 bytes, at most 1048576");
    free(text);
}

/* What is shown of bad input cannot drive a terminal or make a line of its own in a log. */
static void test_names_are_safe(void **state)
{
    static const char text[] = "{\"a\\u001b[31m\\nb\":}";
    json_object *value = NULL;
    Error error = {0};

    assert_int_equal(json_read(text, sizeof(text) - 1, &value, &error), -EINVAL);
    assert_string_equal(error.field, "a?[31m?b");
    assert_null(strpbrk(error.text, "\n\x1b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_good),         cmocka_unit_test(test_bad),
            cmocka_unit_test(test_exact_length), cmocka_unit_test(test_every_byte_changed),
            cmocka_unit_test(test_size),         cmocka_unit_test(test_names_are_safe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
