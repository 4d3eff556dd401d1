/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/state_fields.h"

#include <limits.h>

#include "core/pool.h"

#define HEX_DIGITS "0123456789abcdefABCDEF"
#define AT(member) .offset = offsetof(Pool, member)

static const char *const stop_reason_names[] = {
        [STOP_NONE] = "none",
        [STOP_REQUESTED] = "requested",
        [STOP_START_TIMEOUT] = "start_timeout",
        [STOP_UNHEALTHY] = "unhealthy",
        [STOP_RESTART] = "restart",
        [STOP_RELOAD] = "reload",
        [STOP_DRIVER_FAULT] = "driver_fault",
        [STOP_DRAIN] = "drain",
};

static const char *state_name(int value)
{
    return pool_state_to_string((PoolState)value);
}

static const char *stop_reason_name(int value)
{
    return value >= 0 && value < (int)ELEMENTSOF(stop_reason_names) ? stop_reason_names[value]
                                                                    : NULL;
}

static const char *failure_name(int value)
{
    return failure_class_to_string((FailureClass)value);
}

static const char *operation_name(int value)
{
    return operation_kind_to_string((OperationKind)value);
}

static const char *role_name(int value)
{
    return pool_role_to_string((PoolRole)value);
}

static const char *strategy_name(int value)
{
    return reload_strategy_to_string((ReloadStrategy)value);
}

static const char *phase_name(int value)
{
    return reload_phase_to_string((ReloadPhase)value);
}

static const char *check_invocation_id(const char *s)
{
    return strlen(s) == 32 && s[strspn(s, HEX_DIGITS)] == '\0' ? NULL : "must be 32 hex digits";
}

static const Field started_fields[] = {
        {"real_usec", FIELD_U64, .required = true, .max = INT64_MAX, AT(started.real)},
        {"mono_usec", FIELD_U64, .required = true, .max = INT64_MAX, AT(started.mono)},
};
static const FieldTable started_table = {started_fields, ELEMENTSOF(started_fields)};

static const Field operation_fields[] = {
        {"kind", FIELD_ENUM, .required = true, .nullable = true, .max = OPERATION_MAX,
         AT(operation.kind), .enum_name = operation_name},
        {"id", FIELD_U64, .required = true, .max = INT64_MAX, AT(operation.id)},
        {"real_usec", FIELD_U64, .required = true, .max = INT64_MAX, AT(operation.started.real)},
        {"mono_usec", FIELD_U64, .required = true, .max = INT64_MAX, AT(operation.started.mono)},
};
static const FieldTable operation_table = {operation_fields, ELEMENTSOF(operation_fields)};

static const Field reload_fields[] = {
        {"phase", FIELD_ENUM, .required = true, .max = RELOAD_PHASE_MAX, AT(reload.phase),
         .enum_name = phase_name},
        {"model_ref", FIELD_STRING, .max = PM_STRING_MAX, AT(reload.model_ref)},
        {"error", FIELD_STRING, .nullable = true, .max = PM_ERROR_TEXT_MAX, AT(reload.error)},
        {"failure", FIELD_ENUM, .nullable = true, .max = FAILURE_MAX, AT(reload.failure),
         .enum_name = failure_name},
        {"strategy", FIELD_ENUM, .max = RELOAD_STRATEGY_MAX, AT(reload.strategy),
         .enum_name = strategy_name},
        {"free_port", FIELD_U16, .max = UINT16_MAX, AT(reload.free_port)},
        {"within_usec", FIELD_U64, .max = INT64_MAX, AT(reload.within_usec)},
};
static const FieldTable reload_table = {reload_fields, ELEMENTSOF(reload_fields)};

/* What came with later versions may be missing. */
static const Field pool_fields[] = {
        {"state", FIELD_ENUM, .required = true, .max = POOL_STATE_MAX, AT(state),
         .enum_name = state_name},
        {"generation", FIELD_U64, .required = true, .max = INT64_MAX, AT(generation)},
        {"started", FIELD_GROUP, .required = true, .group = &started_table},
        {"was_ready", FIELD_BOOL, .required = true, AT(was_ready)},
        {"stop_reason", FIELD_ENUM, .required = true, .max = ELEMENTSOF(stop_reason_names),
         AT(stop_reason), .enum_name = stop_reason_name},
        {"last_error", FIELD_STRING, .required = true, .nullable = true, .max = PM_ERROR_TEXT_MAX,
         AT(last_error)},
        {"last_error_class", FIELD_ENUM, .required = true, .nullable = true, .max = FAILURE_MAX,
         AT(last_error_class), .enum_name = failure_name},
        {"last_heartbeat_ms", FIELD_REAL_MS, .required = true, .nullable = true,
         .max = INT64_MAX / USEC_PER_MSEC, AT(last_heartbeat_real)},
        {"crash_count", FIELD_U64, .required = true, .max = INT64_MAX, AT(crash_count)},
        {"correlation_id", FIELD_BUFFER, .nullable = true, .max = PM_CORRELATION_ID_MAX,
         AT(correlation_id), .check = check_printable},
        {"registered", FIELD_BOOL, AT(registered)},
        {"declared", FIELD_BOOL, AT(declared)},
        {"external_is_file", FIELD_BOOL, AT(external_is_file)},
        {"external_is_lost", FIELD_BOOL, AT(external_is_lost)},
        {"operation", FIELD_GROUP, .group = &operation_table},
        {"automatic", FIELD_BOOL, AT(automatic)},
        {"ready_since_mono_usec", FIELD_U64, .max = INT64_MAX, AT(ready_since)},
        {"drain_deadline_mono_usec", FIELD_U64, .max = INT64_MAX, AT(drain_deadline)},
        {"drain_forced", FIELD_BOOL, AT(drain_forced)},
        {"drain_leases", FIELD_U64, .max = INT64_MAX, AT(drain_leases)},
        {"reload", FIELD_GROUP, .group = &reload_table},
        {"judging", FIELD_BOOL, AT(judging)},
        {"releasing", FIELD_BOOL, AT(releasing)},
        {"held_pid", FIELD_U64, .max = INT64_MAX, AT(held_pid)},
        {"role", FIELD_ENUM, .max = ROLE_MAX, AT(role), .enum_name = role_name},
        {"last_generation", FIELD_U64, .max = INT64_MAX, AT(last_generation)},
        {"end_set_up", FIELD_BOOL, AT(end.set_up)},
        {"invocation_id", FIELD_BUFFER, .required = true, .nullable = true, .max = 32,
         AT(unit.invocation_id), .check = check_invocation_id},
        {"pid", FIELD_PID, .required = true, .nullable = true, .min = 1, .max = INT_MAX,
         AT(unit.main_pid)},
};
const FieldTable state_pool_table = {pool_fields, ELEMENTSOF(pool_fields)};
