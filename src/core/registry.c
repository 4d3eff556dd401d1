/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "core/registry.h"

/* The index of `id`, or of the place where it would have to be inserted. */
static size_t registry_search(const Registry *r, const char *id, bool *ret_found)
{
    size_t low = 0, high = r->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int c = strcmp(r->pools[middle]->id, id);

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

Pool *registry_get(const Registry *r, const char *id)
{
    bool found;
    size_t i = registry_search(r, id, &found);

    return found ? r->pools[i] : NULL;
}

static int registry_reserve(Registry *r)
{
    size_t n = r->allocated ? r->allocated * 2 : 16;
    Pool **pools;

    if (r->count < r->allocated)
        return 0;
    pools = reallocarray(r->pools, n, sizeof(Pool *));
    if (!pools)
        return -ENOMEM;
    r->pools = pools;
    r->allocated = n;
    return 0;
}

int registry_ensure(Registry *r, const char *id, Pool **ret, bool *ret_new)
{
    Pool *pool;
    bool found;
    size_t i = registry_search(r, id, &found);
    int k;

    if (!found) {
        if (r->count >= PM_POOLS_MAX)
            return -E2BIG;
        k = registry_reserve(r);
        if (k < 0)
            return k;
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
