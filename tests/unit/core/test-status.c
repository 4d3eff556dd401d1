/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec-fixture.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/status.h"

static const Instant now = {.mono = 100 * USEC_PER_SEC, .real = 1700000000 * USEC_PER_SEC};

/* The contract's list, section 5, in its order. */
static const struct {
    const char *name;
    StatusType type;
} fields[] = {
        {"pool_id", STATUS_STRING},
        {"replica_id", STATUS_STRING},
        {"state", STATUS_STRING},
        {"live", STATUS_BOOL},
        {"ready", STATUS_BOOL},
        {"draining", STATUS_BOOL},
        {"active_leases", STATUS_NUMBER},
        {"slots_total", STATUS_NUMBER},
        {"slots_free", STATUS_NUMBER},
        {"engine", STATUS_STRING},
        {"engine_version", STATUS_STRING},
        {"engine_digest", STATUS_STRING},
        {"engine_catalog_id", STATUS_STRING},
        {"version", STATUS_STRING},
        {"model_id", STATUS_STRING},
        {"model_path", STATUS_STRING},
        {"device_mask", STATUS_STRING},
        {"url", STATUS_STRING},
        {"generation", STATUS_NUMBER},
        {"unit", STATUS_STRING},
        {"invocation_id", STATUS_STRING},
        {"pid", STATUS_NUMBER},
        {"uptime_ms", STATUS_NUMBER},
        {"last_error", STATUS_STRING},
        {"last_error_class", STATUS_STRING},
        {"last_heartbeat_ms", STATUS_NUMBER},
        {"restart_count", STATUS_NUMBER},
        {"crash_count", STATUS_NUMBER},
        {"backoff_ms", STATUS_NUMBER},
        {"next_restart_at_ms", STATUS_NUMBER},
        {"circuit_state", STATUS_STRING},
        {"circuit_opens_until_ms", STATUS_NUMBER},
        {"perf_hints", STATUS_OBJECT},
        {"managed", STATUS_BOOL},
        {"load", STATUS_OBJECT},
        {"sandbox_relaxed", STATUS_STRING},
};

static void test_fields(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_full("p"));
    PoolStatus status;

    assert_int_equal(ELEMENTSOF(fields), STATUS_FIELDS);
    pool_status(pool, now, &status);
    for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
        assert_string_equal(status.values[i].name, fields[i].name);
        assert_int_equal(status.values[i].type, fields[i].type);
        assert_ptr_equal(pool_status_find(&status, fields[i].name), &status.values[i]);
    }
    assert_null(pool_status_find(&status, ""));
    assert_null(pool_status_find(&status, "Live"));
}

/* pool_id on the wire is PoolId on the bus; only `version` says there of what it is one. */
static void test_property_names(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_full("p"));
    PoolStatus status;

    pool_status(pool, now, &status);
    for (size_t i = 0; i < STATUS_FIELDS; i++) {
        char camel[64];
        size_t n = 0;

        for (const char *p = status.values[i].name; *p; p++) {
            if (*p == '_')
                continue;
            camel[n++] = *p;
            if (p == status.values[i].name || p[-1] == '_')
                camel[n - 1] = (char)toupper((unsigned char)*p);
        }
        camel[n] = '\0';
        assert_string_equal(status.values[i].property,
                            streq(camel, "Version") ? "RegistryVersion" : camel);
    }
}

static const char *show(const StatusValue *value, char buffer[static 256])
{
    switch (value->type) {
    case STATUS_STRING:
    case STATUS_OBJECT:
        return value->string ? value->string : "null";
    case STATUS_BOOL:
        return value->boolean ? "true" : "false";
    case STATUS_NUMBER:
        if (value->number == SPEC_UNSET)
            return "null";
        (void)snprintf(buffer, 256, "%" PRIu64, value->number);
        return buffer;
    }
    return "?";
}

/* `wanted` is one text for each field, in order. */
static void assert_status(const Pool *pool, const char *const wanted[static STATUS_FIELDS])
{
    PoolStatus status;

    pool_status(pool, now, &status);
    for (size_t i = 0; i < STATUS_FIELDS; i++) {
        char buffer[256];
        const char *shown = show(&status.values[i], buffer);

        if (!streq(shown, wanted[i]))
            fail_msg("%s is %s, not %s", fields[i].name, shown, wanted[i]);
    }
}

