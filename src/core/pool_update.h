/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "core/spec.h"

struct Handoff;
struct Pool;

/*
 * What the registry knows of a pool's engine beside its spec (B-REG-030 to 064): set by a preload,
 * a handoff, and by updates from outside. Strings are NULL when unset.
 */
typedef struct PoolMeta {
    char *engine_version;
    char *engine_digest;
    char *engine_catalog_id;
    char *version; /* of the registry entry: whatever the control plane counts */
    char *device_mask;
    char *perf_hints;     /* the text of a JSON object */
    uint64_t slots_total; /* SPEC_UNSET: not known */
    uint64_t slots_free;  /* as somebody reported it; SPEC_UNSET: nobody did */
} PoolMeta;

typedef enum PoolField {
    POOL_FIELD_ENGINE_VERSION = 1 << 0,
    POOL_FIELD_ENGINE_DIGEST = 1 << 1,
    POOL_FIELD_ENGINE_CATALOG_ID = 1 << 2,
    POOL_FIELD_VERSION = 1 << 3,
    POOL_FIELD_DEVICE_MASK = 1 << 4,
    POOL_FIELD_PERF_HINTS = 1 << 5,
    POOL_FIELD_SLOTS_TOTAL = 1 << 6,
    POOL_FIELD_SLOTS_FREE = 1 << 7,
} PoolField;

/* A merge: the fields in `given` replace those of the pool, unset ones clear them; the others stay
 * (B-REG-110, 111). */
typedef struct PoolUpdate {
    unsigned given; /* of PoolField */
    PoolMeta meta;
} PoolUpdate;

void pool_meta_init(PoolMeta *meta);
void pool_meta_done(PoolMeta *meta);
/* Returns 0 or -ENOMEM. */
int pool_meta_copy(const PoolMeta *meta, PoolMeta *ret);

/* A preload replaces what describes the engine; of what may have been set for the pool (mask,
 * slots), only what the spec gives (B-PRELOAD-024). */
void pool_meta_from_spec(struct Pool *pool, const EngineSpec *spec);
/* A handoff says all that is known of its engine (B-REG-101 to 104, 107). */
void pool_meta_from_handoff(struct Pool *pool, const struct Handoff *handoff);

/* Returns 0; -EINVAL with `error` naming the field (slots_free without a total); or -ENOMEM. On
 * failure nothing has changed. */
int pool_update_apply(struct Pool *pool, const PoolUpdate *update, Error *error);

/* The mask of the registry becomes that of the engine that is to be started. Returns 0, or -ENOMEM
 * with nothing changed. */
int pool_take_mask(struct Pool *pool);

/* The other way, once an engine of somebody else's is gone whose handoff had brought a mask.
 * Without memory that mask stays. */
void pool_return_mask(struct Pool *pool);

/* Whether an update has given the pool a mask that its engine, which runs, was not started with. */
bool pool_mask_waits(const struct Pool *pool);

/*
 * The slots that can be given away: what was reported, and no more than the leases leave, within 0
 * and the total (B-REG-063, 064). SPEC_UNSET when the total is not known.
 */
uint64_t pool_slots_free(const struct Pool *pool);
