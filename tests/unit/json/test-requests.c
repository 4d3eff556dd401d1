/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "support.h"

#include <errno.h>
#include <limits.h>

#include "../base/alloc-fixture.h"
#include "json/requests.h"

/* Each of the parsers, its result thrown away. */
static int parse_update(const char *text, size_t length, char ***ret_warnings, Error *error)
{
    PoolUpdate update = {.given = UINT_MAX};
    int r = pool_update_parse(text, length, &update, ret_warnings, error);

    if (r >= 0)
        pool_meta_done(&update.meta);
    else
        assert_true(update.given == UINT_MAX);
    return r;
}

static int parse_handoff(const char *text, size_t length, char ***ret_warnings, Error *error)
{
    Handoff *handoff = NULL;
    int r = handoff_parse(text, length, "p1", &handoff, ret_warnings, error);

    assert_int_equal(handoff != NULL, r == 0);
    handoff_free(handoff);
    return r;
}

static int parse_lease(const char *text, size_t length, char ***ret_warnings, Error *error)
{
    LeaseBody body = {.ttl_ms = 7};
    int r = lease_body_parse(text, length, &body, ret_warnings, error);

    if (r >= 0)
        lease_body_done(&body);
    else
        assert_int_equal(body.ttl_ms, 7);
    return r;
}

static int parse_heartbeat(const char *text, size_t length, char ***ret_warnings, Error *error)
{
    uint64_t ms = 7;
    int r = heartbeat_parse(text, length, &ms, ret_warnings, error);

    if (r < 0)
        assert_int_equal(ms, 7);
    return r;
}

static int parse_drain(const char *text, size_t length, char ***ret_warnings, Error *error)
{
    uint64_t ms = 7;
    int r = drain_parse(text, length, &ms, ret_warnings, error);

    if (r < 0)
        assert_int_equal(ms, 7);
    return r;
}

static int parse_reload(const char *text, size_t length, char ***ret_warnings, Error *error)
{
    ReloadRequest *request = NULL;
    uint64_t ms = 7;
    int r = reload_parse(text, length, "p1", &request, &ms, ret_warnings, error);

    assert_int_equal(request != NULL, r == 0);
    if (r < 0)
        assert_int_equal(ms, 7);
    reload_request_free(request);
    return r;
}

#define SPEC_START                                                                            \
    "{\"new_model_ref\": \"m\", \"prepared\": {\"pool_id\": \"p1\", \"binary_path\": \"/b\"," \
    "\"flags\": [\"-m\"], \"host\": \"::1\", \"port\": 1, \"model_path\": \"m\","             \
    "\"engine_version\": \"v\""
#define SPEC_END "}}"

static const struct {
    const char *name;
    int (*parse)(const char *text, size_t length, char ***ret_warnings, Error *error);
    const char *largest; /* a good body with everything in it */
} parsers[] = {
        {"update", parse_update,
         "{\"engine_version\": \"v\", \"engine_digest\": \"d\", \"engine_catalog_id\": \"c\","
         "\"version\": \"1\", \"device_mask\": \"0\", \"perf_hints\": {\"a\": 1},"
         "\"slots_total\": 4, \"slots_free\": 2}"},
        {"handoff", parse_handoff,
         "{\"pool_id\": \"p1\", \"replica_id\": \"r1\", \"url\": \"http://[::1]:9000/v1\","
         "\"engine\": \"vllm\", \"engine_version\": \"v\", \"provisioning_mode\": \"external\","
         "\"model\": {\"path\": \"/m\", \"id\": \"m\"}, \"flags\": [\"--a\", \"\"],"
         "\"device_mask\": \"0\", \"slots_total\": 4, \"slots_free\": 2, \"pid\": 1,"
         "\"generation\": 1}"},
        {"lease", parse_lease, "{\"owner\": \"me\", \"ttl_ms\": 1}"},
        {"heartbeat", parse_heartbeat, "{\"timestamp_ms\": 1}"},
        {"drain", parse_drain, "{\"deadline_ms\": 1}"},
        {"empty", empty_body_parse, "{}"},
        {"reload", parse_reload,
         SPEC_START "}, \"drain_deadline_ms\": 1, \"strategy\": \"blue-green\"}"},
};

