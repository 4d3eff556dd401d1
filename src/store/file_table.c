/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/file_table.h"

#include <errno.h>

#include "base/macros.h"
#include "base/sorted.h"

static const char *key_of(const void *item)
{
    return ((const FileRecord *)item)->name;
}

static size_t search(const FileTable *t, const char *name, bool *ret_found)
{
    return sorted_search(t->records, t->count, key_of, name, ret_found);
}

FileRecord *file_table_get(const FileTable *t, const char *name)
{
    bool found;
    size_t i = search(t, name, &found);

    return found ? t->records[i] : NULL;
}

int file_table_ensure(FileTable *t, const char *name, FileRecord **ret)
{
    size_t length = strlen(name);
    FileRecord *record, **records;
    bool found;
    size_t i = search(t, name, &found);

    if (found) {
        *ret = t->records[i];
        return 0;
    }
    records = sorted_reserve(t->records, t->count, &t->allocated);
    if (!records)
        return -ENOMEM;
    t->records = records;
    record = calloc(1, sizeof(*record) + length + 1);
    if (!record)
        return -ENOMEM;
    memcpy(record->name, name, length + 1);
    memmove(t->records + i + 1, t->records + i, (t->count - i) * sizeof(FileRecord *));
    t->records[i] = record;
    t->count++;
    *ret = record;
    return 1;
}

void file_table_remove(FileTable *t, const char *name)
{
    bool found;
    size_t i = search(t, name, &found);

    if (!found)
        return;
    free(t->records[i]); /* `name` may be in there */
    t->count--;
    memmove(t->records + i, t->records + i + 1, (t->count - i) * sizeof(FileRecord *));
}

void file_table_done(FileTable *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->records[i]);
    free(t->records);
    *t = (FileTable){0};
}
