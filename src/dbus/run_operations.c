/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/methods_run.h"
#include "dbus/server.h"
#include "json/build.h"
#include "json/encode.h"
#include "json/prepared_engine.h"
#include "json/requests.h"

/* The methods that start operations. */

int run_preload(Command *c, Error *error)
{
    const char *prepared = c->arguments[0].string;
    _cleanup_spec_ EngineSpec *spec = NULL;
    _cleanup_strv_free_ char **warnings = NULL;
    Operation *operation;
    int r;

    r = prepared_engine_parse(prepared, strlen(prepared), c->pool_id, &spec, &warnings, error);
    if (r < 0)
        return r;
    r = manager_preload(c->server->manager, &spec, warnings, c->correlation_id, &operation, error);
    return r < 0 ? r : command_follow(c, operation);
}

int run_stop(Command *c, Error *error)
{
    Operation *operation;
    int r;

    r = manager_stop(c->server->manager, c->pool_id, c->correlation_id, &operation, error);
    return r < 0 ? r : command_follow(c, operation);
}

/* The bounds of the deadline are those of the request's body. */
static int read_deadline(const Command *c, uint64_t *ret_ms, Error *error)
{
    _cleanup_free_ char *text = NULL;
    size_t length;
    Builder body;
    int r;

    builder_init(&body);
    builder_add_number(&body, "deadline_ms", c->arguments[0].number);
    r = json_text(builder_take(&body), false, &text, &length);
    return r < 0 ? r : drain_parse(text, length, ret_ms, NULL, error);
}

int run_drain(Command *c, Error *error)
{
    Operation *operation;
    uint64_t deadline_ms;
    int r;

    r = read_deadline(c, &deadline_ms, error);
    if (r >= 0)
        r = manager_drain(c->server->manager, c->pool_id, deadline_ms, c->correlation_id,
                          &operation, error);
    return r < 0 ? r : command_follow(c, operation);
}

int run_restart(Command *c, Error *error)
{
    Operation *operation;
    int r;

    r = manager_restart(c->server->manager, c->pool_id, c->correlation_id, &operation, error);
    return r < 0 ? r : command_follow(c, operation);
}

int run_deregister(Command *c, Error *error)
{
    Operation *operation;
    int r;

    r = manager_deregister(c->server->manager, c->pool_id, c->arguments[0].boolean,
                           c->correlation_id, &operation, error);
    return r < 0 ? r : command_follow(c, operation);
}
