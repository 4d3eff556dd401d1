/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"
#include "bodies.h"
#include "support.h"
#include "json/prepared_engine.h"

/* What outputs point to before the call. */
static EngineSpec untouched_spec;
static char *untouched_warnings[1];

/* Parses and asserts that the body is refused so, and that nothing is handed out. Frees `body`. */
static void assert_refused(char *body, PmErrorCode code, const char *field, const char *part)
{
    EngineSpec *spec = &untouched_spec;
    char **warnings = untouched_warnings;
    Error error = {0};
    int r;

    r = prepared_engine_parse(body, strlen(body), "p1", &spec, &warnings, &error);
    if (r != -EINVAL)
        fail_msg("taken: %s", body);
    assert_error(body, &error, code, field, part);
    assert_ptr_equal(spec, &untouched_spec);
    assert_ptr_equal(warnings, untouched_warnings);
    assert_int_equal(prepared_engine_parse(body, strlen(body), "p1", &spec, NULL, NULL), -EINVAL);
    free(body);
}

/* The body as a whole. */
static const struct {
    const char *body;
    PmErrorCode code;
    const char *field, *part;
} whole[] = {
        {"", PM_ERROR_INVALID_JSON, "", "got the end of the text"},
        {"[]", PM_ERROR_BAD_REQUEST, "",
         "must be an object with the member \"prepared\", got an array"},
        {"\"x\"", PM_ERROR_BAD_REQUEST, "", "got \"x\""},
        {"null", PM_ERROR_BAD_REQUEST, "", "got null"},
        {"7", PM_ERROR_BAD_REQUEST, "", "got 7"},
        {"{}", PM_ERROR_INVALID_FIELD, "pool_id", "pool_id: is required"},
        {"{\"prepared\": []}", PM_ERROR_INVALID_FIELD, "prepared",
         "must be an object, got an array"},
        {"{\"prepared\": null}", PM_ERROR_INVALID_FIELD, "prepared", "must be an object, got null"},
        {"{\"prepared\": \"x\"}", PM_ERROR_INVALID_FIELD, "prepared",
         "must be an object, got \"x\""},
        {"{\"prepared\": {}}", PM_ERROR_INVALID_FIELD, "pool_id", "is required"},
        {"{\"prepared\": {\"port\": 1, \"port\": 2}}", PM_ERROR_INVALID_JSON, "port",
         "the key is there twice"},
        {"{\"prepared\": {\"port\": 99999999999999999999}}", PM_ERROR_INVALID_JSON, "port",
         "out of range"},
        {"{\"prepared\": {\"flags\": [\"a\", \"\\u0000\"]}}", PM_ERROR_INVALID_JSON, "flags[1]",
         "\\u0000 is not allowed"},
        {"{\"env\": {\"A\": \"\\ud800\"}}", PM_ERROR_INVALID_JSON, "env.A", "surrogate"},
        {"{\"prepared\": {\"port\": 8080,}}", PM_ERROR_INVALID_JSON, "prepared", "expected a key"},
        {"{\"prepared\": {}} x", PM_ERROR_INVALID_JSON, "", "expected the end of the text"},
};

static void test_whole(void **state)
{
    for (size_t i = 0; i < ELEMENTSOF(whole); i++)
        assert_refused(strdup(whole[i].body), whole[i].code, whole[i].field, whole[i].part);
}

