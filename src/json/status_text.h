/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/text.h"
#include "core/registry.h"
#include "core/status.h"

/* Appends the JSON text that json_status() would have in one line, without making an object of it:
 * a status is what is asked for most, and a list has thousands. */
void json_write_status(Text *t, const PoolStatus *status);

/* How far the writing of a list is. A zeroed one is at the beginning. */
typedef struct PoolsCursor {
    bool begun;
    char pool_id[PM_ID_MAX + 1]; /* the last one that is written; "": none yet */
} PoolsCursor;

/*
 * Appends the statuses at `now` as an array and the end of the line. Stops when `t` has `size`
 * bytes, or one pool more; pools may come and go before it is called again. Those that are there
 * all the time are in the array once, others at most once. Returns whether that was all.
 */
bool json_write_pools(Text *t, const Registry *pools, Instant now, PoolsCursor *cursor,
                      size_t size);
