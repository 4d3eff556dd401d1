/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/encode.h"

#include "core/unit_name.h"
#include "json/build.h"
#include "json/write.h"

static void add_status_value(Builder *b, const StatusValue *v)
{
    switch (v->type) {
    case STATUS_STRING:
        builder_add_string(b, v->name, v->string);
        break;
    case STATUS_BOOL:
        builder_add_bool(b, v->name, v->boolean);
        break;
    case STATUS_NUMBER:
        builder_add_number(b, v->name, v->number);
        break;
    case STATUS_OBJECT:
        builder_add_text(b, v->name, v->string);
        break;
    }
}

json_object *json_status(const PoolStatus *status)
{
    Builder b;

    builder_init(&b);
    for (size_t i = 0; i < ELEMENTSOF(status->values); i++)
        add_status_value(&b, &status->values[i]);
    return builder_take(&b);
}

static void add_error(Builder *b, const Error *error)
{
    const PmErrorInfo *info = pm_error_info(error->code);

    builder_add_string(b, "error", error->text);
    builder_add_string(b, "code", info->code);
    builder_add_bool(b, "retriable", info->retriable);
    if (*error->field)
        builder_add_string(b, "field", error->field);
}

json_object *json_error(const Error *error, const char *pool_id)
{
    Builder b;

    builder_init(&b);
    add_error(&b, error);
    if (pool_id)
        builder_add_string(&b, "pool_id", pool_id);
    return builder_take(&b);
}

static json_object *model_of(const EngineSpec *spec)
{
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "path", spec->model_path);
    if (spec->model_id)
        builder_add_string(&b, "id", spec->model_id);
    return builder_take(&b);
}

/* The main process, null when there is none. */
static void add_pid(Builder *b, const Pool *pool)
{
    builder_add_number(b, "pid",
                       pool->unit.main_pid > 0 ? (uint64_t)pool->unit.main_pid : SPEC_UNSET);
}

json_object *json_handoff(const Pool *pool)
{
    const EngineSpec *spec = pool->spec;
    char url[PM_STRING_MAX];
    Builder b;

    spec_url(spec, url, sizeof(url));
    builder_init(&b);
    builder_add_string(&b, "engine", spec->engine);
    builder_add_string(&b, "engine_version", spec->engine_version);
    builder_add_string(&b, "provisioning_mode", "managed");
    builder_add_string(&b, "url", url);
    builder_add_string(&b, "pool_id", pool->id);
    builder_add_string(&b, "replica_id", spec->replica_id);
    builder_add_value(&b, "model", model_of(spec));
    builder_add_value(&b, "flags", json_string_array(spec->flags));
    builder_add_string(&b, "device_mask", pool->meta.device_mask);
    builder_add_number(&b, "slots_total", pool->meta.slots_total);
    builder_add_number(&b, "slots_free", pool_slots_free(pool));
    add_pid(&b, pool);
    builder_add_number(&b, "generation", pool->generation);
    return builder_take(&b);
}

json_object *json_preload_answer(const Pool *pool, const char *handoff_path, char *const *warnings)
{
    char unit[PM_UNIT_NAME_MAX + 1];
    Builder b;

    unit_name_format(pool->id, pool->spec->replica_id, pool->generation, unit);
    builder_init(&b);
    builder_add_string(&b, "pool_id", pool->id);
    add_pid(&b, pool);
    builder_add_string(&b, "handoff_path", handoff_path);
    builder_add_number(&b, "generation", pool->generation);
    builder_add_string(&b, "unit", unit);
    builder_add_value(&b, "warnings", json_string_array(warnings));
    return builder_take(&b);
}

json_object *json_stop_answer(const Pool *pool, const OperationResult *result,
                              char *const *warnings)
{
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "pool_id", pool->id);
    builder_add_bool(&b, "force_stopped", result->force_stopped);
    builder_add_number(&b, "duration_ms", usec_to_ms(result->duration_usec));
    builder_add_value(&b, "warnings", json_string_array(warnings));
    return builder_take(&b);
}