static void test_pool_that_never_ran(void **state)
{
    static const char *const wanted[STATUS_FIELDS] = {
            "p",    "null", "off",    "false", "false", "false", "0",    /* active_leases */
            "null", "null", "null",   "null",  "null",  "null",  "null", /* version */
            "null", "null", "null",   "null",  "null",  "null",  "null", /* invocation_id */
            "null", "null", "null",   "null",  "null",  "0",     "0",    /* crash_count */
            "null", "null", "closed", "null",  "null",  "true",  "null", "null",
    };
    Pool *pool;

    assert_int_equal(pool_new("p", &pool), 0);
    assert_status(pool, wanted);
    pool_free(pool);
}

static void test_ready_pool(void **state)
{
    static const char *const wanted[STATUS_FIELDS] = {
            "p",
            "r0",
            "ready",
            "true",
            "true",
            "false",
            "0",
            "4",
            "4",
            "llamacpp",
            "b1",
            "sha256:0",
            "catalog",
            "null",
            "model",
            "/models/m.gguf",
            "GPU0",
            "http://127.0.0.1:8080",
            "7",
            "pool@p:r0:g7.service",
            "0123456789abcdef0123456789abcdef",
            "42",
            "90500",
            "exited with status 1",
            "process_exit",
            "1700000000123",
            "0",
            "2",
            "null",
            "null",
            "closed",
            "null",
            "null",
            "true",
            "null",
            "user protect_home protect_proc ip_address_allow",
    };
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_full("p"));

    pool->state = POOL_READY;
    pool->unit = unit_running(42);
    pool->started.mono = now.mono - 90500 * USEC_PER_MSEC;
    pool->last_heartbeat_real = 1700000000123 * USEC_PER_MSEC + 999;
    pool->crash_count = 2;
    error_text_set(&pool->last_error, "exited with status 1");
    pool->last_error_class = FAILURE_PROCESS_EXIT;
    assert_status(pool, wanted);
}

/* Fails unless the field reads so. */
static void assert_field(const Pool *pool, const char *name, const char *wanted)
{
    PoolStatus status;
    char buffer[256];
    const char *shown;

    pool_status(pool, now, &status);
    shown = show(pool_status_find(&status, name), buffer);
    if (!streq(shown, wanted))
        fail_msg("%s: %s is %s, not %s", pool_state_to_string(pool->state), name, shown, wanted);
}

/* What there is only while there is an engine, or a start of one. */
static void test_what_each_state_shows(void **state)
{
    static const char *const of_engine[] = {"unit", "invocation_id", "pid", "uptime_ms"};
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_full("p"));
    static const char *const values[] = {"pool@p:r0:g7.service", "0123456789abcdef0123456789abcdef",
                                         "42", "100000"};

    pool->external = handoff_at("http://127.0.0.1:9000");
    pool->unit = unit_running(42);
    for (int i = 0; i < POOL_STATE_MAX; i++) {
        bool starts = i == POOL_PREFLIGHT || i == POOL_STARTING || i == POOL_WARMING;
        char load[64] = "null";

        pool->state = (PoolState)i;
        if (i == POOL_EXTERNAL)
            pool->unit = (UnitObservation){0};
        if (starts)
            (void)snprintf(load, sizeof(load),
                           "{\"phase\":\"%s\",\"percent\":null,\"eta_ms\":null}",
                           pool_state_to_string(pool->state));
        assert_field(pool, "load", load);
        assert_field(pool, "state", pool_state_to_string(pool->state));
        assert_field(pool, "draining", i == POOL_DRAINING ? "true" : "false");
        assert_field(pool, "managed", i == POOL_EXTERNAL ? "false" : "true");
        assert_field(pool, "generation", "7"); /* of the last one, too */
        for (size_t k = 0; k < ELEMENTSOF(of_engine); k++)
            assert_field(pool, of_engine[k], pool_has_engine(pool) ? values[k] : "null");
    }
}

