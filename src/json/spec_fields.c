/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/spec_fields.h"

#include <errno.h>
#include <poolmgr/limits.h>
#include <poolmgr/names.h>

#include "core/device_mask.h"
#include "json/fields.h"
#include "json/reader.h"
#include "json/refuse.h"
#include "json/sandbox_fields.h"

#define AT(member) .offset = offsetof(EngineSpec, member)
/* A string of at most `n` bytes. */
#define STRING(n)         .type = FIELD_STRING, .max = (n)
#define NUMBER(low, high) .type = FIELD_U64, .min = (low), .max = (high)
/* Numbers travel as int64_t in many places outside. */
#define ANY INT64_MAX
/* A number of the supervision; what each of them is, and its bounds, is as in the configuration. */
#define POLICY(type, low, high, member) \
    (type), .min = (low), .max = (high), AT(policy.numbers.member)
#define SPAN(low, member) \
    POLICY(FIELD_SPAN_MS, low, SUPERVISION_SPAN_MAX_USEC / USEC_PER_MSEC, member)
#define FACTOR(member) POLICY(FIELD_U64, 1, SUPERVISION_FACTOR_MAX, member)
#define COUNT(member)  POLICY(FIELD_U64, 1, SUPERVISION_COUNT_MAX, member)

enum {
    URL_PATH_MAX = 1024,
    HOUR_MS = 60 * 60 * 1000,
    DAY_MS = 24 * HOUR_MS,
    FAILURES_MAX = 1000,
    WEIGHT_MAX = 10000, /* systemd.resource-control(5) */
};

static const Field health_fields[] = {
        {"path", STRING(URL_PATH_MAX), AT(health.path), .check = check_url_path},
        {"interval_ms", NUMBER(1, HOUR_MS), AT(health.interval_ms)},
        {"timeout_ms", NUMBER(1, DAY_MS), AT(health.timeout_ms)},
        {"failures", NUMBER(1, FAILURES_MAX), AT(health.failures)},
};
static const FieldTable health_table = {health_fields, ELEMENTSOF(health_fields)};

static const Field resources_fields[] = {
        {"memory_max", NUMBER(1, ANY), AT(resources.memory_max)},
        {"memory_high", NUMBER(1, ANY), AT(resources.memory_high)},
        {"cpu_weight", NUMBER(1, WEIGHT_MAX), AT(resources.cpu_weight)},
        {"tasks_max", NUMBER(1, ANY), AT(resources.tasks_max)},
        {"io_weight", NUMBER(1, WEIGHT_MAX), AT(resources.io_weight)},
};
static const FieldTable resources_table = {resources_fields, ELEMENTSOF(resources_fields)};

static const Field container_fields[] = {
        {"image", STRING(PM_STRING_MAX), .refused = true, AT(container.rootfs),
         .check = check_image},
        {"rootfs", STRING(PM_STRING_MAX), AT(container.rootfs), .check = check_path},
};
static const FieldTable container_table = {container_fields, ELEMENTSOF(container_fields)};

static const char *restart_name(int value)
{
    return restart_policy_to_string((RestartPolicy)value);
}

static const Field policy_fields[] = {
        {"restart", FIELD_ENUM, .max = RESTART_MAX, AT(policy.restart), .enum_name = restart_name},
        {"retry_no_fit", FIELD_FLAG, AT(policy.retry_no_fit)},
        {"backoff_initial_ms", SPAN(1, backoff_initial_usec)},
        {"backoff_max_ms", SPAN(1, backoff_max_usec)},
        {"backoff_min_ms", SPAN(0, backoff_min_usec)},
        {"backoff_factor", FACTOR(backoff_factor)},
        {"backoff_jitter_percent", POLICY(FIELD_U64, 0, 100, backoff_jitter_percent)},
        {"backoff_cuda_multiplier", FACTOR(backoff_cuda_multiplier)},
        {"backoff_reset_ms", SPAN(1, backoff_reset_usec)},
        {"restart_counter_reset_ms", SPAN(1, counter_reset_usec)},
        {"restart_limit", COUNT(restart_limit)},
        {"restart_window_ms", SPAN(1, restart_window_usec)},
        {"breaker_failures", POLICY(FIELD_U64, 1, SUPERVISION_FAILURES_MAX, breaker_threshold)},
        {"breaker_open_ms", SPAN(1, breaker_open_usec)},
        {"breaker_stable_ms", SPAN(1, breaker_stable_usec)},
        {"breaker_factor", FACTOR(breaker_factor)},
        {"breaker_max_open_ms", SPAN(1, breaker_open_max_usec)},
        {"storm_warn_restarts", COUNT(storm_warning_count)},
        {"storm_warn_window_ms", SPAN(1, storm_warning_window_usec)},
        {"storm_breaker_restarts", COUNT(storm_breaker_count)},
        {"storm_breaker_window_ms", SPAN(1, storm_breaker_window_usec)},
        {"storm_oom_count", COUNT(oom_storm_count)},
        {"storm_oom_window_ms", SPAN(1, oom_storm_window_usec)},
};
static const FieldTable policy_table = {policy_fields, ELEMENTSOF(policy_fields)};

