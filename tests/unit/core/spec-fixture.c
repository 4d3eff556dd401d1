/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec-fixture.h"

char *text(const char *s)
{
    char *copy = strdup(s);

    assert_non_null(copy);
    return copy;
}

SpecSplit split_of(const uint64_t *ratios, size_t count)
{
    SpecSplit split = {SPLIT_RATIOS, count, calloc(count, sizeof(ratios[0]))};

    assert_non_null(split.ratios);
    memcpy(split.ratios, ratios, count * sizeof(ratios[0]));
    return split;
}

EngineSpec *spec_minimal(const char *pool_id)
{
    EngineSpec *spec;

    assert_int_equal(engine_spec_new(&spec), 0);
    spec->pool_id = text(pool_id);
    spec->replica_id = text("r0");
    spec->binary_path = text("/bin/engine");
    spec->host = text("127.0.0.1");
    spec->port = 8080;
    spec->model_path = text("/models/m.gguf");
    spec->engine = text("llamacpp");
    spec->engine_version = text("b1");
    return spec;
}

EngineSpec *spec_full(const char *pool_id)
{
    EngineSpec *spec = spec_minimal(pool_id);

    spec->engine_digest = text("sha256:0");
    spec->engine_catalog_id = text("catalog");
    spec->model_id = text("model");
    spec->device_mask = text("GPU0");
    assert_int_equal(strv_extend(&spec->flags, "--model"), 0);
    assert_int_equal(strv_extend(&spec->flags, "/models/m.gguf"), 0);
    assert_int_equal(strv_extend(&spec->env, "A=b=c"), 0);
    assert_int_equal(strv_extend(&spec->env, "EMPTY="), 0);
    assert_int_equal(strv_extend(&spec->credentials, "key=/etc/key"), 0);
    assert_int_equal(strv_extend(&spec->credentials, "other=/etc/a=b"), 0);
    spec->slots_total = 4;
    spec->vram_bytes = 1000;
    spec->ram_bytes = 2000;
    spec->split = split_of((const uint64_t[]){SPLIT_WHOLE}, 1);
    spec->health.path = text("/up");
    spec->health.interval_ms = 100;
    spec->health.timeout_ms = 60000;
    spec->health.failures = 5;
    spec->stop_grace_ms = 1500;
    spec->resources.memory_max = 1 << 30;
    spec->resources.memory_high = 1 << 29;
    spec->resources.cpu_weight = 200;
    spec->resources.tasks_max = 64;
    spec->resources.io_weight = 300;
    spec->sandbox.pieces[SANDBOX_PROTECT_PROC] = FLAG_OFF;
    spec->sandbox.protect_home = PROTECT_HOME_READ_ONLY;
    spec->sandbox.user = text("alice");
    spec->sandbox.root_directory = text("/srv/root");
    assert_int_equal(strv_extend(&spec->sandbox.addresses, "192.0.2.0/24"), 0);
    spec->policy.numbers.backoff_max_usec = 7 * USEC_PER_SEC;
    spec->policy.numbers.breaker_threshold = 2;
    spec->policy.restart = RESTART_ON_FAILURE;
    spec->policy.retry_no_fit = FLAG_ON;
    return spec;
}

Pool *pool_with(EngineSpec *spec)
{
    Pool *pool;

    assert_int_equal(pool_new(spec->pool_id, &pool), 0);
    pool->spec = spec;
    pool_meta_from_spec(pool, spec);
    pool->generation = 7;
    return pool;
}

Handoff *handoff_at(const char *url)
{
    const char *expected;
    Handoff *handoff;

    assert_int_equal(handoff_new(&handoff), 0);
    assert_int_equal(handoff_set_url(handoff, url, &expected), 0);
    handoff->pool_id = text("p");
    handoff->replica_id = text("r0");
    return handoff;
}

UnitObservation unit_running(pid_t pid)
{
    return (UnitObservation){
            .fields = UNIT_FIELD_LOAD | UNIT_FIELD_ACTIVE | UNIT_FIELD_MAIN_PID |
                      UNIT_FIELD_INVOCATION_ID,
            .load = UNIT_LOAD_LOADED,
            .active = UNIT_ACTIVE_ACTIVE,
            .main_pid = pid,
            .invocation_id = "0123456789abcdef0123456789abcdef",
    };
}
