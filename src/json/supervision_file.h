/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>

#include "base/error.h"
#include "core/supervision.h"

/* What the supervision of a pool must not forget, as a part of the state file. */

/* NULL when out of memory. */
json_object *supervision_write(const Supervision *s);

/* Reads what supervision_write() wrote into a zeroed record, which the caller owns whatever comes
 * of it; `prefix` comes before the names in errors. Returns 0, -EINVAL with `error` naming the
 * field, or -ENOMEM. */
int supervision_read(json_object *object, const char *prefix, Supervision *ret, Error *error);
