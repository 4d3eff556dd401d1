/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>
#include <stdint.h>

#include "base/macros.h"

/* How json-c writes our texts. */
#define JSON_TEXT_LINE (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
#define JSON_TEXT_PRETTY \
    (JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE)

/*
 * An object in the making. Running out of memory is remembered instead of returned by each call:
 * add at will, then builder_take() says whether it all went well. Keys must live as long as the
 * program.
 */
typedef struct Builder {
    json_object *object;
    bool failed;
} Builder;

void builder_init(Builder *b);

/* NULL is null. What is not UTF-8 is repaired (utf8_repair()), so that what we write can always be
 * read. */
void builder_add_string(Builder *b, const char *key, const char *s);

/* SPEC_UNSET is null. */
void builder_add_number(Builder *b, const char *key, uint64_t number);

void builder_add_bool(Builder *b, const char *key, bool value);
void builder_add_null(Builder *b, const char *key);

/* Takes the reference; NULL says that making the value ran out of memory. */
void builder_add_value(Builder *b, const char *key, json_object *value);

/* The value whose JSON text `text` is; one that was read or made by us before. NULL is null. */
void builder_add_text(Builder *b, const char *key, const char *text);

/* Hands the object over, NULL when out of memory. */
json_object *builder_take(Builder *b);

/* An array of the strings (NULL: empty), NULL when out of memory. */
json_object *json_string_array(char *const *strings);
