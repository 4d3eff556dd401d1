/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/pool_object.h"

#include <errno.h>
#include <poolmgr/names.h>

#include "base/strv.h"
#include "dbus/bus_reply.h"
#include "dbus/manager_object.h"
#include "dbus/pool_vtable.h"
#include "dbus/server.h"

int pool_object_path(const char *pool_id, char **ret)
{
    return sd_bus_path_encode(PM_POOL_OBJECT_PATH, pool_id, ret);
}

int pool_object_check_lock(DbusServer *s, sd_bus_error *ret_error)
{
    Error error = {0};

    if (manager_lock(s->manager, MANAGER_READ, &error) < 0)
        return bus_error_from(ret_error, &error);
    manager_unlock(s->manager);
    return 0;
}

/*
 * Properties are read out of the view, which is made when sd-bus looks for the object: then nobody
 * else may be writing. Our own signals are no reading by somebody outside, and methods take the
 * lock themselves.
 */
static int check_reader(DbusServer *s, const char *pool_id, sd_bus_error *ret_error)
{
    sd_bus_message *call = sd_bus_get_current_message(s->bus);

    if (!call || (s->told && streq(s->told->id, pool_id)) ||
        streq_ptr(sd_bus_message_get_interface(call), PM_POOL_INTERFACE))
        return 0;
    return pool_object_check_lock(s, ret_error);
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
    pool = s->told && streq(s->told->id, pool_id) ? s->told : manager_get_pool(s->manager, pool_id);
    if (!pool)
        return 0;
    r = check_reader(s, pool_id, ret_error);
    if (r < 0)
        return r;
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
    s->told = pool;
    (void)sd_bus_emit_object_added(s->bus, path);
    manager_object_emit_pool(s, "PoolAdded", pool, path);
    s->told = NULL;
}

void pool_object_removed(DbusServer *s, const Pool *pool)
{
    _cleanup_free_ char *path = NULL;

    pool_seen_forget(s->seen, pool->id);
    if (!s->announced || pool_object_path(pool->id, &path) < 0)
        return;
    s->told = pool;
    (void)sd_bus_emit_object_removed(s->bus, path);
    manager_object_emit_pool(s, "PoolRemoved", pool, path);
    s->told = NULL;
}

void pool_object_changed(DbusServer *s, const Pool *pool)
{
    PoolChanges changes;
    _cleanup_free_ char *path = NULL;

    if (pool_seen_note(s->seen, pool, manager_now(s->manager), &changes) <= 0)
        return;
    if (!s->announced || pool_object_path(pool->id, &path) < 0)
        return;
    s->told = pool;
    (void)sd_bus_emit_properties_changed_strv(s->bus, path, PM_POOL_INTERFACE, changes.names);
    s->told = NULL;
}
