/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/pool_object.h"

#include <errno.h>
#include <poolmgr/names.h>

#include "base/strv.h"
#include "dbus/manager_object.h"
#include "dbus/pool_vtable.h"
#include "dbus/server.h"

int pool_object_path(const char *pool_id, char **ret)
{
    return sd_bus_path_encode(PM_POOL_OBJECT_PATH, pool_id, ret);
}

static int pool_find(sd_bus *bus, const char *path, const char *interface, void *userdata,
                     void **ret_found, sd_bus_error *ret_error)
{
    DbusServer *s = userdata;
    _cleanup_free_ char *pool_id = NULL;
    const Pool *pool;
    int r;

    r = sd_bus_path_decode(path, PM_POOL_OBJECT_PATH, &pool_id);
    if (r <= 0)
        return r;
    pool = manager_get_pool(s->manager, pool_id);
    if (!pool)
        return 0;
    s->view.pool = pool;
    pool_status(pool, manager_now(s->manager), &s->view.status);
    *ret_found = &s->view;
    return 1;
}

static int pool_nodes(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes,
                      sd_bus_error *ret_error)
{
    DbusServer *s = userdata;
    size_t count = manager_count_pools(s->manager);
    _cleanup_strv_free_ char **nodes = NULL;
    int r;

    nodes = calloc(count + 1, sizeof(*nodes));
    if (!nodes)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        r = pool_object_path(manager_pool_at(s->manager, i)->id, &nodes[i]);
        if (r < 0)
            return r;
    }
    *ret_nodes = TAKE_PTR(nodes);
    return 1;
}

int pool_object_add(DbusServer *s)
{
    int r;

    s->view.server = s;
    r = pool_vtable_new(&s->pool_vtable);
    if (r < 0)
        return r;
    r = sd_bus_add_fallback_vtable(s->bus, &s->pool_slot, PM_POOL_OBJECT_PATH, PM_POOL_INTERFACE,
                                   s->pool_vtable, pool_find, s);
    if (r < 0)
        return r;
    return sd_bus_add_node_enumerator(s->bus, &s->pool_nodes_slot, PM_POOL_OBJECT_PATH, pool_nodes,
                                      s);
}

/* As with the manager's signals: what cannot be sent is lost, and so is the bus or all memory. */

void pool_object_added(DbusServer *s, const Pool *pool)
{
    _cleanup_free_ char *path = NULL;

    (void)pool_seen_note(s->seen, pool, manager_now(s->manager), NULL);
    if (!s->announced || pool_object_path(pool->id, &path) < 0)
        return;
    (void)sd_bus_emit_object_added(s->bus, path);
    manager_object_emit_pool_count(s);
}

void pool_object_changed(DbusServer *s, const Pool *pool)
{
    PoolChanges changes;
    _cleanup_free_ char *path = NULL;

    if (pool_seen_note(s->seen, pool, manager_now(s->manager), &changes) <= 0)
        return;
    if (!s->announced || pool_object_path(pool->id, &path) < 0)
        return;
    (void)sd_bus_emit_properties_changed_strv(s->bus, path, PM_POOL_INTERFACE, changes.names);
}
