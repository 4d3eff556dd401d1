/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state-fixture.h"

#include <errno.h>

#include "json/encode.h"
#include "json/prepared_engine.h"
#include "json/reader.h"
#include "json/requests.h"
#include "json/state_file.h"

/* What the registry knows of a pool beside its spec, in the state file. */

/* The file of `pool`, as an object. */
static json_object *file_of(const Pool *pool)
{
    json_object *file = json_state_file(pool);

    assert_non_null(file);
    return file;
}

static Pool *read_file(json_object *file)
{
    _cleanup_free_ char *text = NULL;
    size_t length;

    assert_int_equal(json_text(file, true, &text, &length), 0);
    return state_parse(text);
}

/* A file of a version that knew none of this: what is known comes from the spec. */
static void test_old_file(void **state)
{
    static const char *const newer[] = {
            "registered",  "declared", "external_is_file",         "external_is_lost",
            "operation",   "registry", "drain_deadline_mono_usec", "drain_forced",
            "drain_leases"};
    _cleanup_(pool_freep) Pool *pool = full_pool(), *copy = NULL;
    json_object *file = file_of(pool);

    for (size_t i = 0; i < ELEMENTSOF(newer); i++)
        json_object_object_del(file, newer[i]);
    copy = read_file(file);
    assert_false(copy->registered);
    assert_false(copy->declared);
    assert_false(copy->external_is_file);
    assert_false(copy->external_is_lost);
    assert_int_equal(copy->operation.kind, OPERATION_NONE);
    assert_true(copy->drain_deadline == USEC_INFINITY);
    assert_false(copy->drain_forced);
    assert_int_equal(copy->drain_leases, 0);
    assert_string_equal(copy->meta.engine_version, "v");
    assert_string_equal(copy->meta.engine_digest, "d");
    assert_string_equal(copy->meta.engine_catalog_id, "c");
    assert_string_equal(copy->meta.device_mask, "0,1");
    assert_int_equal(copy->meta.slots_total, 4);
    assert_true(copy->meta.slots_free == SPEC_UNSET);
    assert_null(copy->meta.version);
    assert_null(copy->meta.perf_hints);
}

static void test_old_file_without_spec(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_of(STATE_SPEC_NONE, POOL_OFF), *copy = NULL;
    json_object *file = file_of(pool);

    json_object_object_del(file, "registry");
    copy = read_file(file);
    assert_null(copy->meta.engine_version);
    assert_true(copy->meta.slots_total == SPEC_UNSET);
}

/* What was cleared stays so, whatever the spec says. */
static void test_cleared(void **state)
{
    _cleanup_(pool_freep) Pool *pool = full_pool(), *copy = NULL;

    pool_meta_done(&pool->meta);
    copy = read_file(file_of(pool));
    assert_null(copy->meta.engine_version);
    assert_null(copy->meta.device_mask);
    assert_true(copy->meta.slots_total == SPEC_UNSET);
    assert_string_equal(copy->spec->engine_version, "v");
}

/* Only what goes on after our restart: one that has ended is none. */
static void test_operation(void **state)
{
    static const OperationKind kinds[] = {OPERATION_PRELOAD, OPERATION_STOP, OPERATION_RESTART,
                                          OPERATION_DEREGISTER, OPERATION_DRAIN};

    for (PoolState each = 0; each < POOL_STATE_MAX; each++) {
        for (size_t k = 0; k < ELEMENTSOF(kinds); k++) {
            _cleanup_(pool_freep) Pool *pool = pool_of(STATE_SPEC_SMALL, each), *copy = NULL;
            bool kept = each == POOL_STARTING || each == POOL_WARMING || each == POOL_DRAINING ||
                        each == POOL_STOPPING ||
                        (each == POOL_PREFLIGHT &&
                         (kinds[k] == OPERATION_PRELOAD || kinds[k] == OPERATION_RESTART)) ||
                        (each == POOL_ADOPTING && kinds[k] == OPERATION_DRAIN);

            pool->operation = (PoolOperation){
                    .kind = kinds[k],
                    .id = 17,
                    .started = {.real = 1700000000123456, .mono = 5},
            };
            copy = read_file(file_of(pool));
            assert_int_equal(copy->operation.kind, kept ? kinds[k] : OPERATION_NONE);
            assert_int_equal(copy->operation.id, kept ? 17 : 0);
            assert_int_equal(copy->operation.started.real, kept ? 1700000000123456 : 0);
        }
    }
}

