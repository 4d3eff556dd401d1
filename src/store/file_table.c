/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/file_table.h"

#include <errno.h>

#include "base/macros.h"

/* The index of `name`, or of the place where it would have to be inserted. */
static size_t search(const FileTable *t, const char *name, bool *ret_found)
{
    size_t low = 0, high = t->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int c = strcmp(t->records[middle]->name, name);

        if (c == 0) {
            *ret_found = true;
            return middle;
        }
        if (c < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_found = false;
    return low;
}

FileRecord *file_table_get(const FileTable *t, const char *name)
{
    bool found;
    size_t i = search(t, name, &found);

    return found ? t->records[i] : NULL;
}

static int reserve(FileTable *t)
{
    size_t n = t->allocated ? t->allocated * 2 : 16;
    FileRecord **records;

    if (t->count < t->allocated)
        return 0;
    records = reallocarray(t->records, n, sizeof(FileRecord *));
    if (!records)
        return -ENOMEM;
    t->records = records;
    t->allocated = n;
    return 0;
}

int file_table_ensure(FileTable *t, const char *name, FileRecord **ret)
{
    size_t length = strlen(name);
    FileRecord *record;
    bool found;
    size_t i = search(t, name, &found);

    if (found) {
        *ret = t->records[i];
        return 0;
    }
    if (reserve(t) < 0)
        return -ENOMEM;
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
