/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state-fixture.h"
#include "json/encode.h"
#include "json/prepared_engine.h"
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
        "\"sandbox\": {\"user\": \"alice\", \"capabilities\": [\"CAP_IPC_LOCK\"],"
        "\"protect_system\": \"no\", \"private_tmp\": false, \"protect_proc\": true}, \"policy\": "
        "{\"restart\": \"no\","
        "\"backoff_min_ms\": 0, \"breaker_failures\": 3}}";

static char *copy(const char *s)
{
    char *c = strdup(s);

    assert_non_null(c);
    return c;
}

static Handoff *handoff_of(const char *url)
{
    Handoff *handoff = NULL;
    const char *expected;

    assert_int_equal(handoff_new(&handoff), 0);
    assert_int_equal(handoff_set_url(handoff, url, &expected), 0);
    handoff->pool_id = copy("p1");
    handoff->replica_id = copy("r0");
    return handoff;
}

Pool *pool_of(StateSpec spec, PoolState state)
{
    const char *body = spec == STATE_SPEC_LARGE ? large_body : small_body;
    Error error = {0};
    Pool *pool = NULL;

    assert_int_equal(pool_new("p1", &pool), 0);
    if (spec != STATE_SPEC_NONE) {
        if (prepared_engine_parse(body, strlen(body), "p1", &pool->spec, NULL, &error) != 0)
            fail_msg("%s", error.text);
        pool_meta_from_spec(pool, pool->spec);
        pool->generation = 1;
    }
    pool->state = state;
    pool->supervision.pending = state == POOL_BACKOFF || state == POOL_TRIPPED;
    if (state == POOL_EXTERNAL)
        pool->external = handoff_of("http://[::1]:9000/v1");
    return pool;
}

static void set_meta(PoolMeta *meta)
{
    pool_meta_done(meta);
    *meta = (PoolMeta){
            .engine_version = copy("v \"2\""),
            .engine_digest = copy("sha256:1"),
            .engine_catalog_id = copy("catalog\xc3\xa9"),
            .version = copy("7"),
            .device_mask = copy("GPU0,GPU1"),
            .perf_hints = copy("{\"tokens_per_s\":[1.50,null,\"a/b\"]}"),
            .slots_total = INT64_MAX,
            .slots_free = 0,
    };
}

char *longest_text(char c)
{
    char *text = calloc(1, PM_ERROR_TEXT_MAX + 1);

    assert_non_null(text);
    memset(text, c, PM_ERROR_TEXT_MAX);
    return text;
}

void fill_window(TimeWindow *w, usec_t first, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        assert_int_equal(time_window_add(w, first + i), 0);
}

void fill_supervision(Supervision *s, uint64_t times)
{
    /* One by one: what lies between the members stays zero. */
    s->restart_count = 1;
    s->backoff_count = 2;
    s->pending = true;
    s->due.mono = 3;
    s->due.real = 4;
    s->delay_usec = 5;
    for (size_t i = 0; i < BREAKER_MAX; i++) {
        Breaker *b = &s->breakers[i];

        b->failures = 10 * i + 6;
        b->open = true;
        b->open_until.mono = 10 * i + 7;
        b->open_until.real = 10 * i + 8;
        b->open_usec = 10 * i + 9;
    }
    s->trial = true;
    s->allowed_once = true;
    fill_window(&s->restarts, 1000, times);
    fill_window(&s->ooms, 2000, times);
    s->storm_warned = true;
    s->oom_storm_warned = true;
}

Pool *full_pool(void)
{
    Pool *pool = pool_of(STATE_SPEC_LARGE, POOL_STOPPING);

    set_meta(&pool->meta);
    pool->registered = pool->declared = true;
    pool->operation = (PoolOperation){
            .kind = OPERATION_RESTART,
            .id = INT64_MAX,
            .started = {.real = 1700000000123455, .mono = 41},
    };

    pool->generation = INT64_MAX;
    pool->started = (Instant){.real = 1700000000123456, .mono = 42};
    pool->was_ready = true;
    pool->stop_reason = STOP_UNHEALTHY;
    error_text_set(&pool->last_error, "it \"broke\"\n\xc3\xa9");
    pool->last_error_class = FAILURE_HEALTH_CHECK;
    pool->last_heartbeat_real = 1700000000123000;
    pool->crash_count = 3;
    (void)snprintf(pool->correlation_id, sizeof(pool->correlation_id), "it is me \"~\"");
    fill_supervision(&pool->supervision, 2);
    pool->automatic = true;
    pool->ready_since = 43;
    (void)snprintf(pool->unit.invocation_id, sizeof(pool->unit.invocation_id),
                   "0123456789abcdef0123456789abcdef");
    pool->unit.main_pid = 4711;
    return pool;
}

Pool *full_external_pool(void)
{
    Pool *pool = pool_of(STATE_SPEC_LARGE, POOL_EXTERNAL);
    Handoff *external = pool->external;

    set_meta(&pool->meta);
    pool->generation = 9;
    pool->external_is_file = true;
    pool->external_is_lost = true;
    external->engine = copy("vllm");
    external->engine_version = copy("0.9");
    external->device_mask = copy("1");
    external->model_path = copy("/m/\"a\".gguf");
    external->model_id = copy("m-1");
    external->slots_total = 8;
    external->slots_free = 3;
    return pool;
}