/* A drain goes on after our restart, with what is left of its time; how it came to the stop that is
 * under way is part of its answer. */
static void test_drain(void **state)
{
    static const struct {
        PoolState state;
        StopReason stop_reason;
        usec_t deadline;
        bool forced;
        uint64_t leases;
    } cases[] = {
            {POOL_DRAINING, STOP_NONE, 30000000, false, 0},
            {POOL_DRAINING, STOP_NONE, INT64_MAX, false, 0},
            {POOL_DRAINING, STOP_NONE, USEC_INFINITY, false, 0},
            {POOL_STOPPING, STOP_DRAIN, 30000000, true, 3},
            {POOL_STOPPING, STOP_DRAIN, 0, true, INT64_MAX},
            {POOL_STOPPING, STOP_DRAIN, 30000000, false, 0},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_(pool_freep) Pool *pool = pool_of(STATE_SPEC_SMALL, cases[i].state), *copy = NULL;

        pool->operation = (PoolOperation){.kind = OPERATION_DRAIN, .id = 17};
        pool->stop_reason = cases[i].stop_reason;
        pool->drain_deadline = cases[i].deadline;
        pool->drain_forced = cases[i].forced;
        pool->drain_leases = cases[i].leases;
        copy = read_file(file_of(pool));
        assert_same(pool, copy);
    }
}

/* The engine of somebody else, as he described it. */
static void test_external(void **state)
{
    _cleanup_(pool_freep) Pool *pool = full_external_pool(), *copy = NULL;
    _cleanup_free_ char *text = state_text(pool);

    assert_contains(text, "\"external\": {");
    copy = state_parse(text);
    assert_same(pool, copy);
    assert_string_equal(pool_host(copy), "::1");
    assert_int_equal(pool_port(copy), 9000);
    assert_false(pool_is_live(copy)); /* it was lost */
}

/* A member of a good file replaced by the JSON text `value`, or taken away where that is NULL. */
static const struct {
    bool external; /* which pool */
    const char *member, *value, *field, *part;
} refused[] = {
        {false, "registered", "1", "registered", "must be true or false"},
        {false, "external_is_file", "\"no\"", "external_is_file", "must be true or false"},
        {false, "external_is_lost", "0", "external_is_lost", "must be true or false"},
        {false, "operation", "[]", "operation", "must be an object"},
        {false, "operation", "{}", "operation.kind", "is required"},
        {false, "operation", "{\"kind\": \"dance\", \"id\": 1, \"real_usec\": 1, \"mono_usec\": 1}",
         "operation.kind", "got \"dance\""},
        {false, "operation", "{\"kind\": \"stop\", \"id\": -1, \"real_usec\": 1, \"mono_usec\": 1}",
         "operation.id", "got -1"},
        {false, "operation", "{\"kind\": \"stop\", \"real_usec\": 1, \"mono_usec\": 1}",
         "operation.id", "is required"},
        {false, "operation", "{\"kind\": \"stop\", \"id\": 1, \"mono_usec\": 1}",
         "operation.real_usec", "is required"},
        {false, "drain_deadline_mono_usec", "-1", "drain_deadline_mono_usec", "got -1"},
        {false, "drain_deadline_mono_usec", "18446744073709551614", "drain_deadline_mono_usec", ""},
        {false, "drain_forced", "1", "drain_forced", "must be true or false"},
        {false, "drain_leases", "-1", "drain_leases", "got -1"},
        {false, "drain_leases", "\"3\"", "drain_leases", "got \"3\""},
        {false, "registry", "null", "registry", "must be an object"},
        {false, "registry", "[]", "registry", "must be an object"},
        {false, "registry", "{\"version\": 1}", "registry.version", "must be a string"},
        {false, "registry", "{\"slots_total\": 0}", "registry.slots_total", "got 0"},
        {false, "registry", "{\"slots_total\": 4, \"slots_free\": -1}", "registry.slots_free",
         "got -1"},
        {false, "registry", "{\"perf_hints\": \"{}\"}", "registry.perf_hints", "must be an object"},
        {false, "external", "{\"url\": \"http://a\"}", "external",
         "must be an object, in the state external only"},
        {true, "external", NULL, "external", "is required in the state external"},
        {true, "external", "null", "external", "must be an object"},
        {true, "external", "[]", "external", "must be an object"},
        {true, "external", "{}", "external.url", "is required"},
        {true, "external", "{\"url\": \"ftp://a\"}", "external.url", "must be a URL"},
        {true, "external", "{\"url\": \"http://a\", \"replica_id\": \"/\"}", "external.replica_id",
         "got \"/\""},
};

