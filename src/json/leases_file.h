/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>

#include "base/error.h"
#include "core/pool.h"

/* The leases of a pool on disk: what a restarted manager takes over (contract: Leases). */

/* NULL when out of memory. */
json_object *json_leases_file(const Pool *pool);

/*
 * Adds the leases of the text to `pool`, which has none. Those of another generation than the
 * pool's are over: nothing is added then. Returns 0, -EINVAL or -ENOMEM with `error` set and no
 * lease added.
 */
int leases_file_parse(const char *text, size_t length, Pool *pool, Error *error);