/* What is no JSON object is refused by all of them alike. */
static void test_no_object(void **state)
{
    static const struct {
        const char *body;
        PmErrorCode code;
        const char *part;
    } cases[] = {
            {" ", PM_ERROR_INVALID_JSON, ""},
            {"null", PM_ERROR_INVALID_JSON, "must be a JSON object, got null"},
            {"true", PM_ERROR_INVALID_JSON, "must be a JSON object, got true"},
            {"1", PM_ERROR_INVALID_JSON, "must be a JSON object, got 1"},
            {"\"x\"", PM_ERROR_INVALID_JSON, "must be a JSON object, got \"x\""},
            {"[]", PM_ERROR_INVALID_JSON, "must be a JSON object, got an array"},
            {"[{}]", PM_ERROR_INVALID_JSON, "must be a JSON object, got an array"},
            {"{", PM_ERROR_INVALID_JSON, ""},
            {"{}{}", PM_ERROR_INVALID_JSON, ""},
            {"{} x", PM_ERROR_INVALID_JSON, ""},
            {"{,}", PM_ERROR_INVALID_JSON, ""},
            {"{\"a\": 1,}", PM_ERROR_INVALID_JSON, ""},
            {"{'a': 1}", PM_ERROR_INVALID_JSON, ""},
            {"{a: 1}", PM_ERROR_INVALID_JSON, ""},
            {"{\"a\": 1, \"a\": 2}", PM_ERROR_INVALID_JSON, ""},
            {"{\"a\": NaN}", PM_ERROR_INVALID_JSON, ""},
            {"{\"a\": \"\\u0000\"}", PM_ERROR_INVALID_JSON, ""},
            {"{\"a\": \"\xff\"}", PM_ERROR_INVALID_JSON, ""},
            {"{\"a\": \"\\ud800\"}", PM_ERROR_INVALID_JSON, ""},
            {"{\"a\": [[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}", PM_ERROR_INVALID_JSON, ""},
            {"\xef\xbb\xbf{}", PM_ERROR_INVALID_JSON, ""},
            {"a=b&c=d", PM_ERROR_INVALID_JSON, ""},
            {"<a/>", PM_ERROR_INVALID_JSON, ""},
    };

    for (size_t p = 0; p < ELEMENTSOF(parsers); p++) {
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
            char **warnings = NULL;
            Error error = {0};
            char *body = copy_exactly(cases[i].body, strlen(cases[i].body));

            if (parsers[p].parse(body, strlen(cases[i].body), &warnings, &error) != -EINVAL)
                fail_msg("%s takes %s", parsers[p].name, cases[i].body);
            free(body);
            assert_null(warnings);
            if (error.code != cases[i].code || !strstr(error.text, cases[i].part))
                fail_msg("%s, %s: %s", parsers[p].name, cases[i].body, error.text);
        }
    }
}

static void test_too_large(void **state)
{
    size_t length = PM_BODY_MAX + 1;
    char *body = malloc(length);

    assert_non_null(body);
    memset(body, ' ', length);
    body[0] = '{';
    body[1] = '}';
    for (size_t p = 0; p < ELEMENTSOF(parsers); p++) {
        Error error = {0};

        assert_int_equal(parsers[p].parse(body, length, NULL, &error), -EINVAL);
        assert_int_equal(error.code, PM_ERROR_BODY_TOO_LARGE);
    }
    free(body);
}

/* No prefix of a body is one, but the empty one where nothing is required. */
static void test_truncated(void **state)
{
    for (size_t p = 0; p < ELEMENTSOF(parsers); p++) {
        size_t length = strlen(parsers[p].largest);

        for (size_t n = 0; n <= length; n++) {
            char *body = copy_exactly(parsers[p].largest, n);
            bool good = n == length || (n == 0 && parsers[p].parse != parse_handoff &&
                                        parsers[p].parse != parse_reload);
            Error error = {0};
            int r = parsers[p].parse(body, n, NULL, &error);

            free(body);
            assert_int_equal(r, good ? 0 : -EINVAL);
            assert_int_equal(error_is_set(&error), !good);
        }
    }
}

/* Unknown members are named, and change nothing else. */
static void test_unknown(void **state)
{
    for (size_t p = 0; p < ELEMENTSOF(parsers); p++) {
        _cleanup_strv_free_ char **warnings = NULL;
        char body[1024];
        Error error = {0};

        (void)snprintf(body, sizeof(body), "%.*s%s\"colour\": [1]}",
                       (int)strlen(parsers[p].largest) - 1, parsers[p].largest,
                       streq(parsers[p].largest, "{}") ? "" : ", ");
        assert_int_equal(parsers[p].parse(body, strlen(body), &warnings, &error), 0);
        assert_int_equal(strv_length(warnings), 1);
        assert_string_equal(warnings[0], "unknown field \"colour\" was ignored");
        assert_int_equal(parsers[p].parse(body, strlen(body), NULL, &error), 0);
    }
}

static void test_no_warnings(void **state)
{
    for (size_t p = 0; p < ELEMENTSOF(parsers); p++) {
        char **warnings = NULL;
        const char *body = parsers[p].largest;

        assert_int_equal(parsers[p].parse(body, strlen(body), &warnings, NULL), 0);
        assert_int_equal(strv_length(warnings), 0);
        strv_free(warnings);
    }
}

