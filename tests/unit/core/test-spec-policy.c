/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec-fixture.h"
#include "supervision-fixture.h"

#include "core/spec_policy.h"

enum { NUMBERS = sizeof(SupervisionSettings) / sizeof(uint64_t) };

static const uint64_t *numbers_of(const SupervisionSettings *s)
{
    return (const uint64_t *)s;
}

/* Each number that is given takes the place of its own setting, and of no other. */
static void test_overrides(void **state)
{
    const PolicySettings settings = {.supervision = contract_settings};

    for (size_t i = 0; i < NUMBERS; i++) {
        _cleanup_spec_ EngineSpec *spec = spec_minimal("p");
        SupervisionSettings result;

        ((uint64_t *)&spec->policy.numbers)[i] = 4711;
        result = spec_supervision(spec, &settings);
        for (size_t k = 0; k < NUMBERS; k++)
            assert_int_equal(numbers_of(&result)[k],
                             k == i ? 4711 : numbers_of(&contract_settings)[k]);
    }
}

static void test_settings_hold(void **state)
{
    _cleanup_spec_ EngineSpec *spec = spec_minimal("p");
    const PolicySettings settings = {.supervision = contract_settings};
    SupervisionSettings result = spec_supervision(spec, &settings);

    assert_memory_equal(&result, &contract_settings, sizeof(result));
    result = spec_supervision(NULL, &settings);
    assert_memory_equal(&result, &contract_settings, sizeof(result));
}

/* Zero is a value. */
static void test_zero(void **state)
{
    _cleanup_spec_ EngineSpec *spec = spec_minimal("p");
    const PolicySettings settings = {.supervision = contract_settings};

    spec->policy.numbers.backoff_min_usec = 0;
    assert_usec(spec_supervision(spec, &settings).backoff_min_usec, 0);
}

static void test_restart(void **state)
{
    _cleanup_spec_ EngineSpec *spec = spec_minimal("p");

    assert_true(spec_allows_restart(NULL));
    assert_true(spec_allows_restart(spec));
    spec->policy.restart = RESTART_ON_FAILURE;
    assert_true(spec_allows_restart(spec));
    spec->policy.restart = RESTART_NO;
    assert_false(spec_allows_restart(spec));
}

static void test_names(void **state)
{
    assert_null(restart_policy_to_string(RESTART_UNSET));
    assert_string_equal(restart_policy_to_string(RESTART_ON_FAILURE), "on-failure");
    assert_string_equal(restart_policy_to_string(RESTART_NO), "no");
    assert_null(restart_policy_to_string(RESTART_MAX));
    assert_null(restart_policy_to_string((RestartPolicy)-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_overrides), cmocka_unit_test(test_settings_hold),
            cmocka_unit_test(test_zero),      cmocka_unit_test(test_restart),
            cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
