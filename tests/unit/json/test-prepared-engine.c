/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"
#include "bodies.h"
#include "support.h"
#include "json/prepared_engine.h"

/* Parses a body that must be taken. Frees it. */
static EngineSpec *parse(char *body, char ***ret_warnings)
{
    EngineSpec *spec = NULL;
    Error error = {0};

    if (prepared_engine_parse(body, strlen(body), "p1", &spec, ret_warnings, &error) != 0)
        fail_msg("%s\n    %s", body, error.text);
    assert_int_equal(error.code, PM_ERROR_NONE);
    free(body);
    return spec;
}

static void assert_strings(char *const *strings, const char *joined)
{
    char *text = NULL;
    Text t = {0};

    for (char *const *s = strings; s && *s; s++)
        text_printf(&t, "%s|", *s);
    assert_int_equal(text_take(&t, &text), 0);
    assert_string_equal(text, joined);
    free(text);
}

static void assert_required(const EngineSpec *spec)
{
    assert_string_equal(spec->pool_id, "p1");
    assert_string_equal(spec->binary_path, "/usr/bin/llama-server");
    assert_strings(spec->flags, "--model|/models/m.gguf|");
    assert_string_equal(spec->host, "127.0.0.1");
    assert_int_equal(spec->port, 8080);
    assert_string_equal(spec->model_path, "/models/m.gguf");
    assert_string_equal(spec->engine_version, "b1234");
    assert_string_equal(spec->replica_id, "r0");
    assert_string_equal(spec->engine, "llamacpp");
}

static void assert_optional_unset(const EngineSpec *spec)
{
    const char *const strings[] = {spec->engine_digest, spec->engine_catalog_id,
                                   spec->model_id,      spec->device_mask,
                                   spec->health.path,   spec->sandbox.user};
    const uint64_t numbers[] = {
            spec->slots_total,          spec->vram_bytes,           spec->ram_bytes,
            spec->health.interval_ms,   spec->health.timeout_ms,    spec->health.failures,
            spec->stop_grace_ms,        spec->resources.memory_max, spec->resources.memory_high,
            spec->resources.cpu_weight, spec->resources.tasks_max,  spec->resources.io_weight};

    for (size_t i = 0; i < ELEMENTSOF(strings); i++)
        assert_null(strings[i]);
    for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
        assert_true(numbers[i] == SPEC_UNSET);
    for (size_t i = 0; i < sizeof(spec->policy.numbers); i++)
        assert_int_equal(((const unsigned char *)&spec->policy.numbers)[i], 0xff);
    assert_int_equal(spec->policy.restart, RESTART_UNSET);
    assert_null(spec->env);
    assert_null(spec->credentials);
}

/* B-API-010: a PreparedEngine, wrapped or bare, with the defaults of the contract. */
static void test_required_only(void **state)
{
    char *bodies[] = {body_bare(), body_with("port", "8080")};

    for (size_t i = 0; i < ELEMENTSOF(bodies); i++) {
        _cleanup_strv_free_ char **warnings = NULL;
        _cleanup_spec_ EngineSpec *spec = parse(bodies[i], &warnings);

        assert_required(spec);
        assert_optional_unset(spec);
        assert_null(warnings);
    }
}

/* Clients that write every optional member as null mean that it is not given. */
static void test_null_is_unset(void **state)
{
    _cleanup_spec_ EngineSpec *spec = parse(
            body_and("\"replica_id\": null, \"device_mask\": null, \"engine\": null,"
                     "\"engine_digest\": null, \"engine_catalog_id\": null, \"model_id\": null,"
                     "\"env\": null, \"credentials\": null, \"slots_total\": null,"
                     "\"vram_bytes\": null, \"ram_bytes\": null, \"health\": {\"path\": null,"
                     "\"interval_ms\": null}, \"stop_grace_ms\": null, \"resources\": null,"
                     "\"sandbox\": null, \"policy\": null"),
            NULL);

    assert_required(spec);
    assert_optional_unset(spec);
}

