/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "manager/manager_internal.h"
#include "json/encode.h"
#include "json/reader.h"

/* What the outside reads, as JSON. */

int manager_describe_pool(const Manager *m, const char *pool_id, char **ret_text,
                          size_t *ret_length)
{
    const Pool *pool = registry_get(&m->registry, pool_id);
    Text text = {.data = NULL};
    PoolStatus status;

    if (!pool)
        return -ENOENT;
    pool_status(pool, manager_now(m), &status);
    json_write_status(&text, &status);
    text_append(&text, "\n");
    return text_take_all(&text, ret_text, ret_length);
}

bool manager_write_pools(const Manager *m, PoolsCursor *cursor, size_t size, Text *text)
{
    return json_write_pools(text, &m->registry, manager_now(m), cursor, size);
}

int manager_describe_pools(const Manager *m, char **ret_text, size_t *ret_length)
{
    PoolsCursor cursor = {.begun = false};
    Text text = {.data = NULL};

    (void)manager_write_pools(m, &cursor, SIZE_MAX, &text);
    return text_take_all(&text, ret_text, ret_length);
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
    json_object *object = NULL;

    if (json_read(m->configuration, strlen(m->configuration), &object, NULL) < 0 ||
        declared_describe(m, object) < 0) {
        json_object_put(object);
        return -ENOMEM;
    }
    return json_text(object, false, ret_text, ret_length);
}

/* The pool that one of its engines waits for. */
static const char *find_blocker(const Manager *m, const Pool *pool)
{
    const char *other = NULL;

    for (const Pool *engine = pool; engine && !other; engine = engine->beside)
        if (pool_shell(engine))
            other = turn_waits_for(m, pool_shell(engine));
    return other;
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
        view.phase = o->outcome.error ? "failed" : "done";
        view.percent = o->outcome.error ? SPEC_UNSET : 100;
        view.result = o->answer;
    } else if (find_blocker(m, pool)) {
        view.phase = "waiting";
        view.waits_for = find_blocker(m, pool);
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