static void test_refused(void **state)
{
    for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
        _cleanup_(pool_freep) Pool *pool = refused[i].external ? full_external_pool() : full_pool();
        _cleanup_free_ char *text = NULL;
        json_object *file = file_of(pool), *value = NULL;
        Pool *parsed = NULL;
        Error error = {0};
        size_t length;

        json_object_object_del(file, refused[i].member);
        if (refused[i].value) {
            assert_int_equal(json_read(refused[i].value, strlen(refused[i].value), &value, NULL),
                             0);
            assert_int_equal(json_object_object_add(file, refused[i].member, value), 0);
        }
        assert_int_equal(json_text(file, false, &text, &length), 0);
        assert_int_equal(state_file_parse(text, length, "p1", &parsed, &error), -EINVAL);
        assert_error(text, &error, PM_ERROR_INVALID_FIELD, refused[i].field, refused[i].part);
        assert_null(parsed);
    }
}

static char *repeat(char c, size_t n)
{
    char *s = calloc(1, n + 1);

    assert_non_null(s);
    memset(s, c, n);
    return s;
}

/* Whether the body of an update is taken; the pool gets it. */
static bool update(Pool *pool, const char *body)
{
    PoolUpdate u;
    Error error = {0};

    if (pool_update_parse(body, strlen(body), &u, NULL, &error) < 0)
        return false;
    assert_int_equal(pool_update_apply(pool, &u, &error), 0);
    pool_meta_done(&u.meta);
    return true;
}

/* Every text as long as it may be, of characters that become two in the file; hints as they take
 * the most room when they are laid out: one short value a line, far to the right. */
static void fill_meta(Pool *pool)
{
    static const char *const names[] = {"engine_version", "engine_digest", "engine_catalog_id",
                                        "version"};
    _cleanup_free_ char *quotes = repeat('"', 2 * PM_STRING_MAX), *body = malloc(3 * 4096);
    size_t n;

    assert_non_null(body);
    for (size_t i = 0; i < 2 * PM_STRING_MAX; i += 2)
        quotes[i] = '\\';
    for (size_t i = 0; i < ELEMENTSOF(names); i++) {
        (void)snprintf(body, 3 * 4096, "{\"%s\": \"%s\"}", names[i], quotes);
        assert_true(update(pool, body));
    }
    (void)snprintf(body, 3 * 4096, "{\"slots_total\": %lld}", (long long)INT64_MAX);
    assert_true(update(pool, body));
    /* Earlier versions took any. */
    free(pool->meta.device_mask);
    pool->meta.device_mask = repeat('"', 1024);

    n = (size_t)sprintf(body, "{\"perf_hints\": {\"\":[[[[[[[[[[[[[1");
    while (n < 15 + 4096 - 15)
        n += (size_t)sprintf(body + n, ",1");
    (void)sprintf(body + n, "]]]]]]]]]]]]]}}");
    while (!update(pool, body)) { /* as many as there may be */
        n -= 2;
        (void)sprintf(body + n, "]]]]]]]]]]]]]}}");
    }
    assert_true(strlen(pool->meta.perf_hints) > 4090);
}

static void fill_external(Handoff *h)
{
    _cleanup_free_ char *url = repeat('"', PM_STRING_MAX);
    const char *expected;

    for (size_t i = 0; i < strlen("http://a/"); i++)
        url[i] = "http://a/"[i];
    assert_int_equal(handoff_set_url(h, url, &expected), 0);
    free(h->replica_id);
    h->replica_id = repeat('r', PM_ID_MAX);
    h->engine = repeat('"', 1024);
    h->engine_version = repeat('"', PM_STRING_MAX);
    h->device_mask = repeat('"', 1024);
    h->model_path = repeat('"', PM_STRING_MAX);
    h->model_id = repeat('"', PM_STRING_MAX);
    h->slots_total = h->slots_free = INT64_MAX;
}

enum { FLAG = 60 * 1024 };