char *state_text(const Pool *pool)
{
    char *text = NULL;
    size_t length;

    assert_int_equal(json_text(json_state_file(pool), true, &text, &length), 0);
    return text;
}

Pool *state_parse(const char *text)
{
    Error error = {0};
    Pool *pool = NULL;

    if (state_file_parse(text, strlen(text), "p1", &pool, &error) != 0)
        fail_msg("%s\n%s", error.text, text);
    return pool;
}

static void assert_same_meta(const PoolMeta *a, const PoolMeta *b)
{
    assert_true(streq_ptr(a->engine_version, b->engine_version));
    assert_true(streq_ptr(a->engine_digest, b->engine_digest));
    assert_true(streq_ptr(a->engine_catalog_id, b->engine_catalog_id));
    assert_true(streq_ptr(a->version, b->version));
    assert_true(streq_ptr(a->device_mask, b->device_mask));
    assert_true(streq_ptr(a->perf_hints, b->perf_hints));
    assert_true(a->slots_total == b->slots_total);
    assert_true(a->slots_free == b->slots_free);
}

static void assert_same_external(const Handoff *a, const Handoff *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (!a || !b)
        return;
    assert_string_equal(a->pool_id, b->pool_id);
    assert_string_equal(a->replica_id, b->replica_id);
    assert_string_equal(a->url, b->url);
    assert_string_equal(a->host, b->host);
    assert_int_equal(a->port, b->port);
    assert_true(streq_ptr(a->engine, b->engine));
    assert_true(streq_ptr(a->engine_version, b->engine_version));
    assert_true(streq_ptr(a->device_mask, b->device_mask));
    assert_true(streq_ptr(a->model_path, b->model_path));
    assert_true(streq_ptr(a->model_id, b->model_id));
    assert_true(a->slots_total == b->slots_total);
    assert_true(a->slots_free == b->slots_free);
}

static void assert_same_operation(const PoolOperation *a, const PoolOperation *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->started.real, b->started.real);
    assert_int_equal(a->started.mono, b->started.mono);
}

static void assert_same_reload(const Reload *a, const Reload *b)
{
    assert_int_equal(a->phase, b->phase);
    assert_true(streq_ptr(a->model_ref, b->model_ref));
    assert_true(engine_spec_equal(a->next, b->next));
    assert_true(engine_spec_equal(a->previous, b->previous));
    assert_true(streq_ptr(a->error, b->error));
    assert_int_equal(a->failure, b->failure);
}

static void assert_same_window(const TimeWindow *a, const TimeWindow *b)
{
    assert_int_equal(a->count, b->count);
    if (a->count > 0)
        assert_memory_equal(a->times, b->times, a->count * sizeof(a->times[0]));
}

void assert_same_supervision(const Supervision *a, const Supervision *b)
{
    Supervision of_a = *a, of_b = *b;

    assert_same_window(&a->restarts, &b->restarts);
    assert_same_window(&a->ooms, &b->ooms);
    of_a.restarts = of_a.ooms = of_b.restarts = of_b.ooms = (TimeWindow){0};
    assert_memory_equal(&of_a, &of_b, sizeof(of_a));
}

void assert_same(const Pool *a, const Pool *b)
{
    assert_string_equal(a->id, b->id);
    assert_int_equal(a->state, b->state);
    assert_true(engine_spec_equal(a->spec, b->spec));
    assert_int_equal(a->generation, b->generation);
    assert_int_equal(a->stop_reason, b->stop_reason);
    assert_int_equal(a->started.real, b->started.real);
    assert_int_equal(a->started.mono, b->started.mono);
    assert_int_equal(a->was_ready, b->was_ready);
    assert_true(streq_ptr(a->last_error, b->last_error));
    assert_int_equal(a->last_error_class, b->last_error_class);
    assert_int_equal(a->last_heartbeat_real, b->last_heartbeat_real);
    assert_int_equal(a->crash_count, b->crash_count);
    assert_string_equal(a->correlation_id, b->correlation_id);
    assert_string_equal(a->unit.invocation_id, b->unit.invocation_id);
    assert_int_equal(a->unit.main_pid, b->unit.main_pid);
    assert_int_equal(a->registered, b->registered);
    assert_int_equal(a->declared, b->declared);
    assert_true(a->drain_deadline == b->drain_deadline);
    assert_int_equal(a->drain_forced, b->drain_forced);
    assert_int_equal(a->drain_leases, b->drain_leases);
    assert_int_equal(a->external_is_file, b->external_is_file);
    assert_int_equal(a->external_is_lost, b->external_is_lost);
    assert_same_supervision(&a->supervision, &b->supervision);
    assert_int_equal(a->automatic, b->automatic);
    assert_true(a->ready_since == b->ready_since);
    assert_same_meta(&a->meta, &b->meta);
    assert_same_external(a->external, b->external);
    assert_same_operation(&a->operation, &b->operation);
    assert_same_reload(&a->reload, &b->reload);
    assert_int_equal(a->judging, b->judging);
    assert_int_equal(a->releasing, b->releasing);
    assert_int_equal(a->held_pid, b->held_pid);
    assert_int_equal(a->end.set_up, b->end.set_up);
}
