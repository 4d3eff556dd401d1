/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "manager/manager_internal.h"
#include "json/encode.h"

/* What the outside reads, as JSON. */

static json_object *describe_pool(const Manager *m, const Pool *pool)
{
    PoolStatus status;

    pool_status(pool, manager_now(m), &status);
    return json_status(&status);
}

int manager_describe_pool(const Manager *m, const char *pool_id, char **ret_text,
                          size_t *ret_length)
{
    const Pool *pool = registry_get(&m->registry, pool_id);

    return pool ? json_text(describe_pool(m, pool), false, ret_text, ret_length) : -ENOENT;
}

int manager_describe_pools(const Manager *m, char **ret_text, size_t *ret_length)
{
    json_object *array = json_object_new_array_ext((int)m->registry.count + 1);

    if (!array)
        return -ENOMEM;
    for (size_t i = 0; i < m->registry.count; i++) {
        json_object *o = describe_pool(m, m->registry.pools[i]);

        if (!o || json_object_array_add(array, o) < 0) {
            json_object_put(o);
            json_object_put(array);
            return -ENOMEM;
        }
    }
    return json_text(array, false, ret_text, ret_length);
}

int manager_describe_health(const Manager *m, const char *pool_id, char **ret_text,
                            size_t *ret_length)
{
    const Pool *pool = registry_get(&m->registry, pool_id);
    PoolStatus status;

    if (!pool)
        return -ENOENT;
    pool_status(pool, manager_now(m), &status);
    return json_text(json_health(&status), false, ret_text, ret_length);
}

int manager_describe_configuration(const Manager *m, char **ret_text, size_t *ret_length)
{
    char *copy = strdup(m->configuration);

    if (!copy)
        return -ENOMEM;
    *ret_text = copy;
    *ret_length = strlen(copy);
    return 0;
}

json_object *describe_operation(const Manager *m, const Operation *o)
{
    const Pool *pool = registry_get(&m->registry, o->pool_id);
    OperationView view = {
            .id = o->id,
            .kind = o->kind,
            .pool_id = o->pool_id,
            .percent = SPEC_UNSET,
            .started_ms = usec_to_ms(o->started_real),
    };

    if (o->ended) {
        view.phase = error_is_set(&o->result.error) ? "failed" : "done";
        view.percent = error_is_set(&o->result.error) ? SPEC_UNSET : 100;
        view.result = o->answer;
    } else if (pool) {
        bool staging = pool->reload.phase == RELOAD_STAGING;

        if (pool->reload.phase == RELOAD_BESIDE) /* it is the new engine that is waited for */
            pool = pool->beside;
        view.phase = staging ? reload_phase_to_string(pool->reload.phase) : pool_state_shown(pool);
        view.percent = staging ? staging_percent(pool_shell(pool)) : pool_load_percent(pool);
    }
    return json_operation(&view);
}

int manager_describe_operation(const Manager *m, uint64_t id, char **ret_text, size_t *ret_length)
{
    const Operation *o = operation_find(m, id);

    return o ? json_text(describe_operation(m, o), false, ret_text, ret_length) : -ENOENT;
}
