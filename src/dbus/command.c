/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/parse.h"
#include "dbus/bus_reply.h"
#include "dbus/holders.h"
#include "dbus/methods_run.h"
#include "dbus/server.h"

static Command *command_free(Command *c)
{
    DbusServer *s = c->server;

    if (c->previous)
        c->previous->next = c->next;
    else
        s->commands = c->next;
    if (c->next)
        c->next->previous = c->previous;
    s->n_commands--;

    authorization_free(c->authorization);
    access_waiter_free(c->access);
    devices_waiter_free(c->devices);
    plan_waiter_free(c->plan);
    if (c->waiter)
        operation_waiter_free(c->waiter);
    sd_bus_message_unref(c->call);
    free(c);
    return NULL;
}

void commands_done(DbusServer *s)
{
    while (s->commands)
        command_free(s->commands);
}

void commands_drop_caller(DbusServer *s, const char *caller)
{
    Command *next;

    for (Command *c = s->commands; c; c = next) {
        next = c->next;
        if (streq_ptr(sd_bus_message_get_sender(c->call), caller))
            command_free(c);
    }
}

static int command_new(DbusServer *s, sd_bus_message *call, const Method *method, Command **ret)
{
    uint64_t cookie = 0;
    Command *c;

    c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    *c = (Command){
            .server = s, .call = sd_bus_message_ref(call), .method = method, .next = s->commands};
    (void)sd_bus_message_get_cookie(call, &cookie);
    snprintf(c->correlation_id, sizeof(c->correlation_id), "%s/%" PRIu64,
             sd_bus_message_get_sender(call), cookie);
    if (c->next)
        c->next->previous = c;
    s->commands = c;
    s->n_commands++;
    *ret = c;
    return 0;
}

/* The functions that answer ignore whether that worked: it fails when memory is out or the bus is
 * gone, and either way nobody is there to tell. */

static void command_fail(Command *c, int r, const Error *error)
{
    if (error_is_set(error))
        bus_reply_error(c->call, error);
    else
        sd_bus_reply_method_errno(c->call, r, NULL);
    command_free(c);
}

static void on_ended(const OperationResult *result, const char *pool_id, void *userdata)
{
    Command *c = userdata;
    _cleanup_free_ char *text = NULL;
    size_t length;
    int status;
    int r;

    c->waiter = NULL;
    if (error_is_set(&result->error)) {
        command_fail(c, -EIO, &result->error);
        return;
    }
    r = manager_operation_answer(c->server->manager, result, pool_id, &status, &text, &length);
    if (r < 0) {
        command_fail(c, r, NULL);
        return;
    }
    bus_reply_json(c->call, text);
    command_free(c);
}

int command_follow(Command *c, Operation *operation)
{
    if (c->method->wait)
        return operation_wait(operation, on_ended, c, &c->waiter);
    sd_bus_reply_method_return(c->call, "t", operation_id(operation));
    return 0;
}

static void on_plan(char *text, size_t length, void *userdata)
{
    Command *c = userdata;
    bool waited = c->plan != NULL;

    c->plan = NULL;
    if (text)
        bus_reply_json(c->call, text);
    else
        sd_bus_reply_method_errno(c->call, -ENOMEM, NULL);
    free(text);
    if (waited)
        command_free(c);
}

int command_plan(Command *c, EngineSpec **spec, char *const *warnings, Error *error)
{
    PlanWaiter *waiter = NULL; /* not in the command: it is answered on return, maybe */
    int r = manager_plan(c->server->manager, spec, warnings, on_plan, c, &waiter, error);

    if (r == 0)
        c->plan = waiter;
    return r < 0 ? r : 0;
}

static void command_run(Command *c)
{
    Error error = {0};
    int r;

    r = c->method->run(c, &error);
    if (r < 0)
        command_fail(c, r, &error);
    else if (!c->waiter && !c->plan)
        command_free(c);
}

static void on_access(const Error *error, void *userdata)
{
    Command *c = userdata;

    c->access = NULL;
    if (error)
        command_fail(c, -EAGAIN, error);
    else
        command_run(c);
}

static void on_devices(void *userdata)
{
    Command *c = userdata;

    c->devices = NULL;
    command_run(c);
}

