/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support.h"
#include "json/build.h"
#include "json/encode.h"
#include "json/reader.h"
#include "json/status_text.h"
#include "json/write.h"

/* The text in one line; takes the reference. */
static char *line(json_object *object)
{
    size_t length = 0;
    char *text = NULL;

    assert_int_equal(json_text(object, false, &text, &length), 0);
    assert_int_equal(strlen(text), length);
    assert_int_equal(text[length - 1], '\n');
    text[length - 1] = '\0';
    return text;
}

static void assert_line(json_object *object, const char *expected)
{
    _cleanup_free_ char *text = line(object);

    assert_string_equal(text, expected);
}

/* A pool that runs generation 7 with the least that a spec has. */
static Pool *running_pool(void)
{
    Pool *pool = NULL;

    assert_int_equal(pool_new("p1", &pool), 0);
    assert_int_equal(engine_spec_new(&pool->spec), 0);
    pool->spec->pool_id = strdup("p1");
    pool->spec->replica_id = strdup("r0");
    pool->spec->binary_path = strdup("/usr/bin/llama-server");
    assert_int_equal(strv_extend(&pool->spec->flags, "--model"), 0);
    assert_int_equal(strv_extend(&pool->spec->flags, "/models/m \"1\".gguf"), 0);
    pool->spec->host = strdup("127.0.0.1");
    pool->spec->port = 8080;
    pool->spec->model_path = strdup("/models/m \"1\".gguf");
    pool->spec->engine = strdup("llamacpp");
    pool->spec->engine_version = strdup("b1234");
    pool->state = POOL_READY;
    pool->generation = 7;
    pool->unit.main_pid = 4711;
    return pool;
}

/* B-PRELOAD-040, B-PRELOAD-041, B-PRELOAD-042, B-PRELOAD-043; slots that are not known stay unset.
 */
static void test_handoff(void **state)
{
    _cleanup_(pool_freep) Pool *pool = running_pool();

    assert_line(json_handoff(pool),
                "{\"engine\":\"llamacpp\",\"engine_version\":\"b1234\","
                "\"provisioning_mode\":\"managed\",\"url\":\"http://127.0.0.1:8080\","
                "\"pool_id\":\"p1\",\"replica_id\":\"r0\","
                "\"model\":{\"path\":\"/models/m \\\"1\\\".gguf\"},"
                "\"flags\":[\"--model\",\"/models/m \\\"1\\\".gguf\"],"
                "\"device_mask\":null,\"slots_total\":null,\"slots_free\":null,"
                "\"pid\":4711,\"generation\":7}");
}

static void test_handoff_with_everything(void **state)
{
    _cleanup_(pool_freep) Pool *pool = running_pool();

    free(pool->spec->host);
    pool->spec->host = strdup("::1");
    pool->spec->flags = strv_free(pool->spec->flags);
    pool->spec->model_id = strdup("m-1");
    pool->spec->device_mask = strdup("GPU0");
    pool->spec->slots_total = 4;
    pool_meta_from_spec(pool, pool->spec);
    assert_line(json_handoff(pool),
                "{\"engine\":\"llamacpp\",\"engine_version\":\"b1234\","
                "\"provisioning_mode\":\"managed\",\"url\":\"http://[::1]:8080\","
                "\"pool_id\":\"p1\",\"replica_id\":\"r0\","
                "\"model\":{\"path\":\"/models/m \\\"1\\\".gguf\",\"id\":\"m-1\"},\"flags\":[],"
                "\"device_mask\":\"GPU0\",\"slots_total\":4,\"slots_free\":4,"
                "\"pid\":4711,\"generation\":7}");
}