static void test_out_of_memory(void **state)
{
    for (size_t p = 0; p < ELEMENTSOF(parsers); p++) {
        char body[1024];
        char **warnings = NULL;
        Error error = {0};
        int r;

        (void)snprintf(body, sizeof(body), "%.*s%s\"colour\": 1}",
                       (int)strlen(parsers[p].largest) - 1, parsers[p].largest,
                       streq(parsers[p].largest, "{}") ? "" : ", ");
        FOR_EACH_FAILED_ALLOCATION(r = parsers[p].parse(body, strlen(body), &warnings, &error), {
            assert_int_equal(r, -ENOMEM);
            assert_int_equal(error.code, PM_ERROR_INTERNAL);
            assert_null(warnings);
            error = (Error){0};
        });
        assert_int_equal(r, 0);
        strv_free(warnings);
    }
}

/* The bounds of each field. */
static const struct {
    size_t parser;
    const char *body, *field, *part;
} bad_fields[] = {
        {0, "{\"engine_version\": 1}", "engine_version", "must be a string, got 1"},
        {0, "{\"engine_version\": \"\"}", "engine_version", "must not be empty"},
        {0, "{\"engine_digest\": []}", "engine_digest", "must be a string"},
        {0, "{\"engine_digest\": \"a\\nb\"}", "engine_digest", "control characters"},
        {0, "{\"engine_catalog_id\": {}}", "engine_catalog_id", "must be a string"},
        {0, "{\"version\": 1}", "version", "must be a string, got 1"},
        {0, "{\"version\": \"\\u001b[31m\"}", "version", "control characters"},
        {0, "{\"device_mask\": 0}", "device_mask", "must be a string, got 0"},
        {0, "{\"perf_hints\": []}", "perf_hints", "must be an object, got an array"},
        {0, "{\"perf_hints\": \"{}\"}", "perf_hints", "must be an object"},
        {0, "{\"slots_total\": 0}", "slots_total", "at least 1, got 0"},
        {0, "{\"slots_total\": -1}", "slots_total", "at least 1, got -1"},
        {0, "{\"slots_total\": 1.0}", "slots_total", "got 1.0"},
        {0, "{\"slots_total\": 1e3}", "slots_total", "got 1"},
        {0, "{\"slots_total\": \"4\"}", "slots_total", "got \"4\""},
        {0, "{\"slots_total\": 9223372036854775808}", "slots_total", "got 922337203685477580"},
        {0, "{\"slots_total\": true}", "slots_total", "got true"},
        {0, "{\"slots_free\": -1.5}", "slots_free", "got -1.5"},
        {0, "{\"slots_free\": \"-1\"}", "slots_free", "got \"-1\""},
        {0, "{\"slots_free\": 18446744073709551615}", "slots_free", "got 18446744073709551615"},
        {1, "{}", "url", "is required"},
        {1, "{\"url\": null}", "url", "is required, got null"},
        {1, "{\"url\": 1}", "url", "must be a string"},
        {1, "{\"url\": \"\"}", "url", "must not be empty"},
        {1, "{\"url\": \"https://a\"}", "url", "must be a URL such as http://127.0.0.1:8080"},
        {1, "{\"url\": \"http://a:0\"}", "url", "got \"http://a:0\""},
        {1, "{\"url\": \"http://a\", \"pool_id\": \"p2\"}", "pool_id",
         "must equal the pool of the request, \"p1\", got \"p2\""},
        {1, "{\"url\": \"http://a\", \"pool_id\": \"../p\"}", "pool_id", "got \"../p\""},
        {1, "{\"url\": \"http://a\", \"pool_id\": 1}", "pool_id", "must be a string"},
        {1, "{\"url\": \"http://a\", \"replica_id\": \"a/b\"}", "replica_id", "got \"a/b\""},
        {1, "{\"url\": \"http://a\", \"replica_id\": \"\"}", "replica_id", ""},
        {1, "{\"url\": \"http://a\", \"model\": \"/m\"}", "model", "must be an object"},
        {1, "{\"url\": \"http://a\", \"model\": {\"path\": 1}}", "model.path", "must be a string"},
        {1, "{\"url\": \"http://a\", \"flags\": \"--a\"}", "flags", "must be an array"},
        {1, "{\"url\": \"http://a\", \"flags\": [1]}", "flags[0]", "must be a string"},
        {1, "{\"url\": \"http://a\", \"slots_total\": 0}", "slots_total", "at least 1"},
        {1, "{\"url\": \"http://a\", \"slots_free\": 0.5}", "slots_free", "got 0.5"},
        {1, "{\"url\": \"http://a\", \"pid\": -1}", "pid", "got -1"},
        {1, "{\"url\": \"http://a\", \"generation\": \"1\"}", "generation", "got \"1\""},
        {1, "{\"url\": \"http://a\", \"engine\": \"a\\u0007\"}", "engine", "control characters"},
        {1, "{\"url\": \"http://a\", \"engine_version\": 1.5}", "engine_version",
         "must be a string"},
        {1, "{\"url\": \"http://a\", \"device_mask\": [0]}", "device_mask", "must be a string"},
        {2, "{\"owner\": \"\"}", "owner", "must not be empty"},
        {2, "{\"owner\": 1}", "owner", "must be a string"},
        {2, "{\"owner\": \"a\\tb\"}", "owner", "control characters"},
        {2, "{\"ttl_ms\": 0}", "ttl_ms", "from 1 to 31622400000, got 0"},
        {2, "{\"ttl_ms\": -1}", "ttl_ms", "got -1"},
        {2, "{\"ttl_ms\": 31622400001}", "ttl_ms", "got 31622400001"},
        {2, "{\"ttl_ms\": 1.5}", "ttl_ms", "got 1.5"},
        {2, "{\"ttl_ms\": \"1000\"}", "ttl_ms", "got \"1000\""},
        {3, "{\"timestamp_ms\": 0}", "timestamp_ms", "got 0"},
        {3, "{\"timestamp_ms\": -1}", "timestamp_ms", "got -1"},
        {3, "{\"timestamp_ms\": 9223372036854776}", "timestamp_ms", "got 9223372036854776"},
        {3, "{\"timestamp_ms\": \"now\"}", "timestamp_ms", "got \"now\""},
        {3, "{\"timestamp_ms\": 1.0}", "timestamp_ms", "got 1.0"},
        {4, "{\"deadline_ms\": -1}", "deadline_ms", "from 0 to 86400000, got -1"},
        {4, "{\"deadline_ms\": 86400001}", "deadline_ms", "got 86400001"},
        {4, "{\"deadline_ms\": 18446744073709551615}", "deadline_ms", ""},
        {4, "{\"deadline_ms\": 1.0}", "deadline_ms", "got 1.0"},
        {4, "{\"deadline_ms\": \"30s\"}", "deadline_ms", "got \"30s\""},
        {4, "{\"deadline_ms\": {}}", "deadline_ms", "an object"},
        {6, "", "new_model_ref", "is required"},
        {6, "{}", "new_model_ref", "is required"},
        {6, "{\"new_model_ref\": null}", "new_model_ref", "is required, got null"},
        {6, "{\"new_model_ref\": \"\"}", "new_model_ref", "must not be empty"},
        {6, "{\"new_model_ref\": 1}", "new_model_ref", "must be a string, got 1"},
        {6, "{\"new_model_ref\": \"--help\"}", "new_model_ref", "must not begin with \"-\""},
        {6, "{\"new_model_ref\": \"-\"}", "new_model_ref", "must not begin with \"-\""},
        {6, "{\"new_model_ref\": \"a\\nb\"}", "new_model_ref", "control characters"},
        {6, "{\"new_model_ref\": \"m\", \"strategy\": \"\"}", "strategy",
         "must be \"drain\" or \"blue-green\""},
        {6, "{\"new_model_ref\": \"m\", \"strategy\": \"Drain\"}", "strategy",
         "must be \"drain\" or \"blue-green\", got \"Drain\""},
        {6, "{\"new_model_ref\": \"m\", \"strategy\": 0}", "strategy", "must be a string"},
        {6, "{\"new_model_ref\": \"m\", \"drain_deadline_ms\": 86400001}", "drain_deadline_ms",
         "from 0 to 86400000, got 86400001"},
        {6, "{\"new_model_ref\": \"m\", \"drain_deadline_ms\": -1}", "drain_deadline_ms", "got -1"},
        {6, "{\"new_model_ref\": \"m\", \"prepared\": []}", "prepared", "must be an object"},
        {6, "{\"new_model_ref\": \"m\", \"prepared\": {}}", "prepared.pool_id", "is required"},
        {6, "{\"new_model_ref\": \"m\", \"prepared\": {\"pool_id\": \"p1\"}}",
         "prepared.binary_path", "is required"},
};