/* A spec with so many bytes of flags; NULL when a preload of it is refused as too large. */
static EngineSpec *spec_with_flags(size_t bytes)
{
    _cleanup_free_ char *body = malloc(PM_BODY_MAX + FLAG), *flag = repeat('x', FLAG);
    EngineSpec *spec = NULL;
    Error error = {0};
    size_t n;

    assert_non_null(body);
    n = (size_t)sprintf(body, "{\"pool_id\": \"p1\", \"binary_path\": \"/b\", \"host\": \"h\","
                              "\"port\": 1, \"model_path\": \"m\", \"engine_version\": \"v\","
                              "\"flags\": [\"\"");
    for (; bytes > FLAG; bytes -= FLAG)
        n += (size_t)sprintf(body + n, ",\"%s\"", flag);
    n += (size_t)sprintf(body + n, ",\"%.*s\"]}", (int)bytes, flag);
    if (prepared_engine_parse(body, n, "p1", &spec, NULL, &error) < 0)
        assert_int_equal(error.code, PM_ERROR_BODY_TOO_LARGE);
    return spec;
}

/* The largest one that a preload takes. */
static EngineSpec *largest_spec(void)
{
    size_t good = 0, bad = PM_BODY_MAX;

    while (good + 1 < bad) {
        size_t middle = good + (bad - good) / 2;
        _cleanup_spec_ EngineSpec *spec = spec_with_flags(middle);

        if (spec)
            good = middle;
        else
            bad = middle;
    }
    assert_true(good > PM_BODY_MAX / 2);
    return spec_with_flags(good);
}

/* Whatever is taken from outside can be read back: nothing that a request can bring makes a file
 * that is refused with our next start. */
static void test_largest(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_of(STATE_SPEC_LARGE, POOL_EXTERNAL), *copy = NULL;
    _cleanup_free_ char *text = NULL;

    engine_spec_free(pool->spec);
    pool->spec = largest_spec();
    fill_external(pool->external);
    fill_meta(pool);
    pool->generation = INT64_MAX;
    pool->started = (Instant){.real = INT64_MAX, .mono = INT64_MAX};
    pool->crash_count = INT64_MAX;
    pool->last_error = longest_text(0x01); /* six bytes each */
    pool->last_error_class = FAILURE_HEALTH_CHECK;
    pool->last_heartbeat_real = INT64_MAX / 1000 * 1000;
    pool->operation.id = INT64_MAX;
    fill_supervision(&pool->supervision, TIME_WINDOW_MAX);
    fill_window(&pool->supervision.restarts, INT64_MAX - TIME_WINDOW_MAX, TIME_WINDOW_MAX);
    fill_window(&pool->supervision.ooms, INT64_MAX - TIME_WINDOW_MAX, TIME_WINDOW_MAX);
    text = state_text(pool);
    if (strlen(text) > PM_BODY_MAX)
        fail_msg("%zu bytes", strlen(text));
    copy = state_parse(text);
    assert_true(engine_spec_equal(pool->spec, copy->spec));
    assert_string_equal(pool->meta.perf_hints, copy->meta.perf_hints);
    assert_string_equal(pool->external->url, copy->external->url);
}

/* The same of hints that are nested as deep as an update takes them. */
static void test_deepest(void **state)
{
    for (int levels = 1; levels < 20; levels++) {
        _cleanup_(pool_freep) Pool *pool = pool_of(STATE_SPEC_SMALL, POOL_READY), *copy = NULL;
        _cleanup_free_ char *open = repeat('[', (size_t)levels),
                            *close = repeat(']', (size_t)levels);
        _cleanup_free_ char *text = NULL;
        char body[128];

        (void)snprintf(body, sizeof(body), "{\"perf_hints\": {\"a\": %s%s}}", open, close);
        if (!update(pool, body)) {
            assert_true(levels > 12);
            continue;
        }
        text = state_text(pool);
        copy = state_parse(text);
        assert_string_equal(copy->meta.perf_hints, pool->meta.perf_hints);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_old_file), cmocka_unit_test(test_old_file_without_spec),
            cmocka_unit_test(test_cleared),  cmocka_unit_test(test_operation),
            cmocka_unit_test(test_drain),    cmocka_unit_test(test_external),
            cmocka_unit_test(test_refused),  cmocka_unit_test(test_largest),
            cmocka_unit_test(test_deepest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
