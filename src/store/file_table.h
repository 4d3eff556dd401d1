/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "store/file_version.h"

/* The files of a folder, by name. */

typedef struct FileRecord {
    FileVersion version;
    uint64_t content; /* of the handoff watch: a hash of the text */
    uint64_t scan;    /* the number of the last one that listed it */
    int error;        /* why the file cannot be used, 0 when it can */
    bool postponed;   /* of the handoff watch: to be told again when that is asked for */
    char name[];
} FileRecord;

typedef struct FileTable {
    FileRecord **records; /* sorted by name */
    size_t count, allocated;
} FileTable;

/* Returns NULL when there is none. */
FileRecord *file_table_get(const FileTable *t, const char *name);
/* Finds the record, or adds one that is all zero but for the name. Returns 1 when it is new, 0 when
 * it is not, or -ENOMEM. */
int file_table_ensure(FileTable *t, const char *name, FileRecord **ret);
/* Nothing happens when there is none. */
void file_table_remove(FileTable *t, const char *name);
void file_table_done(FileTable *t);
