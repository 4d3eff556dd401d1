/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "core/status.h"
#include "core/unit_name.h"

void spec_url(const EngineSpec *spec, char *buffer, size_t size)
{
    bool v6 = strchr(spec->host, ':') != NULL;

    (void)snprintf(buffer, size, "http://%s%s%s:%u", v6 ? "[" : "", spec->host, v6 ? "]" : "",
                   (unsigned)spec->port);
}

static StatusValue value_string(const char *name, const char *property, const char *s)
{
    return (StatusValue){name, property, STATUS_STRING, {.string = s && s[0] ? s : NULL}};
}

static StatusValue value_bool(const char *name, const char *property, bool b)
{
    return (StatusValue){name, property, STATUS_BOOL, {.boolean = b}};
}

static StatusValue value_number(const char *name, const char *property, uint64_t n)
{
    return (StatusValue){name, property, STATUS_NUMBER, {.number = n}};
}

/* How far a start is: {"phase": …}, only while there is one. */
static const char *load_text(const Pool *pool, PoolStatus *status)
{
    switch (pool->state) {
    case POOL_PREFLIGHT:
    case POOL_STARTING:
    case POOL_WARMING:
        (void)snprintf(status->load, sizeof(status->load),
                       "{\"phase\":\"%s\",\"percent\":null,\"eta_ms\":null}",
                       pool_state_to_string(pool->state));
        return status->load;
    default:
        return NULL;
    }
}

void pool_status(const Pool *pool, Instant now, PoolStatus *ret)
{
    static const EngineSpec none = {.slots_total = SPEC_UNSET};
    const EngineSpec *spec = pool->spec ? pool->spec : &none;
    const UnitObservation *unit = &pool->unit;
    bool engine = pool_has_engine(pool), live = pool_is_live(pool);
    const char *url = NULL, *unit_name = NULL;
    size_t n = 0;

    if (pool->spec) {
        spec_url(spec, ret->url, sizeof(ret->url));
        url = ret->url;
    }
    if (engine && pool->spec) {
        unit_name_format(pool->id, spec->replica_id, pool->generation, ret->unit_name);
        unit_name = ret->unit_name;
    }
#define STRING(name, property, s) ret->values[n++] = value_string(name, property, s)
#define BOOL(name, property, b)   ret->values[n++] = value_bool(name, property, b)
#define NUMBER(name, property, v) ret->values[n++] = value_number(name, property, v)
#define OBJECT(name, property, s)      \
    ret->values[n++] = (StatusValue)   \
    {                                  \
        name, property, STATUS_OBJECT, \
        {                              \
            .string = (s)              \
        }                              \
    }
    STRING("pool_id", "PoolId", pool->id);
    STRING("replica_id", "ReplicaId", spec->replica_id);
    STRING("state", "State", pool_state_to_string(pool->state));
    BOOL("live", "Live", live);
    BOOL("ready", "Ready", pool_is_ready(pool));
    BOOL("draining", "Draining", pool->state == POOL_DRAINING);
    NUMBER("active_leases", "ActiveLeases", 0);
    NUMBER("slots_total", "SlotsTotal", spec->slots_total);
    NUMBER("slots_free", "SlotsFree", spec->slots_total);
    STRING("engine", "Engine", spec->engine);
    STRING("engine_version", "EngineVersion", spec->engine_version);
    STRING("engine_digest", "EngineDigest", spec->engine_digest);
    STRING("engine_catalog_id", "EngineCatalogId", spec->engine_catalog_id);
    STRING("version", "RegistryVersion", NULL);
    STRING("model_id", "ModelId", spec->model_id);
    STRING("model_path", "ModelPath", spec->model_path);
    STRING("device_mask", "DeviceMask", spec->device_mask);
    STRING("url", "Url", url);
    NUMBER("generation", "Generation", pool->generation ? pool->generation : SPEC_UNSET);
    STRING("unit", "Unit", unit_name);
    STRING("invocation_id", "InvocationId", engine ? unit->invocation_id : NULL);
    NUMBER("pid", "Pid", live && unit->main_pid > 0 ? (uint64_t)unit->main_pid : SPEC_UNSET);
    NUMBER("uptime_ms", "UptimeMs",
           live ? usec_to_ms(usec_sub(now.mono, pool->started.mono)) : SPEC_UNSET);
    STRING("last_error", "LastError", pool->last_error);
    STRING("last_error_class", "LastErrorClass", failure_class_to_string(pool->last_error_class));
    NUMBER("last_heartbeat_ms", "LastHeartbeatMs",
           pool->last_heartbeat_real ? usec_to_ms(pool->last_heartbeat_real) : SPEC_UNSET);
    NUMBER("restart_count", "RestartCount", 0);
    NUMBER("crash_count", "CrashCount", pool->crash_count);
    NUMBER("backoff_ms", "BackoffMs", SPEC_UNSET);
    NUMBER("next_restart_at_ms", "NextRestartAtMs", SPEC_UNSET);
    STRING("circuit_state", "CircuitState", "closed");
    NUMBER("circuit_opens_until_ms", "CircuitOpensUntilMs", SPEC_UNSET);
    OBJECT("perf_hints", "PerfHints", NULL);
    BOOL("managed", "Managed", pool->state != POOL_EXTERNAL);
    OBJECT("load", "Load", load_text(pool, ret));
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
