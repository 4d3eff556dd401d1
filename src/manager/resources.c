/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "core/resource.h"
#include "manager/log_catalog.h"
#include "manager/manager_internal.h"

/* Limits of a pool's engines, changed while one runs. */

static int out_of_memory(Error *error)
{
    return error_set(error, PM_ERROR_INTERNAL, NULL, "out of memory");
}

static int find_spec(Manager *m, const char *pool_id, Pool **ret, Error *error)
{
    Pool *pool;
    int r = manager_find_pool(m, pool_id, &pool, error);

    if (r < 0)
        return r;
    if (!pool->spec || pool->state == POOL_EXTERNAL)
        return error_set(error, PM_ERROR_NO_ENGINE, NULL,
                         "pool %s has no engine of ours to limit: preload one", pool->id);
    if (pool->operation.kind == OPERATION_RELOAD)
        return error_set(error, PM_ERROR_BUSY, NULL,
                         "pool %s is being reloaded: limit its engine when that is over", pool->id);
    *ret = pool;
    return 0;
}

/* A spec does not change: another one, equal but for that, takes its place. */
static int replace_spec(Pool *pool, const ResourceUpdate *update, EngineSpec **ret_before)
{
    EngineSpec *copy = NULL;
    int r = engine_spec_copy(pool->spec, &copy);

    if (r < 0)
        return r;
    for (int i = 0; i < RESOURCE_MAX; i++)
        if (update->given[i])
            resource_set(copy, (Resource)i, update->values[i]);
    *ret_before = pool->spec;
    pool->spec = copy;
    return 0;
}

/* What cannot be said to the service manager now is logged; the next start says it again. */
static void tell_unit(Manager *m, const Pool *pool, const ResourceUpdate *update)
{
    UnitNumber numbers[RESOURCE_MAX];
    char name[PM_UNIT_NAME_MAX + 1];
    size_t n = 0;
    int r;

    if (!pool_has_engine(pool))
        return;
    for (int i = 0; i < RESOURCE_MAX; i++)
        if (update->given[i])
            numbers[n++] = (UnitNumber){resource_property((Resource)i), update->values[i]};
    unit_name_format(pool->id, pool->spec->replica_id, pool->generation, name);
    r = unit_client_set(m->units, name, numbers, n);
    if (r < 0)
        log_pool_errno(pool, r, "its limits cannot be set while it runs");
}

int manager_set_resources(Manager *m, const char *pool_id, const ResourceUpdate *update,
                          const char *correlation_id, Error *error)
{
    EngineSpec *before = NULL;
    Pool *pool = NULL;
    int r = find_spec(m, pool_id, &pool, error);

    if (r < 0)
        return r;
    if (replace_spec(pool, update, &before) < 0)
        return out_of_memory(error);
    r = persist_state(pool_shell(pool));
    if (r < 0) {
        engine_spec_free(pool->spec);
        pool->spec = before;
        return error_set(error, PM_ERROR_INTERNAL, NULL, "the registry cannot be put on disk: %s",
                         strerror(-r));
    }
    engine_spec_free(before);
    manager_set_correlation_id(pool, correlation_id);
    tell_unit(m, pool, update);
    memory_keep(pool_shell(pool));
    notify_pool_changed(pool_shell(pool));
    return 0;
}
