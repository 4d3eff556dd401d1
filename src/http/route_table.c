/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/exposition.h"
#include "http/handlers.h"
#include "http/route.h"

#define AT(member) offsetof(Parameters, member)

static const Parameter deregister_query[] = {
        {"force", PARAMETER_BOOL, AT(force), "Stop the engine before, where one runs",
         .fallback = "false"},
};
static const Parameter drain_query[] = {
        {"wait", PARAMETER_BOOL, AT(wait), "Answer when the engine is gone", .fallback = "false"},
};
static const Parameter lease_query[] = {
        {"enforce_slots", PARAMETER_BOOL, AT(enforce_slots),
         "Refuse when the slots are known and all taken", .fallback = "false"},
};
static const Parameter logs_query[] = {
        {"lines", PARAMETER_NUMBER, AT(lines), "The last so many lines, of those there are", 0,
         LOG_LINES_MAX, "100"},
        {"generation", PARAMETER_NUMBER, AT(generation),
         "Only of the engine's start with this number; 0: of every one", 0, INT64_MAX, "0"},
        {"follow", PARAMETER_BOOL, AT(follow), "Go on with what comes, until the client closes",
         .fallback = "false"},
};
static const Parameter events_query[] = {
        {"pool", PARAMETER_POOL_ID, AT(pool), "Only the events of this pool"},
        {"last_event_id", PARAMETER_TEXT, AT(last_event_id),
         "The same as the header Last-Event-ID, for clients that cannot set it", 0, EVENT_ID_MAX},
};

/* The flags of a command that is done at once, and of one that is waited for. */
#define COMMAND      (ROUTE_COMMAND | ROUTE_WRITE)
#define WAITS        (COMMAND | ROUTE_WAITS)
#define QUERY(table) .query = (table), .n_query = ELEMENTSOF(table)
#define ANSWERS(...) .answers = {__VA_ARGS__}
#define ERRORS(...)  .errors = {__VA_ARGS__}
/* How the operations that start an engine fail. */
#define START_ERRORS                                                                      \
    PM_ERROR_BUSY, PM_ERROR_ALREADY_RUNNING, PM_ERROR_CANCELLED, PM_ERROR_PRELOAD_FAILED, \
            PM_ERROR_GPU_REQUIRED, PM_ERROR_DOES_NOT_FIT, PM_ERROR_FORBIDDEN
#define CREATED_OR_NOT                              \
    ANSWERS({201, "The pool is new", "PoolAnswer"}, \
            {200, "The pool was there already", "PoolAnswer"})

