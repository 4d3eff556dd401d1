/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state-fixture.h"
#include "json/encode.h"
#include "json/reader.h"
#include "json/state_file.h"
#include "json/supervision_file.h"

/* What the supervision must not forget, as a part of the state file. */

static Supervision read_back(const Supervision *s)
{
    _cleanup_json_ json_object *object = supervision_write(s);
    Supervision copy = {0};
    Error error = {0};

    assert_non_null(object);
    if (supervision_read(object, "supervision.", &copy, &error) < 0)
        fail_msg("%s\n%s", error.text, json_object_to_json_string(object));
    return copy;
}

static void assert_kept(const Supervision *s)
{
    _cleanup_(supervision_done) Supervision copy = read_back(s);

    assert_same_supervision(&copy, s);
}

/* A member that is not written is not the same when it is read back. */
static void test_round_trip(void **state)
{
    static const uint64_t times[] = {0, 1, 2, TIME_WINDOW_MAX - 1, TIME_WINDOW_MAX};

    for (size_t i = 0; i < ELEMENTSOF(times); i++) {
        _cleanup_(supervision_done) Supervision s = {0};

        assert_kept(&s);
        fill_supervision(&s, times[i]);
        assert_int_equal(s.restarts.count, times[i]);
        assert_int_equal(s.ooms.count, times[i]);
        assert_kept(&s);
    }
}

/* Each flag is its own. */
static void test_flags(void **state)
{
    _cleanup_(supervision_done) Supervision s = {0};
    bool *const flags[] = {&s.pending,         &s.breakers[BREAKER_GENERAL].open,
                           &s.trial,           &s.breakers[BREAKER_CUDA].open,
                           &s.allowed_once,    &s.storm_warned,
                           &s.oom_storm_warned};

    for (size_t i = 0; i < ELEMENTSOF(flags); i++) {
        *flags[i] = true;
        assert_kept(&s);
        *flags[i] = false;
    }
}

/* The largest numbers are no damage. */
static void test_extremes(void **state)
{
    static const usec_t values[] = {0, 1, INT64_MAX};

    for (size_t i = 0; i < ELEMENTSOF(values); i++) {
        _cleanup_(supervision_done) Supervision s = {0};

        s.restart_count = s.backoff_count = s.delay_usec = values[i];
        s.due.mono = s.due.real = values[i];
        for (size_t k = 0; k < BREAKER_MAX; k++) {
            s.breakers[k].failures = values[i];
            s.breakers[k].open_until.mono = s.breakers[k].open_until.real = values[i];
            s.breakers[k].open_usec = values[i];
        }
        assert_kept(&s);
    }
}

/* A record that was really made, with its windows full: it goes on as if nothing had been. */
static void test_goes_on(void **state)
{
    const SupervisionSettings settings = {
            .backoff_initial_usec = USEC_PER_SEC,
            .backoff_max_usec = USEC_PER_MINUTE,
            .backoff_factor = 2,
            .backoff_jitter_percent = 10,
            .backoff_cuda_multiplier = 2,
            .breaker_threshold = 40,
            .breaker_open_usec = 5 * USEC_PER_MINUTE,
            .breaker_stable_usec = USEC_PER_MINUTE,
            .breaker_factor = 1,
            .restart_limit = SUPERVISION_COUNT_MAX,
            .restart_window_usec = 24 * 60 * USEC_PER_MINUTE,
            .storm_warning_count = SUPERVISION_COUNT_MAX,
            .storm_warning_window_usec = 24 * 60 * USEC_PER_MINUTE,
            .storm_breaker_count = SUPERVISION_COUNT_MAX,
            .storm_breaker_window_usec = USEC_PER_SEC,
            .oom_storm_count = SUPERVISION_COUNT_MAX,
            .oom_storm_window_usec = 24 * 60 * USEC_PER_MINUTE,
    };
    Instant now = {.mono = USEC_PER_MINUTE, .real = 1700000000 * USEC_PER_SEC};
    _cleanup_(supervision_done) Supervision s = {0}, copy = {0};

    for (uint64_t i = 0; i < 2 * TIME_WINDOW_MAX; i++) {
        FailureClass failure = i % 3 ? FAILURE_OUT_OF_MEMORY : FAILURE_VRAM_OOM;
        SupervisionVerdict verdict, again;
        usec_t left;

        supervision_failed(&s, &settings, failure, now, i * 7919, &verdict);
        supervision_failed(&copy, &settings, failure, now, i * 7919, &again);
        assert_int_equal(verdict.at.mono, again.at.mono);
        assert_int_equal(verdict.tripped, again.tripped);
        supervision_done(&copy);
        copy = read_back(&s);
        assert_int_equal(supervision_deadline(&copy), s.due.mono);
        left = usec_sub(s.due.mono, now.mono);
        now.mono += left;
        now.real += left;
        assert_int_equal(supervision_restarting(&s, now), supervision_restarting(&copy, now));
        assert_kept(&copy);
        assert_same_supervision(&copy, &s);
    }
    assert_int_equal(s.restarts.count, TIME_WINDOW_MAX);
    assert_int_equal(s.ooms.count, TIME_WINDOW_MAX);
}

