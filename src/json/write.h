/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>

#include "base/text.h"

/*
 * Appends the value (NULL: null) as JSON text, over several lines when `pretty`, the way json-c
 * does. What json-c writes itself lacks a part, without a word, when memory was short for that
 * part; here it makes `t` fail.
 */
void json_write(Text *t, json_object *value, bool pretty);

/* Appends `n` bytes as a JSON string, with its quotes; what is not ASCII stays as it is. */
void json_write_string(Text *t, const char *s, size_t n);

/* The same for what is ASCII and has nothing to escape, as nearly everything: many bytes are looked
 * at together. Returns false, with nothing appended, for anything else. */
bool json_write_plain(Text *t, const char *s, size_t n);

/* The text of the value alone; the caller frees. Returns 0 or -ENOMEM. */
int json_write_text(json_object *value, bool pretty, char **ret, size_t *ret_length);
