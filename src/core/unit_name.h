/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <poolmgr/limits.h>
#include <stdint.h>

#include "base/macros.h"

/* The identity of an engine unit, which is what its name says:
 * pool@<pool>:<replica>:g<generation>.service */
typedef struct UnitName {
    char pool_id[PM_ID_MAX + 1];
    char replica_id[PM_ID_MAX + 1];
    uint64_t generation; /* >= 1 */
} UnitName;

/* Writes the unit's name into `buffer`. The ids must be valid. */
void unit_name_format(const char *pool_id, const char *replica_id, uint64_t generation,
                      char buffer[static PM_UNIT_NAME_MAX + 1]);

/* Returns 0, or -EINVAL for a name that we would never give. */
int unit_name_parse(const char *name, UnitName *ret);
