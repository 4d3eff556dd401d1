/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/effect.h"
#include "core/pool.h"

/* Each of these writes one line about `pool`, with the fields of the contract. */

/* `end` NULL: it tells of none. */
void log_pool(const Pool *pool, LogKind kind, const UnitEnd *end, Instant now);

/* What became of an operation, and how long it took. */
void log_operation(const Pool *pool, const OperationResult *result);

/* What is no event of the policy; `message_id` of poolmgr/messages.h. */
void log_pool_say(const Pool *pool, int priority, const char *message_id, const char *format, ...)
        _printf_(4, 5);

/* An error of ours, `error` being a negative errno: "what: reason". */
void log_pool_errno(const Pool *pool, int error, const char *what);
