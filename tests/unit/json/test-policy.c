/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support.h"
#include "json/reader.h"
#include "json/spec_fields.h"

/* The policy of a PreparedEngine, as it is read and written. */

#define DAY_MS (24 * 60 * 60 * 1000)
#define KEY(name, member, unit, low, high)                                 \
    {                                                                      \
        name, offsetof(SupervisionSettings, member), (unit), (low), (high) \
    }
#define SPAN(name, member)  KEY(name, member, USEC_PER_MSEC, 1, DAY_MS)
#define COUNT(name, member) KEY(name, member, 1, 1, 63)

/* As in the configuration (contract: defaults); B-SUPER-033 */
static const struct {
    const char *name;
    size_t offset;
    uint64_t unit, low, high;
} keys[] = {
        SPAN("backoff_initial_ms", backoff_initial_usec),
        SPAN("backoff_max_ms", backoff_max_usec),
        KEY("backoff_min_ms", backoff_min_usec, USEC_PER_MSEC, 0, DAY_MS),
        KEY("backoff_factor", backoff_factor, 1, 1, 100),
        KEY("backoff_jitter_percent", backoff_jitter_percent, 1, 0, 100),
        KEY("backoff_cuda_multiplier", backoff_cuda_multiplier, 1, 1, 100),
        SPAN("backoff_reset_ms", backoff_reset_usec),
        SPAN("restart_counter_reset_ms", counter_reset_usec),
        COUNT("restart_limit", restart_limit),
        SPAN("restart_window_ms", restart_window_usec),
        KEY("breaker_failures", breaker_threshold, 1, 1, 1000),
        SPAN("breaker_open_ms", breaker_open_usec),
        SPAN("breaker_stable_ms", breaker_stable_usec),
        KEY("breaker_factor", breaker_factor, 1, 1, 100),
        SPAN("breaker_max_open_ms", breaker_open_max_usec),
        COUNT("storm_warn_restarts", storm_warning_count),
        SPAN("storm_warn_window_ms", storm_warning_window_usec),
        COUNT("storm_breaker_restarts", storm_breaker_count),
        SPAN("storm_breaker_window_ms", storm_breaker_window_usec),
        COUNT("storm_oom_count", oom_storm_count),
        SPAN("storm_oom_window_ms", oom_storm_window_usec),
};

static int read_policy(const char *policy, EngineSpec **ret, Error *error)
{
    _cleanup_json_ json_object *object = NULL;
    char body[1024];

    (void)snprintf(
            body, sizeof(body),
            "{\"pool_id\": \"p\", \"binary_path\": \"/bin/x\", \"flags\": [], \"host\": \"::1\","
            "\"port\": 1, \"model_path\": \"m\", \"engine_version\": \"v\", \"policy\": %s}",
            policy);
    if (json_read(body, strlen(body), &object, error) < 0)
        fail_msg("%s", body);
    return spec_read(object, "", ret, NULL, error);
}

static EngineSpec *read_good(const char *policy)
{
    EngineSpec *spec = NULL;
    Error error = {0};

    if (read_policy(policy, &spec, &error) < 0)
        fail_msg("%s: %s", policy, error.text);
    return spec;
}

static void assert_refused(const char *name, const char *value, const char *part)
{
    EngineSpec *spec = NULL;
    Error error = {0};
    char policy[128], field[128];

    (void)snprintf(policy, sizeof(policy), "{\"%s\": %s}", name, value);
    (void)snprintf(field, sizeof(field), "policy.%s", name);
    assert_int_equal(read_policy(policy, &spec, &error), -EINVAL);
    assert_null(spec);
    assert_error(policy, &error, PM_ERROR_INVALID_FIELD, field, part);
}

static uint64_t number_at(const EngineSpec *spec, size_t offset)
{
    uint64_t number;

    memcpy(&number, (const char *)&spec->policy.numbers + offset, sizeof(number));
    return number;
}

