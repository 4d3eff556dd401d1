/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/pool_seen.h"

#include <errno.h>
#include <search.h>
#include <stdio.h>

#include "dbus/pool_vtable.h"

enum {
    FIELDS = STATUS_FIELDS + 1, /* those of the status, and the health check's error */
};

/* Digests instead of values: a change that gives the same 64 bits would go unnoticed, which nobody
 * lives to see. */
typedef struct Seen {
    char pool_id[PM_ID_MAX + 1];
    uint64_t digests[FIELDS];
} Seen;

struct PoolSeen {
    void *tree; /* pool_id → Seen, tsearch(3) */
};

static int seen_compare(const void *a, const void *b)
{
    const Seen *x = a;
    const Seen *y = b;

    return strcmp(x->pool_id, y->pool_id);
}

int pool_seen_new(PoolSeen **ret)
{
    PoolSeen *seen;

    seen = calloc(1, sizeof(*seen));
    if (!seen)
        return -ENOMEM;
    *ret = seen;
    return 0;
}

PoolSeen *pool_seen_free(PoolSeen *seen)
{
    if (!seen)
        return NULL;
    tdestroy(seen->tree, free);
    free(seen);
    return NULL;
}

/* The pool's entry; *ret_new says that it was just made. */
static Seen *pool_seen_ensure(PoolSeen *seen, const char *pool_id, bool *ret_new)
{
    Seen **place;
    Seen *entry;

    entry = calloc(1, sizeof(*entry));
    if (!entry)
        return NULL;
    memcpy(entry->pool_id, pool_id, strlen(pool_id) + 1);
    place = tsearch(entry, &seen->tree, seen_compare);
    if (!place) {
        free(entry);
        return NULL;
    }
    *ret_new = *place == entry;
    if (!*ret_new)
        free(entry);
    return *place;
}

/* FNV-1a. NULL is "", as on the bus. */
static uint64_t text_digest(const char *s)
{
    uint64_t digest = UINT64_C(0xcbf29ce484222325);

    for (; s && *s; s++)
        digest = (digest ^ (uint8_t)*s) * UINT64_C(0x100000001b3);
    return digest;
}

static uint64_t value_digest(const StatusValue *value)
{
    switch (value->type) {
    case STATUS_BOOL:
        return value->boolean;
    case STATUS_NUMBER:
        return value->number;
    case STATUS_STRING:
    case STATUS_OBJECT:
        return text_digest(value->string);
    }
    return 0;
}

static void seen_fill(uint64_t digests[static FIELDS], const PoolStatus *status, const Pool *pool)
{
    for (size_t i = 0; i < STATUS_FIELDS; i++)
        digests[i] = value_digest(&status->values[i]);
    digests[STATUS_FIELDS] = text_digest(pool->probe_error);
}

static int changes_collect(PoolChanges *changes, const PoolStatus *status, const uint64_t *before,
                           const uint64_t *after)
{
    /* The names are only read, but sd_bus_emit_properties_changed_strv() wants them without const.
     */
    static char health_check_error[] = "HealthCheckError";
    int count = 0;

    for (size_t i = 0; i < STATUS_FIELDS; i++)
        if (before[i] != after[i] && pool_field_is_announced(&status->values[i]))
            memcpy(&changes->names[count++], &status->values[i].property, sizeof(char *));
    if (before[STATUS_FIELDS] != after[STATUS_FIELDS])
        changes->names[count++] = health_check_error;
    changes->names[count] = NULL;
    return count;
}

int pool_seen_note(PoolSeen *seen, const Pool *pool, Instant now, PoolChanges *ret_changes)
{
    uint64_t digests[FIELDS];
    PoolStatus status;
    bool is_new;
    Seen *entry;
    int count = 0;

    entry = pool_seen_ensure(seen, pool->id, &is_new);
    if (!entry)
        return -ENOMEM;
    pool_status(pool, now, &status);
    seen_fill(digests, &status, pool);
    if (ret_changes) {
        ret_changes->names[0] = NULL;
        if (!is_new)
            count = changes_collect(ret_changes, &status, entry->digests, digests);
    }
    memcpy(entry->digests, digests, sizeof(digests));
    return count;
}

void pool_seen_forget(PoolSeen *seen, const char *pool_id)
{
    Seen key;
    Seen **place;
    Seen *entry;

    (void)snprintf(key.pool_id, sizeof(key.pool_id), "%s", pool_id);
    place = tfind(&key, &seen->tree, seen_compare);
    if (!place)
        return;
    entry = *place;
    tdelete(entry, &seen->tree, seen_compare);
    free(entry);
}
