/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/effect.h"
#include "core/pool.h"

/* Writes the log line of `kind` about `pool`, with the fields of the contract. */
void log_pool(const Pool *pool, const char *correlation_id, LogKind kind, const UnitEnd *end,
              Instant now);

/* An error of ours about a pool, `error` being a negative errno: "what: reason". */
void log_pool_errno(const Pool *pool, int error, const char *what);
