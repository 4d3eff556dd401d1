/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/methods_run.h"
#include "dbus/server.h"
#include "json/build.h"
#include "json/encode.h"
#include "json/prepared_engine.h"
#include "json/requests.h"

/* The methods that start operations, or say what would come of one. */

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

int run_plan(Command *c, Error *error)
{
    const char *prepared = c->arguments[0].string;
    _cleanup_spec_ EngineSpec *spec = NULL;
    _cleanup_strv_free_ char **warnings = NULL;
    int r = prepared_engine_parse(prepared, strlen(prepared), c->pool_id, &spec, &warnings, error);

    return r < 0 ? r : command_plan(c, &spec, warnings, error);
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

/* What HTTP takes as a body comes as arguments. The engine is read as a preload's: where it is
 * wrong, it is said in its own words. */
static int read_reload(const Command *c, ReloadRequest **ret, uint64_t *ret_deadline_ms,
                       char ***ret_warnings, Error *error)
{
    const char *prepared = c->arguments[2].string, *strategy = c->arguments[3].string;
    _cleanup_(reload_request_freep) ReloadRequest *request = NULL;
    _cleanup_free_ char *text = NULL;
    size_t length;
    Builder body;
    int r;

    builder_init(&body);
    builder_add_string(&body, "new_model_ref", c->arguments[0].string);
    builder_add_number(&body, "drain_deadline_ms", c->arguments[1].number);
    builder_add_string(&body, "strategy", strategy[0] ? strategy : NULL);
    r = json_text(builder_take(&body), false, &text, &length);
    if (r >= 0)
        r = reload_parse(text, length, c->pool_id, &request, ret_deadline_ms, NULL, error);
    if (r >= 0 && prepared[0])
        r = prepared_engine_parse(prepared, strlen(prepared), c->pool_id, &request->spec,
                                  ret_warnings, error);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(request);
    return 0;
}

int run_reload(Command *c, Error *error)
{
    _cleanup_(reload_request_freep) ReloadRequest *request = NULL;
    _cleanup_strv_free_ char **warnings = NULL;
    Operation *operation;
    uint64_t deadline_ms;
    int r;

    r = read_reload(c, &request, &deadline_ms, &warnings, error);
    if (r >= 0)
        r = manager_reload(c->server->manager, c->pool_id, &request, deadline_ms, warnings,
                           c->correlation_id, &operation, error);
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