static void command_enter_devices(Command *c)
{
    DevicesWaiter *waiter = NULL; /* not in the command: it may be gone on return */
    int r = manager_refresh_devices(c->server->manager, on_devices, c, &waiter);

    if (r < 0)
        command_fail(c, r, NULL);
    else if (r == 0)
        c->devices = waiter;
}

static void command_enter(Command *c)
{
    AccessWaiter *waiter = NULL; /* not in the command: it may be gone on return */
    int r;

    if (c->method->access == METHOD_FREE) {
        command_run(c);
        return;
    }
    if (c->method->access == METHOD_DEVICES) {
        command_enter_devices(c);
        return;
    }
    r = manager_access(c->server->manager,
                       c->method->access == METHOD_WRITE ? MANAGER_WRITE : MANAGER_READ, on_access,
                       c, &waiter);
    if (r < 0)
        command_fail(c, r, NULL);
    else if (r == 0)
        c->access = waiter;
}

static void on_authorized(const Error *denied, void *userdata)
{
    Command *c = userdata;

    c->authorization = NULL;
    if (denied)
        command_fail(c, -EACCES, denied);
    else
        command_enter(c);
}

/* What the caller holds it may give back, whoever it is. */
static bool command_is_open(const Command *c)
{
    return !c->method->verb ||
           (c->method->run == run_release_lease &&
            holds_lease(c->server, c->call, c->pool_id, c->arguments[0].string));
}

static int check_pool_id(const char *pool_id, Error *error)
{
    if (id_is_valid(pool_id))
        return 0;
    return error_set(error, PM_ERROR_INVALID_ID, "pool_id",
                     "pool_id: must be 1 to %d letters, digits, '.', '_' or '-', and start with a "
                     "letter or digit",
                     PM_ID_MAX);
}

/* Strings are checked before they are kept: whoever is not authorised could fill the memory. */
static int read_argument(Command *c, char type, const char *name, MethodArgument *ret, Error *error)
{
    int r;

    r = sd_bus_message_read_basic(c->call, type, ret);
    if (r < 0)
        return r;
    if (type == SD_BUS_TYPE_STRING && strlen(ret->string) > PM_BODY_MAX)
        return error_set(error, PM_ERROR_BODY_TOO_LARGE, name,
                         "%s: has %zu bytes, at most %d are taken", name, strlen(ret->string),
                         PM_BODY_MAX);
    return 0;
}

static int command_read(Command *c, const char *pool_id, Error *error)
{
    const char *type = c->method->in;
    const char *name = c->method->names;
    int r;

    if (method_takes_pool(c->method)) {
        if (!pool_id) {
            r = sd_bus_message_read_basic(c->call, SD_BUS_TYPE_STRING, &pool_id);
            if (r < 0)
                return r;
        }
        r = check_pool_id(pool_id, error);
        if (r < 0)
            return r;
        memcpy(c->pool_id, pool_id, strlen(pool_id) + 1);
        type++;
        name += strlen(name) + 1;
    }
    for (MethodArgument *a = c->arguments; *type; type++, a++, name += strlen(name) + 1) {
        r = read_argument(c, *type, name, a, error);
        if (r < 0)
            return r;
    }
    return 0;
}

static int check_time(const DbusServer *s, const Method *method, Error *error)
{
    if (s->n_commands >= COMMANDS_MAX)
        return error_set(error, PM_ERROR_UNAVAILABLE, NULL,
                         "%d calls are already being worked on: try again in a moment",
                         COMMANDS_MAX);
    if (method->access == METHOD_WRITE && !manager_is_recovered(s->manager))
        return error_set(error, PM_ERROR_UNAVAILABLE, NULL,
                         "the daemon has just started and is still looking for its engines: try "
                         "again in a moment");
    return 0;
}

int command_start(DbusServer *s, sd_bus_message *call, const Method *method, const char *pool_id,
                  sd_bus_error *ret_error)
{
    Error error = {0};
    Command *c;
    int r;

    r = check_time(s, method, &error);
    if (r < 0)
        return bus_error_from(ret_error, &error);
    r = command_new(s, call, method, &c);
    if (r < 0)
        return r;
    r = command_read(c, pool_id, &error);
    if (r >= 0 && !command_is_open(c))
        r = authorization_start(s, call, method->verb, c->pool_id, on_authorized, c,
                                &c->authorization);
    else if (r >= 0)
        command_enter(c);
    if (r < 0)
        command_fail(c, r, &error);
    return 1;
}
