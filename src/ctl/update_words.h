/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>

#include "base/error.h"

/* What is updated. */
typedef enum UpdateKind {
    UPDATE_REGISTRY,
    UPDATE_RESOURCES,
} UpdateKind;

/*
 * Reads KEY=VALUE words as an update: an object with a member for each, null where the
 * value is empty. Returns 0; -EINVAL with `error` naming the key; or -ENOMEM with `error` set.
 */
int update_words_parse(UpdateKind kind, char *const *words, json_object **ret, Error *error);

/* The i-th key, NULL behind the last. */
const char *update_key_at(UpdateKind kind, size_t i);