/* One member of a good body, replaced, added, or left out where the value is NULL. */
static const struct {
    const char *name, *value, *field, *part;
} members[] = {
        {"pool_id", NULL, "pool_id", "pool_id: is required"},
        {"pool_id", "null", "pool_id", "is required, got null"},
        {"pool_id", "\"p2\"", "pool_id", "must equal the pool of the request, \"p1\", got \"p2\""},
        {"pool_id", "\"P1\"", "pool_id", "must equal the pool of the request"},
        {"pool_id", "\"\"", "pool_id", "must be 1 to 64 of"},
        {"pool_id", "\"../p1\"", "pool_id", "must be 1 to 64 of"},
        {"pool_id", "1", "pool_id", "must be a string, got 1"},
        {"replica_id", "\"r 0\"", "replica_id", "must be 1 to 64 of"},
        {"replica_id", "\"-r\"", "replica_id", "start with a letter or digit, got \"-r\""},
        {"replica_id", "0", "replica_id", "must be a string, got 0"},
        {"binary_path", NULL, "binary_path", "is required"},
        {"binary_path", "\"llama-server\"", "binary_path", "must be an absolute path"},
        {"binary_path", "\"/opt/../bin/sh\"", "binary_path", "without \"..\""},
        {"binary_path", "\"/bin/a\\nb\"", "binary_path", "control characters"},
        {"binary_path", "\"\"", "binary_path", "must be an absolute path"},
        {"binary_path", "[\"/bin/sh\"]", "binary_path", "must be a string, got an array"},
        {"flags", NULL, "flags", "is required"},
        {"flags", "null", "flags", "is required, got null"},
        {"flags", "\"--port 8080\"", "flags", "must be an array of strings, got \"--port 8080\""},
        {"flags", "{}", "flags", "must be an array of strings, got an object"},
        {"flags", "[\"a\", \"b\", \"c\", 8080]", "flags[3]", "must be a string, got 8080"},
        {"flags", "[null]", "flags[0]", "must be a string, got null"},
        {"flags", "[[\"a\"]]", "flags[0]", "must be a string, got an array"},
        {"host", NULL, "host", "is required"},
        {"host", "\"\"", "host", "must be a host name or an IP address"},
        {"host", "\"127.0.0.1:8080\"", "host", "without brackets and port"},
        {"host", "\"[::1]\"", "host", "without brackets and port"},
        {"host", "\"a b\"", "host", "must be a host name"},
        {"host", "\"http://x\"", "host", "must be a host name"},
        {"host", "\"999.1.1.1\"", "host", "must be a host name or an IP address"},
        {"host", "\"fe80::1%eth0\"", "host", "must be a host name"},
        {"host", "true", "host", "must be a string, got true"},
        {"port", NULL, "port", "is required"},
        {"port", "null", "port", "is required, got null"},
        {"port", "\"eighty\"", "port", "port: must be an integer from 1 to 65535, got \"eighty\""},
        {"port", "\"8080\"", "port", "must be an integer from 1 to 65535, got \"8080\""},
        {"port", "0", "port", "got 0"},
        {"port", "-1", "port", "got -1"},
        {"port", "65536", "port", "got 65536"},
        {"port", "4294975376", "port", "got 4294975376"},
        {"port", "18446744073709551615", "port", "got 18446744073709551615"},
        {"port", "8080.0", "port", "got 8080.0"},
        {"port", "1e3", "port", "got 1e3"},
        {"port", "true", "port", "got true"},
        {"port", "[8080]", "port", "got an array"},
        {"model_path", NULL, "model_path", "is required"},
        {"model_path", "\"\"", "model_path", "must not be empty"},
        {"model_path", "\"/models/../etc/shadow\"", "model_path", "without \"..\""},
        {"model_path", "\"a\\tb\"", "model_path", "must not have control characters"},
        {"model_path", "{\"path\": \"/m\"}", "model_path", "must be a string, got an object"},
        {"engine_version", NULL, "engine_version", "is required"},
        {"engine_version", "\"\"", "engine_version", "must not be empty"},
        {"engine_version", "\"v1\\u001b[31m\"", "engine_version",
         "must not have control characters, got \"v1\\u001b[31m\""},
        {"engine_version", "\"v\\u0085\"", "engine_version", "control characters"},
        {"engine_version", "2", "engine_version", "must be a string, got 2"},
        {"engine", "\"\"", "engine", "must not be empty"},
        {"engine", "\"a\\u007f\"", "engine", "control characters, got \"a\\u007f\""},
        {"engine_digest", "1", "engine_digest", "must be a string"},
        {"engine_catalog_id", "false", "engine_catalog_id", "must be a string, got false"},
        {"model_id", "[]", "model_id", "must be a string, got an array"},
        {"device_mask", "0", "device_mask", "must be a string, got 0"},
        {"device_mask", "\"\"", "device_mask", "must not be empty"},
        {"device_mask", "[\"GPU0\"]", "device_mask", "must be a string, got an array"},
        {"env", "[]", "env", "must be an object of strings, got an array"},
        {"env", "{\"A\": 1}", "env.A", "must be a string, got 1"},
        {"env", "{\"PATH\": null}", "env.PATH", "must be a string, got null"},
        {"env", "{\"A-B\": \"1\"}", "env.A-B", "the name must be a name of A-Z a-z 0-9 _"},
        {"env", "{\"1A\": \"1\"}", "env.1A", "does not start with a digit"},
        {"env", "{\"\": \"1\"}", "env.", "the name must be"},
        {"env", "{\"A=B\": \"1\"}", "env.A=B", "the name must be"},
        {"env", "{\"A\\nB\": \"1\"}", "env.A?B", "the name must be"},
        {"credentials", "\"x\"", "credentials", "must be an object of strings"},
        {"credentials", "{\"token\": \"token\"}", "credentials.token", "must be an absolute path"},
        {"credentials", "{\"a/b\": \"/etc/x\"}", "credentials.a/b", "without / : ="},
        {"credentials", "{\"a:b\": \"/etc/x\"}", "credentials.a:b", "without / : ="},
        {"credentials", "{\"a=b\": \"/etc/x\"}", "credentials.a=b", "without / : ="},
        {"credentials", "{\"..\": \"/etc/x\"}", "credentials...", "must be a name of 1 to 255"},
        {"credentials", "{\"\": \"/etc/x\"}", "credentials.", "must be a name of 1 to 255"},
        {"slots_total", "0", "slots_total", "must be an integer of at least 1, got 0"},
        {"slots_total", "\"4\"", "slots_total", "got \"4\""},
        {"slots_total", "9223372036854775808", "slots_total", "got 9223372036854775808"},
        {"vram_bytes", "-1", "vram_bytes", "must be an integer of at least 0, got -1"},
        {"ram_bytes", "1.5", "ram_bytes", "must be an integer of at least 0, got 1.5"},
        {"health", "\"/health\"", "health", "must be an object, got \"/health\""},
        {"health", "{\"path\": \"health\"}", "health.path", "must start with /"},
        {"health", "{\"path\": \"/a b\"}", "health.path", "no spaces"},
        {"health", "{\"path\": \"/\\u00e9\"}", "health.path", "printable ASCII"},
        {"health", "{\"interval_ms\": 0}", "health.interval_ms",
         "must be an integer from 1 to 3600000, got 0"},
        {"health", "{\"interval_ms\": 3600001}", "health.interval_ms", "got 3600001"},
        {"health", "{\"timeout_ms\": 86400001}", "health.timeout_ms", "from 1 to 86400000"},
        {"health", "{\"timeout_ms\": \"2m\"}", "health.timeout_ms", "got \"2m\""},
        {"health", "{\"failures\": 1001}", "health.failures", "from 1 to 1000"},
        {"stop_grace_ms", "3600001", "stop_grace_ms", "from 0 to 3600000"},
        {"stop_grace_ms", "-1", "stop_grace_ms", "got -1"},
        {"resources", "[]", "resources", "must be an object, got an array"},
        {"resources", "{\"memory_max\": 0}", "resources.memory_max", "of at least 1, got 0"},
        {"resources", "{\"memory_high\": \"8G\"}", "resources.memory_high", "got \"8G\""},
        {"resources", "{\"cpu_weight\": 10001}", "resources.cpu_weight", "from 1 to 10000"},
        {"resources", "{\"io_weight\": 0}", "resources.io_weight", "from 1 to 10000"},
        {"resources", "{\"tasks_max\": 0}", "resources.tasks_max", "of at least 1"},
        {"sandbox", "true", "sandbox", "must be an object, got true"},
        {"policy", "\"strict\"", "policy", "must be an object, got \"strict\""},
        {"policy", "{\"restart\": \"always\"}", "policy.restart",
         "must be one of on-failure, no, got \"always\""},
        {"policy", "{\"restart\": false}", "policy.restart", "must be a string, got false"},
};

