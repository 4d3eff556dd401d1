/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>
#include <stdint.h>

#include "base/error.h"

/* What must not repeat while the runtime directory lives, beside the pools (R/registry.json). */
typedef struct RegistryNumbers {
    uint64_t generation_floor; /* a new pool's generations come after this one */
    uint64_t operation_floor;  /* new operations come after this one */
} RegistryNumbers;

/* NULL when out of memory. */
json_object *json_registry_file(const RegistryNumbers *numbers);

/* Returns 0, -EINVAL or -ENOMEM with `error` set. */
int registry_file_parse(const char *text, size_t length, RegistryNumbers *ret, Error *error);
