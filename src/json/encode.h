/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>

#include "base/error.h"
#include "core/operation.h"
#include "core/pool.h"
#include "core/status.h"

/*
 * The wire shapes out. Each returns a new object of which the caller owns the one reference, or
 * NULL when out of memory.
 */

/* The one status encoder, for HTTP, D-Bus and poolctl (contract: Status). Unset is null. */
json_object *json_status(const PoolStatus *status);

/* {"error", "code", "retriable", "field"?, "pool_id"?}; pool_id may be NULL. */
json_object *json_error(const Error *error, const char *pool_id);

/* The handoff of a pool whose spec is set (contract: Handoff; B-PRELOAD-040 to 043). */
json_object *json_handoff(const Pool *pool);

/* The answer of a preload that succeeded: {pool_id, pid, handoff_path, generation, unit, warnings}
 * (B-API-011). */
json_object *json_preload_answer(const Pool *pool, const char *handoff_path, char *const *warnings);

/* {pool_id, force_stopped, duration_ms, warnings} */
json_object *json_stop_answer(const Pool *pool, const OperationResult *result,
                              char *const *warnings);

/* {live, ready, draining, last_error, metrics: {…}} */
json_object *json_health(const PoolStatus *status);

/* {lease_id, active_leases, generation, warnings}; {active_leases}; {pool_id, last_heartbeat_ms} */
json_object *json_lease_answer(const char *lease_id, uint64_t active_leases, uint64_t generation,
                               char *const *warnings);
json_object *json_active_leases(uint64_t active_leases);
json_object *json_heartbeat_answer(const char *pool_id, uint64_t last_heartbeat_ms);

/* {pool_id, force_stopped, duration_ms, final_lease_count, warnings} */
json_object *json_drain_answer(const Pool *pool, const OperationResult *result,
                               char *const *warnings);

/*
 * {pool_id, success, rolled_back, new_engine_version, duration_ms, warnings}; of one that failed
 * also what json_error() tells, and new_engine_version is null.
 */
json_object *json_reload_answer(const Pool *pool, const OperationResult *result,
                                char *const *warnings);

/* {pool_id, deregistered: true, warnings} */
json_object *json_deregister_answer(const char *pool_id, char *const *warnings);

/* {id, kind, pool_id, phase, percent, started_ms, waits_for?, result?}; `phase` is "done" or
 * "failed" once it has ended, `result` (NULL: none) is its answer then. */
typedef struct OperationView {
    uint64_t id;
    OperationKind kind;
    const char *pool_id;
    const char *phase;
    uint64_t percent; /* SPEC_UNSET: not known */
    uint64_t started_ms;
    const char *waits_for; /* the pool whose start has to end before; NULL: it does not wait */
    const char *result;    /* JSON text; NULL: it has not ended */
} OperationView;
json_object *json_operation(const OperationView *view);

/* {pool_id}: of an event that says that the pool is gone, of an answer that says no more. */
json_object *json_pool_id(const char *pool_id);

/* What a restarted manager needs, see json/state_file.h for reading it. */
json_object *json_state_file(const Pool *pool);

/*
 * The text of `object` and a newline, pretty-printed or in one line; takes the reference. NULL for
 * `object` is a function above that ran out of memory. Returns 0 or -ENOMEM.
 */
int json_text(json_object *object, bool pretty, char **ret, size_t *ret_length);
