/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/sorted.h"
#include "core/registry.h"

static const char *key_of(const void *item)
{
    return ((const Pool *)item)->id;
}

static size_t registry_search(const Registry *r, const char *id, bool *ret_found)
{
    return sorted_search(r->pools, r->count, key_of, id, ret_found);
}

Pool *registry_get(const Registry *r, const char *id)
{
    bool found;
    size_t i = registry_search(r, id, &found);

    return found ? r->pools[i] : NULL;
}

size_t registry_after(const Registry *r, const char *id)
{
    bool found;
    size_t i = registry_search(r, id, &found);

    return found ? i + 1 : i;
}

int registry_ensure(Registry *r, const char *id, Pool **ret, bool *ret_new)
{
    Pool *pool, **pools;
    bool found;
    size_t i = registry_search(r, id, &found);
    int k;

    if (!found) {
        if (r->count >= PM_POOLS_MAX)
            return -E2BIG;
        pools = sorted_reserve(r->pools, r->count, &r->allocated);
        if (!pools)
            return -ENOMEM;
        r->pools = pools;
        k = pool_new(id, &pool);
        if (k < 0)
            return k;
        memmove(r->pools + i + 1, r->pools + i, (r->count - i) * sizeof(Pool *));
        r->pools[i] = pool;
        r->count++;
    }
    *ret = r->pools[i];
    if (ret_new)
        *ret_new = !found;
    return 0;
}

Pool *registry_take(Registry *r, const char *id)
{
    bool found;
    size_t i = registry_search(r, id, &found);
    Pool *pool;

    if (!found)
        return NULL;
    pool = r->pools[i];
    r->count--;
    memmove(r->pools + i, r->pools + i + 1, (r->count - i) * sizeof(Pool *));
    return pool;
}

bool registry_remove(Registry *r, const char *id)
{
    Pool *pool = registry_take(r, id);

    pool_free(pool);
    return pool != NULL;
}

void registry_done(Registry *r)
{
    for (size_t i = 0; i < r->count; i++)
        pool_free(r->pools[i]);
    free(r->pools);
    *r = (Registry){0};
}