static void test_bad_fields(void **state)
{
    for (size_t i = 0; i < ELEMENTSOF(bad_fields); i++) {
        char **warnings = NULL;
        Error error = {0};

        if (parsers[bad_fields[i].parser].parse(bad_fields[i].body, strlen(bad_fields[i].body),
                                                &warnings, &error) != -EINVAL)
            fail_msg("%s takes %s", parsers[bad_fields[i].parser].name, bad_fields[i].body);
        assert_error(bad_fields[i].body, &error, PM_ERROR_INVALID_FIELD, bad_fields[i].field,
                     bad_fields[i].part);
        assert_null(warnings);
    }
}

/* A string member of n bytes, in a body of the parser that is good without it. */
static int parse_long(size_t parser, const char *start, size_t n, const char *end, Error *error)
{
    size_t before = strlen(start), length = before + n + strlen(end);
    char *body = malloc(length + 1);
    int r;

    assert_non_null(body);
    memset(body, 'x', length);
    for (size_t i = 0; i < before; i++)
        body[i] = start[i];
    (void)snprintf(body + before + n, length + 1 - before - n, "%s", end);
    r = parsers[parser].parse(body, length, NULL, error);
    free(body);
    return r;
}

static void test_longest(void **state)
{
    static const struct {
        size_t parser;
        const char *start, *end, *field;
        size_t max;
    } cases[] = {
            {0, "{\"engine_version\": \"", "\"}", "engine_version", PM_STRING_MAX},
            {0, "{\"engine_digest\": \"", "\"}", "engine_digest", PM_STRING_MAX},
            {0, "{\"engine_catalog_id\": \"", "\"}", "engine_catalog_id", PM_STRING_MAX},
            {0, "{\"version\": \"", "\"}", "version", PM_STRING_MAX},
            {0, "{\"perf_hints\": {\"a\":\"", "\"}}", "perf_hints", 4096 - 8},
            {1, "{\"url\": \"http://a/", "\"}", "url", PM_STRING_MAX - 9},
            {1, "{\"url\": \"http://a\", \"replica_id\": \"", "\"}", "replica_id", PM_ID_MAX},
            {1, "{\"url\": \"http://a\", \"flags\": [\"", "\"]}", "flags[0]", PM_FLAG_MAX},
            {1, "{\"url\": \"http://a\", \"model\": {\"path\": \"", "\"}}", "model.path",
             PM_STRING_MAX},
            {2, "{\"owner\": \"", "\"}", "owner", PM_LEASE_OWNER_MAX},
            {6, "{\"new_model_ref\": \"", "\"}", "new_model_ref", PM_STRING_MAX},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        Error error = {0};

        if (parse_long(cases[i].parser, cases[i].start, cases[i].max, cases[i].end, &error) != 0)
            fail_msg("%s: %s", cases[i].field, error.text);
        assert_int_equal(
                parse_long(cases[i].parser, cases[i].start, cases[i].max + 1, cases[i].end, &error),
                -EINVAL);
        assert_error(cases[i].field, &error, PM_ERROR_INVALID_FIELD, cases[i].field, "");
    }
}

