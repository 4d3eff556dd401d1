/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/status.h"

#include "base/text.h"
#include "core/unit_name.h"

void spec_url(const EngineSpec *spec, char *buffer, size_t size)
{
    bool v6 = strchr(spec->host, ':') != NULL;
    Text t = text_in(buffer, size);

    text_append(&t, v6 ? "http://[" : "http://");
    text_append(&t, spec->host);
    text_append(&t, v6 ? "]:" : ":");
    text_append_number(&t, spec->port);
}

enum {
    PERCENT_MAX = 99, /* all is done only when the engine says so */
};

static void append_number_or_null(Text *t, uint64_t number)
{
    if (number == SPEC_UNSET)
        text_append(t, "null");
    else
        text_append_number(t, number);
}

uint64_t pool_load_percent(const Pool *pool)
{
    uint64_t read = pool->load_read_bytes, model = pool->load_model_bytes;

    if ((pool->state != POOL_STARTING && pool->state != POOL_WARMING) || read == SPEC_UNSET ||
        model == SPEC_UNSET || model == 0)
        return SPEC_UNSET;
    if (read >= model)
        return PERCENT_MAX;
    return usec_min((uint64_t)((double)read * 100.0 / (double)model), PERCENT_MAX);
}

/* The rest at the pace so far. */
static uint64_t load_eta_ms(const Pool *pool, Instant now)
{
    uint64_t percent = pool_load_percent(pool);
    uint64_t waited_ms = usec_to_ms(usec_sub(now.mono, pool->started.mono));

    if (percent == SPEC_UNSET || percent == 0 || percent >= PERCENT_MAX)
        return SPEC_UNSET;
    return waited_ms / percent * (100 - percent);
}

/* How far a start is: {"phase": …}, only while there is one. */
static const char *load_text(const Pool *pool, Instant now, PoolStatus *status)
{
    Text t = text_in(status->load, sizeof(status->load));

    switch (pool->state) {
    case POOL_PREFLIGHT:
    case POOL_STARTING:
    case POOL_WARMING:
        text_append(&t, "{\"phase\":\"");
        text_append(&t, pool_state_shown(pool));
        text_append(&t, "\",\"percent\":");
        append_number_or_null(&t, pool_load_percent(pool));
        text_append(&t, ",\"eta_ms\":");
        append_number_or_null(&t, load_eta_ms(pool, now));
        text_append(&t, "}");
        return status->load;
    default:
        return NULL;
    }
}

/* Which pieces of the sandbox the pool's engine does without. */
static const char *relaxed_text(const Pool *pool, PoolStatus *status)
{
    if (!pool->spec || pool->state == POOL_EXTERNAL)
        return NULL;
    sandbox_text(&pool->spec->sandbox, pool->spec->engine, status->relaxed);
    return status->relaxed;
}

/* What the pool's engine is: that of its spec, or of its handoff. */
typedef struct EngineView {
    const char *replica_id, *engine, *model_id, *model_path, *url;
} EngineView;

static EngineView engine_view(const Pool *pool, PoolStatus *status)
{
    const EngineSpec *spec = pool->spec;
    const Handoff *external = pool->external;

    if (pool->state == POOL_EXTERNAL)
        return (EngineView){external->replica_id, external->engine, external->model_id,
                            external->model_path, external->url};
    if (!spec)
        return (EngineView){0};
    spec_url(spec, status->url, sizeof(status->url));
    return (EngineView){spec->replica_id, spec->engine, spec->model_id, spec->model_path,
                        status->url};
}

static const char *set_or_null(const char *s)
{
    return s && s[0] ? s : NULL;
}

/* When the supervision acts next, for people: Unix milliseconds. */
typedef struct SupervisionView {
    uint64_t delay_ms, next_ms, open_until_ms;
} SupervisionView;

static SupervisionView supervision_view(const Pool *pool)
{
    const Supervision *s = &pool->supervision;
    SupervisionView view = {SPEC_UNSET, SPEC_UNSET, SPEC_UNSET};
    Instant until;

    if (s->pending) {
        view.next_ms = usec_to_ms(s->due.real);
        if (pool->state == POOL_BACKOFF)
            view.delay_ms = usec_to_ms(s->delay_usec);
    }
    if (supervision_open_until(s, &until))
        view.open_until_ms = usec_to_ms(until.real);
    return view;
}

