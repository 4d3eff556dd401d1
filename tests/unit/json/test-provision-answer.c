/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support.h"

#include <errno.h>

#include "../base/alloc-fixture.h"
#include "json/provision_answer.h"

#define DIGEST "0123456789abcdefABCDEF0123456789abcdef0123456789abcdef0123456789"

static void test_answers(void **state)
{
    static const char *const cases[] = {
            "{\"model_path\": \"/m/a.gguf\"}",
            "{\"model_path\":\"/m/a.gguf\",\"sha256\":\"" DIGEST "\"}\n",
            "{\"model_path\": \"/m/a.gguf\", \"sha256\": null}",
            " \n{\"revision\": {\"n\": 1}, \"model_path\": \"/m/a.gguf\"}\n\n",
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_free_ char *path = NULL;
        Error error = {0};

        assert_int_equal(provision_answer_parse(cases[i], strlen(cases[i]), &path, &error), 0);
        assert_string_equal(path, "/m/a.gguf");
        assert_false(error_is_set(&error));
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *field, *part;
        PmErrorCode code;
    } cases[] = {
            {"", "", "", PM_ERROR_INVALID_JSON},
            {"/m/a.gguf", "", "", PM_ERROR_INVALID_JSON},
            {"fetching\n{\"model_path\": \"/m/a.gguf\"}", "", "", PM_ERROR_INVALID_JSON},
            {"[\"/m/a.gguf\"]", "", "must be an object", PM_ERROR_INVALID_FIELD},
            {"null", "", "must be an object", PM_ERROR_INVALID_FIELD},
            {"{}", "model_path", "is required", PM_ERROR_INVALID_FIELD},
            {"{\"model_path\": null}", "model_path", "is required", PM_ERROR_INVALID_FIELD},
            {"{\"model_path\": 7}", "model_path", "got 7", PM_ERROR_INVALID_FIELD},
            {"{\"model_path\": \"a.gguf\"}", "model_path", "absolute", PM_ERROR_INVALID_FIELD},
            {"{\"model_path\": \"/m/../a\"}", "model_path", "..", PM_ERROR_INVALID_FIELD},
            {"{\"model_path\": \"/m/\\u0007\"}", "model_path", "", PM_ERROR_INVALID_FIELD},
            {"{\"model_path\": \"/m\", \"sha256\": \"12\"}", "sha256", "64",
             PM_ERROR_INVALID_FIELD},
            {"{\"model_path\": \"/m\", \"sha256\": 12}", "sha256", "got 12",
             PM_ERROR_INVALID_FIELD},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        char *path = NULL;
        Error error = {0};

        assert_int_equal(
                provision_answer_parse(cases[i].text, strlen(cases[i].text), &path, &error),
                -EINVAL);
        assert_error(cases[i].text, &error, cases[i].code, cases[i].field, cases[i].part);
        assert_null(path);
    }
}

static void test_progress(void **state)
{
    static const struct {
        const char *text;
        int percent; /* -1: not known */
    } cases[] = {
            {"{\"phase\":\"download\",\"percent\":37,\"bytes\":37,\"total\":100}", 37},
            {"{\"percent\":0}", 0},
            {"{\"percent\":100}", 100},
            {"{\"percent\":101}", -1},
            {"{\"percent\":-1}", -1},
            {"{\"percent\":\"7\"}", -1},
            {"{\"phase\":\"wait\",\"percent\":null,\"bytes\":0,\"total\":null}", -1},
            {"{\"percent\":3", -1},
            {"37%", -1},
            {"", -1},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        uint64_t percent = 4711;
        int r = provision_progress_parse(cases[i].text, strlen(cases[i].text), &percent);

        assert_int_equal(r, cases[i].percent < 0 ? -EINVAL : 0);
        assert_int_equal(percent, cases[i].percent < 0 ? 4711 : cases[i].percent);
    }
}

static void test_out_of_memory(void **state)
{
    static const char text[] = "{\"model_path\":\"/m/a.gguf\",\"sha256\":\"" DIGEST "\"}";
    char *path = NULL;
    Error error;
    int r = 0;

    FOR_EACH_FAILED_ALLOCATION(
            {
                error = (Error){0};
                r = provision_answer_parse(text, strlen(text), &path, &error);
            },
            {
                assert_true(r < 0);
                assert_true(error_is_set(&error));
                assert_null(path);
            });
    assert_int_equal(r, 0);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_answers),
            cmocka_unit_test(test_refused),
            cmocka_unit_test(test_progress),
            cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
