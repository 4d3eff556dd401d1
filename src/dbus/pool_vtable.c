/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/pool_vtable.h"

#include <errno.h>

#include "dbus/bus_reply.h"
#include "dbus/command.h"
#include "dbus/pool_object.h"
#include "dbus/server.h"

static int get_string(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
    const StatusValue *value = userdata;

    return sd_bus_message_append(reply, "s", bus_text(value->string));
}

static int get_boolean(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
    const StatusValue *value = userdata;

    return sd_bus_message_append(reply, "b", (int)value->boolean);
}

static int get_number(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
    const StatusValue *value = userdata;

    return sd_bus_message_append(reply, "t", value->number);
}

static int get_health_check_error(sd_bus *bus, const char *path, const char *interface,
                                  const char *property, sd_bus_message *reply, void *userdata,
                                  sd_bus_error *ret_error)
{
    const PoolView *view = userdata;

    return sd_bus_message_append(reply, "s", bus_text(view->pool->probe_error));
}

static int method_describe(sd_bus_message *call, void *userdata, sd_bus_error *ret_error)
{
    PoolView *view = userdata;
    _cleanup_free_ char *text = NULL;
    size_t length;
    int r;

    r = manager_describe_pool(view->server->manager, view->pool->id, &text, &length);
    if (r < 0)
        return r;
    return bus_reply_json(call, text);
}

static int method_stop(sd_bus_message *call, void *userdata, sd_bus_error *ret_error)
{
    PoolView *view = userdata;

    return command_stop(view->server, call, view->pool->id, false, ret_error);
}

static int method_stop_and_wait(sd_bus_message *call, void *userdata, sd_bus_error *ret_error)
{
    PoolView *view = userdata;

    return command_stop(view->server, call, view->pool->id, true, ret_error);
}

static const sd_bus_vtable head[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Describe", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", status),
                                method_describe, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Stop", SD_BUS_NO_ARGS, SD_BUS_RESULT("t", operation), method_stop,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("StopAndWait", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", answer),
                                method_stop_and_wait, SD_BUS_VTABLE_UNPRIVILEGED),
        /* What the last health check of the engine said against it; "" after a good one. */
        SD_BUS_PROPERTY("HealthCheckError", "s", get_health_check_error, 0,
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
};

static const sd_bus_vtable tail[] = {
        SD_BUS_VTABLE_END,
};

/* What becomes a property of each type, once it has a name and a place. */
static const sd_bus_vtable templates[] = {
        [STATUS_STRING] = SD_BUS_PROPERTY(NULL, "s", get_string, 0, 0),
        [STATUS_BOOL] = SD_BUS_PROPERTY(NULL, "b", get_boolean, 0, 0),
        [STATUS_NUMBER] = SD_BUS_PROPERTY(NULL, "t", get_number, 0, 0),
        [STATUS_OBJECT] = SD_BUS_PROPERTY(NULL, "s", get_string, 0, 0),
};

bool pool_field_is_announced(const StatusValue *value)
{
    static const char *const quiet[] = {"uptime_ms", "last_heartbeat_ms", "load"};

    for (size_t i = 0; i < ELEMENTSOF(quiet); i++)
        if (streq(value->name, quiet[i]))
            return false;
    return true;
}

static uint64_t field_flags(const StatusValue *value)
{
    if (streq(value->name, "pool_id"))
        return SD_BUS_VTABLE_PROPERTY_CONST;
    return pool_field_is_announced(value) ? SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE : 0;
}

int pool_vtable_new(sd_bus_vtable **ret)
{
    _cleanup_(pool_freep) Pool *pool = NULL;
    PoolStatus status;
    sd_bus_vtable *vtable, *end;
    int r;

    /* Names and types are the same for every pool: any status shows them. */
    r = pool_new("any", &pool);
    if (r < 0)
        return r;
    pool_status(pool, (Instant){0}, &status);
    vtable = calloc(ELEMENTSOF(head) + STATUS_FIELDS + ELEMENTSOF(tail), sizeof(*vtable));
    if (!vtable)
        return -ENOMEM;
    memcpy(vtable, head, sizeof(head));
    end = vtable + ELEMENTSOF(head);
    for (size_t i = 0; i < STATUS_FIELDS; i++, end++) {
        *end = templates[status.values[i].type];
        end->flags = field_flags(&status.values[i]);
        end->x.property.member = status.values[i].property;
        end->x.property.offset = offsetof(PoolView, status.values) + i * sizeof(StatusValue);
    }
    memcpy(end, tail, sizeof(tail));
    *ret = vtable;
    return 0;
}
