/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>

#include "base/error.h"

static inline void json_object_putp(json_object **object)
{
    json_object_put(*object);
}

/* On leaving the block, gives the reference to a json_object back. */
#define _cleanup_json_ _cleanup_(json_object_putp)

/*
 * Strict reading of a JSON text of at most PM_BODY_MAX bytes: one value and nothing behind it but
 * white space, nesting of at most PM_JSON_DEPTH_MAX, valid UTF-8, no NUL (raw or \u0000), no key
 * twice in one object, no integer outside int64_t and uint64_t. *ret is NULL for the value null;
 * the caller owns the one reference. Returns 0; -EINVAL with `error` of PM_ERROR_INVALID_JSON
 * saying what and where (line, column; `field` is the dotted name of the place) or of
 * PM_ERROR_BODY_TOO_LARGE; -ENOMEM with `error` set.
 */
int json_read(const char *text, size_t length, json_object **ret, Error *error);