/* Given is what stands there; null is given, and clears. */
static void test_update(void **state)
{
    static const struct {
        const char *body;
        unsigned given;
    } cases[] = {
            {"", 0},
            {"{}", 0},
            {"{\"x\": 1}", 0},
            {"{\"version\": \"1\"}", POOL_FIELD_VERSION},
            {"{\"version\": null}", POOL_FIELD_VERSION},
            {"{\"slots_total\": 4}", POOL_FIELD_SLOTS_TOTAL},
            {"{\"slots_free\": null, \"device_mask\": null}",
             POOL_FIELD_SLOTS_FREE | POOL_FIELD_DEVICE_MASK},
            {"{\"perf_hints\": {}, \"engine_digest\": \"d\", \"engine_catalog_id\": null,"
             "\"engine_version\": null}",
             POOL_FIELD_PERF_HINTS | POOL_FIELD_ENGINE_DIGEST | POOL_FIELD_ENGINE_CATALOG_ID |
                     POOL_FIELD_ENGINE_VERSION},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        PoolUpdate update = {0};

        assert_int_equal(
                pool_update_parse(cases[i].body, strlen(cases[i].body), &update, NULL, NULL), 0);
        assert_int_equal(update.given, cases[i].given);
        pool_meta_done(&update.meta);
    }
}

static void test_update_values(void **state)
{
    static const char body[] =
            "{\"engine_version\": \"v\", \"engine_digest\": \"d\", \"engine_catalog_id\": "
            "\"\\u00e9\","
            "\"version\": \"1\", \"device_mask\": \"GPU0, GPU1\","
            "\"perf_hints\": {\"a\": [1.50, {}], \"b\": null}, \"slots_total\": 1,"
            "\"slots_free\": 9223372036854775807}";
    PoolUpdate update = {0};

    assert_int_equal(pool_update_parse(body, strlen(body), &update, NULL, NULL), 0);
    assert_string_equal(update.meta.engine_version, "v");
    assert_string_equal(update.meta.engine_digest, "d");
    assert_string_equal(update.meta.engine_catalog_id, "\xc3\xa9");
    assert_string_equal(update.meta.version, "1");
    assert_string_equal(update.meta.device_mask, "GPU0,GPU1");
    assert_string_equal(update.meta.perf_hints, "{\"a\":[1.50,{}],\"b\":null}");
    assert_int_equal(update.meta.slots_total, 1);
    assert_int_equal(update.meta.slots_free, INT64_MAX);
    pool_meta_done(&update.meta);
}

/* B-REG-064: of an update, and of a handoff. */
static void test_negative_slots(void **state)
{
    static const char *const bodies[] = {
            "{\"url\": \"http://a\", \"slots_total\": 2, \"slots_free\": -1}",
            "{\"url\": \"http://a\", \"slots_total\": 2, \"slots_free\": -9223372036854775808}",
    };

    for (size_t i = 0; i < ELEMENTSOF(bodies); i++) {
        _cleanup_(handoff_freep) Handoff *handoff = NULL;
        PoolUpdate update = {0};

        assert_int_equal(pool_update_parse(bodies[i], strlen(bodies[i]), &update, NULL, NULL), 0);
        assert_int_equal(update.meta.slots_free, 0);
        pool_meta_done(&update.meta);
        assert_int_equal(handoff_parse(bodies[i], strlen(bodies[i]), "p", &handoff, NULL, NULL), 0);
        assert_int_equal(handoff->slots_free, 0);
    }
}