json_object *json_health(const PoolStatus *status)
{
    static const char *const fields[] = {"live", "ready", "draining", "last_error"};
    static const char *const metrics[] = {"active_leases", "slots_total",   "slots_free",
                                          "restart_count", "crash_count",   "uptime_ms",
                                          "backoff_ms",    "circuit_state", "last_heartbeat_ms"};
    Builder b, m;

    builder_init(&b);
    for (size_t i = 0; i < ELEMENTSOF(fields); i++)
        add_status_value(&b, pool_status_find(status, fields[i]));
    builder_init(&m);
    for (size_t i = 0; i < ELEMENTSOF(metrics); i++)
        add_status_value(&m, pool_status_find(status, metrics[i]));
    builder_add_value(&b, "metrics", builder_take(&m));
    return builder_take(&b);
}

json_object *json_lease_answer(const char *lease_id, uint64_t active_leases, uint64_t generation,
                               char *const *warnings)
{
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "lease_id", lease_id);
    builder_add_number(&b, "active_leases", active_leases);
    builder_add_number(&b, "generation", generation);
    builder_add_value(&b, "warnings", json_string_array(warnings));
    return builder_take(&b);
}

json_object *json_active_leases(uint64_t active_leases)
{
    Builder b;

    builder_init(&b);
    builder_add_number(&b, "active_leases", active_leases);
    return builder_take(&b);
}

json_object *json_heartbeat_answer(const char *pool_id, uint64_t last_heartbeat_ms)
{
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "pool_id", pool_id);
    builder_add_number(&b, "last_heartbeat_ms", last_heartbeat_ms);
    return builder_take(&b);
}

json_object *json_drain_answer(const Pool *pool, const OperationResult *result,
                               char *const *warnings)
{
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "pool_id", pool->id);
    builder_add_bool(&b, "force_stopped", result->force_stopped);
    builder_add_number(&b, "duration_ms", usec_to_ms(result->duration_usec));
    builder_add_number(&b, "final_lease_count", result->leases);
    builder_add_value(&b, "warnings", json_string_array(warnings));
    return builder_take(&b);
}

json_object *json_reload_answer(const Pool *pool, const OperationResult *result,
                                char *const *warnings)
{
    const bool failed = error_is_set(&result->error);
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "pool_id", pool->id);
    builder_add_bool(&b, "success", !failed);
    builder_add_bool(&b, "rolled_back", result->rolled_back);
    builder_add_string(&b, "new_engine_version", failed ? NULL : pool->meta.engine_version);
    builder_add_number(&b, "duration_ms", usec_to_ms(result->duration_usec));
    if (failed)
        add_error(&b, &result->error);
    builder_add_value(&b, "warnings", json_string_array(warnings));
    return builder_take(&b);
}

json_object *json_deregister_answer(const char *pool_id, char *const *warnings)
{
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "pool_id", pool_id);
    builder_add_bool(&b, "deregistered", true);
    builder_add_value(&b, "warnings", json_string_array(warnings));
    return builder_take(&b);
}

json_object *json_pool_id(const char *pool_id)
{
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "pool_id", pool_id);
    return builder_take(&b);
}

json_object *json_operation(const OperationView *view)
{
    Builder b;

    builder_init(&b);
    builder_add_number(&b, "id", view->id);
    builder_add_string(&b, "kind", operation_kind_to_string(view->kind));
    builder_add_string(&b, "pool_id", view->pool_id);
    builder_add_string(&b, "phase", view->phase);
    builder_add_number(&b, "percent", view->percent);
    builder_add_number(&b, "started_ms", view->started_ms);
    if (view->waits_for)
        builder_add_string(&b, "waits_for", view->waits_for);
    if (view->result)
        builder_add_text(&b, "result", view->result);
    return builder_take(&b);
}

int json_text(json_object *object, bool pretty, char **ret, size_t *ret_length)
{
    _cleanup_(text_done) Text t = {0};

    if (!object)
        return -ENOMEM;
    json_write(&t, object, pretty);
    json_object_put(object);
    text_append(&t, "\n");
    return text_take_all(&t, ret, ret_length);
}
