/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/client.h"

#include <poolmgr/names.h>
#include <signal.h>
#include <stdarg.h>

#include "base/parse.h"
#include "ctl/password_agent.h"

int client_connect(const Options *options, sd_bus **ret, Error *error)
{
    int r;

    r = options->user ? sd_bus_default_user(ret) : sd_bus_default_system(ret);
    if (r >= 0)
        return 0;
    if (options->user)
        return error_set(error, PM_ERROR_UNAVAILABLE, NULL,
                         "cannot reach your user's bus: %s. Is there a session of yours with "
                         "$XDG_RUNTIME_DIR set?",
                         strerror(-r));
    return error_set(error, PM_ERROR_UNAVAILABLE, NULL,
                     "cannot reach the system bus: %s. Does it run? See: systemctl status dbus",
                     strerror(-r));
}

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (streq(name, *names))
            return true;
    return false;
}

/* What the bus itself says. */
static int foreign_error(const Options *options, const sd_bus_error *e, Error *error)
{
    static const char *const absent[] = {SD_BUS_ERROR_SERVICE_UNKNOWN,
                                         SD_BUS_ERROR_NAME_HAS_NO_OWNER,
                                         "org.freedesktop.systemd1.NoSuchUnit", NULL};
    static const char *const lost[] = {SD_BUS_ERROR_NO_REPLY, SD_BUS_ERROR_DISCONNECTED, NULL};
    static const char *const foreign[] = {SD_BUS_ERROR_UNKNOWN_METHOD, SD_BUS_ERROR_UNKNOWN_OBJECT,
                                          SD_BUS_ERROR_UNKNOWN_INTERFACE, NULL};
    const char *user = options->user ? "--user " : "";

    if (is_one_of(e->name, absent))
        return error_set(error, PM_ERROR_UNAVAILABLE, NULL,
                         "pool-managerd is not running. Start it with: systemctl %sstart "
                         "pool-managerd",
                         user);
    if (is_one_of(e->name, lost))
        return error_set(error, PM_ERROR_UNAVAILABLE, NULL,
                         "pool-managerd went away before it answered. See: systemctl %sstatus "
                         "pool-managerd",
                         user);
    if (is_one_of(e->name, foreign))
        return error_set(error, PM_ERROR_INTERNAL, NULL,
                         "the running pool-managerd is of another version than this poolctl %s: "
                         "restart it with: systemctl %srestart pool-managerd",
                         PM_VERSION, user);
    if (streq(e->name, SD_BUS_ERROR_ACCESS_DENIED))
        return error_set(error, PM_ERROR_FORBIDDEN, NULL, "the bus forbids this: %s", e->message);
    if (streq(e->name, SD_BUS_ERROR_TIMEOUT))
        return error_set(error, PM_ERROR_REQUEST_TIMEOUT, NULL,
                         "pool-managerd does not answer. See: systemctl %sstatus pool-managerd",
                         user);
    return error_set(error, PM_ERROR_INTERNAL, NULL, "%s (%s)", e->message ? e->message : "failed",
                     e->name);
}

int client_error(const Options *options, const sd_bus_error *bus_error, int r, Error *error)
{
    PmErrorCode code;

    if (!bus_error || !sd_bus_error_is_set(bus_error))
        return error_set(error, PM_ERROR_UNAVAILABLE, NULL, "the connection to the bus failed: %s",
                         strerror(-r));
    code = pm_error_from_dbus_name(bus_error->name);
    if (code == PM_ERROR_INVALID)
        return foreign_error(options, bus_error, error);
    return error_set(error, code, NULL, "%s", bus_error->message);
}

int client_new_call(sd_bus *bus, CallKind kind, const char *member, sd_bus_message **ret,
                    Error *error)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
    int r;

    r = sd_bus_message_new_method_call(bus, &call, PM_BUS_NAME, PM_OBJECT_PATH,
                                       PM_MANAGER_INTERFACE, member);
    if (r >= 0 && kind == CALL_LOOK)
        r = sd_bus_message_set_auto_start(call, false);
    if (kind == CALL_ACT)
        password_agent_start(bus);
    if (r >= 0 && kind == CALL_ACT)
        r = sd_bus_message_set_allow_interactive_authorization(call, true);
    if (r < 0)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "cannot make a call: %s", strerror(-r));
    *ret = TAKE_PTR(call);
    return 0;
}

static int send_call(const Options *options, sd_bus *bus, CallKind kind, sd_bus_message *call,
                     sd_bus_message **ret_reply, Error *error)
{
    _cleanup_(sd_bus_error_free) sd_bus_error bus_error = SD_BUS_ERROR_NULL;
    uint64_t timeout = kind == CALL_ACT ? CLIENT_ACT_TIMEOUT_USEC : CLIENT_TIMEOUT_USEC;
    int r;

    r = sd_bus_call(bus, call, timeout, &bus_error, ret_reply);
    return r < 0 ? client_error(options, &bus_error, r, error) : 0;
}

