/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../base/cmocka-all.h"

#include "core/operation.h"

static void test_names(void **state)
{
    assert_string_equal(operation_kind_to_string(OPERATION_PRELOAD), "preload");
    assert_string_equal(operation_kind_to_string(OPERATION_STOP), "stop");
    assert_string_equal(operation_kind_to_string(OPERATION_RESTART), "restart");
    assert_string_equal(operation_kind_to_string(OPERATION_DEREGISTER), "deregister");
    assert_string_equal(operation_kind_to_string(OPERATION_DRAIN), "drain");
    assert_null(operation_kind_to_string(OPERATION_NONE));
    assert_null(operation_kind_to_string(OPERATION_MAX));
    assert_null(operation_kind_to_string(OPERATION_INVALID));
}

static void test_every_kind_has_a_name(void **state)
{
    for (int i = OPERATION_NONE + 1; i < OPERATION_MAX; i++)
        assert_non_null(operation_kind_to_string((OperationKind)i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_names),
            cmocka_unit_test(test_every_kind_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
