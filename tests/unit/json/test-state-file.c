/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../base/thorough.h"
#include "state-fixture.h"
#include "json/encode.h"
#include "json/reader.h"
#include "json/state_file.h"

/* Takes the pool. What was written is read back as the same pool, and written again as the same
 * text. */
static void assert_round_trip(Pool *pool)
{
    _cleanup_free_ char *text = state_text(pool), *again = NULL;
    _cleanup_(pool_freep) Pool *copy = state_parse(text);

    again = state_text(copy);
    assert_string_equal(text, again);
    assert_same(pool, copy);
    pool_free(pool);
}

static void test_round_trip(void **state)
{
    assert_round_trip(full_pool());
    assert_round_trip(full_external_pool());
    assert_round_trip(pool_of(STATE_SPEC_NONE, POOL_OFF));
    assert_round_trip(pool_of(STATE_SPEC_NONE, POOL_EXTERNAL));
    for (int s = 0; s < POOL_STATE_MAX; s++) {
        assert_round_trip(pool_of(STATE_SPEC_SMALL, (PoolState)s));
        assert_round_trip(pool_of(STATE_SPEC_LARGE, (PoolState)s));
    }
    for (int reason = STOP_NONE; reason <= STOP_DRAIN; reason++) {
        Pool *pool = pool_of(STATE_SPEC_SMALL, POOL_STOPPING);

        pool->stop_reason = (StopReason)reason;
        assert_round_trip(pool);
    }
    for (int class = FAILURE_NONE; class < FAILURE_MAX; class ++) {
        Pool *pool = pool_of(STATE_SPEC_SMALL, POOL_FAILED);

        pool->last_error_class = (FailureClass) class;
        assert_round_trip(pool);
    }
}

/* Of a container only the folder is kept: an image is something that nobody can have. */
static void test_container(void **state)
{
    Pool *pool = pool_of(STATE_SPEC_SMALL, POOL_READY);

    pool->spec->container.rootfs = strdup("/srv/root");
    assert_non_null(pool->spec->container.rootfs);
    assert_round_trip(pool);
}

static void test_longest_error(void **state)
{
    Pool *pool = pool_of(STATE_SPEC_SMALL, POOL_FAILED);

    pool->last_error = longest_text('x');
    assert_round_trip(pool);
}

static void test_shape(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_of(STATE_SPEC_SMALL, POOL_READY);
    _cleanup_free_ char *text = state_text(pool);

    assert_true(startswith(text, "{\n  \"format\": 1,\n  \"pool_id\": \"p1\",\n  \"state\": "
                                 "\"ready\",\n  \"generation\": 1,\n"));
    assert_contains(text, "\"stop_reason\": \"none\"");
    assert_contains(text, "\"last_error\": null");
    assert_contains(text, "\"last_error_class\": null");
    assert_contains(text, "\"pid\": null");
    assert_contains(text, "\"binary_path\": \"/bin/x\"");
    assert_null(strstr(text, "\"health\""));
}

/* The observation says what it knows, and nothing that the file did not know. */
static void test_observation(void **state)
{
    _cleanup_(pool_freep) Pool *full = full_pool(), *small = pool_of(STATE_SPEC_SMALL, POOL_READY);
    _cleanup_free_ char *full_text = state_text(full), *small_text = state_text(small);
    _cleanup_(pool_freep) Pool *known = state_parse(full_text), *unknown = state_parse(small_text);

    assert_int_equal(known->unit.fields, UNIT_FIELD_INVOCATION_ID | UNIT_FIELD_MAIN_PID);
    assert_int_equal(unknown->unit.fields, 0);
}

/* A file that was cut at any byte is refused; only the line end may be missing. */
static void test_truncated(void **state)
{
    _cleanup_(pool_freep) Pool *pool = full_pool();
    _cleanup_free_ char *text = state_text(pool);
    size_t length = strlen(text);

    for (size_t n = 0; n <= length; n += n < length - 20 ? thorough_stride() : 1) {
        char *copy = copy_exactly(text, n);
        _cleanup_(pool_freep) Pool *parsed = NULL;
        Error error = {0};
        int r;

        r = state_file_parse(copy, n, "p1", &parsed, &error);
        free(copy);
        assert_int_equal(r, n >= length - 1 ? 0 : -EINVAL);
        assert_int_equal(error_is_set(&error), r < 0);
        assert_int_equal(parsed != NULL, r == 0);
    }
}

