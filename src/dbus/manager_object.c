/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/manager_object.h"

#include <errno.h>
#include <poolmgr/names.h>

#include "dbus/bus_reply.h"
#include "dbus/server.h"

static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
    return sd_bus_message_append(reply, "s", PM_VERSION);
}

static int get_run_id(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
    const DbusServer *s = userdata;

    return sd_bus_message_append(reply, "s", manager_run_id(s->manager));
}

static int get_pool_count(sd_bus *bus, const char *path, const char *interface,
                          const char *property, sd_bus_message *reply, void *userdata,
                          sd_bus_error *ret_error)
{
    DbusServer *s = userdata;
    uint64_t count = manager_count_pools(s->manager);
    int r;

    if (!s->told) {
        r = pool_object_check_lock(s, ret_error);
        if (r < 0)
            return r;
    }
    return sd_bus_message_append(reply, "t", count);
}

static int on_call(sd_bus_message *call, void *userdata, sd_bus_error *ret_error)
{
    const Method *method = method_find(sd_bus_message_get_member(call), false);

    return command_start(userdata, call, method, NULL, ret_error);
}

static const sd_bus_vtable head[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("RunId", "s", get_run_id, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("PoolCount", "t", get_pool_count, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
};

static const sd_bus_vtable tail[] = {
        SD_BUS_SIGNAL_WITH_ARGS("OperationEnded",
                                SD_BUS_ARGS("t", operation, "s", kind, "s", pool_id, "s",
                                            error_code, "s", error_text, "s", answer),
                                0),
        SD_BUS_SIGNAL_WITH_ARGS("Event", SD_BUS_ARGS("t", id, "s", type, "s", pool_id, "s", data),
                                0),
        SD_BUS_SIGNAL_WITH_ARGS("PoolAdded", SD_BUS_ARGS("s", pool_id, "o", pool), 0),
        SD_BUS_SIGNAL_WITH_ARGS("PoolRemoved", SD_BUS_ARGS("s", pool_id, "o", pool), 0),
        SD_BUS_VTABLE_END,
};

int manager_object_add(DbusServer *s)
{
    int r;

    r = methods_vtable_new((VtablePart){head, ELEMENTSOF(head)}, false, on_call,
                           (VtablePart){tail, ELEMENTSOF(tail)}, &s->manager_vtable);
    if (r < 0)
        return r;
    return sd_bus_add_object_vtable(s->bus, &s->manager_slot, PM_OBJECT_PATH, PM_MANAGER_INTERFACE,
                                    s->manager_vtable, s);
}

void manager_object_emit_pool(DbusServer *s, const char *signal, const Pool *pool, const char *path)
{
    (void)sd_bus_emit_signal(s->bus, PM_OBJECT_PATH, PM_MANAGER_INTERFACE, signal, "so", pool->id,
                             path);
    (void)sd_bus_emit_properties_changed(s->bus, PM_OBJECT_PATH, PM_MANAGER_INTERFACE, "PoolCount",
                                         NULL);
}

void manager_object_emit_operation_ended(DbusServer *s, const OperationResult *result,
                                         const char *pool_id)
{
    bool failed = error_is_set(&result->error);
    _cleanup_free_ char *answer = NULL;
    size_t length;
    int status;

    if (manager_operation_answer(s->manager, result, pool_id, &status, &answer, &length) < 0)
        return;
    (void)sd_bus_emit_signal(s->bus, PM_OBJECT_PATH, PM_MANAGER_INTERFACE, "OperationEnded",
                             "tsssss", result->id, operation_kind_to_string(result->kind), pool_id,
                             failed ? pm_error_info(result->error.code)->code : "",
                             failed ? bus_text(result->error.text) : "",
                             bus_text(bus_json_chomp(answer)));
}

void manager_object_emit_event(DbusServer *s, const ManagerEvent *event)
{
    (void)sd_bus_emit_signal(s->bus, PM_OBJECT_PATH, PM_MANAGER_INTERFACE, "Event", "tsss",
                             event->id, event->type, bus_text(event->pool_id),
                             bus_text(event->data));
}
