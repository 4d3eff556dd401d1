/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"
#include "core/pool.h"

/*
 * Reads what json_state_file() wrote into a new pool: id, spec, generation, state, started,
 * was_ready, errors, counters. Everything is checked; a file of a newer format, of another pool,
 * damaged or half written is refused with `error`. Returns 0, -EINVAL or -ENOMEM.
 */
int state_file_parse(const char *text, size_t length, const char *pool_id, Pool **ret,
                     Error *error);
