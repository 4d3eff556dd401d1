/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <errno.h>

#include "alloc-fixture.h"
#include "base/text.h"

/* Takes the text, which must be these `n` bytes, and looks whether `t` is empty afterwards. */
static void assert_text(Text *t, const char *bytes, size_t n)
{
    _cleanup_free_ char *s = NULL;
    size_t length = t->length;

    assert_int_equal(text_take(t, &s), 0);
    assert_int_equal(length, n);
    assert_memory_equal(s, bytes, n + 1);
    assert_null(t->data);
    assert_int_equal(t->length, 0);
}

static void test_nothing_is_the_empty_text(void **state)
{
    Text t = {0};

    assert_text(&t, "", 0);
    text_append(&t, "");
    assert_text(&t, "", 0);
    text_append_bytes(&t, NULL, 0);
    assert_text(&t, "", 0);
    text_done(&t);
}

static void test_append(void **state)
{
    Text t = {0};

    text_append(&t, "a");
    assert_string_equal(t.data, "a");
    text_append_bytes(&t, "b\0c", 3);
    text_printf(&t, "%s-%d", "x", -5);
    text_append(&t, "");
    assert_text(&t, "ab\0cx--5", 8);

    text_append(&t, "once more"); /* it can be used again */
    assert_text(&t, "once more", 9);
}

/* Pieces of every length around the sizes at which the memory grows. */
static void test_growth(void **state)
{
    for (size_t piece = 250; piece < 262; piece++) {
        char bytes[10 * 262 + 1];
        Text appended = {0}, printed = {0};

        memset(bytes, 'x', sizeof(bytes));
        for (size_t i = 0; i < 10; i++) {
            bytes[i * piece] = (char)('0' + i);
            text_append_bytes(&appended, bytes + i * piece, piece);
            text_printf(&printed, "%.*s", (int)piece, bytes + i * piece);
        }
        bytes[10 * piece] = '\0';
        assert_text(&appended, bytes, 10 * piece);
        assert_text(&printed, bytes, 10 * piece);
    }
}

static void test_too_much_is_remembered(void **state)
{
    volatile size_t too_much[] = {SIZE_MAX / 4 + 1, SIZE_MAX - 1, SIZE_MAX};
    char untouched, *s = &untouched;

    for (size_t i = 0; i < ELEMENTSOF(too_much); i++) {
        Text t = {0};

        text_append(&t, "good");
        text_append_bytes(&t, "", too_much[i]);
        assert_true(t.failed);
        text_append(&t, "good again");
        text_printf(&t, "%d", 1);
        assert_string_equal(t.data, "good"); /* nothing with a hole in it */
        assert_int_equal(text_take(&t, &s), -ENOMEM);
        assert_ptr_equal(s, &untouched);
        assert_text(&t, "", 0);
    }
}

static void test_extend(void **state)
{
    Text t = {0};
    char *to = text_extend(&t, 3);

    assert_non_null(to);
    memcpy(to, "a\0b", 3);
    memset(text_extend(&t, 300), 'x', 300);
    assert_int_equal(t.length, 303);
    assert_memory_equal(t.data, "a\0bxxx", 6);
    assert_int_equal(t.data[303], '\0');
    assert_null(text_extend(&t, SIZE_MAX));
    assert_null(text_extend(&t, 1)); /* nor anything else any more */
    assert_true(t.failed);
    text_done(&t);
}

static void test_numbers(void **state)
{
    Text t = {0};

    text_append_number(&t, 0);
    text_append(&t, " ");
    text_append_number(&t, 1000);
    text_append(&t, " ");
    text_append_number(&t, UINT64_MAX);
    assert_text(&t, "0 1000 18446744073709551615", 27);
}

/* In memory of the caller's: what fits is there, what does not is not begun. */
static void test_in_a_buffer(void **state)
{
    char buffer[8] = "before";
    Text t = text_in(buffer, sizeof(buffer));

    assert_string_equal(buffer, "");
    text_append(&t, "ab");
    text_append_number(&t, 34);
    text_printf(&t, "%s", "567");
    assert_false(t.failed);
    assert_string_equal(buffer, "ab34567");
    text_append(&t, "");
    assert_false(t.failed);
    text_append(&t, "8");
    assert_true(t.failed);
    assert_string_equal(buffer, "ab34567");

    t = text_in(buffer, sizeof(buffer));
    text_append(&t, "abcdefgh");
    assert_true(t.failed);
    text_printf(&t, "%d", 1);
    assert_string_equal(buffer, "");
}

static int build(char **ret)
{
    Text t = {0};

    for (int i = 0; i < 100; i++) {
        text_append(&t, "0123456789");
        text_printf(&t, "%d", i);
    }
    return text_take(&t, ret);
}

static void test_out_of_memory(void **state)
{
    _cleanup_free_ char *s = NULL;
    int r;

    FOR_EACH_FAILED_ALLOCATION(r = build(&s), {
        assert_int_equal(r, -ENOMEM);
        assert_null(s);
    });
    assert_int_equal(r, 0);
    assert_int_equal(strlen(s), 1190);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_nothing_is_the_empty_text),
            cmocka_unit_test(test_append),
            cmocka_unit_test(test_growth),
            cmocka_unit_test(test_too_much_is_remembered),
            cmocka_unit_test(test_extend),
            cmocka_unit_test(test_numbers),
            cmocka_unit_test(test_in_a_buffer),
            cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
