/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>

#include "base/error.h"
#include "base/strv.h"
#include "core/spec.h"
#include "json/warnings.h"

/*
 * Reads the body of a preload: {"prepared": PreparedEngine}, or a bare PreparedEngine (contract:
 * PreparedEngine). Checks types and bounds of every field before anything happens; a field that is
 * not required may be null, which is as if it were left out. `pool_id` is the pool of the request,
 * which the body's must equal; NULL: it is the body's. *ret_warnings (NULL allowed; set to NULL
 * when there are none) names in sentences for people each unknown field, PM_WARNINGS_MAX of them
 * and then how many more. The mask is in its canonical form.
 *
 * Returns 0; -EINVAL with `error`: PM_ERROR_INVALID_FIELD naming the field (dotted:
 * "health.interval_ms", "flags[3]") and the fix, PM_ERROR_INVALID_JSON as json_read(),
 * PM_ERROR_BAD_REQUEST when the body is no object, PM_ERROR_BODY_TOO_LARGE when it, or the state
 * file with it, would be over PM_BODY_MAX; -ENOMEM with `error` set.
 */
int prepared_engine_parse(const char *text, size_t length, const char *pool_id, EngineSpec **ret,
                          char ***ret_warnings, Error *error);

/* The same for an object that stands in another request: `prefix` ("prepared.") comes before the
 * names of its fields. */
int prepared_engine_read(json_object *prepared, const char *prefix, const char *pool_id,
                         EngineSpec **ret, Warnings *warnings, Error *error);
