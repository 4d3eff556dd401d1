/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support.h"
#include "json/check.h"
#include "json/refuse.h"

static void test_checks(void **state)
{
    static const struct {
        StringCheck check;
        const char *text;
        bool good;
    } cases[] = {
            {check_printable, "", true},
            {check_printable, "a b \xc3\xa9 \xc2\xa0", true},
            {check_printable, "a\tb", false},
            {check_printable, "a\x7f", false},
            {check_printable, "\xc2\x80", false},
            {check_printable, "\xc2\x9f", false},
            {check_id, "a", true},
            {check_id, ".a", false},
            {check_path, "/", true},
            {check_path, "/a/../b", false},
            {check_path, "/a/..", false},
            {check_path, "/a/...", true},
            {check_path, "a", false},
            {check_path, "/a\n", false},
            {check_model, "a", true},
            {check_model, "/a", true},
            {check_model, "/a/..", false},
            {check_model, "a\n", false},
            {check_host, "localhost", true},
            {check_host, "::", true},
            {check_host, "2001:db8::1", true},
            {check_host, "::ffff:1.2.3.4", true},
            {check_host, "1.2.3.4", true},
            {check_host, "1.2.3", false},
            {check_host, "1.2.3.4.5", false},
            {check_host, "1::2::3", false},
            {check_host, "a:80", false},
            {check_host, "-a", false},
            {check_host, ".a", false},
            {check_host, "a..b", false},
            {check_host, "a/b", false},
            {check_host, "a\n", false},
            {check_host, "\xc3\xa9", false},
            {check_host, "", false},
            {check_url_path, "/", true},
            {check_url_path, "/a?b=%20~", true},
            {check_url_path, "", false},
            {check_url_path, "/a\r\nHost: x", false},
            {check_url_path, "/\x7f", false},
            {check_env_name, "A", true},
            {check_env_name, "_", true},
            {check_env_name, "a_9", true},
            {check_env_name, "", false},
            {check_env_name, "9", false},
            {check_env_name, "A B", false},
            {check_credential_name, "a", true},
            {check_credential_name, "a b@c.d", true},
            {check_credential_name, ".", false},
            {check_credential_name, "..", false},
            {check_credential_name, "\xc3\xa9", false},
            {check_credential_name, "a\n", false},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        const char *wrong = cases[i].check(cases[i].text);

        if (!wrong != cases[i].good)
            fail_msg("\"%s\": %s", cases[i].text, wrong ? wrong : "was taken");
        if (wrong)
            assert_true(startswith(wrong, "must "));
    }
}

static void test_excerpt(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
            {"", "\"\""},
            {"a\"b", "\"a\"b\""},
            {"a\n\x1b[m\x7f", "\"a\\u000a\\u001b[m\\u007f\""},
            {"\xc2\x85\xc2\xa0", "\"\\u0085\xc2\xa0\""},
    };
    static const char smile[] = {'\xf0', '\x9f', '\x98', '\x80'};
    char buffer[EXCERPT_SIZE], many[400] = "x";

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        excerpt_text(cases[i].text, strlen(cases[i].text), buffer);
        assert_string_equal(buffer, cases[i].shown);
    }

    /* Longest escapes and characters, at every offset. */
    for (size_t shift = 0; shift < 8; shift++) {
        memset(many, 'x', shift);
        memset(many + shift, '\n', sizeof(many) - shift);
        excerpt_text(many, sizeof(many), buffer);
        assert_true(strlen(buffer) < EXCERPT_SIZE);
        assert_string_equal(buffer + strlen(buffer) - 10, "\\u000a\"...");
        for (size_t i = shift; i + 4 <= sizeof(many); i += 4)
            memcpy(many + i, smile, sizeof(smile));
        excerpt_text(many, sizeof(many) - 8, buffer);
        assert_string_equal(buffer + strlen(buffer) - 8, "\xf0\x9f\x98\x80\"...");
    }
}

static void test_field_name(void **state)
{
    char name[PM_ERROR_FIELD_MAX + 1], longest[2 * PM_ERROR_FIELD_MAX];

    field_name("health.", "path", name);
    assert_string_equal(name, "health.path");
    field_name("", "a\nb\x7f", name);
    assert_string_equal(name, "a?b?");

    memset(longest, 'x', sizeof(longest));
    memcpy(longest + PM_ERROR_FIELD_MAX - 2, "\xc3\xa9", 3);
    field_name("", longest, name);
    assert_int_equal(strlen(name), PM_ERROR_FIELD_MAX);
    field_name("p", longest, name);
    assert_int_equal(strlen(name), PM_ERROR_FIELD_MAX - 1);
    field_name(longest, "p", name);
    assert_int_equal(strlen(name), PM_ERROR_FIELD_MAX);
}

static void test_refuse(void **state)
{
    Error error = {0};

    assert_int_equal(field_refuse(&error, "port", "must be %d", 7), -EINVAL);
    assert_error("refuse", &error, PM_ERROR_INVALID_FIELD, "port", "port: must be 7");
    assert_int_equal(refuse_no_memory(&error), -ENOMEM);
    assert_error("memory", &error, PM_ERROR_INTERNAL, "", "out of memory");
    assert_int_equal(refuse_no_memory(NULL), -ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_checks),
            cmocka_unit_test(test_excerpt),
            cmocka_unit_test(test_field_name),
            cmocka_unit_test(test_refuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