/* What is written is read as the same. */
static void assert_round_trip(const EngineSpec *spec)
{
    _cleanup_json_ json_object *object = spec_write(spec);
    _cleanup_spec_ EngineSpec *copy = NULL;

    assert_non_null(object);
    assert_int_equal(spec_read(object, "", &copy, NULL, NULL), 0);
    assert_true(engine_spec_equal(spec, copy));
}

/* Each key sets its own number, no other, within its bounds. */
static void test_numbers(void **state)
{
    assert_int_equal(ELEMENTSOF(keys) * sizeof(uint64_t), sizeof(SupervisionSettings));
    for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
        const uint64_t values[] = {keys[i].low, keys[i].high};
        char text[64];

        for (size_t v = 0; v < ELEMENTSOF(values); v++) {
            _cleanup_spec_ EngineSpec *spec = NULL;

            (void)snprintf(text, sizeof(text), "{\"%s\": %llu}", keys[i].name,
                           (unsigned long long)values[v]);
            spec = read_good(text);
            for (size_t k = 0; k < ELEMENTSOF(keys); k++)
                assert_true(number_at(spec, keys[k].offset) ==
                            (k == i ? values[v] * keys[k].unit : SPEC_UNSET));
            assert_round_trip(spec);
        }
        (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)keys[i].high + 1);
        assert_refused(keys[i].name, text, "must be an integer from ");
        (void)snprintf(text, sizeof(text), "%lld", (long long)keys[i].low - 1);
        assert_refused(keys[i].name, text, "must be an integer from ");
        assert_refused(keys[i].name, "\"5s\"", "got \"5s\"");
        assert_refused(keys[i].name, "1.5", "got 1.5");
    }
}

static void test_restart(void **state)
{
    static const struct {
        const char *policy;
        RestartPolicy restart;
    } cases[] = {
            {"{}", RESTART_UNSET},
            {"null", RESTART_UNSET},
            {"{\"restart\": null}", RESTART_UNSET},
            {"{\"restart\": \"on-failure\"}", RESTART_ON_FAILURE},
            {"{\"restart\": \"no\"}", RESTART_NO},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_spec_ EngineSpec *spec = read_good(cases[i].policy);

        assert_int_equal(spec->policy.restart, cases[i].restart);
        assert_round_trip(spec);
    }
    assert_refused("restart", "\"always\"", "must be one of on-failure, no, got \"always\"");
    assert_refused("restart", "\"\"", "must be one of on-failure, no");
    assert_refused("restart", "true", "must be a string, got true");
}

static void test_retry_no_fit(void **state)
{
    static const struct {
        const char *policy;
        Flag flag;
    } cases[] = {
            {"{}", FLAG_UNSET},
            {"{\"retry_no_fit\": null}", FLAG_UNSET},
            {"{\"retry_no_fit\": true}", FLAG_ON},
            {"{\"retry_no_fit\": false}", FLAG_OFF},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_spec_ EngineSpec *spec = read_good(cases[i].policy);

        assert_true(spec->policy.retry_no_fit == cases[i].flag);
        assert_round_trip(spec);
    }
    assert_refused("retry_no_fit", "\"yes\"", "must be true or false, got \"yes\"");
    assert_refused("retry_no_fit", "1", "must be true or false, got 1");
}

/* Nothing is written of a policy that says nothing. */
static void test_unset_is_left_out(void **state)
{
    _cleanup_spec_ EngineSpec *spec = read_good("{\"backoff_max_ms\": null}");
    _cleanup_json_ json_object *object = spec_write(spec);
    json_object *found;

    assert_false(json_object_object_get_ex(object, "policy", &found));
}

/* Of a state file that an earlier version has written: it kept whatever object it was given. */
static void test_earlier_version(void **state)
{
    _cleanup_spec_ EngineSpec *spec =
            read_good("{\"b\": {\"c\": [1.50]}, \"breaker_failures\": 2, \"x\": null}");

    assert_int_equal(spec->policy.numbers.breaker_threshold, 2);
    assert_round_trip(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_numbers),         cmocka_unit_test(test_restart),
            cmocka_unit_test(test_retry_no_fit),    cmocka_unit_test(test_unset_is_left_out),
            cmocka_unit_test(test_earlier_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