static const Field spec_fields[] = {
        {"pool_id", STRING(PM_STRING_MAX), .required = true, AT(pool_id), .check = check_id},
        {"replica_id", STRING(PM_STRING_MAX), AT(replica_id), .check = check_id,
         .fallback = PM_DEFAULT_REPLICA},
        {"binary_path", STRING(PM_STRING_MAX), .required = true, AT(binary_path),
         .check = check_path},
        {"flags", FIELD_LIST, .required = true, .max = PM_FLAGS_MAX, AT(flags)},
        {"host", STRING(PM_STRING_MAX), .required = true, AT(host), .check = check_host},
        {"port", FIELD_U16, .required = true, .min = 1, .max = UINT16_MAX, AT(port)},
        {"model_path", STRING(PM_STRING_MAX), .required = true, AT(model_path),
         .check = check_model},
        {"engine", STRING(PM_STRING_MAX), AT(engine), .check = check_printable,
         .fallback = PM_DEFAULT_ENGINE},
        {"engine_version", STRING(PM_STRING_MAX), .required = true, AT(engine_version),
         .check = check_printable},
        {"engine_digest", STRING(PM_STRING_MAX), AT(engine_digest), .check = check_printable},
        {"engine_catalog_id", STRING(PM_STRING_MAX), AT(engine_catalog_id),
         .check = check_printable},
        {"model_id", STRING(PM_STRING_MAX), AT(model_id), .check = check_printable},
        {"device_mask", STRING(DEVICE_MASK_TEXT_MAX), AT(device_mask), .check = check_printable},
        {"env", FIELD_MAP, .max = PM_ENV_MAX, AT(env), .check_name = check_env_name},
        {"credentials", FIELD_MAP, .max = PM_CREDENTIALS_MAX, AT(credentials),
         .check_name = check_credential_name, .check = check_path},
        {"slots_total", NUMBER(1, ANY), AT(slots_total)},
        {"vram_bytes", NUMBER(0, ANY), AT(vram_bytes)},
        {"ram_bytes", NUMBER(0, ANY), AT(ram_bytes)},
        {"split", FIELD_SPLIT, AT(split)},
        {"health", FIELD_GROUP, .group = &health_table},
        {"stop_grace_ms", NUMBER(0, HOUR_MS), AT(stop_grace_ms)},
        {"resources", FIELD_GROUP, .group = &resources_table},
        {"sandbox", FIELD_GROUP, .group = &sandbox_table},
        {"container", FIELD_GROUP, .group = &container_table},
        {"policy", FIELD_GROUP, .group = &policy_table},
};
static const FieldTable spec_table = {spec_fields, ELEMENTSOF(spec_fields)};

int spec_read(json_object *object, const char *prefix, EngineSpec **ret, Warnings *warnings,
              Error *error)
{
    _cleanup_spec_ EngineSpec *spec = NULL;
    int r;

    if (engine_spec_new(&spec) < 0)
        return refuse_no_memory(error);
    r = fields_read(&spec_table, object, prefix, spec, warnings, error);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(spec);
    return 0;
}

static int read_update(json_object *object, ResourceUpdate *ret, Warnings *warnings, Error *error)
{
    _cleanup_spec_ EngineSpec *spec = NULL;
    bool any = false;
    int r;

    if (json_object_get_type(object) != json_type_object)
        return error_set(error, PM_ERROR_BAD_REQUEST, NULL, "the limits must be an object");
    if (engine_spec_new(&spec) < 0)
        return refuse_no_memory(error);
    r = fields_read(&resources_table, object, "", spec, warnings, error);
    if (r < 0)
        return r;
    for (int i = 0; i < RESOURCE_MAX; i++) {
        ret->given[i] = json_object_object_get_ex(object, resource_key((Resource)i), NULL);
        ret->values[i] = resource_get(spec, (Resource)i);
        any |= ret->given[i];
    }
    return any ? 0
               : error_set(error, PM_ERROR_BAD_REQUEST, NULL,
                           "there must be one of memory_max, memory_high, cpu_weight, tasks_max "
                           "and io_weight at least");
}

int resources_update_parse(const char *text, size_t length, ResourceUpdate *ret,
                           char ***ret_warnings, Error *error)
{
    _cleanup_json_ json_object *object = NULL;
    Warnings warnings = {0};
    int r = json_read(text, length, &object, error);

    if (r < 0)
        return r;
    r = warnings_finish(&warnings, read_update(object, ret, &warnings, error), ret_warnings);
    return r == -ENOMEM ? refuse_no_memory(error) : r;
}

json_object *spec_write(const EngineSpec *spec)
{
    Builder b;

    builder_init(&b);
    fields_write(&spec_table, spec, &b);
    return builder_take(&b);
}
