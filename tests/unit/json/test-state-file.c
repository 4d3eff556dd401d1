/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support.h"
#include "json/encode.h"
#include "json/prepared_engine.h"
#include "json/reader.h"
#include "json/state_file.h"

static const char small_body[] =
        "{\"pool_id\": \"p1\", \"binary_path\": \"/bin/x\", \"flags\": [], \"host\": \"::1\","
        "\"port\": 1, \"model_path\": \"m\", \"engine_version\": \"v\"}";

static const char large_body[] =
        "{\"pool_id\": \"p1\", \"replica_id\": \"r.7\", \"binary_path\": \"/bin/\\u00e9 x\","
        "\"flags\": [\"\", \"$HOME\", \"a\\n\\\"b\", \"\\u0001\"], \"host\": \"127.0.0.1\","
        "\"port\": 65535, \"model_path\": \"/m/\\ud83d\\ude00.gguf\", \"engine\": \"vllm\","
        "\"engine_version\": \"v\", \"engine_digest\": \"d\", \"engine_catalog_id\": \"c\","
        "\"model_id\": \"i\", \"device_mask\": \"0,1\","
        "\"env\": {\"A\": \"b=c\\n\", \"B\": \"\"}, \"credentials\": {\"a b\": \"/etc/x=y\"},"
        "\"slots_total\": 4, \"vram_bytes\": 0, \"ram_bytes\": 9223372036854775807,"
        "\"health\": {\"path\": \"/h\", \"interval_ms\": 1, \"timeout_ms\": 2, \"failures\": 3},"
        "\"stop_grace_ms\": 0, \"resources\": {\"memory_max\": 5, \"memory_high\": 6,"
        "\"cpu_weight\": 7, \"tasks_max\": 8, \"io_weight\": 9},"
        "\"sandbox\": {\"a\": [1.50, null, \"b/c\"]}, \"policy\": {\"b\": {}}}";

/* A pool with that spec (NULL: none) in that state, everything else as it was made. */
static Pool *pool_of(const char *body, PoolState pool_state)
{
    Error error = {0};
    Pool *pool = NULL;

    assert_int_equal(pool_new("p1", &pool), 0);
    if (body && prepared_engine_parse(body, strlen(body), "p1", &pool->spec, NULL, &error) != 0)
        fail_msg("%s", error.text);
    pool->state = pool_state;
    pool->generation = body ? 1 : 0;
    return pool;
}

/* One in which everything that is kept is set. */
static Pool *full_pool(void)
{
    Pool *pool = pool_of(large_body, POOL_STOPPING);

    pool->generation = INT64_MAX;
    pool->started = (Instant){.real = 1700000000123456, .mono = 42};
    pool->was_ready = true;
    pool->stop_reason = STOP_UNHEALTHY;
    (void)snprintf(pool->last_error, sizeof(pool->last_error), "it \"broke\"\n\xc3\xa9");
    pool->last_error_class = FAILURE_HEALTH_CHECK;
    pool->last_heartbeat_real = 1700000000123000;
    pool->crash_count = 3;
    (void)snprintf(pool->unit.invocation_id, sizeof(pool->unit.invocation_id),
                   "0123456789abcdef0123456789abcdef");
    pool->unit.main_pid = 4711;
    return pool;
}

static char *text_of(const Pool *pool)
{
    char *text = NULL;
    size_t length;

    assert_int_equal(json_text(json_state_file(pool), true, &text, &length), 0);
    return text;
}

static Pool *parse(const char *text)
{
    Error error = {0};
    Pool *pool = NULL;

    if (state_file_parse(text, strlen(text), "p1", &pool, &error) != 0)
        fail_msg("%s\n%s", error.text, text);
    return pool;
}

