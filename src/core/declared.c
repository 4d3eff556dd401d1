/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/declared.h"

#include <errno.h>

void declaration_done(Declaration *d)
{
    d->spec = engine_spec_free(d->spec);
}

bool declared_is_adjustment(const EngineSpec *applied, const EngineSpec *next)
{
    EngineSpec same = *next; /* lent; only compared */

    same.policy = applied->policy;
    same.health = applied->health;
    same.slots_total = applied->slots_total;
    same.vram_bytes = applied->vram_bytes;
    same.ram_bytes = applied->ram_bytes;
    same.engine_digest = applied->engine_digest;
    same.engine_catalog_id = applied->engine_catalog_id;
    return engine_spec_equal(&same, applied);
}

bool declared_is_engine(const Pool *pool, const EngineSpec *spec)
{
    EngineSpec same = *spec; /* lent; only compared */

    if (!pool->spec)
        return false;
    if (!same.device_mask)
        same.device_mask = pool->spec->device_mask;
    return engine_spec_equal(&same, pool->spec);
}

int declared_adjust(const Pool *pool, const EngineSpec *applied, const EngineSpec *next,
                    EngineSpec **ret)
{
    EngineSpec mixed = *pool->spec; /* lent; only copied */

#define TAKE(member) mixed.member = next->member
    TAKE(policy);
    TAKE(health);
    if (applied->slots_total != next->slots_total)
        TAKE(slots_total);
    if (applied->vram_bytes != next->vram_bytes)
        TAKE(vram_bytes);
    if (applied->ram_bytes != next->ram_bytes)
        TAKE(ram_bytes);
    if (!streq_ptr(applied->engine_digest, next->engine_digest))
        TAKE(engine_digest);
    if (!streq_ptr(applied->engine_catalog_id, next->engine_catalog_id))
        TAKE(engine_catalog_id);
#undef TAKE
    return engine_spec_copy(&mixed, ret);
}

void declared_update(const EngineSpec *applied, const EngineSpec *next, PoolUpdate *ret)
{
    *ret = (PoolUpdate){.given = 0};
    pool_meta_init(&ret->meta);
    ret->meta.slots_total = next->slots_total;
    ret->meta.engine_digest = next->engine_digest;
    ret->meta.engine_catalog_id = next->engine_catalog_id;
    if (applied->slots_total != next->slots_total)
        ret->given |= POOL_FIELD_SLOTS_TOTAL;
    if (!streq_ptr(applied->engine_digest, next->engine_digest))
        ret->given |= POOL_FIELD_ENGINE_DIGEST;
    if (!streq_ptr(applied->engine_catalog_id, next->engine_catalog_id))
        ret->given |= POOL_FIELD_ENGINE_CATALOG_ID;
    if (applied->device_mask && !next->device_mask)
        ret->given |= POOL_FIELD_DEVICE_MASK;
}

static bool is_same(const Declaration *a, const Declaration *b)
{
    return a->autostart == b->autostart && engine_spec_equal(a->spec, b->spec);
}

static DeclaredAction start_or_keep(const DeclaredCase *c)
{
    return c->next->autostart ? DECLARED_START : DECLARED_KEEP;
}

/* Whether somebody waits for what the pool is at, and decides what comes after it. */
static bool is_held(const Pool *p)
{
    return p->operation.kind != OPERATION_NONE &&
           !(p->operation.kind == OPERATION_PRELOAD && p->automatic);
}

/* The file is as it was. Only a boot asks for what was declared before. */
static DeclaredAction decide_same(const DeclaredCase *c)
{
    const Pool *p = c->pool;

    if (!c->new_boot)
        return DECLARED_NOTHING;
    if (!p)
        return start_or_keep(c);
    if (p->state == POOL_EXTERNAL)
        return DECLARED_WAIT;
    if (p->state != POOL_OFF && p->state != POOL_FAILED)
        return DECLARED_NOTE;
    if (!c->next->autostart)
        return p->spec ? DECLARED_NOTE : DECLARED_KEEP;
    return c->reached && p->spec ? DECLARED_RESUME : DECLARED_START;
}

/* Nothing runs. An engine that was to run and does not was stopped by somebody: it stays so. */
static DeclaredAction decide_off(const DeclaredCase *c)
{
    if (c->leaving && !c->new_boot)
        return DECLARED_START;
    if (c->applied && c->applied->autostart && !c->new_boot)
        return DECLARED_KEEP;
    return start_or_keep(c);
}

/* A reload keeps replica and mask. */
static bool is_reload(const DeclaredCase *c)
{
    const EngineSpec *next = c->next->spec;
    const Pool *p = c->pool;

    if (!streq(next->replica_id, p->spec->replica_id))
        return false;
    if (!next->device_mask)
        return !c->applied || !c->applied->spec->device_mask;
    return streq_ptr(next->device_mask, p->meta.device_mask);
}

static DeclaredAction decide_running(const DeclaredCase *c)
{
    const EngineSpec *next = c->next->spec;
    const Pool *p = c->pool;

    if (declared_is_engine(p, next))
        return DECLARED_NOTE;
    if (c->applied && !c->leaving && declared_is_adjustment(c->applied->spec, next))
        return DECLARED_ADJUST;
    if (p->state == POOL_ADOPTING)
        return DECLARED_WAIT;
    if (p->state != POOL_READY)
        return DECLARED_STOP;
    return is_reload(c) ? DECLARED_RELOAD : DECLARED_DRAIN;
}

static DeclaredAction decide_changed(const DeclaredCase *c)
{
    const Pool *p = c->pool;

    if (!p)
        return start_or_keep(c);
    if (is_held(p) || p->judging || p->beside)
        return DECLARED_WAIT;
    switch (p->state) {
    case POOL_OFF:
        return decide_off(c);
    case POOL_FAILED:
        return start_or_keep(c);
    case POOL_BACKOFF:
    case POOL_TRIPPED:
        return DECLARED_START;
    case POOL_PREFLIGHT:
    case POOL_STARTING:
    case POOL_WARMING:
    case POOL_READY:
    case POOL_ADOPTING:
        return decide_running(c);
    default:
        return DECLARED_WAIT;
    }
}

static DeclaredAction decide_removed(const DeclaredCase *c)
{
    const Pool *p = c->pool;

    if (!p || p->state == POOL_EXTERNAL)
        return DECLARED_FORGET;
    if (is_held(p) || p->judging || p->beside)
        return DECLARED_WAIT;
    switch (p->state) {
    case POOL_OFF:
    case POOL_FAILED:
        return c->owned ? DECLARED_DEREGISTER : DECLARED_FORGET;
    case POOL_READY:
    case POOL_BACKOFF:
    case POOL_TRIPPED:
        return DECLARED_DRAIN;
    case POOL_PREFLIGHT:
    case POOL_STARTING:
    case POOL_WARMING:
        return DECLARED_STOP;
    default:
        return DECLARED_WAIT;
    }
}

DeclaredAction declared_decide(const DeclaredCase *c)
{
    if (!c->next)
        return c->applied ? decide_removed(c) : DECLARED_NOTHING;
    if (c->applied && !c->leaving && is_same(c->applied, c->next))
        return decide_same(c);
    return decide_changed(c);
}
