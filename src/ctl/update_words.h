/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>

#include "base/error.h"

/*
 * Reads KEY=VALUE words as an update of a pool: an object with a member for each, null where the
 * value is empty. Returns 0; -EINVAL with `error` naming the key; or -ENOMEM with `error` set.
 */
int update_words_parse(char *const *words, json_object **ret, Error *error);

/* The i-th key, NULL behind the last. */
const char *update_key_at(size_t i);