/* An engine that is being stopped still runs; when its main process is gone it does not. */
static void test_not_live_has_no_pid(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_full("p"));

    pool->state = POOL_STOPPING;
    pool->unit = unit_running(42);
    pool->unit.active = UNIT_ACTIVE_DEACTIVATING;
    assert_field(pool, "live", "true");
    assert_field(pool, "pid", "42");
    pool->unit.main_pid = 0;
    assert_field(pool, "live", "false");
    assert_field(pool, "pid", "null");
    assert_field(pool, "uptime_ms", "null");
    assert_field(pool, "unit", "pool@p:r0:g7.service");

    pool->state = POOL_READY;
    pool->unit = unit_running(0);
    assert_field(pool, "live", "true");
    assert_field(pool, "pid", "null");
    pool->started.mono = now.mono + 1; /* never below 0 */
    assert_field(pool, "uptime_ms", "0");
}

typedef struct WaitingCase {
    PoolState state;
    bool pending, open, trial;
    usec_t open_until_mono;
    const char *backoff_ms, *next_restart_at_ms, *circuit_state, *circuit_opens_until_ms;
} WaitingCase;

/* What the supervision is about to do, on the clock of people. */
static void test_supervision(void **state)
{
    static const usec_t later = 200 * USEC_PER_SEC, over = 99 * USEC_PER_SEC;
    const WaitingCase cases[] = {
            {POOL_OFF, false, false, false, 0, "null", "null", "closed", "null"},
            {POOL_BACKOFF, true, false, false, 0, "1500", "1700000001500", "closed", "null"},
            {POOL_TRIPPED, true, true, false, later, "null", "1700000001500", "open",
             "1700000100000"},
            {POOL_TRIPPED, true, true, false, over, "null", "1700000001500", "half_open",
             "1700000100000"},
            {POOL_READY, false, true, true, over, "null", "null", "half_open", "1700000100000"},
            /* stopped, or started by hand: the breaker is what it was */
            {POOL_OFF, false, true, false, later, "null", "null", "open", "1700000100000"},
            {POOL_READY, false, true, false, later, "null", "null", "open", "1700000100000"},
    };
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_full("p"));

    pool->supervision.restart_count = 4;
    pool->supervision.delay_usec = 1500 * USEC_PER_MSEC;
    pool->supervision.due.real = now.real + 1500 * USEC_PER_MSEC + 999;
    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        const WaitingCase *c = &cases[i];

        pool->state = c->state;
        pool->supervision.pending = c->pending;
        pool->supervision.trial = c->trial;
        pool->supervision.breakers[BREAKER_CUDA] = (Breaker){
                .failures = 1,
                .open = c->open,
                .open_until = {.mono = c->open_until_mono, .real = now.real + 100 * USEC_PER_SEC},
        };
        assert_field(pool, "restart_count", "4");
        assert_field(pool, "backoff_ms", c->backoff_ms);
        assert_field(pool, "next_restart_at_ms", c->next_restart_at_ms);
        assert_field(pool, "circuit_state", c->circuit_state);
        assert_field(pool, "circuit_opens_until_ms", c->circuit_opens_until_ms);
    }
}

static void test_url(void **state)
{
    static const struct {
        const char *host;
        uint16_t port;
        const char *url;
    } cases[] = {
            {"127.0.0.1", 1, "http://127.0.0.1:1"},
            {"localhost", 65535, "http://localhost:65535"},
            {"::1", 8080, "http://[::1]:8080"},
            {"2001:db8::1", 80, "http://[2001:db8::1]:80"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_spec_ EngineSpec *spec = spec_minimal("p");
        char url[64];

        free(spec->host);
        spec->host = text(cases[i].host);
        spec->port = cases[i].port;
        spec_url(spec, url, sizeof(url));
        assert_string_equal(url, cases[i].url);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_fields),
            cmocka_unit_test(test_property_names),
            cmocka_unit_test(test_pool_that_never_ran),
            cmocka_unit_test(test_ready_pool),
            cmocka_unit_test(test_what_each_state_shows),
            cmocka_unit_test(test_not_live_has_no_pid),
            cmocka_unit_test(test_supervision),
            cmocka_unit_test(test_url),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