/* B-PRELOAD-044: for people to read. */
static void test_pretty(void **state)
{
    _cleanup_(pool_freep) Pool *pool = running_pool();
    char *text = NULL;
    size_t length;

    assert_int_equal(json_text(json_handoff(pool), true, &text, &length), 0);
    assert_true(startswith(text, "{\n  \"engine\": \"llamacpp\",\n  \"engine_version\": "));
    assert_contains(text, "\n  \"model\": {\n    \"path\": \"/models/");
    assert_contains(text, "\n  \"flags\": [\n    \"--model\",\n");
    assert_string_equal(text + length - 2, "}\n");
    free(text);
}

/* B-API-011 */
static void test_preload_answer(void **state)
{
    _cleanup_(pool_freep) Pool *pool = running_pool();
    char first[] = "one", second[] = "two";
    char *warnings[] = {first, second, NULL};

    assert_line(json_preload_answer(pool, "/run/pool-managerd/engines/p1-r0.json", warnings),
                "{\"pool_id\":\"p1\",\"pid\":4711,"
                "\"handoff_path\":\"/run/pool-managerd/engines/p1-r0.json\",\"generation\":7,"
                "\"unit\":\"pool@p1:r0:g7.service\",\"warnings\":[\"one\",\"two\"]}");
    pool->unit.main_pid = 0;
    assert_line(json_preload_answer(pool, NULL, NULL),
                "{\"pool_id\":\"p1\",\"pid\":null,\"handoff_path\":null,\"generation\":7,"
                "\"unit\":\"pool@p1:r0:g7.service\",\"warnings\":[]}");
}

static void test_stop_answer(void **state)
{
    _cleanup_(pool_freep) Pool *pool = running_pool();
    const OperationResult result = {.force_stopped = true, .duration_usec = 1234567};
    char warning[] = "one";
    char *warnings[] = {warning, NULL};

    assert_line(json_stop_answer(pool, &result, warnings),
                "{\"pool_id\":\"p1\",\"force_stopped\":true,\"duration_ms\":1234,"
                "\"warnings\":[\"one\"]}");
}

static void test_drain_answer(void **state)
{
    _cleanup_(pool_freep) Pool *pool = running_pool();
    const OperationResult well = {.duration_usec = 999},
                          badly = {.force_stopped = true, .duration_usec = 30001999, .leases = 3};

    assert_line(json_drain_answer(pool, &well, NULL),
                "{\"pool_id\":\"p1\",\"force_stopped\":false,\"duration_ms\":0,"
                "\"final_lease_count\":0,\"warnings\":[]}");
    assert_line(json_drain_answer(pool, &badly, NULL),
                "{\"pool_id\":\"p1\",\"force_stopped\":true,\"duration_ms\":30001,"
                "\"final_lease_count\":3,\"warnings\":[]}");
}

static void test_reload_answer(void **state)
{
    _cleanup_(pool_freep) Pool *pool = running_pool();
    OperationResult result = {.duration_usec = 2000999};
    char warning[] = "one";
    char *warnings[] = {warning, NULL};

    pool_meta_from_spec(pool, pool->spec);
    assert_line(json_reload_answer(pool, &result, warnings),
                "{\"pool_id\":\"p1\",\"success\":true,\"rolled_back\":false,"
                "\"new_engine_version\":\"b1234\",\"duration_ms\":2000,\"warnings\":[\"one\"]}");
    result.rolled_back = true;
    error_set(&result.error, PM_ERROR_RELOAD_FAILED, "prepared.port", "reload failed: \"x\"");
    assert_line(json_reload_answer(pool, &result, NULL),
                "{\"pool_id\":\"p1\",\"success\":false,\"rolled_back\":true,"
                "\"new_engine_version\":null,\"duration_ms\":2000,"
                "\"error\":\"reload failed: \\\"x\\\"\",\"code\":\"RELOAD_FAILED\","
                "\"retriable\":true,\"field\":\"prepared.port\",\"warnings\":[]}");
}