/* A block that was never written, or bits that fell over: refused or read, never a crash. */
static void test_damaged(void **state)
{
    _cleanup_(pool_freep) Pool *pool = full_pool();
    _cleanup_free_ char *text = state_text(pool);
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i += thorough_stride()) {
        for (int bit = 0; bit < 8; bit++) {
            _cleanup_(pool_freep) Pool *parsed = NULL;
            Error error = {0};
            int r;

            text[i] = (char)(text[i] ^ (1 << bit));
            r = state_file_parse(text, length, "p1", &parsed, &error);
            assert_true(r == 0 || r == -EINVAL);
            assert_int_equal(parsed != NULL, r == 0);
            text[i] = (char)(text[i] ^ (1 << bit));
        }
    }
    memset(text + length / 2, '\0', length - length / 2);
    assert_int_equal(state_file_parse(text, length, "p1", &pool, NULL), -EINVAL);
}

/* A member of a good file replaced by the JSON text `value`, or taken away where that is NULL. */
static const struct {
    const char *member, *value, *field, *part;
} refused[] = {
        {"format", NULL, "format", "must be the integer 1"},
        {"format", "\"1\"", "format", "must be the integer 1"},
        {"format", "2", "format", "2 is newer than this version of the program can read (1)"},
        {"format", "0", "format", "must be 1, got 0"},
        {"format", "-1", "format", "must be 1, got -1"},
        {"format", "1.0", "format", "must be the integer 1"},
        {"pool_id", NULL, "pool_id", "must be \"p1\", got null"},
        {"pool_id", "\"p2\"", "pool_id", "must be \"p1\", got \"p2\""},
        {"pool_id", "1", "pool_id", "got 1"},
        {"state", NULL, "state", "is required"},
        {"state", "null", "state", "is required, got null"},
        {"state", "\"dancing\"", "state", "adopting, external, got \"dancing\""},
        {"state", "\"READY\"", "state", "must be one of off, preflight, starting"},
        {"state", "\"\"", "state", "must be one of off, preflight, starting"},
        {"state", "4", "state", "must be a string, got 4"},
        {"generation", NULL, "generation", "is required"},
        {"generation", "-1", "generation", "must be an integer of at least 0, got -1"},
        {"generation", "1.0", "generation", "got 1.0"},
        {"generation", "18446744073709551615", "generation", "got 18446744073709551615"},
        {"generation", "0", "generation", "must be at least 1 in the state stopping"},
        {"started", NULL, "started", "is required"},
        {"started", "null", "started", "is required"},
        {"started", "5", "started", "must be an object, got 5"},
        {"started", "{\"real_usec\": 1}", "started.mono_usec", "is required"},
        {"started", "{\"real_usec\": -1, \"mono_usec\": 1}", "started.real_usec", "got -1"},
        {"was_ready", NULL, "was_ready", "is required"},
        {"was_ready", "1", "was_ready", "must be true or false, got 1"},
        {"was_ready", "\"true\"", "was_ready", "must be true or false"},
        {"stop_reason", NULL, "stop_reason", "is required"},
        {"stop_reason", "null", "stop_reason", "is required"},
        {"stop_reason", "\"boredom\"", "stop_reason", "got \"boredom\""},
        {"last_error", NULL, "last_error", "is required"},
        {"last_error", "7", "last_error", "must be a string"},
        {"last_error_class", NULL, "last_error_class", "is required"},
        {"last_error_class", "\"meteor\"", "last_error_class", "got \"meteor\""},
        {"last_heartbeat_ms", NULL, "last_heartbeat_ms", "is required"},
        {"last_heartbeat_ms", "9223372036854775807", "last_heartbeat_ms",
         "got 9223372036854775807"},
        {"crash_count", NULL, "crash_count", "is required"},
        {"crash_count", "\"3\"", "crash_count", "got \"3\""},
        {"invocation_id", NULL, "invocation_id", "is required"},
        {"invocation_id", "\"0123\"", "invocation_id", "must be 32 hex digits"},
        {"invocation_id", "\"0123456789abcdef0123456789abcdeg\"", "invocation_id",
         "must be 32 hex digits"},
        {"invocation_id", "\"0123456789abcdef0123456789abcdef0\"", "invocation_id",
         "at most 32 bytes"},
        {"pid", NULL, "pid", "is required"},
        {"pid", "0", "pid", "from 1 to 2147483647, got 0"},
        {"pid", "2147483648", "pid", "got 2147483648"},
        {"spec", NULL, "spec", "is required"},
        {"spec", "null", "spec", "is required in the state stopping"},
        {"spec", "[]", "spec", "must be an object or null"},
        {"spec", "{}", "spec.pool_id", "is required"},
        {"spec",
         "{\"pool_id\": \"p2\", \"binary_path\": \"/bin/x\", \"flags\": [], \"host\": \"::1\","
         "\"port\": 1, \"model_path\": \"m\", \"engine_version\": \"v\"}",
         "spec.pool_id", "must be \"p1\", got \"p2\""},
        {"spec",
         "{\"pool_id\": \"p1\", \"binary_path\": \"x\", \"flags\": [], \"host\": \"::1\","
         "\"port\": 1, \"model_path\": \"m\", \"engine_version\": \"v\"}",
         "spec.binary_path", "must be an absolute path"},
};

