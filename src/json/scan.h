/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>
#include <poolmgr/limits.h>
#include <stddef.h>

#include "base/error.h"

/*
 * The parts of a JSON text, in the strict sense of RFC 8259, of which json_read() builds values.
 * json-c's own parser takes single quotes, NaN, duplicate keys, raw line ends and lone surrogates
 * even when asked to be strict, clamps numbers that do not fit, and when memory is short leaves out
 * (0.16) a member, the middle of a string or a key without a word, or crashes.
 */

/* One object or array around the place where the scan is. */
typedef struct Level {
    json_object *value; /* so far */
    char *key;          /* the one whose value is being read, NULL: none */
    size_t index;       /* of the item that is being read */
} Level;

typedef struct Scan {
    const char *text;
    size_t length;
    size_t at;
    Level levels[PM_JSON_DEPTH_MAX];
    unsigned depth;
    Error *error;
} Scan;

/* The byte at the place of the scan plus `ahead`; 0 at the end, which is no byte of any token. */
char scan_peek(const Scan *s, size_t ahead);
void scan_skip_space(Scan *s);

/* Refuse what stands at the offset `at`, or at the place of the scan. Return -EINVAL. */
int scan_refuse(Scan *s, size_t at, const char *format, ...) _printf_(3, 4);
int scan_expected(Scan *s, const char *expected);

/*
 * Read what is at the place of the scan, and go behind it: a string, which the caller frees and
 * which has a NUL behind it; a number; true, false or null, which is NULL. Return 0; -EINVAL or
 * -ENOMEM with the error set.
 */
int scan_string(Scan *s, char **ret, size_t *ret_length);
int scan_number(Scan *s, json_object **ret);
int scan_literal(Scan *s, json_object **ret);
