/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/status_text.h"

#include "base/parse.h"
#include "core/spec.h"
#include "json/write.h"

enum {
    STATUS_SIZE = 1000, /* bytes that most do with, and with some more the most that malloc(3) has
                           at hand without a search */
};

/* As builder_add_string() does it. */
static void append_string(Text *t, const char *s)
{
    _cleanup_free_ char *clean = NULL;
    size_t n = strlen(s);

    if (json_write_plain(t, s, n))
        return;
    if (!utf8_is_valid(s, n)) {
        clean = strdup(s);
        if (!clean) {
            t->failed = true;
            return;
        }
        utf8_repair(clean);
        s = clean;
        n = strlen(s);
    }
    json_write_string(t, s, n);
}

static void append_value(Text *t, const StatusValue *v)
{
    if (v->type == STATUS_BOOL)
        text_append(t, v->boolean ? "true" : "false");
    else if (v->type == STATUS_NUMBER && v->number != SPEC_UNSET)
        text_append_number(t, v->number);
    else if (v->type == STATUS_STRING && v->string)
        append_string(t, v->string);
    else if (v->type == STATUS_OBJECT && v->string)
        text_append(t, v->string);
    else
        text_append(t, "null");
}

static void append_name(Text *t, char before, const StatusValue *v)
{
    size_t n = v->name_length;
    char *to = text_extend(t, n + strlen("{\"\":"));

    if (!to)
        return;
    to[0] = before;
    to[1] = '"';
    memcpy(to + 2, v->name, n);
    to[n + 2] = '"';
    to[n + 3] = ':';
}

void json_write_status(Text *t, const PoolStatus *status)
{
    text_reserve(t, STATUS_SIZE);
    for (size_t i = 0; i < ELEMENTSOF(status->values); i++) {
        append_name(t, i == 0 ? '{' : ',', &status->values[i]);
        append_value(t, &status->values[i]);
    }
    text_append(t, "}");
}

bool json_write_pools(Text *t, const Registry *pools, Instant now, PoolsCursor *cursor, size_t size)
{
    size_t i = cursor->pool_id[0] ? registry_after(pools, cursor->pool_id) : 0;

    if (!cursor->begun)
        text_append(t, "[");
    cursor->begun = true;
    for (; i < pools->count && t->length < size && !t->failed; i++) {
        const Pool *pool = pools->pools[i];
        PoolStatus status;

        if (cursor->pool_id[0])
            text_append(t, ",");
        pool_status(pool, now, &status);
        json_write_status(t, &status);
        memcpy(cursor->pool_id, pool->id, sizeof(cursor->pool_id));
    }
    if (i < pools->count)
        return false;
    text_append(t, "]\n");
    return true;
}