/* How deep hints may be nested: as deep as they can be read back from the state file. */
static void test_nested_hints(void **state)
{
    static const struct {
        int levels; /* of arrays in the object */
        int r;
    } cases[] = {{1, 0}, {13, 0}, {14, -EINVAL}, {15, -EINVAL}, {40, -EINVAL}};

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        char body[256], open[64] = "", close[64] = "";
        Error error = {0};

        memset(open, '[', (size_t)cases[i].levels);
        memset(close, ']', (size_t)cases[i].levels);
        (void)snprintf(body, sizeof(body), "{\"perf_hints\": {\"a\": %s%s}}", open, close);
        assert_int_equal(parse_update(body, strlen(body), NULL, &error), cases[i].r);
        if (cases[i].r < 0) {
            assert_int_equal(error.code, PM_ERROR_INVALID_JSON);
            assert_true(startswith(error.field, "perf_hints.a"));
        }
    }
}

/* B-REG-107 */
static void test_small_handoff(void **state)
{
    static const char *const bodies[] = {
            "{\"url\": \"http://127.0.0.1:9000\"}",
            "{\"url\": \"http://127.0.0.1:9000\", \"pool_id\": null, \"replica_id\": null,"
            "\"engine\": null, \"engine_version\": null, \"provisioning_mode\": null,"
            "\"model\": null, \"flags\": null, \"device_mask\": null, \"slots_total\": null,"
            "\"slots_free\": null, \"pid\": null, \"generation\": null}",
    };
    static const char *const of_request[] = {NULL, "p1", "default"};

    for (size_t i = 0; i < ELEMENTSOF(bodies); i++) {
        for (size_t k = 0; k < ELEMENTSOF(of_request); k++) {
            _cleanup_(handoff_freep) Handoff *handoff = NULL;
            const char *pool_id = of_request[k] ? of_request[k] : "default";
            Error error = {0};

            if (handoff_parse(bodies[i], strlen(bodies[i]), of_request[k], &handoff, NULL,
                              &error) != 0)
                fail_msg("%s: %s", bodies[i], error.text);
            assert_string_equal(handoff->pool_id, pool_id);
            assert_string_equal(handoff->replica_id, "r0");
            assert_string_equal(handoff->host, "127.0.0.1");
            assert_int_equal(handoff->port, 9000);
            assert_null(handoff->engine);
            assert_null(handoff->engine_version);
            assert_null(handoff->device_mask);
            assert_null(handoff->model_path);
            assert_null(handoff->model_id);
            assert_true(handoff->slots_total == SPEC_UNSET);
            assert_true(handoff->slots_free == SPEC_UNSET);
            assert_false(handoff->managed);
        }
    }
}

/* B-REG-101, B-REG-102, B-REG-103, B-REG-104 */
static void test_large_handoff(void **state)
{
    _cleanup_(handoff_freep) Handoff *handoff = NULL;
    const char *body = parsers[1].largest;

    assert_int_equal(handoff_parse(body, strlen(body), NULL, &handoff, NULL, NULL), 0);
    assert_string_equal(handoff->pool_id, "p1");
    assert_string_equal(handoff->replica_id, "r1");
    assert_string_equal(handoff->url, "http://[::1]:9000/v1");
    assert_string_equal(handoff->host, "::1");
    assert_int_equal(handoff->port, 9000);
    assert_string_equal(handoff->engine, "vllm");
    assert_string_equal(handoff->engine_version, "v");
    assert_string_equal(handoff->model_path, "/m");
    assert_string_equal(handoff->model_id, "m");
    assert_string_equal(handoff->device_mask, "0");
    assert_int_equal(handoff->slots_total, 4);
    assert_int_equal(handoff->slots_free, 2);
    assert_false(handoff->managed);
}

static void test_managed(void **state)
{
    static const struct {
        const char *mode;
        bool managed;
    } cases[] = {{"\"managed\"", true},
                 {"\"Managed\"", false},
                 {"\"external\"", false},
                 {"null", false}};

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_(handoff_freep) Handoff *handoff = NULL;
        char body[128];

        (void)snprintf(body, sizeof(body), "{\"url\": \"http://a\", \"provisioning_mode\": %s}",
                       cases[i].mode);
        assert_int_equal(handoff_parse(body, strlen(body), NULL, &handoff, NULL, NULL), 0);
        assert_int_equal(handoff->managed, cases[i].managed);
    }
}

