/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/pool_update.h"

#include <errno.h>

#include "core/pool.h"

void pool_meta_init(PoolMeta *meta)
{
    *meta = (PoolMeta){.slots_total = SPEC_UNSET, .slots_free = SPEC_UNSET};
}

void pool_meta_done(PoolMeta *meta)
{
    free(meta->engine_version);
    free(meta->engine_digest);
    free(meta->engine_catalog_id);
    free(meta->version);
    free(meta->device_mask);
    free(meta->perf_hints);
    pool_meta_init(meta);
}

int pool_meta_copy(const PoolMeta *meta, PoolMeta *ret)
{
    PoolMeta copy = *meta;

    /* Each text becomes the copy's own; those that cannot be copied are NULL where they were not.
     */
#define COPY(member) copy.member = meta->member ? strdup(meta->member) : NULL
    COPY(engine_version);
    COPY(engine_digest);
    COPY(engine_catalog_id);
    COPY(version);
    COPY(device_mask);
    COPY(perf_hints);
#undef COPY
#define LACKS(member) (meta->member && !copy.member)
    if (LACKS(engine_version) || LACKS(engine_digest) || LACKS(engine_catalog_id) ||
        LACKS(version) || LACKS(device_mask) || LACKS(perf_hints)) {
        pool_meta_done(&copy);
        return -ENOMEM;
    }
#undef LACKS
    *ret = copy;
    return 0;
}

static void replace(char **text, char **by)
{
    free(*text);
    *text = TAKE_PTR(*by);
}

/* Moves the given fields of `from` into the pool's. */
static void merge(PoolMeta *meta, unsigned given, PoolMeta *from)
{
    if (given & POOL_FIELD_ENGINE_VERSION)
        replace(&meta->engine_version, &from->engine_version);
    if (given & POOL_FIELD_ENGINE_DIGEST)
        replace(&meta->engine_digest, &from->engine_digest);
    if (given & POOL_FIELD_ENGINE_CATALOG_ID)
        replace(&meta->engine_catalog_id, &from->engine_catalog_id);
    if (given & POOL_FIELD_VERSION)
        replace(&meta->version, &from->version);
    if (given & POOL_FIELD_DEVICE_MASK)
        replace(&meta->device_mask, &from->device_mask);
    if (given & POOL_FIELD_PERF_HINTS)
        replace(&meta->perf_hints, &from->perf_hints);
    if (given & POOL_FIELD_SLOTS_TOTAL)
        meta->slots_total = from->slots_total;
    if (given & POOL_FIELD_SLOTS_FREE)
        meta->slots_free = from->slots_free;
    /* What is free without a total means nothing. */
    if (meta->slots_total == SPEC_UNSET)
        meta->slots_free = SPEC_UNSET;
    else if (meta->slots_free != SPEC_UNSET && meta->slots_free > meta->slots_total)
        meta->slots_free = meta->slots_total;
}

int pool_update_apply(Pool *pool, const PoolUpdate *update, Error *error)
{
    bool total_given = update->given & POOL_FIELD_SLOTS_TOTAL;
    uint64_t total = total_given ? update->meta.slots_total : pool->meta.slots_total;
    PoolMeta copy;
    int r;

    if ((update->given & POOL_FIELD_SLOTS_FREE) && update->meta.slots_free != SPEC_UNSET &&
        total == SPEC_UNSET)
        return error_set(error, PM_ERROR_INVALID_FIELD, "slots_free",
                         "slots_free: needs slots_total, which the pool does not have: give both");
    r = pool_meta_copy(&update->meta, &copy);
    if (r < 0)
        return r;
    merge(&pool->meta, update->given, &copy);
    pool_meta_done(&copy);
    return 0;
}

/* strdup() of what may be NULL. Without memory the field is unset: it only describes. */
static char *copy_text(const char *s)
{
    return s ? strdup(s) : NULL;
}

void pool_meta_from_spec(Pool *pool, const EngineSpec *spec)
{
    PoolMeta from = {
            .engine_version = copy_text(spec->engine_version),
            .engine_digest = copy_text(spec->engine_digest),
            .engine_catalog_id = copy_text(spec->engine_catalog_id),
            .device_mask = copy_text(spec->device_mask),
            .slots_total = spec->slots_total,
            .slots_free = SPEC_UNSET,
    };
    unsigned given = POOL_FIELD_ENGINE_VERSION | POOL_FIELD_ENGINE_DIGEST |
                     POOL_FIELD_ENGINE_CATALOG_ID | POOL_FIELD_SLOTS_FREE;

    if (spec->device_mask)
        given |= POOL_FIELD_DEVICE_MASK;
    if (spec->slots_total != SPEC_UNSET)
        given |= POOL_FIELD_SLOTS_TOTAL;
    merge(&pool->meta, given, &from);
    pool_meta_done(&from);
}

void pool_meta_from_handoff(Pool *pool, const Handoff *handoff)
{
    PoolMeta from = {
            .engine_version = copy_text(handoff->engine_version),
            .device_mask = copy_text(handoff->device_mask),
            .slots_total = handoff->slots_total,
            .slots_free = handoff->slots_free,
    };

    merge(&pool->meta,
          POOL_FIELD_ENGINE_VERSION | POOL_FIELD_ENGINE_DIGEST | POOL_FIELD_ENGINE_CATALOG_ID |
                  POOL_FIELD_DEVICE_MASK | POOL_FIELD_SLOTS_TOTAL | POOL_FIELD_SLOTS_FREE,
          &from);
    pool_meta_done(&from);
}

int pool_take_mask(Pool *pool)
{
    char *copy = copy_text(pool->meta.device_mask);

    if (pool->meta.device_mask && !copy)
        return -ENOMEM;
    free(pool->spec->device_mask);
    pool->spec->device_mask = copy;
    return 0;
}

void pool_return_mask(Pool *pool)
{
    const char *mask = pool->spec ? pool->spec->device_mask : NULL;
    char *copy = copy_text(mask);

    if (mask && !copy)
        return;
    replace(&pool->meta.device_mask, &copy);
}

bool pool_mask_waits(const Pool *pool)
{
    return pool_has_engine(pool) && pool->spec &&
           !streq_ptr(pool->spec->device_mask, pool->meta.device_mask);
}

uint64_t pool_slots_free(const Pool *pool)
{
    const PoolMeta *meta = &pool->meta;
    uint64_t left;

    if (meta->slots_total == SPEC_UNSET)
        return SPEC_UNSET;
    left = meta->slots_total -
           (pool->leases.count < meta->slots_total ? pool->leases.count : meta->slots_total);
    return meta->slots_free < left ? meta->slots_free : left;
}
