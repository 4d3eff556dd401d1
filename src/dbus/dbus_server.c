/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/dbus_server.h"

#include <errno.h>
#include <poolmgr/names.h>

#include "dbus/manager_object.h"
#include "dbus/pool_object.h"
#include "dbus/server.h"

/* The good replies of RequestName (D-Bus specification); the others say that the name has an owner.
 */
enum {
    NAME_PRIMARY_OWNER = 1,
    NAME_ALREADY_OWNER = 4,
};

static void on_pool_added(const Pool *pool, void *userdata)
{
    pool_object_added(userdata, pool);
}

static void on_pool_changed(const Pool *pool, void *userdata)
{
    pool_object_changed(userdata, pool);
}

static void on_pool_removed(const Pool *pool, void *userdata)
{
    pool_object_removed(userdata, pool);
}

static void on_event_added(const ManagerEvent *event, void *userdata)
{
    DbusServer *s = userdata;

    if (s->announced)
        manager_object_emit_event(s, event);
}

static void on_operation_ended(const OperationResult *result, const char *pool_id, void *userdata)
{
    DbusServer *s = userdata;

    if (s->announced)
        manager_object_emit_operation_ended(s, result, pool_id);
}

DbusServer *dbus_server_free(DbusServer *s)
{
    if (!s)
        return NULL;
    commands_done(s);
    holders_free(s->holders);
    sd_bus_slot_unref(s->name_slot);
    sd_bus_slot_unref(s->pool_nodes_slot);
    sd_bus_slot_unref(s->pool_slot);
    sd_bus_slot_unref(s->manager_slot);
    sd_bus_slot_unref(s->object_manager_slot);
    free(s->manager_vtable);
    free(s->pool_vtable);
    pool_seen_free(s->seen);
    free(s);
    return NULL;
}

static int add_objects(DbusServer *s)
{
    int r;

    r = sd_bus_add_object_manager(s->bus, &s->object_manager_slot, PM_OBJECT_PATH);
    if (r < 0)
        return r;
    r = manager_object_add(s);
    if (r < 0)
        return r;
    return pool_object_add(s);
}

int dbus_server_new(sd_bus *bus, Manager *manager, bool user_mode, DbusServer **ret)
{
    _cleanup_(dbus_server_freep) DbusServer *s = NULL;
    int r;

    s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->bus = bus;
    s->manager = manager;
    s->user_mode = user_mode;
    s->listener = (ManagerListener){.pool_added = on_pool_added,
                                    .pool_changed = on_pool_changed,
                                    .pool_removed = on_pool_removed,
                                    .event_added = on_event_added,
                                    .operation_ended = on_operation_ended,
                                    .userdata = s};
    r = pool_seen_new(&s->seen);
    for (size_t i = 0; r >= 0 && i < manager_count_pools(manager); i++)
        r = pool_seen_note(s->seen, manager_pool_at(manager, i), manager_now(manager), NULL);
    if (r >= 0)
        r = holders_new(s, &s->holders);
    if (r >= 0)
        r = add_objects(s);
    if (r < 0)
        return r;
    r = manager_add_listener(manager, &s->listener);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(s);
    return 0;
}

static void name_failed(DbusServer *s, int error, const char *why)
{
    s->name_func(error, why, s->name_userdata);
}

static int on_name(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
    DbusServer *s = userdata;
    const sd_bus_error *error = sd_bus_message_get_error(reply);
    uint32_t answer;

    if (error) {
        name_failed(s, -sd_bus_error_get_errno(error),
                    error->message ? error->message : error->name);
        return 0;
    }
    if (sd_bus_message_read(reply, "u", &answer) < 0) {
        name_failed(s, -EBADMSG, "its answer is malformed");
        return 0;
    }
    if (answer != NAME_PRIMARY_OWNER && answer != NAME_ALREADY_OWNER) {
        name_failed(s, -EEXIST,
                    s->user_mode ? "another pool-managerd of this user has it; see: systemctl "
                                   "--user status pool-managerd"
                                 : "another pool-managerd has it; see: systemctl status "
                                   "pool-managerd");
        return 0;
    }
    s->announced = true;
    s->name_func(0, NULL, s->name_userdata);
    return 0;
}

int dbus_server_request_name(DbusServer *s, DbusNameFunc f, void *userdata)
{
    int r;

    r = holders_recover(s->holders);
    if (r < 0)
        return r;
    s->name_func = f;
    s->name_userdata = userdata;
    return sd_bus_request_name_async(s->bus, &s->name_slot, PM_BUS_NAME, 0, on_name, s);
}