static void test_lease(void **state)
{
    static const struct {
        const char *body, *owner;
        uint64_t ttl_ms;
    } cases[] = {
            {"", NULL, SPEC_UNSET},
            {"{}", NULL, SPEC_UNSET},
            {"{\"owner\": null, \"ttl_ms\": null}", NULL, SPEC_UNSET},
            {"{\"owner\": \"me \\u00e9\"}", "me \xc3\xa9", SPEC_UNSET},
            {"{\"ttl_ms\": 1}", NULL, 1},
            {"{\"ttl_ms\": 31622400000, \"owner\": \"x\"}", "x", 31622400000},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        LeaseBody body;

        assert_int_equal(lease_body_parse(cases[i].body, strlen(cases[i].body), &body, NULL, NULL),
                         0);
        assert_true(streq_ptr(body.owner, cases[i].owner));
        assert_true(body.ttl_ms == cases[i].ttl_ms);
        lease_body_done(&body);
        assert_null(body.owner);
        assert_true(body.ttl_ms == SPEC_UNSET);
    }
}

/* B-REG-020 */
static void test_heartbeat(void **state)
{
    static const struct {
        const char *body;
        uint64_t ms;
    } cases[] = {
            {"", SPEC_UNSET},
            {"{}", SPEC_UNSET},
            {"{\"timestamp_ms\": null}", SPEC_UNSET},
            {"{\"timestamp_ms\": 1}", 1},
            {"{\"timestamp_ms\": 1700000000123}", 1700000000123},
            {"{\"timestamp_ms\": 9223372036854775}", 9223372036854775},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        uint64_t ms = 0;

        assert_int_equal(heartbeat_parse(cases[i].body, strlen(cases[i].body), &ms, NULL, NULL), 0);
        assert_true(ms == cases[i].ms);
    }
}

static void test_drain(void **state)
{
    static const struct {
        const char *body;
        uint64_t ms;
    } cases[] = {
            {"", SPEC_UNSET},
            {"{}", SPEC_UNSET},
            {"{\"deadline_ms\": null}", SPEC_UNSET},
            {"{\"deadline_ms\": 0}", 0},
            {"{\"deadline_ms\": 30000}", 30000},
            {"{\"deadline_ms\": 86400000}", 86400000},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        uint64_t ms = 7;

        assert_int_equal(drain_parse(cases[i].body, strlen(cases[i].body), &ms, NULL, NULL), 0);
        assert_true(ms == cases[i].ms);
    }
}

static void check_reload(const char *body, const char *model_ref, ReloadStrategy strategy,
                         uint64_t deadline_ms, const char *model_path)
{
    ReloadRequest *request = NULL;
    uint64_t ms = 7;

    assert_int_equal(reload_parse(body, strlen(body), "p1", &request, &ms, NULL, NULL), 0);
    assert_string_equal(request->model_ref, model_ref);
    assert_int_equal(request->strategy, strategy);
    assert_true(ms == deadline_ms);
    assert_true(streq_ptr(request->spec ? request->spec->model_path : NULL, model_path));
    reload_request_free(request);
}

static void test_reload(void **state)
{
    check_reload("{\"new_model_ref\": \"/m\"}", "/m", RELOAD_DRAIN, SPEC_UNSET, NULL);
    check_reload("{\"new_model_ref\": \"caf\xc3\xa9 -1\", \"strategy\": null, \"prepared\": null,"
                 "\"drain_deadline_ms\": null}",
                 "caf\xc3\xa9 -1", RELOAD_DRAIN, SPEC_UNSET, NULL);
    check_reload("{\"new_model_ref\": \"m\", \"strategy\": \"drain\", \"drain_deadline_ms\": 0}",
                 "m", RELOAD_DRAIN, 0, NULL);
    check_reload("{\"new_model_ref\": \"m\", \"strategy\": \"blue-green\","
                 "\"drain_deadline_ms\": 86400000}",
                 "m", RELOAD_BLUE_GREEN, 86400000, NULL);
    check_reload(SPEC_START SPEC_END, "m", RELOAD_DRAIN, SPEC_UNSET, "m");
}

/* What is wrong with the engine is named from the body on. */
static void test_reload_engine(void **state)
{
    static const struct {
        const char *more, *field, *part;
    } cases[] = {
            {"\"replica_id\": \"a/b\"", "prepared.replica_id", "got \"a/b\""},
            {"\"health\": {\"interval_ms\": 0}", "prepared.health.interval_ms", "got 0"},
            {"\"device_mask\": \"0\", \"env\": {\"CUDA_VISIBLE_DEVICES\": \"0\"}",
             "prepared.env.CUDA_VISIBLE_DEVICES", "use device_mask only"},
    };
    static const char other[] =
            "{\"new_model_ref\": \"m\", \"prepared\": {\"pool_id\": \"p2\", \"binary_path\": "
            "\"/b\", \"flags\": [], \"host\": \"::1\", \"port\": 1, \"model_path\": \"m\","
            "\"engine_version\": \"v\"}}";
    Error error = {0};

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        char body[512];

        (void)snprintf(body, sizeof(body), SPEC_START ", %s" SPEC_END, cases[i].more);
        assert_int_equal(parse_reload(body, strlen(body), NULL, &error), -EINVAL);
        assert_error(body, &error, PM_ERROR_INVALID_FIELD, cases[i].field, cases[i].part);
    }
    assert_int_equal(parse_reload(other, strlen(other), NULL, &error), -EINVAL);
    assert_error(other, &error, PM_ERROR_INVALID_FIELD, "prepared.pool_id",
                 "must equal the pool of the request, \"p1\", got \"p2\"");
}