static const Route routes[] = {
        {"GET", "/health", "health", "Whether the daemon runs, whatever its pools do",
         ROUTE_OPEN | ROUTE_ANY_QUERY | ROUTE_LIGHT, handle_health,
         ANSWERS({200, "The daemon runs", "DaemonHealth"})},
        {"GET", "/ready", "ready", "Whether start-up recovery is done", ROUTE_LIGHT, handle_ready,
         ANSWERS({200, "It is done", "DaemonReady"}), ERRORS(PM_ERROR_UNAVAILABLE)},
        {"GET", "/openapi.json", "describeApi", "This description", 0, handle_openapi,
         ANSWERS({200, "An OpenAPI 3.1 document"})},
        {"GET", "/metrics", "metrics",
         "What the daemon counts and measures, in the text format of Prometheus", ROUTE_ANY_QUERY,
         handle_metrics, ANSWERS({200, "The samples", .type = EXPOSITION_TYPE})},
        {"GET", "/operations/{op}", "operation",
         "An operation that runs, or that ended at most ten minutes ago", ROUTE_LIGHT,
         handle_operation, ANSWERS({200, "How far it is, or how it ended", "Operation"}),
         ERRORS(PM_ERROR_OPERATION_NOT_FOUND)},
        {"GET", "/devices", "devices",
         "The GPUs of the host, with the processes on them and whose engines these are",
         ROUTE_DEVICES, handle_devices, ANSWERS({200, "What is known of them", "Devices"})},
        {"POST", "/plan", "plan",
         "What a preload with this body would do now: the unit, the GPUs, whether it would fit; "
         "nothing is changed",
         ROUTE_READ | ROUTE_BODY_JSON | ROUTE_BODY_REQUIRED, handle_plan, .body = "Preload",
         ANSWERS({200, "What would come of it, or why it would not start", "Plan"}),
         ERRORS(PM_ERROR_UNAVAILABLE)},
        {"GET", "/events", "events",
         "What happens to the pools, as server-sent events; after an event \"reset\" some are "
         "missing, and the pools are to be read anew",
         ROUTE_STREAM, handle_events, QUERY(events_query),
         ANSWERS({200, "The events, until the client closes", .type = "text/event-stream"})},

        {"GET", "/pools", "listPools", "The status of every pool, sorted by id", ROUTE_READ,
         handle_pools,
         ANSWERS({200,
                  "Every pool; a long list comes in chunks, and a pool that comes or goes "
                  "meanwhile "
                  "is in it once or not at all",
                  "PoolStatus", .is_list = true})},
        {"POST", "/pools/{id}", "registerPool", "Make an entry for a pool",
         COMMAND | ROUTE_BODY_JSON, handle_register, CREATED_OR_NOT},
        {"PATCH", "/pools/{id}", "updatePool",
         "Change what the registry knows of a pool; makes the entry where there is none",
         COMMAND | ROUTE_BODY_JSON | ROUTE_BODY_REQUIRED, handle_update, .body = "PoolUpdate",
         CREATED_OR_NOT},
        {"DELETE", "/pools/{id}", "deregisterPool", "Remove a pool", WAITS, handle_deregister,
         QUERY(deregister_query), ANSWERS({200, "The pool is gone", "DeregisterAnswer"}),
         ERRORS(PM_ERROR_POOL_NOT_FOUND, PM_ERROR_ALREADY_RUNNING, PM_ERROR_BUSY,
                PM_ERROR_STOP_FAILED)},
        {"GET", "/pools/{id}/status", "poolStatus", "The status of a pool",
         ROUTE_READ | ROUTE_LIGHT, handle_status, ANSWERS({200, "Its status", "PoolStatus"}),
         ERRORS(PM_ERROR_POOL_NOT_FOUND)},
        {"POST", "/pools/{id}/status", "poolStatusPost", "The same, for clients that only post",
         ROUTE_READ | ROUTE_LIGHT, handle_status, ANSWERS({200, "Its status", "PoolStatus"}),
         ERRORS(PM_ERROR_POOL_NOT_FOUND)},
        {"GET", "/pools/{id}/health", "poolHealth", "Whether the engine of a pool is well",
         ROUTE_READ | ROUTE_LIGHT, handle_pool_health, ANSWERS({200, "How it is", "PoolHealth"}),
         ERRORS(PM_ERROR_POOL_NOT_FOUND)},
        {"GET", "/pools/{id}/logs", "poolLogs", "What the engines of a pool have written",
         ROUTE_STREAM, handle_logs, QUERY(logs_query),
         ANSWERS({200, "The lines, oldest first", "LogLine", .type = "text/plain; charset=utf-8",
                  .other_type = "application/x-ndjson"}),
         ERRORS(PM_ERROR_POOL_NOT_FOUND, PM_ERROR_LOG_IN_FILE)},

        {"POST", "/pools/{id}/preload", "preloadPool",
         "Start an engine; the answer comes when it is ready or has failed",
         WAITS | ROUTE_BODY_JSON | ROUTE_BODY_REQUIRED, handle_preload, .body = "Preload",
         ANSWERS({200, "The engine is ready", "PreloadAnswer"}), ERRORS(START_ERRORS)},
        {"POST", "/pools/{id}/stop", "stopPool",
         "Stop the engine; the answer comes when all of its processes are gone",
         WAITS | ROUTE_BODY_JSON, handle_stop,
         ANSWERS({200, "The engine has stopped", "StopAnswer"}),
         ERRORS(PM_ERROR_POOL_NOT_FOUND, PM_ERROR_NO_ENGINE, PM_ERROR_BUSY, PM_ERROR_STOP_FAILED)},
        {"POST", "/pools/{id}/drain", "drainPool",
         "Grant no more leases, wait for those that are out, at most until the deadline, and stop "
         "the engine",
         WAITS | ROUTE_BODY_JSON, handle_drain, QUERY(drain_query), .body = "DrainRequest",
         ANSWERS({200, "The engine has stopped", "DrainAnswer"}),
         ERRORS(PM_ERROR_POOL_NOT_FOUND, PM_ERROR_NO_ENGINE, PM_ERROR_BUSY, PM_ERROR_CANCELLED,
                PM_ERROR_STOP_FAILED)},
        {"POST", "/pools/{id}/reload", "reloadPool",
         "Put another engine, or the same with another model, in the place of the one that is "
         "ready; when that fails, the engine from before serves the pool again",
         WAITS | ROUTE_BODY_JSON | ROUTE_BODY_REQUIRED, handle_reload, .body = "ReloadRequest",
         ANSWERS({200, "The new engine is ready", "ReloadAnswer"}),
         ERRORS(PM_ERROR_POOL_NOT_FOUND, PM_ERROR_NO_ENGINE, PM_ERROR_BUSY, PM_ERROR_CANCELLED,
                PM_ERROR_RELOAD_FAILED, PM_ERROR_FORBIDDEN),
         .error = "ReloadError"},
        {"POST", "/pools/{id}/restart", "restartPool",
         "Start the engine anew, which is stopped before; the answer is that of a preload",
         WAITS | ROUTE_BODY_JSON, handle_restart,
         ANSWERS({200, "The engine is ready", "PreloadAnswer"}),
         ERRORS(PM_ERROR_POOL_NOT_FOUND, PM_ERROR_NO_ENGINE, START_ERRORS)},
        {"POST", "/pools/{id}/breaker/reset", "resetBreaker", "Close the circuit breaker",
         COMMAND | ROUTE_BODY_JSON, handle_breaker_reset,
         ANSWERS({200, "It is closed", "PoolAnswer"}), ERRORS(PM_ERROR_POOL_NOT_FOUND)},
        {"POST", "/pools/{id}/breaker/allow", "allowRestart",
         "Allow one restart while the circuit breaker is open", COMMAND | ROUTE_BODY_JSON,
         handle_breaker_allow, ANSWERS({200, "One restart may be made", "PoolAnswer"}),
         ERRORS(PM_ERROR_POOL_NOT_FOUND, PM_ERROR_BREAKER_CLOSED)},
        {"POST", "/pools/{id}/handoff", "registerHandoff",
         "Register an engine that somebody else has started",
         COMMAND | ROUTE_BODY_JSON | ROUTE_BODY_REQUIRED, handle_handoff, .body = "Handoff",
         CREATED_OR_NOT, ERRORS(PM_ERROR_ALREADY_RUNNING, PM_ERROR_BUSY)},
        {"POST", "/pools/{id}/heartbeat", "heartbeat", "Note a sign of life",
         COMMAND | ROUTE_BODY_JSON, handle_heartbeat, .body = "HeartbeatRequest",
         ANSWERS({200, "It is noted", "HeartbeatAnswer"}), ERRORS(PM_ERROR_POOL_NOT_FOUND)},

        {"POST", "/pools/{id}/leases", "acquireLease", "Take a lease of a ready pool",
         COMMAND | ROUTE_BODY_JSON, handle_lease, QUERY(lease_query), .body = "LeaseRequest",
         ANSWERS({201, "The lease is granted", "Lease"}),
         ERRORS(PM_ERROR_POOL_NOT_FOUND, PM_ERROR_NOT_READY, PM_ERROR_DRAINING, PM_ERROR_NO_SLOT)},
        {"POST", "/pools/{id}/leases/release", "releaseAnonymousLease",
         "Release one of the leases without an owner; does nothing where there is none",
         COMMAND | ROUTE_BODY_JSON, handle_release_anonymous,
         ANSWERS({200, "How many are left", "ActiveLeases"}), ERRORS(PM_ERROR_POOL_NOT_FOUND)},
        {"DELETE", "/pools/{id}/leases/{lease_id}", "releaseLease", "Release a lease", COMMAND,
         handle_release, ANSWERS({200, "How many are left", "ActiveLeases"}),
         ERRORS(PM_ERROR_POOL_NOT_FOUND, PM_ERROR_LEASE_NOT_FOUND)},
};

size_t route_count(void)
{
    return ELEMENTSOF(routes);
}

size_t route_index(const Route *route)
{
    return (size_t)(route - routes);
}

const Route *route_at(size_t i)
{
    return i < ELEMENTSOF(routes) ? &routes[i] : NULL;
}
