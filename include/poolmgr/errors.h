/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <stdbool.h>

/*
 * The one error table: everything that a user can see as an error.
 *
 * X(symbol, code on the wire, HTTP status, D-Bus name after PM_BUS_ERROR_PREFIX, exit status of
 *   poolctl, retriable)
 *
 * retriable: the same request may succeed later without a change by whoever sent it.
 */
#define PM_ERROR_TABLE(X)                                                                        \
    X(PM_ERROR_BAD_REQUEST, "BAD_REQUEST", 400, "BadRequest", 2, false)                          \
    X(PM_ERROR_INVALID_JSON, "INVALID_JSON", 400, "InvalidJson", 2, false)                       \
    X(PM_ERROR_INVALID_FIELD, "INVALID_FIELD", 400, "InvalidField", 2, false)                    \
    X(PM_ERROR_INVALID_ID, "INVALID_ID", 400, "InvalidId", 2, false)                             \
    X(PM_ERROR_UNAUTHORIZED, "UNAUTHORIZED", 401, "Unauthorized", 3, false)                      \
    X(PM_ERROR_FORBIDDEN, "FORBIDDEN", 403, "Forbidden", 3, false)                               \
    X(PM_ERROR_NOT_FOUND, "NOT_FOUND", 404, "NotFound", 4, false)                                \
    X(PM_ERROR_POOL_NOT_FOUND, "POOL_NOT_FOUND", 404, "PoolNotFound", 4, false)                  \
    X(PM_ERROR_NO_ENGINE, "NO_ENGINE", 404, "NoEngine", 4, false)                                \
    X(PM_ERROR_OPERATION_NOT_FOUND, "OPERATION_NOT_FOUND", 404, "OperationNotFound", 4, false)   \
    X(PM_ERROR_LEASE_NOT_FOUND, "LEASE_NOT_FOUND", 404, "LeaseNotFound", 4, false)               \
    X(PM_ERROR_METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", 405, "MethodNotAllowed", 2, false)      \
    X(PM_ERROR_REQUEST_TIMEOUT, "REQUEST_TIMEOUT", 408, "RequestTimeout", 7, true)               \
    X(PM_ERROR_BUSY, "OPERATION_IN_PROGRESS", 409, "OperationInProgress", 5, true)               \
    X(PM_ERROR_ALREADY_RUNNING, "ALREADY_RUNNING", 409, "AlreadyRunning", 5, false)              \
    X(PM_ERROR_CANCELLED, "CANCELLED", 409, "Cancelled", 5, false)                               \
    X(PM_ERROR_NOT_READY, "NOT_READY", 409, "NotReady", 5, true)                                 \
    X(PM_ERROR_DRAINING, "DRAINING", 409, "Draining", 5, true)                                   \
    X(PM_ERROR_BREAKER_CLOSED, "BREAKER_CLOSED", 409, "BreakerClosed", 5, false)                 \
    X(PM_ERROR_LOG_IN_FILE, "LOG_IN_FILE", 409, "LogInFile", 5, false)                           \
    X(PM_ERROR_BODY_TOO_LARGE, "BODY_TOO_LARGE", 413, "BodyTooLarge", 2, false)                  \
    X(PM_ERROR_UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", 415, "UnsupportedMediaType", 2, \
      false)                                                                                     \
    X(PM_ERROR_NO_SLOT, "NO_SLOT", 429, "NoSlot", 5, true)                                       \
    X(PM_ERROR_REGISTRY_LOCK, "REGISTRY_LOCK", 500, "RegistryLock", 7, true)                     \
    X(PM_ERROR_GPU_REQUIRED, "GPU_REQUIRED", 500, "GpuRequired", 6, false)                       \
    X(PM_ERROR_PRELOAD_FAILED, "PRELOAD_FAILED", 500, "PreloadFailed", 6, true)                  \
    X(PM_ERROR_DOES_NOT_FIT, "DOES_NOT_FIT", 500, "DoesNotFit", 6, true)                         \
    X(PM_ERROR_RELOAD_FAILED, "RELOAD_FAILED", 500, "ReloadFailed", 6, true)                     \
    X(PM_ERROR_STOP_FAILED, "STOP_FAILED", 500, "StopFailed", 6, true)                           \
    X(PM_ERROR_INTERNAL, "INTERNAL", 500, "Internal", 1, true)                                   \
    X(PM_ERROR_UNAVAILABLE, "UNAVAILABLE", 503, "Unavailable", 7, true)

typedef enum PmErrorCode {
    PM_ERROR_NONE = 0,
#define X(symbol, code, http, dbus, exit_status, retriable) symbol,
    PM_ERROR_TABLE(X)
#undef X
            PM_ERROR_MAX,
    PM_ERROR_INVALID = -EINVAL,
} PmErrorCode;

typedef struct PmErrorInfo {
    const char *code;      /* on the wire, UPPER_SNAKE */
    int http_status;       /* 4xx or 5xx */
    const char *dbus_name; /* the whole name, prefix included */
    int exit_status;       /* of poolctl, never 0 */
    bool retriable;
} PmErrorInfo;

/* The row of `code`; one out of range gives the row of PM_ERROR_INTERNAL. Never NULL. */
const PmErrorInfo *pm_error_info(PmErrorCode code);

/* The code whose whole D-Bus name is `name`, or PM_ERROR_INVALID when it is none of ours. */
PmErrorCode pm_error_from_dbus_name(const char *name);

/* The code whose name on the wire is `code`, or PM_ERROR_INVALID when it is none of ours. */
PmErrorCode pm_error_from_code(const char *code);