/* What is taken without effect is said of the body first, then of the engine. */
static void test_reload_warnings(void **state)
{
    static const char body[] =
            SPEC_START ", \"prot\": 1, \"device_mask\": \"0\"}, \"stratgy\": \"drain\"}";
    _cleanup_strv_free_ char **warnings = NULL;

    assert_int_equal(parse_reload(body, strlen(body), &warnings, NULL), 0);
    assert_int_equal(strv_length(warnings), 2);
    assert_string_equal(warnings[0],
                        "unknown field \"stratgy\" was ignored, did you mean \"strategy\"?");
    assert_string_equal(
            warnings[1],
            "unknown field \"prepared.prot\" was ignored, did you mean \"prepared.port\"?");
}

/* B-DEVICE-004, B-CONFIG-012: wherever a mask comes from; the canonical form is kept. */
static void test_masks(void **state)
{
    static const char *const bad[] = {"0,0", "0,,1", "GPU0,1", "GPU-0", "x"};
    Error error;

    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        char body[256];
        int n = snprintf(body, sizeof(body), "{\"url\": \"http://a\", \"device_mask\": \"%s\"}",
                         bad[i]);

        for (size_t parser = 0; parser < 2; parser++) {
            error = (Error){0};
            assert_int_equal(parsers[parser].parse(body, (size_t)n, NULL, &error), -EINVAL);
            assert_error(bad[i], &error, PM_ERROR_INVALID_FIELD, "device_mask", "0,1");
        }
        n = snprintf(body, sizeof(body), SPEC_START ", \"device_mask\": \"%s\"}}", bad[i]);
        error = (Error){0};
        assert_int_equal(parse_reload(body, (size_t)n, NULL, &error), -EINVAL);
        assert_error(bad[i], &error, PM_ERROR_INVALID_FIELD, "prepared.device_mask", "0,1");
    }
}

/* One that another daemon has written is not taken; so nobody is to complain about its mask. */
static void test_mask_of_managed(void **state)
{
    static const char body[] = "{\"url\": \"http://a\", \"provisioning_mode\": \"managed\","
                               "\"device_mask\": \"GPU-0\"}";
    _cleanup_(handoff_freep) Handoff *handoff = NULL;

    assert_int_equal(handoff_parse(body, strlen(body), NULL, &handoff, NULL, NULL), 0);
    assert_true(handoff->managed);
}

/* 1024 bytes, and one more. */
static void test_longest_mask(void **state)
{
    for (size_t length = 1024; length <= 1025; length++) {
        char mask[1026], body[1100];
        PoolUpdate update = {0};
        Error error = {0};
        int n;

        memset(mask, ' ', length);
        mask[length / 2] = '7';
        mask[length] = '\0';
        n = snprintf(body, sizeof(body), "{\"device_mask\": \"%s\"}", mask);
        if (length == 1024) {
            assert_int_equal(pool_update_parse(body, (size_t)n, &update, NULL, &error), 0);
            assert_string_equal(update.meta.device_mask, "7");
            pool_meta_done(&update.meta);
        } else {
            assert_int_equal(pool_update_parse(body, (size_t)n, &update, NULL, &error), -EINVAL);
            assert_error("too long", &error, PM_ERROR_INVALID_FIELD, "device_mask", "1024");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_masks),         cmocka_unit_test(test_mask_of_managed),
            cmocka_unit_test(test_longest_mask),  cmocka_unit_test(test_no_object),
            cmocka_unit_test(test_too_large),     cmocka_unit_test(test_truncated),
            cmocka_unit_test(test_unknown),       cmocka_unit_test(test_no_warnings),
            cmocka_unit_test(test_out_of_memory), cmocka_unit_test(test_bad_fields),
            cmocka_unit_test(test_longest),       cmocka_unit_test(test_update),
            cmocka_unit_test(test_update_values), cmocka_unit_test(test_negative_slots),
            cmocka_unit_test(test_nested_hints),  cmocka_unit_test(test_small_handoff),
            cmocka_unit_test(test_large_handoff), cmocka_unit_test(test_managed),
            cmocka_unit_test(test_lease),         cmocka_unit_test(test_heartbeat),
            cmocka_unit_test(test_drain),         cmocka_unit_test(test_reload),
            cmocka_unit_test(test_reload_engine), cmocka_unit_test(test_reload_warnings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
