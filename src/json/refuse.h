/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>

#include "base/error.h"

/* How what was refused is named to people. */

enum {
    EXCERPT_SIZE = 96 /* bytes of a buffer for an excerpt, NUL included */
};

/*
 * The `length` bytes of `text` in quotes, safe to print: control characters are written as escapes,
 * and what is too long is cut at a character and ends in "...".
 */
void excerpt_text(const char *text, size_t length, char buffer[static EXCERPT_SIZE]);

/* A JSON value as people would name it: "eighty", 8080.0, true, null, an object, an array. */
void excerpt_value(json_object *value, char buffer[static EXCERPT_SIZE]);

/*
 * Writes prefix + name: the dotted name of a field, as errors and warnings show it. Control
 * characters become '?'; what is longer than PM_ERROR_FIELD_MAX is cut at a character.
 */
void field_name(const char *prefix, const char *name, char buffer[static PM_ERROR_FIELD_MAX + 1]);

/* Takes the start of the field's name away, where it has it: names are those of the caller's
 * request, whatever it was wrapped in. */
void error_strip_field(Error *error, const char *prefix);

/* Sets PM_ERROR_INVALID_FIELD with the text "<field>: <formatted>". Returns -EINVAL. */
int field_refuse(Error *error, const char *field, const char *format, ...) _printf_(3, 4);

/* Sets PM_ERROR_INTERNAL, out of memory. Returns -ENOMEM. */
int refuse_no_memory(Error *error);