static void test_error(void **state)
{
    Error error = {0};

    error_set(&error, PM_ERROR_INVALID_FIELD, "port", "port: must be \"x\"\n");
    assert_line(json_error(&error, "p1"),
                "{\"error\":\"port: must be \\\"x\\\"\\n\",\"code\":\"INVALID_FIELD\","
                "\"retriable\":false,\"field\":\"port\",\"pool_id\":\"p1\"}");
    error_set(&error, PM_ERROR_BUSY, NULL, "busy");
    assert_line(json_error(&error, NULL),
                "{\"error\":\"busy\",\"code\":\"OPERATION_IN_PROGRESS\",\"retriable\":true}");
}

/* Whatever stands in a text that came from elsewhere, what we write is JSON. */
static void test_bytes_that_are_no_text(void **state)
{
    Error error = {.code = PM_ERROR_INTERNAL, .text = "caf\xe9 \xc3\xa9 \xe2\x82"};

    assert_line(json_error(&error, NULL),
                "{\"error\":\"caf? \xc3\xa9 \",\"code\":\"INTERNAL\",\"retriable\":true}");
}

/* Every field of the contract's status, in its order. */
static const char *const status_names[] = {
        "pool_id",
        "replica_id",
        "state",
        "live",
        "ready",
        "draining",
        "active_leases",
        "slots_total",
        "slots_free",
        "engine",
        "engine_version",
        "engine_digest",
        "engine_catalog_id",
        "version",
        "model_id",
        "model_path",
        "device_mask",
        "url",
        "generation",
        "unit",
        "invocation_id",
        "pid",
        "uptime_ms",
        "last_error",
        "last_error_class",
        "last_heartbeat_ms",
        "restart_count",
        "crash_count",
        "backoff_ms",
        "next_restart_at_ms",
        "circuit_state",
        "circuit_opens_until_ms",
        "perf_hints",
        "managed",
        "load",
        "sandbox_relaxed",
};

static void assert_status_names(json_object *status)
{
    struct json_object_iter member;
    size_t n = 0;

    json_object_object_foreachC(status, member)
    {
        assert_true(n < ELEMENTSOF(status_names));
        assert_string_equal(member.key, status_names[n]);
        n++;
    }
    assert_int_equal(n, ELEMENTSOF(status_names));
}

/* B-API-023; unset is null, never left out. */
static void test_status(void **state)
{
    _cleanup_(pool_freep) Pool *running = running_pool(), *empty = NULL;
    _cleanup_json_ json_object *status = NULL, *nothing = NULL;
    json_object *value = NULL;
    PoolStatus values;

    pool_status(running, (Instant){0}, &values);
    status = json_status(&values);
    assert_status_names(status);
    assert_true(json_object_object_get_ex(status, "state", &value));
    assert_string_equal(json_object_get_string(value), "ready");
    assert_true(json_object_object_get_ex(status, "generation", &value));
    assert_int_equal(json_object_get_int64(value), 7);
    assert_true(json_object_object_get_ex(status, "managed", &value));
    assert_int_equal(json_object_get_type(value), json_type_boolean);

    assert_int_equal(pool_new("p2", &empty), 0);
    pool_status(empty, (Instant){0}, &values);
    nothing = json_status(&values);
    assert_status_names(nothing);
    assert_true(json_object_object_get_ex(nothing, "engine_version", &value));
    assert_null(value);
    assert_true(json_object_object_get_ex(nothing, "slots_total", &value));
    assert_null(value);
}

/* Objects of a status are embedded, not quoted. */
static void test_status_object(void **state)
{
    _cleanup_(pool_freep) Pool *pool = running_pool();
    _cleanup_json_ json_object *status = NULL;
    json_object *load = NULL, *phase = NULL;
    PoolStatus values;

    pool->state = POOL_WARMING;
    pool_status(pool, (Instant){0}, &values);
    status = json_status(&values);
    assert_true(json_object_object_get_ex(status, "load", &load));
    assert_int_equal(json_object_get_type(load), json_type_object);
    assert_true(json_object_object_get_ex(load, "phase", &phase));
    assert_string_equal(json_object_get_string(phase), "warming");
}

