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

static int on_call(sd_bus_message *call, void *userdata, sd_bus_error *ret_error)
{
    const PoolView *view = userdata;
    const Method *method = method_find(sd_bus_message_get_member(call), true);

    return command_start(view->server, call, method, view->pool->id, ret_error);
}

static const sd_bus_vtable head[] = {
        SD_BUS_VTABLE_START(0),
        /* What the last health check of the engine said against it; "" after a good one. */
        SD_BUS_PROPERTY("HealthCheckError", "s", get_health_check_error, 0,
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
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

/* An entry for each field of a status. Names and types are the same for every pool: any status
 * shows them. */
static int fields_fill(sd_bus_vtable entries[static STATUS_FIELDS])
{
    _cleanup_(pool_freep) Pool *pool = NULL;
    PoolStatus status;
    int r;

    r = pool_new("any", &pool);
    if (r < 0)
        return r;
    pool_status(pool, (Instant){0}, &status);
    for (size_t i = 0; i < STATUS_FIELDS; i++) {
        entries[i] = templates[status.values[i].type];
        entries[i].flags = field_flags(&status.values[i]);
        entries[i].x.property.member = status.values[i].property;
        entries[i].x.property.offset = offsetof(PoolView, status.values) + i * sizeof(StatusValue);
    }
    return 0;
}

int pool_vtable_new(sd_bus_vtable **ret)
{
    sd_bus_vtable tail[STATUS_FIELDS + 1] = {[STATUS_FIELDS] = SD_BUS_VTABLE_END};
    int r;

    r = fields_fill(tail);
    if (r < 0)
        return r;
    return methods_vtable_new((VtablePart){head, ELEMENTSOF(head)}, true, on_call,
                              (VtablePart){tail, ELEMENTSOF(tail)}, ret);
}