static json_object *parse(const char *text)
{
    json_object *object = NULL;
    Error error = {0};

    if (json_read(text, strlen(text), &object, &error) < 0)
        fail_msg("%s: %s", text, error.text);
    return object;
}

/* What came with later versions is left out, what is unknown is nobody's business. */
static void test_missing(void **state)
{
    _cleanup_json_ json_object *object = parse("{\"restart_count\": 7, \"colour\": \"blue\"}");
    _cleanup_(supervision_done) Supervision s = {0};

    assert_int_equal(supervision_read(object, "", &s, NULL), 0);
    assert_int_equal(s.restart_count, 7);
    assert_false(s.pending);
    assert_int_equal(s.restarts.count, 0);
    assert_int_equal(supervision_deadline(&s), USEC_INFINITY);
    assert_int_equal(supervision_circuit(&s, (Instant){.mono = 1}), CIRCUIT_CLOSED);
}

/* Times that are out of order were not written by us: what comes out is in order all the same. */
static void test_disorder(void **state)
{
    _cleanup_json_ json_object *object = parse("{\"restarts_mono_usec\": [5, 9, 9, 3, 4, 4]}");
    _cleanup_(supervision_done) Supervision s = {0};

    assert_int_equal(supervision_read(object, "", &s, NULL), 0);
    for (uint64_t i = 1; i < s.restarts.count; i++)
        assert_true(s.restarts.times[i - 1] <= s.restarts.times[i]);
    assert_kept(&s);
}

#define NUMBERS "must be an array of numbers from 0 to 9223372036854775807"

static const struct {
    const char *text, *field, *part;
} refused[] = {
        {"{\"restart_count\": -1}", "restart_count", "got -1"},
        {"{\"restart_count\": \"1\"}", "restart_count", "got \"1\""},
        {"{\"restart_count\": 1.5}", "restart_count", "got 1.5"},
        {"{\"backoff_count\": 9223372036854775808}", "backoff_count", "got 9223372036854775808"},
        {"{\"pending\": 1}", "pending", "must be true or false"},
        {"{\"due_mono_usec\": -5}", "due_mono_usec", "got -5"},
        {"{\"due_real_usec\": {}}", "due_real_usec", ""},
        {"{\"delay_usec\": true}", "delay_usec", "got true"},
        {"{\"general_failures\": []}", "general_failures", ""},
        {"{\"general_open\": \"yes\"}", "general_open", "must be true or false"},
        {"{\"general_open_until_mono_usec\": -1}", "general_open_until_mono_usec", "got -1"},
        {"{\"cuda_open_until_real_usec\": -1}", "cuda_open_until_real_usec", "got -1"},
        {"{\"cuda_open_usec\": -1}", "cuda_open_usec", "got -1"},
        {"{\"trial\": 0}", "trial", "must be true or false"},
        {"{\"allowed_once\": 0}", "allowed_once", "must be true or false"},
        {"{\"storm_warned\": 0}", "storm_warned", "must be true or false"},
        {"{\"oom_storm_warned\": 0}", "oom_storm_warned", "must be true or false"},
        {"{\"restarts_mono_usec\": null}", "restarts_mono_usec", "must be an array"},
        {"{\"restarts_mono_usec\": {}}", "restarts_mono_usec", "must be an array"},
        {"{\"restarts_mono_usec\": 5}", "restarts_mono_usec", "must be an array"},
        {"{\"restarts_mono_usec\": [1, \"2\"]}", "restarts_mono_usec", NUMBERS},
        {"{\"restarts_mono_usec\": [null]}", "restarts_mono_usec", NUMBERS},
        {"{\"ooms_mono_usec\": [1.0]}", "ooms_mono_usec", NUMBERS},
        {"{\"ooms_mono_usec\": [-1]}", "ooms_mono_usec", NUMBERS},
        {"{\"ooms_mono_usec\": [9223372036854775808]}", "ooms_mono_usec", NUMBERS},
        {"{\"ooms_mono_usec\": [18446744073709551615]}", "ooms_mono_usec", NUMBERS},
};

static void test_refused(void **state)
{
    for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
        _cleanup_json_ json_object *object = parse(refused[i].text);
        char field[PM_ERROR_FIELD_MAX + 1];
        _cleanup_(supervision_done) Supervision s = {0};
        Error error = {0};

        (void)snprintf(field, sizeof(field), "supervision.%s", refused[i].field);
        if (supervision_read(object, "supervision.", &s, &error) != -EINVAL)
            fail_msg("%s was taken", refused[i].text);
        assert_error(refused[i].text, &error, PM_ERROR_INVALID_FIELD, field, refused[i].part);
    }
}

