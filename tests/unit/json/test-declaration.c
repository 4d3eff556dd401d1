/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support.h"

#include <errno.h>
#include <stdio.h>

#include "json/declaration.h"
#include "json/declared_file.h"
#include "json/encode.h"

/* Files of pools.d, and what is kept of them. */

#define REQUIRED                                                                             \
    "\"pool_id\": \"p\", \"binary_path\": \"/bin/engine\", \"flags\": [\"--port\", \"1\"], " \
    "\"host\": \"127.0.0.1\", \"port\": 8080, \"model_path\": \"/m.gguf\", "                 \
    "\"engine_version\": \"b1\""

static int parse(const char *text, Declaration *ret, char ***warnings, Error *error)
{
    *error = (Error){.code = PM_ERROR_NONE};
    return declaration_parse(text, strlen(text), "p", ret, warnings, error);
}

static void test_autostart(void **state)
{
    static const struct {
        const char *text;
        bool autostart;
    } cases[] = {
            {"{" REQUIRED "}", true},
            {"{" REQUIRED ", \"autostart\": true}", true},
            {"{" REQUIRED ", \"autostart\": null}", true},
            {"{\"autostart\": false, " REQUIRED "}", false},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_strv_free_ char **warnings = NULL;
        Declaration d;
        Error error;

        assert_int_equal(parse(cases[i].text, &d, &warnings, &error), 0);
        assert_int_equal(d.autostart, cases[i].autostart);
        assert_int_equal(d.spec->port, 8080);
        assert_null(warnings);
        declaration_done(&d);
    }
}

static void test_unknown_field(void **state)
{
    _cleanup_strv_free_ char **warnings = NULL;
    Declaration d;
    Error error;

    assert_int_equal(parse("{" REQUIRED ", \"autostrat\": false}", &d, &warnings, &error), 0);
    assert_int_equal(strv_length(warnings), 1);
    assert_non_null(strstr(warnings[0], "\"autostrat\""));
    declaration_done(&d);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *field, *part;
    } cases[] = {
            {"[]", "", "must be a JSON object, got an array"},
            {"null", "", "must be a JSON object, got null"},
            {"{\n\"a\": 1\n\"b\": 2}", "", "at line 3"},
            {"{" REQUIRED ", \"autostart\": 1}", "autostart", "must be true or false, got 1"},
            {"{" REQUIRED ", \"autostart\": \"yes\"}", "autostart", "got \"yes\""},
            {"{\"prepared\": {" REQUIRED "}}", "prepared", "stand in the file themselves"},
            {"{\"pool_id\": \"q\"}", "pool_id", "is called p.json, so it must be \"p\", got \"q\""},
            {"{\"pool_id\": \"p\"}", "binary_path", "binary_path"},
            {"{" REQUIRED ", \"health\": {\"interval_ms\": 0}}", "health.interval_ms",
             "health.interval_ms"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        Declaration d;
        Error error;

        assert_int_equal(parse(cases[i].text, &d, NULL, &error), -EINVAL);
        assert_string_equal(error.field, cases[i].field);
        if (!strstr(error.text, cases[i].part))
            fail_msg("case %zu: %s", i, error.text);
    }
}

static char *record_text(const DeclaredRecord *record)
{
    char *text = NULL;
    size_t length;

    assert_int_equal(json_text(json_declared_record(record), true, &text, &length), 0);
    return text;
}

static void test_record(void **state)
{
    DeclaredRecord record = {
            .boot_id = "0123456789abcdef0123456789abcdef", .owned = true, .leaving = true};
    _cleanup_(declared_record_freep) DeclaredRecord *read = NULL;
    _cleanup_free_ char *text = NULL;
    Error error;

    assert_int_equal(parse("{" REQUIRED ", \"autostart\": false}", &record.applied, NULL, &error),
                     0);
    record.file = strdup("/etc/pool-managerd/pools.d/p.json");
    text = record_text(&record);
    assert_int_equal(declared_record_parse(text, strlen(text), "p", &read, &error), 0);
    assert_string_equal(read->file, record.file);
    assert_string_equal(read->boot_id, record.boot_id);
    assert_true(read->owned && read->leaving && !read->reached && !read->applied.autostart);
    assert_true(engine_spec_equal(read->applied.spec, record.applied.spec));
    /* Half of it, and that of another pool. */
    read = declared_record_free(read);
    assert_int_equal(declared_record_parse(text, strlen(text) / 2, "p", &read, &error), -EINVAL);
    assert_int_equal(declared_record_parse(text, strlen(text), "q", &read, &error), -EINVAL);
    assert_null(read);
    declaration_done(&record.applied);
    free(record.file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_autostart),
            cmocka_unit_test(test_unknown_field),
            cmocka_unit_test(test_refused),
            cmocka_unit_test(test_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
