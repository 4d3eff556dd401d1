/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>

#include "base/error.h"

/*
 * What could not be read back from the state file would be lost with the next restart of the
 * manager: refuses a `member` (taken over; NULL: making it ran out of memory) that would be too
 * large there under `name`, or nested too deep. Fields in errors are named from the member on.
 * Returns 0, -EINVAL or -ENOMEM with `error` set.
 */
int check_storable(const char *name, json_object *member, Error *error);