static void assert_same(const Pool *a, const Pool *b)
{
    assert_string_equal(a->id, b->id);
    assert_int_equal(a->state, b->state);
    assert_true(engine_spec_equal(a->spec, b->spec));
    assert_int_equal(a->generation, b->generation);
    assert_int_equal(a->stop_reason, b->stop_reason);
    assert_int_equal(a->started.real, b->started.real);
    assert_int_equal(a->started.mono, b->started.mono);
    assert_int_equal(a->was_ready, b->was_ready);
    assert_string_equal(a->last_error, b->last_error);
    assert_int_equal(a->last_error_class, b->last_error_class);
    assert_int_equal(a->last_heartbeat_real, b->last_heartbeat_real);
    assert_int_equal(a->crash_count, b->crash_count);
    assert_string_equal(a->unit.invocation_id, b->unit.invocation_id);
    assert_int_equal(a->unit.main_pid, b->unit.main_pid);
}

/* Takes the pool. What was written is read back as the same pool, and written again as the same
 * text. */
static void assert_round_trip(Pool *pool)
{
    _cleanup_free_ char *text = text_of(pool), *again = NULL;
    _cleanup_(pool_freep) Pool *copy = parse(text);

    again = text_of(copy);
    assert_string_equal(text, again);
    assert_same(pool, copy);
    pool_free(pool);
}

static void test_round_trip(void **state)
{
    assert_round_trip(full_pool());
    assert_round_trip(pool_of(NULL, POOL_OFF));
    assert_round_trip(pool_of(NULL, POOL_EXTERNAL));
    for (int s = 0; s < POOL_STATE_MAX; s++) {
        assert_round_trip(pool_of(small_body, (PoolState)s));
        assert_round_trip(pool_of(large_body, (PoolState)s));
    }
    for (int reason = STOP_NONE; reason <= STOP_UNHEALTHY; reason++) {
        Pool *pool = pool_of(small_body, POOL_STOPPING);

        pool->stop_reason = (StopReason)reason;
        assert_round_trip(pool);
    }
    for (int class = FAILURE_NONE; class < FAILURE_MAX; class ++) {
        Pool *pool = pool_of(small_body, POOL_FAILED);

        pool->last_error_class = (FailureClass) class;
        assert_round_trip(pool);
    }
}

static void test_longest_error(void **state)
{
    Pool *pool = pool_of(small_body, POOL_FAILED);

    memset(pool->last_error, 'x', PM_ERROR_TEXT_MAX);
    assert_round_trip(pool);
}

static void test_shape(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_of(small_body, POOL_READY);
    _cleanup_free_ char *text = text_of(pool);

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
    _cleanup_(pool_freep) Pool *full = full_pool(), *small = pool_of(small_body, POOL_READY);
    _cleanup_free_ char *full_text = text_of(full), *small_text = text_of(small);
    _cleanup_(pool_freep) Pool *known = parse(full_text), *unknown = parse(small_text);

    assert_int_equal(known->unit.fields, UNIT_FIELD_INVOCATION_ID | UNIT_FIELD_MAIN_PID);
    assert_int_equal(unknown->unit.fields, 0);
}

/* A file that was cut at any byte is refused; only the line end may be missing. */
static void test_truncated(void **state)
{
    _cleanup_(pool_freep) Pool *pool = full_pool();
    _cleanup_free_ char *text = text_of(pool);
    size_t length = strlen(text);

    for (size_t n = 0; n <= length; n++) {
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
    _cleanup_free_ char *text = text_of(pool);
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i++) {
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
        {"state", "\"dancing\"", "state",
         "must be a name that this version knows, got \"dancing\""},
        {"state", "\"READY\"", "state", "must be a name that this version knows"},
        {"state", "\"\"", "state", "must be a name that this version knows"},
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

    parsed = parse(text);
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
            cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_longest_error),
            cmocka_unit_test(test_shape),         cmocka_unit_test(test_observation),
            cmocka_unit_test(test_truncated),     cmocka_unit_test(test_damaged),
            cmocka_unit_test(test_refused),       cmocka_unit_test(test_unknown_members),
            cmocka_unit_test(test_not_an_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
