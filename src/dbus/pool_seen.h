/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/api.h"

/* What the bus was last told about each pool, so that it is told only what has really changed. */
typedef struct PoolSeen PoolSeen;

/* Names of properties, as sd_bus_emit_properties_changed_strv() takes them. */
typedef struct PoolChanges {
    char *names[STATUS_FIELDS + 2]; /* ends in NULL; belongs to the status table */
} PoolChanges;

/* Returns 0 or -ENOMEM. */
int pool_seen_new(PoolSeen **ret);
PoolSeen *pool_seen_free(PoolSeen *seen);

/*
 * Notes how `pool` is now. *ret_changes (NULL allowed) says what is not as it was at the last call
 * for this pool; at the first, nothing. Returns how many properties that are, or -ENOMEM.
 */
int pool_seen_note(PoolSeen *seen, const Pool *pool, Instant now, PoolChanges *ret_changes);

/* The pool is gone. */
void pool_seen_forget(PoolSeen *seen, const char *pool_id);