static void test_everything(void **state)
{
    _cleanup_strv_free_ char **warnings = NULL;
    _cleanup_spec_ EngineSpec *spec = parse(
            body_and(
                    "\"replica_id\": \"r1\", \"engine\": \"vllm\", \"engine_digest\": \"sha256:a\","
                    "\"engine_catalog_id\": \"c/1\", \"model_id\": \"m \\u00e9\","
                    "\"device_mask\": \"gpu0, GPU1 \","
                    "\"env\": {\"PATH\": \"/bin\", \"_x1\": \"\", \"NL\": \"a\\nb=c\"},"
                    "\"credentials\": {\"hf token\": \"/etc/hf=1\"}, \"slots_total\": 4,"
                    "\"vram_bytes\": 0, \"ram_bytes\": 9223372036854775807,"
                    "\"health\": {\"path\": \"/v1/health?x=1\", \"interval_ms\": 50,"
                    "\"timeout_ms\": 60000, \"failures\": 5}, \"stop_grace_ms\": 0,"
                    "\"resources\": {\"memory_max\": 8589934592, \"memory_high\": 1,"
                    "\"cpu_weight\": 100, \"tasks_max\": 64, \"io_weight\": 10000},"
                    "\"sandbox\": {\"private_devices\": true, \"protect_home\": \"tmpfs\"},"
                    "\"policy\": {\"restart\": \"no\", \"backoff_max_ms\": 1500}"),
            &warnings);

    assert_string_equal(spec->replica_id, "r1");
    assert_string_equal(spec->engine, "vllm");
    assert_string_equal(spec->engine_digest, "sha256:a");
    assert_string_equal(spec->engine_catalog_id, "c/1");
    assert_string_equal(spec->model_id, "m \xc3\xa9");
    assert_string_equal(spec->device_mask, "GPU0,GPU1");
    assert_strings(spec->env, "PATH=/bin|_x1=|NL=a\nb=c|");
    assert_strings(spec->credentials, "hf token=/etc/hf=1|");
    assert_int_equal(spec->slots_total, 4);
    assert_int_equal(spec->vram_bytes, 0);
    assert_true(spec->ram_bytes == INT64_MAX);
    assert_string_equal(spec->health.path, "/v1/health?x=1");
    assert_int_equal(spec->health.interval_ms, 50);
    assert_int_equal(spec->health.timeout_ms, 60000);
    assert_int_equal(spec->health.failures, 5);
    assert_int_equal(spec->stop_grace_ms, 0);
    assert_true(spec->resources.memory_max == 8589934592);
    assert_int_equal(spec->resources.memory_high, 1);
    assert_int_equal(spec->resources.cpu_weight, 100);
    assert_int_equal(spec->resources.tasks_max, 64);
    assert_int_equal(spec->resources.io_weight, 10000);
    assert_int_equal(spec->sandbox.pieces[SANDBOX_PRIVATE_DEVICES], FLAG_ON);
    assert_int_equal(spec->sandbox.pieces[SANDBOX_PRIVATE_TMP], FLAG_UNSET);
    assert_int_equal(spec->sandbox.protect_home, PROTECT_HOME_TMPFS);
    assert_int_equal(spec->policy.restart, RESTART_NO);
    assert_int_equal(spec->policy.numbers.backoff_max_usec, 1500 * USEC_PER_MSEC);
    assert_strings(warnings, "");
}

/* Values at and inside the bounds. */
static void test_taken(void **state)
{
    static const struct {
        const char *name, *value;
    } taken[] = {
            {"port", "1"},
            {"port", "65535"},
            {"flags", "[]"},
            {"flags", "[\"\", \"a\\nb\", \"$HOME %i; ' \\\" \\u001b\"]"},
            {"host", "\"::1\""},
            {"host", "\"0.0.0.0\""},
            {"host", "\"node-1.example_net.local\""},
            {"host", "\"10.example\""},
            {"model_path", "\"TheBloke/Llama-2-7B-GGUF:Q4_K_M\""},
            {"model_path", "\"/models/a..b/m.gguf\""},
            {"model_path", "\"../not a path\""},
            {"binary_path", "\"/opt/l\\u00e4ma cpp/server\""},
            {"engine_version", "\"b1234 (\\u65e5\\u672c)\""},
            {"health", "{}"},
            {"health", "{\"interval_ms\": 1, \"timeout_ms\": 1, \"failures\": 1}"},
            {"health", "{\"interval_ms\": 3600000, \"timeout_ms\": 86400000, \"failures\": 1000}"},
            {"stop_grace_ms", "3600000"},
            {"resources", "{\"cpu_weight\": 1, \"io_weight\": 1}"},
            {"env", "{}"},
            {"env", "{\"CUDA_VISIBLE_DEVICES\": \"0\"}"},
            {"credentials", "{}"},
            {"slots_total", "1"},
            {"policy", "{}"},
            {"policy", "null"},
            {"policy", "{\"restart\": \"on-failure\", \"restart_limit\": 63}"},
    };

    for (size_t i = 0; i < ELEMENTSOF(taken); i++) {
        _cleanup_strv_free_ char **warnings = NULL;
        _cleanup_spec_ EngineSpec *spec =
                parse(body_with(taken[i].name, taken[i].value), &warnings);

        assert_string_equal(spec->pool_id, "p1");
        assert_null(warnings);
    }
}

/* B-PRELOAD-002: what the flags are is the caller's business, byte for byte. */
static void test_flags_as_given(void **state)
{
    _cleanup_spec_ EngineSpec *spec =
            parse(body_with("flags", "[\"\", \"a\\nb\", \"$HOME %i;\", \"\\u00e9\"]"), NULL);

    assert_strings(spec->flags, "|a\nb|$HOME %i;|\xc3\xa9|");
}

