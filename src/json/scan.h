/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "base/error.h"

/*
 * Checks that the text is one JSON value in the strict sense of RFC 8259, because json-c takes
 * single quotes, NaN, duplicate keys, raw line ends and lone surrogates even when asked to be
 * strict, and clamps numbers that do not fit. The bounds are those of json_read(). *ret_start and
 * *ret_length are the value without the white space around it. Returns 0, -EINVAL with `error` set,
 * or -ENOMEM with `error` set.
 */
int scan_json(const char *text, size_t length, size_t *ret_start, size_t *ret_length, Error *error);
