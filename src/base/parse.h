/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "base/macros.h"
#include "base/usec.h"

/* Strict reading of short texts: the whole text must be the value, without white space around it.
 */

/* Decimal digits only, no sign, no leading zero but "0" itself, min <= value <= max. Returns 0,
 * -EINVAL or -ERANGE. */
int parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret);

/* The value of a hexadecimal digit in either case; -1 for any other character. */
int hex_digit_value(char c);

/* "yes", "true", "on", "1" and "no", "false", "off", "0" in any case. Returns 0 or -EINVAL. */
int parse_bool(const char *s, bool *ret);

/*
 * A time span as systemd.time(7) writes it: a number with a unit out of us, ms, s, sec, min, h, d,
 * or several of them ("1min 30s"); a number without a unit is seconds; "infinity" is USEC_INFINITY.
 * Fractions are allowed ("0.5s"). Returns 0, -EINVAL or -ERANGE.
 */
int parse_span(const char *s, usec_t *ret);

/* Whether `s` is a pool or replica id: [A-Za-z0-9][A-Za-z0-9._-]{0,63} (contract: names). */
bool id_is_valid(const char *s);

/* Whether the `n` bytes are UTF-8 (no surrogates, no overlong forms) without a NUL. */
bool utf8_is_valid(const char *s, size_t n);

/* Makes `s` UTF-8: bytes that are none become '?', and a character at the end that was cut, as
 * snprintf() may cut one, goes. */
void utf8_repair(char *s);

/* Whether `s` starts with '/', has no component "..", and is at most PATH_MAX - 1 bytes long. */
bool path_is_absolute_and_plain(const char *s);