static void test_unknown_fields(void **state)
{
    static const struct {
        const char *members, *warnings;
    } unknown[] = {
            {"\"tempature\": 1", "unknown field \"tempature\" was ignored|"},
            {"\"slots_totl\": 4",
             "unknown field \"slots_totl\" was ignored, did you mean \"slots_total\"?|"},
            {"\"pot\": 1, \"hots\": 1",
             "unknown field \"pot\" was ignored, did you mean \"port\"?|"
             "unknown field \"hots\" was ignored, did you mean \"host\"?|"},
            {"\"health\": {\"pth\": \"/\", \"intervall_ms\": 5}",
             "unknown field \"health.pth\" was ignored, did you mean \"health.path\"?|"
             "unknown field \"health.intervall_ms\" was ignored, did you mean "
             "\"health.interval_ms\"?|"},
            {"\"resources\": {\"x\": null}", "unknown field \"resources.x\" was ignored|"},
            {"\"sandbox\": {\"network\": [1, 2.50, \"a/b\"], \"user\": null, \"privat_tmp\": 1}",
             "unknown field \"sandbox.network\" was ignored|"
             "unknown field \"sandbox.privat_tmp\" was ignored, did you mean "
             "\"sandbox.private_tmp\"?|"},
            {"\"policy\": {\"x\\n\": 1, \"backof_max_ms\": 5}",
             "unknown field \"policy.x?\" was ignored|"
             "unknown field \"policy.backof_max_ms\" was ignored, did you mean "
             "\"policy.backoff_max_ms\"?|"},
    };

    for (size_t i = 0; i < ELEMENTSOF(unknown); i++) {
        _cleanup_strv_free_ char **warnings = NULL;
        _cleanup_spec_ EngineSpec *spec = parse(body_and(unknown[i].members), &warnings);

        assert_required(spec);
        assert_strings(warnings, unknown[i].warnings);
    }
}

/* What stands beside "prepared" was meant for it, or is not ours: said either way. */
static void test_unknown_beside_prepared(void **state)
{
    _cleanup_strv_free_ char **warnings = NULL;
    _cleanup_spec_ EngineSpec *spec = NULL;
    char *bare = body_bare(), *body = NULL;
    Text t = {0};

    text_printf(&t, "{\"port\": \"x\", \"prepared\": %s, \"a\\tb\": 1}", bare);
    free(bare);
    assert_int_equal(text_take(&t, &body), 0);
    spec = parse(body, &warnings);
    assert_required(spec);
    assert_strings(warnings, "unknown field \"port\" beside \"prepared\" was ignored|"
                             "unknown field \"a?b\" beside \"prepared\" was ignored|");
}

static void test_many_unknown_fields(void **state)
{
    _cleanup_strv_free_ char **warnings = NULL;
    _cleanup_spec_ EngineSpec *spec = NULL;
    char *members = NULL;
    Text t = {0};

    for (int i = 0; i < 20000; i++)
        text_printf(&t, "%s\"unknown%d\": 1", i > 0 ? ", " : "", i);
    assert_int_equal(text_take(&t, &members), 0);
    spec = parse(body_and(members), &warnings);
    free(members);
    assert_required(spec);
    assert_int_equal(strv_length(warnings), PM_WARNINGS_MAX + 1);
    assert_string_equal(warnings[PM_WARNINGS_MAX - 1], "unknown field \"unknown31\" was ignored");
    assert_string_equal(warnings[PM_WARNINGS_MAX], "19968 more warnings were left out");
}

/* A body that was cut anywhere is refused, without a read behind its end. */
static void test_truncated(void **state)
{
    char *body = body_and("\"env\": {\"A\": \"\\u00e9\"}, \"health\": {\"failures\": 2}");
    size_t length = strlen(body);

    for (size_t n = 0; n < length; n++) {
        char *copy = copy_exactly(body, n);
        EngineSpec *spec = NULL;
        Error error = {0};

        assert_int_equal(prepared_engine_parse(copy, n, "p1", &spec, NULL, &error), -EINVAL);
        assert_int_equal(error.code, PM_ERROR_INVALID_JSON);
        assert_null(spec);
        free(copy);
    }
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_required_only),
            cmocka_unit_test(test_null_is_unset),
            cmocka_unit_test(test_everything),
            cmocka_unit_test(test_taken),
            cmocka_unit_test(test_flags_as_given),
            cmocka_unit_test(test_unknown_fields),
            cmocka_unit_test(test_unknown_beside_prepared),
            cmocka_unit_test(test_many_unknown_fields),
            cmocka_unit_test(test_truncated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
