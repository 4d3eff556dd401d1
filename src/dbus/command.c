/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/parse.h"
#include "dbus/authorize.h"
#include "dbus/bus_reply.h"
#include "dbus/server.h"
#include "json/prepared_engine.h"

struct Command {
    DbusServer *server;
    sd_bus_message *call;
    OperationKind kind;
    bool wait;
    char pool_id[PM_ID_MAX + 1];
    const char *prepared; /* in the memory of `call` */

    /* What it waits for: one of them. */
    Authorization *authorization;
    OperationWaiter *waiter;

    Command *previous;
    Command *next;
};

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

static int command_new(DbusServer *s, sd_bus_message *call, OperationKind kind, Command **ret)
{
    Command *c;

    c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    *c = (Command){
            .server = s, .call = sd_bus_message_ref(call), .kind = kind, .next = s->commands};
    if (c->next)
        c->next->previous = c;
    s->commands = c;
    s->n_commands++;
    *ret = c;
    return 0;
}

/* The functions that answer ignore whether that worked: it fails when memory is out or the bus is
 * gone, and either way nobody is there to tell. */

static void command_fail(Command *c, const Error *error)
{
    bus_reply_error(c->call, error);
    command_free(c);
}

static void command_fail_errno(Command *c, int error)
{
    sd_bus_reply_method_errno(c->call, error, NULL);
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
        command_fail(c, &result->error);
        return;
    }
    r = manager_operation_answer(c->server->manager, result, pool_id, &status, &text, &length);
    if (r < 0) {
        command_fail_errno(c, r);
        return;
    }
    bus_reply_json(c->call, text);
    command_free(c);
}

static int submit_preload(Command *c, const char *correlation_id, Operation **ret, Error *error)
{
    _cleanup_spec_ EngineSpec *spec = NULL;
    _cleanup_strv_free_ char **warnings = NULL;
    int r;

    r = prepared_engine_parse(c->prepared, strlen(c->prepared), c->pool_id, &spec, &warnings,
                              error);
    if (r < 0)
        return r;
    return manager_preload(c->server->manager, &spec, warnings, correlation_id, ret, error);
}

static int command_submit(Command *c, Operation **ret, Error *error)
{
    Manager *manager = c->server->manager;
    char correlation_id[PM_CORRELATION_ID_MAX + 1];
    uint64_t cookie = 0;

    if (!manager_is_recovered(manager))
        return error_set(error, PM_ERROR_UNAVAILABLE, NULL,
                         "the daemon has just started and is still looking for its engines: try "
                         "again in a moment");
    (void)sd_bus_message_get_cookie(c->call, &cookie);
    snprintf(correlation_id, sizeof(correlation_id), "%s/%" PRIu64,
             sd_bus_message_get_sender(c->call), cookie);
    if (c->kind == OPERATION_PRELOAD)
        return submit_preload(c, correlation_id, ret, error);
    return manager_stop(manager, c->pool_id, correlation_id, ret, error);
}

static void on_authorized(const Error *denied, void *userdata)
{
    Command *c = userdata;
    Operation *operation = NULL;
    Error error = {0};
    int r;

    c->authorization = NULL;
    if (denied) {
        command_fail(c, denied);
        return;
    }
    r = command_submit(c, &operation, &error);
    if (r >= 0 && c->wait)
        r = operation_wait(operation, on_ended, c, &c->waiter);
    if (error_is_set(&error)) {
        command_fail(c, &error);
    } else if (r < 0) {
        command_fail_errno(c, r);
    } else if (!c->wait) {
        sd_bus_reply_method_return(c->call, "t", operation_id(operation));
        command_free(c);
    }
}

static int check_pool_id(const char *pool_id, sd_bus_error *ret_error)
{
    Error error = {0};

    if (id_is_valid(pool_id))
        return 0;
    error_set(&error, PM_ERROR_INVALID_ID, "pool_id",
              "pool_id: must be 1 to %d letters, digits, '.', '_' or '-', and start with a letter "
              "or digit",
              PM_ID_MAX);
    return bus_error_from(ret_error, &error);
}

static int command_start(DbusServer *s, sd_bus_message *call, OperationKind kind,
                         const char *pool_id, const char *prepared, bool wait,
                         sd_bus_error *ret_error)
{
    Error error = {0};
    Command *c;
    int r;

    if (s->n_commands >= COMMANDS_MAX) {
        error_set(&error, PM_ERROR_UNAVAILABLE, NULL,
                  "%d calls are already being worked on: try again in a moment", COMMANDS_MAX);
        return bus_error_from(ret_error, &error);
    }
    r = command_new(s, call, kind, &c);
    if (r < 0)
        return r;
    c->wait = wait;
    c->prepared = prepared;
    memcpy(c->pool_id, pool_id, strlen(pool_id) + 1);
    r = authorization_start(call, operation_kind_to_string(kind), c->pool_id, on_authorized, c,
                            &c->authorization);
    if (r < 0) {
        command_free(c);
        return r;
    }
    return 1;
}

int command_preload(DbusServer *s, sd_bus_message *call, const char *pool_id, const char *prepared,
                    bool wait, sd_bus_error *ret_error)
{
    Error error = {0};
    int r;

    r = check_pool_id(pool_id, ret_error);
    if (r < 0)
        return r;
    if (strlen(prepared) > PM_BODY_MAX) {
        error_set(&error, PM_ERROR_BODY_TOO_LARGE, "prepared",
                  "prepared: has %zu bytes, at most %d are taken", strlen(prepared), PM_BODY_MAX);
        return bus_error_from(ret_error, &error);
    }
    return command_start(s, call, OPERATION_PRELOAD, pool_id, prepared, wait, ret_error);
}

int command_stop(DbusServer *s, sd_bus_message *call, const char *pool_id, bool wait,
                 sd_bus_error *ret_error)
{
    int r;

    r = check_pool_id(pool_id, ret_error);
    if (r < 0)
        return r;
    return command_start(s, call, OPERATION_STOP, pool_id, NULL, wait, ret_error);
}
