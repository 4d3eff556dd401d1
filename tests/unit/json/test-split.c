/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bodies.h"
#include "support.h"
#include "json/prepared_engine.h"
#include "json/reader.h"
#include "json/spec_fields.h"

/* The split of a PreparedEngine, as it is read and written. */

static int read_members(const char *members, EngineSpec **ret, Error *error)
{
    _cleanup_free_ char *body = body_and(members);

    return prepared_engine_parse(body, strlen(body), "p1", ret, NULL, error);
}

static EngineSpec *read_good(const char *members)
{
    EngineSpec *spec = NULL;
    Error error = {0};

    if (read_members(members, &spec, &error) < 0)
        fail_msg("%s: %s", members, error.text);
    return spec;
}

/* What is written is read as the same. */
static void assert_round_trip(const EngineSpec *spec)
{
    _cleanup_json_ json_object *written = spec_write(spec);
    _cleanup_spec_ EngineSpec *copy = NULL;

    assert_non_null(written);
    assert_int_equal(spec_read(written, "", &copy, NULL, NULL), 0);
    assert_true(engine_spec_equal(spec, copy));
}

static void test_good(void **state)
{
    static const struct {
        const char *members;
        SplitMode mode;
        size_t count;
        uint64_t ratios[3];
    } cases[] = {
            {"\"split\": null", SPLIT_NONE, 0, {0}},
            {"\"split\": \"auto\"", SPLIT_AUTO, 0, {0}},
            {"\"split\": [3, 1]", SPLIT_RATIOS, 2, {1000000, 333333}},
            {"\"split\": [0.75, 0.25]", SPLIT_RATIOS, 2, {1000000, 333333}},
            {"\"split\": [0, 5, 0.0]", SPLIT_RATIOS, 3, {0, 1000000, 0}},
            {"\"split\": [1000000, 1e-9]", SPLIT_RATIOS, 2, {1000000, 1}},
            {"\"split\": [7]", SPLIT_RATIOS, 1, {1000000}},
            {"\"split\": [1, 1], \"device_mask\": \"GPU4,GPU2\"",
             SPLIT_RATIOS,
             2,
             {1000000, 1000000}},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_spec_ EngineSpec *spec = read_good(cases[i].members);

        if (spec->split.mode != cases[i].mode || spec->split.count != cases[i].count)
            fail_msg("%s", cases[i].members);
        for (size_t k = 0; k < cases[i].count; k++)
            assert_int_equal(spec->split.ratios[k], cases[i].ratios[k]);
        assert_round_trip(spec);
    }
}

static void test_bad(void **state)
{
    static const struct {
        const char *members, *field, *part;
    } cases[] = {
            {"\"split\": \"even\"", "split",
             "must be \"auto\" or an array of ratios, got \"even\""},
            {"\"split\": true", "split", "got true"},
            {"\"split\": []", "split", "must have 1 to 64 ratios, got 0"},
            {"\"split\": [0, 0.0]", "split", "must be more than 0"},
            {"\"split\": [1, -0.5]", "split[1]", "a number from 0 to 1000000, got -0.5"},
            {"\"split\": [1, 1000001]", "split[1]", "got 1000001"},
            {"\"split\": [1, 1e300]", "split[1]", "got 1e300"},
            {"\"split\": [\"1\"]", "split[0]", "got \"1\""},
            {"\"split\": [null]", "split[0]", "got null"},
            {"\"split\": \"auto\", \"engine\": \"vllm\"", "split", "for the engine \"vllm\""},
            {"\"split\": [1], \"device_mask\": \"0,1\"", "split",
             "one ratio for each of the 2 devices of device_mask, got 1"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        EngineSpec *spec = NULL;
        Error error = {0};

        assert_int_equal(read_members(cases[i].members, &spec, &error), -EINVAL);
        assert_null(spec);
        assert_error(cases[i].members, &error, PM_ERROR_INVALID_FIELD, cases[i].field,
                     cases[i].part);
    }
}

static void test_flags_that_say_the_same(void **state)
{
    static const char *const flags[] = {"--tensor-split", "-ts"};

    for (size_t i = 0; i < ELEMENTSOF(flags); i++) {
        _cleanup_free_ char *body = NULL, *list = NULL;
        EngineSpec *spec = NULL;
        Error error = {0};

        assert_true(asprintf(&list, "[\"%s\", \"1,1\"], \"split\": \"auto\"", flags[i]) > 0);
        body = body_with("flags", list);
        assert_int_equal(prepared_engine_parse(body, strlen(body), "p1", &spec, NULL, &error),
                         -EINVAL);
        assert_error(body, &error, PM_ERROR_INVALID_FIELD, "split", flags[i]);
    }
}

static void test_too_many(void **state)
{
    char members[1024] = "\"split\": [1";
    EngineSpec *spec = NULL;
    Error error = {0};

    for (size_t i = 0; i < SPLIT_DEVICES_MAX; i++)
        strcat(members, ", 1");
    strcat(members, "]");
    assert_int_equal(read_members(members, &spec, &error), -EINVAL);
    assert_error("65 ratios", &error, PM_ERROR_INVALID_FIELD, "split", "got 65");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_good),
            cmocka_unit_test(test_bad),
            cmocka_unit_test(test_flags_that_say_the_same),
            cmocka_unit_test(test_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
