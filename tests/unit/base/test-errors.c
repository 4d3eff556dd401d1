/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <ctype.h>
#include <poolmgr/errors.h>
#include <poolmgr/names.h>

#define FOREACH_CODE(c) for (PmErrorCode c = PM_ERROR_NONE + 1; c < PM_ERROR_MAX; c++)

static void test_rows_are_complete(void **state)
{
    FOREACH_CODE(c)
    {
        const PmErrorInfo *info = pm_error_info(c);

        assert_non_null(info->code);
        assert_in_range(info->http_status, 400, 599);
        assert_in_range(info->exit_status, 1, 125); /* a shell takes 126 and above for itself */
        /* What the client got wrong stays wrong; what we got wrong may pass, but no GPU grows. */
        if (info->http_status >= 500 && c != PM_ERROR_GPU_REQUIRED)
            assert_true(info->retriable);
        if (info->http_status == 400 || info->http_status == 404)
            assert_false(info->retriable);
    }
}

static void test_codes_are_unique(void **state)
{
    FOREACH_CODE(c)
    {
        FOREACH_CODE(other)
        {
            if (other == c)
                continue;
            assert_string_not_equal(pm_error_info(c)->code, pm_error_info(other)->code);
            assert_string_not_equal(pm_error_info(c)->dbus_name, pm_error_info(other)->dbus_name);
        }
    }
}

/* BAD_REQUEST on the wire is …Error.BadRequest on the bus. */
static void test_names_match(void **state)
{
    FOREACH_CODE(c)
    {
        const PmErrorInfo *info = pm_error_info(c);
        const char *dbus = info->dbus_name + strlen(PM_BUS_ERROR_PREFIX);
        bool first = true;

        assert_true(startswith(info->dbus_name, PM_BUS_ERROR_PREFIX));
        for (const char *p = info->code; *p; p++) {
            if (*p == '_') {
                assert_false(first); /* none at the start, no two in a row */
                first = true;
                continue;
            }
            assert_true(isupper((unsigned char)*p));
            assert_int_equal(*dbus++, first ? *p : tolower((unsigned char)*p));
            first = false;
        }
        assert_false(first);
        assert_int_equal(*dbus, '\0');
    }
}

static void test_names_round_trip(void **state)
{
    FOREACH_CODE(c)
    {
        assert_int_equal(pm_error_from_code(pm_error_info(c)->code), c);
        assert_int_equal(pm_error_from_dbus_name(pm_error_info(c)->dbus_name), c);
    }
}

static void test_strange_names(void **state)
{
    static const char *const names[] = {
            NULL, "", "bad_request", "BadRequest", "BAD_REQUEST ", "PM_ERROR_BAD_REQUEST",
    };
    static const char *const dbus_names[] = {
            NULL,          "",           "badRequest",   "BAD_REQUEST",
            "BadRequest.", "BadRequest", "AccessDenied", "Error.BadRequest",
    };

    for (size_t i = 0; i < ELEMENTSOF(names); i++)
        assert_int_equal(pm_error_from_code(names[i]), PM_ERROR_INVALID);
    for (size_t i = 0; i < ELEMENTSOF(dbus_names); i++)
        assert_int_equal(pm_error_from_dbus_name(dbus_names[i]), PM_ERROR_INVALID);
    assert_int_equal(pm_error_from_dbus_name(PM_BUS_ERROR_PREFIX), PM_ERROR_INVALID);
    assert_int_equal(pm_error_from_dbus_name(PM_BUS_ERROR_PREFIX "badRequest"), PM_ERROR_INVALID);
    assert_int_equal(pm_error_from_dbus_name(PM_BUS_ERROR_PREFIX "BadRequest."), PM_ERROR_INVALID);
    assert_int_equal(pm_error_from_code(PM_BUS_ERROR_PREFIX "BadRequest"), PM_ERROR_INVALID);
}

static void test_out_of_range_is_internal(void **state)
{
    static const int codes[] = {PM_ERROR_NONE, PM_ERROR_MAX, PM_ERROR_MAX + 1, -1,
                                PM_ERROR_INVALID};

    for (size_t i = 0; i < ELEMENTSOF(codes); i++)
        assert_ptr_equal(pm_error_info((PmErrorCode)codes[i]), pm_error_info(PM_ERROR_INTERNAL));
    assert_string_equal(pm_error_info(PM_ERROR_INTERNAL)->code, "INTERNAL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_rows_are_complete),
            cmocka_unit_test(test_codes_are_unique),
            cmocka_unit_test(test_names_match),
            cmocka_unit_test(test_names_round_trip),
            cmocka_unit_test(test_strange_names),
            cmocka_unit_test(test_out_of_range_is_internal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