/* More times than there is room for were not written by us either. */
static void test_window_too_long(void **state)
{
    static const char *const names[] = {"restarts_mono_usec", "ooms_mono_usec"};

    for (size_t i = 0; i < ELEMENTSOF(names); i++) {
        _cleanup_json_ json_object *object = json_object_new_object();
        json_object *array = json_object_new_array();
        _cleanup_(supervision_done) Supervision s = {0};
        Error error = {0};

        for (int n = 0; n < TIME_WINDOW_MAX + 1; n++)
            assert_int_equal(json_object_array_add(array, json_object_new_int(n)), 0);
        assert_int_equal(json_object_object_add(object, names[i], array), 0);
        assert_int_equal(supervision_read(object, "", &s, &error), -EINVAL);
        assert_error(names[i], &error, PM_ERROR_INVALID_FIELD, names[i],
                     "must be an array of at most 64 numbers");
    }
}

static int read_file(json_object *file, Pool **ret, Error *error)
{
    _cleanup_free_ char *text = NULL;
    size_t length;

    assert_int_equal(json_text(file, false, &text, &length), 0);
    return state_file_parse(text, length, "p1", ret, error);
}

/* In each state of a pool, and with it whose restart it is and since when the engine runs well. */
static void test_in_the_state_file(void **state)
{
    for (PoolState each = 0; each < POOL_STATE_MAX; each++) {
        _cleanup_(pool_freep) Pool *pool = pool_of(STATE_SPEC_SMALL, each), *copy = NULL;
        Error error = {0};

        fill_supervision(&pool->supervision, TIME_WINDOW_MAX);
        pool->automatic = each % 2;
        pool->ready_since = each % 3 ? INT64_MAX : 17;
        if (read_file(json_state_file(pool), &copy, &error) < 0)
            fail_msg("%s", error.text);
        assert_same_supervision(&copy->supervision, &pool->supervision);
        assert_int_equal(copy->automatic, pool->automatic);
        assert_true(copy->ready_since == pool->ready_since);
    }
}

/* A file of a version that supervised nothing: a pool that never failed. */
static void test_old_file(void **state)
{
    static const char *const newer[] = {"supervision", "automatic", "ready_since_mono_usec"};
    static const Supervision none;
    _cleanup_(pool_freep) Pool *pool = full_pool(), *copy = NULL;
    json_object *file = json_state_file(pool);

    for (size_t i = 0; i < ELEMENTSOF(newer); i++) {
        assert_true(json_object_object_get_ex(file, newer[i], NULL));
        json_object_object_del(file, newer[i]);
    }
    assert_int_equal(read_file(file, &copy, NULL), 0);
    assert_memory_equal(&copy->supervision, &none, sizeof(none));
    assert_false(copy->automatic);
    assert_int_equal(copy->ready_since, 0);
}

/* Parts of the file that do not fit together: a pool that waits, for nothing or for an engine that
 * nobody knows, would wait for ever. */
static const struct {
    PoolState state;
    const char *member, *value, *field, *part;
} misfits[] = {
        {POOL_READY, "supervision", "null", "supervision", "must be an object"},
        {POOL_READY, "supervision", "[]", "supervision", "must be an object"},
        {POOL_READY, "automatic", "1", "automatic", "must be true or false"},
        {POOL_READY, "ready_since_mono_usec", "-1", "ready_since_mono_usec", "got -1"},
        {POOL_BACKOFF, "supervision", "{\"pending\": false}", "supervision.pending",
         "must be true in the state backoff"},
        {POOL_TRIPPED, "supervision", "{}", "supervision.pending",
         "must be true in the state tripped"},
        {POOL_TRIPPED, "supervision", NULL, "supervision.pending",
         "must be true in the state tripped"},
        {POOL_BACKOFF, "spec", "null", "spec", "is required in the state backoff"},
        {POOL_TRIPPED, "spec", "null", "spec", "is required in the state tripped"},
};

static void test_misfits(void **state)
{
    for (size_t i = 0; i < ELEMENTSOF(misfits); i++) {
        _cleanup_(pool_freep) Pool *pool = pool_of(STATE_SPEC_SMALL, misfits[i].state);
        json_object *file = json_state_file(pool);
        Pool *copy = NULL;
        Error error = {0};

        json_object_object_del(file, misfits[i].member);
        if (misfits[i].value && streq(misfits[i].value, "null"))
            assert_int_equal(json_object_object_add(file, misfits[i].member, NULL), 0);
        else if (misfits[i].value)
            assert_int_equal(
                    json_object_object_add(file, misfits[i].member, parse(misfits[i].value)), 0);
        assert_int_equal(read_file(file, &copy, &error), -EINVAL);
        assert_error(misfits[i].field, &error, PM_ERROR_INVALID_FIELD, misfits[i].field,
                     misfits[i].part);
        assert_null(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_round_trip),        cmocka_unit_test(test_flags),
            cmocka_unit_test(test_extremes),          cmocka_unit_test(test_goes_on),
            cmocka_unit_test(test_missing),           cmocka_unit_test(test_disorder),
            cmocka_unit_test(test_refused),           cmocka_unit_test(test_window_too_long),
            cmocka_unit_test(test_in_the_state_file), cmocka_unit_test(test_old_file),
            cmocka_unit_test(test_misfits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
