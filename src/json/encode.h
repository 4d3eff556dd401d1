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

/* {pool_id, force_stopped, duration_ms} */
json_object *json_stop_answer(const Pool *pool, const OperationResult *result);

/* What a restarted manager needs, see json/state_file.h for reading it. */
json_object *json_state_file(const Pool *pool);

/*
 * The text of `object` and a newline, pretty-printed or in one line; takes the reference. NULL for
 * `object` is a function above that ran out of memory. Returns 0 or -ENOMEM.
 */
int json_text(json_object *object, bool pretty, char **ret, size_t *ret_length);
