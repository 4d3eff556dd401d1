/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/manager_object.h"

#include <errno.h>
#include <poolmgr/names.h>

#include "dbus/bus_reply.h"
#include "dbus/server.h"

static int preload(sd_bus_message *call, DbusServer *s, bool wait, sd_bus_error *ret_error)
{
    const char *pool_id;
    const char *prepared;
    int r;

    r = sd_bus_message_read(call, "ss", &pool_id, &prepared);
    if (r < 0)
        return r;
    return command_preload(s, call, pool_id, prepared, wait, ret_error);
}

static int method_preload(sd_bus_message *call, void *userdata, sd_bus_error *ret_error)
{
    return preload(call, userdata, false, ret_error);
}

static int method_preload_and_wait(sd_bus_message *call, void *userdata, sd_bus_error *ret_error)
{
    return preload(call, userdata, true, ret_error);
}

static int stop(sd_bus_message *call, DbusServer *s, bool wait, sd_bus_error *ret_error)
{
    const char *pool_id;
    int r;

    r = sd_bus_message_read(call, "s", &pool_id);
    if (r < 0)
        return r;
    return command_stop(s, call, pool_id, wait, ret_error);
}

static int method_stop(sd_bus_message *call, void *userdata, sd_bus_error *ret_error)
{
    return stop(call, userdata, false, ret_error);
}

static int method_stop_and_wait(sd_bus_message *call, void *userdata, sd_bus_error *ret_error)
{
    return stop(call, userdata, true, ret_error);
}

static int append_pool(sd_bus_message *reply, const Pool *pool)
{
    _cleanup_free_ char *path = NULL;
    int r;

    r = pool_object_path(pool->id, &path);
    if (r < 0)
        return r;
    return sd_bus_message_append(reply, "(sso)", pool->id, pool_state_to_string(pool->state), path);
}

static int method_list_pools(sd_bus_message *call, void *userdata, sd_bus_error *ret_error)
{
    DbusServer *s = userdata;
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r;

    r = sd_bus_message_new_method_return(call, &reply);
    if (r < 0)
        return r;
    r = sd_bus_message_open_container(reply, 'a', "(sso)");
    if (r < 0)
        return r;
    for (size_t i = 0; i < manager_count_pools(s->manager); i++) {
        r = append_pool(reply, manager_pool_at(s->manager, i));
        if (r < 0)
            return r;
    }
    r = sd_bus_message_close_container(reply);
    if (r < 0)
        return r;
    return sd_bus_message_send(reply);
}

static int method_get_pool(sd_bus_message *call, void *userdata, sd_bus_error *ret_error)
{
    DbusServer *s = userdata;
    _cleanup_free_ char *path = NULL;
    Error error = {0};
    const char *pool_id;
    int r;

    r = sd_bus_message_read(call, "s", &pool_id);
    if (r < 0)
        return r;
    if (!manager_get_pool(s->manager, pool_id)) {
        error_set(&error, PM_ERROR_POOL_NOT_FOUND, NULL, "pool %.*s not found", PM_ID_MAX, pool_id);
        return bus_error_from(ret_error, &error);
    }
    r = pool_object_path(pool_id, &path);
    if (r < 0)
        return r;
    return sd_bus_reply_method_return(call, "o", path);
}

static int method_describe(sd_bus_message *call, void *userdata, sd_bus_error *ret_error)
{
    DbusServer *s = userdata;
    _cleanup_free_ char *text = NULL;
    size_t length;
    int r;

    r = manager_describe_pools(s->manager, &text, &length);
    if (r < 0)
        return r;
    return bus_reply_json(call, text);
}

static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
    return sd_bus_message_append(reply, "s", PM_VERSION);
}

static int get_pool_count(sd_bus *bus, const char *path, const char *interface,
                          const char *property, sd_bus_message *reply, void *userdata,
                          sd_bus_error *ret_error)
{
    DbusServer *s = userdata;

    return sd_bus_message_append(reply, "t", (uint64_t)manager_count_pools(s->manager));
}

/* Who may call what is decided in authorize.c: without UNPRIVILEGED sd-bus would ask the bus about
 * the caller itself, and wait for the answer. */
static const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("PoolCount", "t", get_pool_count, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_METHOD_WITH_ARGS("Preload", SD_BUS_ARGS("s", pool_id, "s", prepared),
                                SD_BUS_RESULT("t", operation), method_preload,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("PreloadAndWait", SD_BUS_ARGS("s", pool_id, "s", prepared),
                                SD_BUS_RESULT("s", answer), method_preload_and_wait,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Stop", SD_BUS_ARGS("s", pool_id), SD_BUS_RESULT("t", operation),
                                method_stop, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("StopAndWait", SD_BUS_ARGS("s", pool_id),
                                SD_BUS_RESULT("s", answer), method_stop_and_wait,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListPools", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sso)", pools),
                                method_list_pools, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetPool", SD_BUS_ARGS("s", pool_id), SD_BUS_RESULT("o", pool),
                                method_get_pool, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Describe", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", status),
                                method_describe, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("OperationEnded",
                                SD_BUS_ARGS("t", operation, "s", kind, "s", pool_id, "s",
                                            error_code, "s", error_text, "s", answer),
                                0),
        SD_BUS_VTABLE_END,
};

int manager_object_add(DbusServer *s)
{
    return sd_bus_add_object_vtable(s->bus, &s->manager_slot, PM_OBJECT_PATH, PM_MANAGER_INTERFACE,
                                    manager_vtable, s);
}

void manager_object_emit_pool_count(DbusServer *s)
{
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