static void test_members(void **state)
{
    assert_true(ELEMENTSOF(members) + ELEMENTSOF(whole) >= 60);
    for (size_t i = 0; i < ELEMENTSOF(members); i++)
        assert_refused(body_with(members[i].name, members[i].value), PM_ERROR_INVALID_FIELD,
                       members[i].field, members[i].part);
}

/* `before`, `count` times `unit`, `after`; numbered: each unit is a member of its own name. */
static char *repeated(const char *before, size_t count, bool numbered, const char *unit,
                      const char *after)
{
    char *text = NULL;
    Text t = {0};

    text_append(&t, before);
    for (size_t i = 0; i < count; i++) {
        text_append(&t, i > 0 && numbered ? ", " : "");
        if (numbered)
            text_printf(&t, "\"K%zu\": ", i);
        text_append(&t, unit);
    }
    text_append(&t, after);
    assert_int_equal(text_take(&t, &text), 0);
    return text;
}

static void assert_size_refused(const char *name, char *value, const char *field, const char *part)
{
    assert_refused(body_with(name, value), PM_ERROR_INVALID_FIELD, field, part);
    free(value);
}

static void test_too_large(void **state)
{
    assert_size_refused("flags", repeated("[\"a\"", PM_FLAGS_MAX, false, ",\"a\"", "]"), "flags",
                        "must have at most 1024 items, got 1025");
    assert_size_refused("flags", repeated("[\"", PM_FLAG_MAX + 1, false, "a", "\"]"), "flags[0]",
                        "must be at most 65536 bytes long, got 65537");
    assert_size_refused("env", repeated("{", PM_ENV_MAX + 1, true, "\"v\"", "}"), "env",
                        "must have at most 256 members, got 257");
    assert_size_refused("env", repeated("{\"A\": \"", PM_FLAG_MAX + 1, false, "v", "\"}"), "env.A",
                        "must be at most 65536 bytes long");
    assert_size_refused("credentials",
                        repeated("{", PM_CREDENTIALS_MAX + 1, true, "\"/etc/x\"", "}"),
                        "credentials", "must have at most 64 members, got 65");
    assert_size_refused("credentials", repeated("{\"", 256, false, "c", "\": \"/etc/x\"}"),
                        "credentials."
                        "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
                        "cccccccccc",
                        "must be a name of 1 to 255");
    assert_size_refused("pool_id", repeated("\"", 65, false, "p", "\""), "pool_id",
                        "must be 1 to 64 of");
    assert_size_refused("binary_path", repeated("\"/", 4095, false, "b", "\""), "binary_path",
                        "shorter than 4096 bytes");
    assert_size_refused("model_path", repeated("\"", PM_STRING_MAX + 1, false, "m", "\""),
                        "model_path", "must be at most 4096 bytes long, got 4097");
    assert_size_refused("host", repeated("\"", 254, false, "h", "\""), "host",
                        "at most 253 characters");
    assert_size_refused("device_mask", repeated("\"", 1025, false, "0", "\""), "device_mask",
                        "must be at most 1024 bytes long, got 1025");
    assert_size_refused("health", repeated("{\"path\": \"/", 1024, false, "h", "\"}"),
                        "health.path", "must be at most 1024 bytes long, got 1025");
}

static void test_environment_against_mask(void **state)
{
    assert_refused(body_and("\"device_mask\": \"0\", \"env\": {\"CUDA_VISIBLE_DEVICES\": \"0\"}"),
                   PM_ERROR_INVALID_FIELD, "env.CUDA_VISIBLE_DEVICES",
                   "must not be set together with device_mask, use device_mask only");
}

/* What is taken must be readable from the state file, which has other things beside it. */
static void test_too_large_for_state_file(void **state)
{
    char *flags = NULL;
    Text t = {0};

    for (int i = 0; i < 14; i++)
        text_printf(&t, "%s\"%0*d\"", i > 0 ? ", " : "[", PM_FLAG_MAX, 0);
    text_append(&t, "]");
    assert_int_equal(text_take(&t, &flags), 0);
    assert_refused(body_with("flags", flags), PM_ERROR_BODY_TOO_LARGE, "", "bytes written out");
    free(flags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_whole),
            cmocka_unit_test(test_members),
            cmocka_unit_test(test_too_large),
            cmocka_unit_test(test_environment_against_mask),
            cmocka_unit_test(test_too_large_for_state_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