/* What is written without an object is what the object would be. */
static void test_status_text(void **state)
{
    static const char *const strings[] = {
            "",
            "plain",
            "\"quoted\\\" / \x7f",
            "\b\f\n\r\t\x01\x1f",
            "\xc3\xa9\xe2\x82\xac",
            "broken \xc3 \"\xff\n",
            "\xff",
    };
    _cleanup_(pool_freep) Pool *pool = running_pool();
    PoolStatus values;

    for (size_t i = 0; i < ELEMENTSOF(strings); i++) {
        _cleanup_free_ char *expected = NULL, *text = NULL;
        Text t = {.data = NULL};

        error_text_set(&pool->last_error, "%s", strings[i]);
        pool->state = i % 2 == 0 ? POOL_WARMING : POOL_READY;
        pool->crash_count = i == 0 ? UINT64_MAX - 1 : i;
        pool_status(pool, (Instant){0}, &values);
        expected = line(json_status(&values));
        json_write_status(&t, &values);
        assert_int_equal(text_take(&t, &text), 0);
        assert_string_equal(text, expected);
    }
}

/* `n` bytes, as json-c writes them and as we do. */
static void assert_written(const char *bytes, size_t n)
{
    _cleanup_json_ json_object *string = json_object_new_string_len(bytes, (int)n);
    Text t = {.data = NULL};

    json_write_string(&t, bytes, n);
    assert_string_equal(t.data,
                        json_object_to_json_string_ext(
                                string, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    text_done(&t);
}

/* Each byte in each place of strings around the length of a word: many are looked at together. */
static void test_strings(void **state)
{
    for (size_t n = 0; n <= 17; n++)
        for (size_t place = 0; place < n; place++)
            for (int byte = 0; byte < 256; byte++) {
                char *bytes = copy_exactly("ABCDEFGHIJKLMNOPQ", n);

                bytes[place] = (char)byte;
                assert_written(bytes, n);
                free(bytes);
            }
}

/* What is said to be plain is written whole, what is not leaves nothing behind. */
static void test_plain_strings(void **state)
{
    Text t = {.data = NULL};

    assert_true(json_write_plain(&t, "", 0));
    assert_true(json_write_plain(&t, " !#[]~\x7f/plain", 13));
    assert_string_equal(t.data, "\"\"\" !#[]~\x7f/plain\"");
    assert_false(json_write_plain(&t, "12345678\"", 9));
    assert_false(json_write_plain(&t, "1\\", 2));
    assert_false(json_write_plain(&t, "\x1f", 1));
    assert_false(json_write_plain(&t, "\xc3\xa9", 2));
    assert_int_equal(t.length, 17);
    text_done(&t);
}

static void test_health(void **state)
{
    _cleanup_(pool_freep) Pool *pool = running_pool();
    PoolStatus status;

    pool->meta.slots_total = 4;
    pool->last_heartbeat_real = 1700000000123000;
    pool->crash_count = 2;
    error_text_set(&pool->last_error, "it \"broke\"");
    pool_status(pool, (Instant){0}, &status);
    assert_line(json_health(&status),
                "{\"live\":false,\"ready\":true,\"draining\":false,"
                "\"last_error\":\"it \\\"broke\\\"\",\"metrics\":{\"active_leases\":0,"
                "\"slots_total\":4,\"slots_free\":4,\"restart_count\":0,\"crash_count\":2,"
                "\"uptime_ms\":null,\"backoff_ms\":null,\"circuit_state\":\"closed\","
                "\"last_heartbeat_ms\":1700000000123}}");
}

static void test_small_answers(void **state)
{
    char first[] = "one";
    char *warnings[] = {first, NULL};

    assert_line(json_lease_answer("7.1", 3, 7, warnings),
                "{\"lease_id\":\"7.1\",\"active_leases\":3,\"generation\":7,"
                "\"warnings\":[\"one\"]}");
    assert_line(json_lease_answer("7.1", 3, 7, NULL),
                "{\"lease_id\":\"7.1\",\"active_leases\":3,\"generation\":7,"
                "\"warnings\":[]}");
    assert_line(json_active_leases(0), "{\"active_leases\":0}");
    assert_line(json_heartbeat_answer("p1", 1700000000123),
                "{\"pool_id\":\"p1\",\"last_heartbeat_ms\":1700000000123}");
    assert_line(json_deregister_answer("p1", NULL),
                "{\"pool_id\":\"p1\",\"deregistered\":true,\"warnings\":[]}");
    assert_line(json_pool_id("p1"), "{\"pool_id\":\"p1\"}");
}

/* The result is embedded, and there only once it has ended. */
static void test_operation(void **state)
{
    OperationView view = {
            .id = 17,
            .kind = OPERATION_RESTART,
            .pool_id = "p1",
            .phase = "warming",
            .percent = 42,
            .started_ms = 1700000000123,
    };

    assert_line(json_operation(&view),
                "{\"id\":17,\"kind\":\"restart\",\"pool_id\":\"p1\",\"phase\":\"warming\","
                "\"percent\":42,\"started_ms\":1700000000123}");
    view.percent = SPEC_UNSET;
    view.phase = "failed";
    view.result = "{\"error\":\"x\"}\n";
    assert_line(json_operation(&view),
                "{\"id\":17,\"kind\":\"restart\",\"pool_id\":\"p1\",\"phase\":\"failed\","
                "\"percent\":null,\"started_ms\":1700000000123,\"result\":{\"error\":\"x\"}}");
}

static void test_text_of_nothing(void **state)
{
    char *text = NULL;
    size_t length = 0;

    assert_int_equal(json_text(NULL, true, &text, &length), -ENOMEM);
    assert_null(text);
}

/* As json-c writes it, byte for byte. */
static void test_written_as_by_json_c(void **state)
{
    static const char *const texts[] = {
            "{}",
            "[]",
            "null",
            "{\"a\":{},\"b\":[]}",
            "{\"d\":{\"e\":[{\"f\":1}]},\"c\":[1,-2,3.5,1e300,true,false,null,\"x\"]}",
            "{\"q\\\"k/\":\"\\b\\n\\r\\t\\f\\\\/\\u0001\\u001f\\u007f\u00e9\"}",
            "[[[[{\"deep\":[[0]]}]]],18446744073709551615,-9223372036854775808]",
    };

    for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
        _cleanup_json_ json_object *value = json_tokener_parse(texts[i]);

        /* Versions of json-c differ in how they indent what is empty. */
        for (int pretty = 0; pretty < (strstr(texts[i], "{}") || strstr(texts[i], "[]") ? 1 : 2);
             pretty++) {
            _cleanup_free_ char *text = NULL;
            size_t length = 0;

            assert_int_equal(json_write_text(value, pretty, &text, &length), 0);
            assert_int_equal(strlen(text), length);
            assert_string_equal(text, json_object_to_json_string_ext(
                                              value, pretty ? JSON_TEXT_PRETTY : JSON_TEXT_LINE));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_written_as_by_json_c),
            cmocka_unit_test(test_handoff),
            cmocka_unit_test(test_handoff_with_everything),
            cmocka_unit_test(test_pretty),
            cmocka_unit_test(test_preload_answer),
            cmocka_unit_test(test_stop_answer),
            cmocka_unit_test(test_drain_answer),
            cmocka_unit_test(test_reload_answer),
            cmocka_unit_test(test_error),
            cmocka_unit_test(test_bytes_that_are_no_text),
            cmocka_unit_test(test_status),
            cmocka_unit_test(test_status_object),
            cmocka_unit_test(test_status_text),
            cmocka_unit_test(test_strings),
            cmocka_unit_test(test_plain_strings),
            cmocka_unit_test(test_health),
            cmocka_unit_test(test_small_answers),
            cmocka_unit_test(test_operation),
            cmocka_unit_test(test_text_of_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
