/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>

#include "core/declared.h"
#include "json/pool_memory.h"

/* What was applied of a file of pools.d last: a file of the state directory. */
typedef struct DeclaredRecord {
    Declaration applied;
    char *file;                       /* its path then */
    char boot_id[BOOT_ID_LENGTH + 1]; /* of the boot in which something was applied last */
    bool owned;                       /* as in DeclaredCase */
    bool reached;
    bool leaving;
} DeclaredRecord;

DeclaredRecord *declared_record_free(DeclaredRecord *record);

/* The file's object; the caller owns the one reference. NULL when out of memory. */
json_object *json_declared_record(const DeclaredRecord *record);

/* Reads that. A file of a newer format, of another pool, damaged or half written is refused with
 * `error`. Returns 0, -EINVAL or -ENOMEM. */
int declared_record_parse(const char *text, size_t length, const char *pool_id,
                          DeclaredRecord **ret, Error *error);

DEFINE_CLEANUP(DeclaredRecord *, declared_record_free)
