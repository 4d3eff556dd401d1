/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/text.h"
#include "http/parameter.h"

/* Before cmocka.h, which wants them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define AT(member) offsetof(Parameters, member)

static const Parameter table[] = {
        {"force", PARAMETER_BOOL, AT(force), "", .fallback = "false"},
        {"lines", PARAMETER_NUMBER, AT(lines), "", 0, 1000, "100"},
        {"pool", PARAMETER_POOL_ID, AT(pool), ""},
        {"last_event_id", PARAMETER_TEXT, AT(last_event_id), "", 0, 8},
};

static int read_query(char *query, Parameters *values, Error *error)
{
    *values = (Parameters){.pool_id = NULL};
    *error = (Error){.code = PM_ERROR_NONE};
    return parameters_read_query(table, ELEMENTSOF(table), query, values, error);
}

static void test_left_out(void **state)
{
    char nothing[] = "", separators[] = "&&";
    char *const queries[] = {NULL, nothing, separators};
    Parameters values;
    Error error;

    for (size_t i = 0; i < ELEMENTSOF(queries); i++) {
        assert_int_equal(read_query(queries[i], &values, &error), 0);
        assert_false(values.force);
        assert_int_equal(values.lines, 100);
        assert_null(values.pool);
        assert_null(values.last_event_id);
    }
}

static void test_given(void **state)
{
    char query[] = "lines=5&force=true&po%6Fl=a.b&last_event_id=a%26b%3D";
    Parameters values;
    Error error;

    assert_int_equal(read_query(query, &values, &error), 0);
    assert_true(values.force);
    assert_int_equal(values.lines, 5);
    assert_string_equal(values.pool, "a.b");
    assert_string_equal(values.last_event_id, "a&b=");
}

static void test_refused(void **state)
{
    static const struct {
        const char *query;
        PmErrorCode code;
        const char *field, *text;
    } cases[] = {
            {"force=maybe", PM_ERROR_INVALID_FIELD, "force", "must be true or false"},
            {"force", PM_ERROR_INVALID_FIELD, "force", "must be true or false"},
            {"lines=-1", PM_ERROR_INVALID_FIELD, "lines", "from 0 to 1000"},
            {"lines=1001", PM_ERROR_INVALID_FIELD, "lines", "from 0 to 1000"},
            {"lines=", PM_ERROR_INVALID_FIELD, "lines", "from 0 to 1000"},
            {"lines=1 ", PM_ERROR_INVALID_FIELD, "lines", "from 0 to 1000"},
            {"pool=..", PM_ERROR_INVALID_FIELD, "pool", "letters, digits"},
            {"pool=%ff", PM_ERROR_INVALID_FIELD, "pool", "letters, digits"},
            {"last_event_id=123456789", PM_ERROR_INVALID_FIELD, "last_event_id", "at most 8 bytes"},
            {"lines=1&lines=1", PM_ERROR_BAD_REQUEST, "lines", "more than once"},
            {"Force=true", PM_ERROR_BAD_REQUEST, "Force", "did you mean force?"},
            {"line=1", PM_ERROR_BAD_REQUEST, "line", "did you mean lines?"},
            {"unheard=1", PM_ERROR_BAD_REQUEST, "unheard", "not known here"},
            {"%0a=1", PM_ERROR_BAD_REQUEST, "?", "not known here"},
            {"=1", PM_ERROR_BAD_REQUEST, "", "not known here"},
            {"lines=%", PM_ERROR_BAD_REQUEST, "query", "two hex digits"},
            {"lines=%00", PM_ERROR_BAD_REQUEST, "query", "NUL"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_free_ char *query = strdup(cases[i].query);
        Parameters values;
        Error error;

        assert_non_null(query);
        if (read_query(query, &values, &error) != -EINVAL || error.code != cases[i].code ||
            !streq(error.field, cases[i].field) || !strstr(error.text, cases[i].text))
            fail_msg("%s: %d %s: %s", cases[i].query, error.code, error.field, error.text);
    }
}

static void test_path(void **state)
{
    const Parameter *id = parameter_of_path("id", 2), *op = parameter_of_path("op", 2);
    const Parameter *lease = parameter_of_path("lease_id", 8);
    Parameters values = {.pool_id = NULL};
    Error error = {.code = PM_ERROR_NONE};

    assert_true(id && op && lease);
    assert_null(parameter_of_path("idx", 3));
    assert_null(parameter_of_path("idx", 1));
    assert_int_equal(parameter_read_path(id, "p", &values, &error), 0);
    assert_int_equal(parameter_read_path(op, "17", &values, &error), 0);
    assert_int_equal(parameter_read_path(lease, "7.1", &values, &error), 0);
    assert_string_equal(values.pool_id, "p");
    assert_string_equal(values.lease_id, "7.1");
    assert_int_equal(values.operation, 17);
    assert_int_equal(parameter_read_path(op, "0", &values, &error), -EINVAL);
    assert_int_equal(error.code, PM_ERROR_INVALID_ID);
    assert_string_equal(error.field, "op");
    assert_int_equal(parameter_read_path(op, "9223372036854775808", &values, &error), -EINVAL);
    assert_int_equal(parameter_read_path(lease, "", &values, &error), -EINVAL);
    assert_int_equal(parameter_read_path(lease, "a b", &values, &error), -EINVAL);
    assert_int_equal(parameter_read_path(lease, "\xC3\xA4", &values, &error), -EINVAL);
    assert_int_equal(parameter_read_path(id, "", &values, &error), -EINVAL);
    assert_string_equal(error.field, "id");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_left_out),
            cmocka_unit_test(test_given),
            cmocka_unit_test(test_refused),
            cmocka_unit_test(test_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
