/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>

#include "base/error.h"
#include "core/resource.h"
#include "core/spec.h"
#include "json/warnings.h"

/*
 * The members of PreparedEngine (contract: PreparedEngine), in a request and in the state file.
 * Defaults are filled in; each member has been checked by itself. `prefix`, `warnings` and what is
 * returned: as in fields_read().
 */
int spec_read(json_object *object, const char *prefix, EngineSpec **ret, Warnings *warnings,
              Error *error);

/* The members of `resources`, as a change of what a pool has: null takes a limit away. At least one
 * must be there. Returned as above. */
int resources_update_parse(const char *text, size_t length, ResourceUpdate *ret,
                           char ***ret_warnings, Error *error);

/* The object that spec_read() makes an equal spec of. NULL when out of memory. */
json_object *spec_write(const EngineSpec *spec);