void pool_status(const Pool *pool, Instant now, PoolStatus *ret)
{
    const EngineView view = engine_view(pool, ret);
    const PoolMeta *meta = &pool->meta;
    const UnitObservation *unit = &pool->unit;
    bool engine = pool_has_engine(pool), live = pool_is_live(pool);
    const SupervisionView waits = supervision_view(pool);
    /* The number of a pool without an engine says where the next one begins, no more. */
    bool has_generation = pool->generation > 0 && (pool->spec || pool->state == POOL_EXTERNAL);
    const char *unit_name = NULL;
    size_t n = 0;

    if (engine && pool->spec) {
        unit_name_format(pool->id, pool->spec->replica_id, pool->generation, ret->unit_name);
        unit_name = ret->unit_name;
    }
#define VALUE(name, property, type, ...)        \
    ret->values[n++] = (StatusValue)            \
    {                                           \
        name, property, type, sizeof(name) - 1, \
        {                                       \
            __VA_ARGS__                         \
        }                                       \
    }
#define STRING(name, property, s) VALUE(name, property, STATUS_STRING, .string = set_or_null(s))
#define BOOL(name, property, b)   VALUE(name, property, STATUS_BOOL, .boolean = (b))
#define NUMBER(name, property, v) VALUE(name, property, STATUS_NUMBER, .number = (v))
#define OBJECT(name, property, s) VALUE(name, property, STATUS_OBJECT, .string = (s))
    STRING("pool_id", "PoolId", pool->id);
    STRING("replica_id", "ReplicaId", view.replica_id);
    STRING("state", "State", pool_state_shown(pool));
    BOOL("live", "Live", live);
    BOOL("ready", "Ready", pool_is_ready(pool));
    BOOL("draining", "Draining", pool_is_draining(pool));
    NUMBER("active_leases", "ActiveLeases", pool->leases.count);
    NUMBER("slots_total", "SlotsTotal", meta->slots_total);
    NUMBER("slots_free", "SlotsFree", pool_slots_free(pool));
    STRING("engine", "Engine", view.engine);
    STRING("engine_version", "EngineVersion", meta->engine_version);
    STRING("engine_digest", "EngineDigest", meta->engine_digest);
    STRING("engine_catalog_id", "EngineCatalogId", meta->engine_catalog_id);
    STRING("version", "RegistryVersion", meta->version);
    STRING("model_id", "ModelId", view.model_id);
    STRING("model_path", "ModelPath", view.model_path);
    STRING("device_mask", "DeviceMask", meta->device_mask);
    STRING("url", "Url", view.url);
    NUMBER("generation", "Generation", has_generation ? pool->generation : SPEC_UNSET);
    STRING("unit", "Unit", unit_name);
    STRING("invocation_id", "InvocationId", engine ? unit->invocation_id : NULL);
    NUMBER("pid", "Pid", live && unit->main_pid > 0 ? (uint64_t)unit->main_pid : SPEC_UNSET);
    NUMBER("uptime_ms", "UptimeMs",
           live && pool->state != POOL_EXTERNAL ? usec_to_ms(usec_sub(now.mono, pool->started.mono))
                                                : SPEC_UNSET);
    STRING("last_error", "LastError", pool->last_error);
    STRING("last_error_class", "LastErrorClass", failure_class_to_string(pool->last_error_class));
    NUMBER("last_heartbeat_ms", "LastHeartbeatMs",
           pool->last_heartbeat_real ? usec_to_ms(pool->last_heartbeat_real) : SPEC_UNSET);
    NUMBER("restart_count", "RestartCount", pool->supervision.restart_count);
    NUMBER("crash_count", "CrashCount", pool->crash_count);
    NUMBER("backoff_ms", "BackoffMs", waits.delay_ms);
    NUMBER("next_restart_at_ms", "NextRestartAtMs", waits.next_ms);
    STRING("circuit_state", "CircuitState",
           circuit_state_to_string(supervision_circuit(&pool->supervision, now)));
    NUMBER("circuit_opens_until_ms", "CircuitOpensUntilMs", waits.open_until_ms);
    OBJECT("perf_hints", "PerfHints", meta->perf_hints);
    BOOL("managed", "Managed", pool->state != POOL_EXTERNAL);
    OBJECT("load", "Load", load_text(pool, now, ret));
    STRING("sandbox_relaxed", "SandboxRelaxed", relaxed_text(pool, ret));
#undef VALUE
#undef STRING
#undef BOOL
#undef NUMBER
#undef OBJECT
    if (n != STATUS_FIELDS)
        abort();
}

const StatusValue *pool_status_find(const PoolStatus *status, const char *name)
{
    for (size_t i = 0; i < STATUS_FIELDS; i++)
        if (streq(status->values[i].name, name))
            return &status->values[i];
    return NULL;
}