static char *file_with(const Pool *pool, const char *member, const char *value)
{
    json_object *file = json_state_file(pool), *other = NULL;
    char *text = NULL;
    size_t length;

    assert_non_null(file);
    if (value) {
        assert_int_equal(json_read(value, strlen(value), &other, NULL), 0);
        assert_int_equal(json_object_object_add(file, member, other), 0);
    } else {
        json_object_object_del(file, member);
    }
    assert_int_equal(json_text(file, false, &text, &length), 0);
    return text;
}

static void test_refused(void **state)
{
    static Pool untouched;
    _cleanup_(pool_freep) Pool *pool = full_pool();

    for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
        _cleanup_free_ char *text = file_with(pool, refused[i].member, refused[i].value);
        Pool *parsed = &untouched;
        Error error = {0};

        if (state_file_parse(text, strlen(text), "p1", &parsed, &error) != -EINVAL)
            fail_msg("%s = %s was taken", refused[i].member,
                     refused[i].value ? refused[i].value : "nothing");
        assert_error(text, &error, PM_ERROR_INVALID_FIELD, refused[i].field, refused[i].part);
        assert_ptr_equal(parsed, &untouched);
    }
}

/* A later version may add members without a new format. */
static void test_unknown_members(void **state)
{
    _cleanup_(pool_freep) Pool *pool = full_pool(), *parsed = NULL;
    _cleanup_free_ char *text = file_with(pool, "colour", "\"blue\"");

    parsed = state_parse(text);
    assert_same(pool, parsed);
}

static void test_not_an_object(void **state)
{
    static const char *const texts[] = {"null", "[]", "1", "\"x\""};
    Pool *pool = NULL;
    Error error;

    for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
        error = (Error){0};
        assert_int_equal(state_file_parse(texts[i], strlen(texts[i]), "p1", &pool, &error),
                         -EINVAL);
        assert_error(texts[i], &error, PM_ERROR_INVALID_FIELD, "", "must be an object");
    }
    assert_null(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_container),
            cmocka_unit_test(test_longest_error),   cmocka_unit_test(test_shape),
            cmocka_unit_test(test_observation),     cmocka_unit_test(test_truncated),
            cmocka_unit_test(test_damaged),         cmocka_unit_test(test_refused),
            cmocka_unit_test(test_unknown_members), cmocka_unit_test(test_not_an_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