int client_call(const Options *options, sd_bus *bus, CallKind kind, sd_bus_message **ret_reply,
                Error *error, const char *member, const char *types, ...)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
    va_list ap;
    int r;

    r = client_new_call(bus, kind, member, &call, error);
    if (r < 0)
        return r;
    va_start(ap, types);
    r = sd_bus_message_appendv(call, types, ap);
    va_end(ap);
    if (r < 0)
        return client_error(options, NULL, r, error);
    return send_call(options, bus, kind, call, ret_reply, error);
}

int client_loop(sd_bus *bus, sd_event **ret)
{
    _cleanup_(sd_event_unrefp) sd_event *event = NULL;
    sigset_t signals;
    int r;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
        return -errno;
    r = sd_event_default(&event);
    if (r >= 0)
        r = sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(event);
    return 0;
}

int client_on_interrupt(sd_event *event, sd_event_signal_handler_t f, void *userdata)
{
    int r = sd_event_add_signal(event, NULL, SIGINT, f, userdata);

    return r < 0 ? r : sd_event_add_signal(event, NULL, SIGTERM, f, userdata);
}

int client_watch(sd_bus *bus, const char *member, sd_bus_message_handler_t on_signal,
                 sd_bus_message_handler_t on_owner, void *userdata)
{
    int r = sd_bus_match_signal(bus, NULL, PM_BUS_NAME, PM_OBJECT_PATH, PM_MANAGER_INTERFACE,
                                member, on_signal, userdata);

    if (r < 0)
        return r;
    return sd_bus_add_match(bus, NULL,
                            "type='signal',sender='org.freedesktop.DBus',"
                            "interface='org.freedesktop.DBus',member='NameOwnerChanged',"
                            "arg0='" PM_BUS_NAME "'",
                            on_owner, userdata);
}

int client_read_json(const char *text, json_object **ret, Error *error)
{
    json_object *object = json_tokener_parse(text);

    if (!object)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "the answer of pool-managerd is no JSON");
    *ret = object;
    return 0;
}

/* Reads the one string of a reply as JSON. */
static int read_json_reply(const Options *options, sd_bus_message *reply, json_object **ret,
                           Error *error)
{
    const char *text;
    int r;

    r = sd_bus_message_read(reply, "s", &text);
    if (r < 0)
        return client_error(options, NULL, r, error);
    return client_read_json(text, ret, error);
}

int client_describe_pools(const Options *options, sd_bus *bus, json_object **ret, Error *error)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r;

    r = client_call(options, bus, CALL_LOOK, &reply, error, "Describe", "");
    return r < 0 ? r : read_json_reply(options, reply, ret, error);
}

int client_describe_configuration(const Options *options, sd_bus *bus, json_object **ret,
                                  Error *error)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r;

    r = client_call(options, bus, CALL_LOOK, &reply, error, "DescribeConfiguration", "");
    return r < 0 ? r : read_json_reply(options, reply, ret, error);
}

int client_describe_pool(const Options *options, sd_bus *bus, const char *pool_id,
                         json_object **ret, Error *error)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r;

    r = client_check_pool_id(pool_id, error);
    if (r >= 0)
        r = client_call(options, bus, CALL_LOOK, &reply, error, "DescribePool", "s", pool_id);
    return r < 0 ? r : read_json_reply(options, reply, ret, error);
}

int client_describe_operation(const Options *options, sd_bus *bus, uint64_t id, json_object **ret,
                              Error *error)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r;

    r = client_call(options, bus, CALL_LOOK, &reply, error, "GetOperation", "t", id);
    return r < 0 ? r : read_json_reply(options, reply, ret, error);
}

int client_describe_devices(const Options *options, sd_bus *bus, json_object **ret, Error *error)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r;

    r = client_call(options, bus, CALL_LOOK, &reply, error, "DescribeDevices", "");
    return r < 0 ? r : read_json_reply(options, reply, ret, error);
}

int client_plan(const Options *options, sd_bus *bus, const char *pool_id, const char *prepared,
                json_object **ret, Error *error)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = client_check_pool_id(pool_id, error);

    if (r >= 0)
        r = client_call(options, bus, CALL_ACT, &reply, error, "Plan", "ss", pool_id, prepared);
    return r < 0 ? r : read_json_reply(options, reply, ret, error);
}

int client_pool_path(const char *pool_id, char **ret)
{
    return sd_bus_path_encode(PM_POOL_OBJECT_PATH, pool_id, ret);
}

int client_check_pool_id(const char *pool_id, Error *error)
{
    if (id_is_valid(pool_id))
        return 0;
    return error_set(error, PM_ERROR_INVALID_ID, "pool_id",
                     "\"%s\" cannot be a pool: 1 to %d letters, digits, '.', '_' or '-', the first "
                     "a letter or digit",
                     pool_id, PM_ID_MAX);
}
