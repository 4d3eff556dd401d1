/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>

#include "base/error.h"
#include "core/spec.h"
#include "core/supervision.h"

enum {
    BOOT_ID_LENGTH = 32 /* hex digits */
};

/* What is remembered of a pool beyond the boot: a file of the state directory. */
typedef struct PoolMemory {
    char boot_id[BOOT_ID_LENGTH + 1]; /* in which it was written: whose clock the times are of */
    uint64_t generation;
    EngineSpec *spec; /* of the engine that was ready last */
    Supervision supervision;
} PoolMemory;

PoolMemory *pool_memory_free(PoolMemory *memory);

/* The file's object; the caller owns the one reference. NULL when out of memory. */
json_object *json_pool_memory(const PoolMemory *memory);

/*
 * Reads that. Everything is checked; a file of a newer format, of another pool, damaged or half
 * written is refused with `error`. Returns 0, -EINVAL or -ENOMEM.
 */
int pool_memory_parse(const char *text, size_t length, const char *pool_id, PoolMemory **ret,
                      Error *error);

DEFINE_CLEANUP(PoolMemory *, pool_memory_free)
