/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/handlers.h"
#include "http/wait.h"
#include "json/prepared_engine.h"
#include "json/requests.h"

/* What is started is waited for. */
static void finish(HttpRequest *request, int r, Operation *operation, Error *error)
{
    if (r < 0)
        answer_failure(request, r, error);
    else
        request_wait(request, operation);
}

void handle_preload(HttpRequest *request)
{
    _cleanup_spec_ EngineSpec *spec = NULL;
    _cleanup_strv_free_ char **warnings = NULL;
    Error error = {.code = PM_ERROR_NONE};
    Operation *operation = NULL;
    int r;

    r = prepared_engine_parse(request->body.data, request->body.length, request->parameters.pool_id,
                              &spec, &warnings, &error);
    if (r >= 0)
        r = manager_preload(request->server->manager, &spec, warnings, request->correlation_id,
                            &operation, &error);
    finish(request, r, operation, &error);
}

void handle_plan(HttpRequest *request)
{
    _cleanup_spec_ EngineSpec *spec = NULL;
    _cleanup_strv_free_ char **warnings = NULL;
    Error error = {.code = PM_ERROR_NONE};
    int r = prepared_engine_parse(request->body.data, request->body.length, NULL, &spec, &warnings,
                                  &error);

    if (r >= 0)
        r = request_plan(request, &spec, warnings, &error);
    if (r < 0)
        answer_failure(request, r, &error);
}

typedef int (*CommandFunc)(Manager *m, const char *pool_id, const char *correlation_id,
                           Operation **ret_operation, Error *error);

/* Starts an operation that takes no parameters. The answer is the operation's, which has no room
 * for warnings about members that are not known. */
static void command(HttpRequest *request, CommandFunc f)
{
    Error error = {.code = PM_ERROR_NONE};
    Operation *operation = NULL;
    int r = empty_body_parse(request->body.data, request->body.length, NULL, &error);

    if (r >= 0)
        r = f(request->server->manager, request->parameters.pool_id, request->correlation_id,
              &operation, &error);
    finish(request, r, operation, &error);
}

void handle_stop(HttpRequest *request)
{
    command(request, manager_stop);
}

/* Draining takes its time: who does not ask to wait is told where to look. */
void handle_drain(HttpRequest *request)
{
    Error error = {.code = PM_ERROR_NONE};
    Operation *operation = NULL;
    uint64_t deadline_ms;
    int r = drain_parse(request->body.data, request->body.length, &deadline_ms, NULL, &error);

    if (r >= 0)
        r = manager_drain(request->server->manager, request->parameters.pool_id, deadline_ms,
                          request->correlation_id, &operation, &error);
    if (r >= 0 && !request->parameters.wait && !request->preferences.has_wait)
        answer_accepted(request, operation_id(operation));
    else
        finish(request, r, operation, &error);
}

void handle_reload(HttpRequest *request)
{
    const char *pool_id = request->parameters.pool_id;
    _cleanup_(reload_request_freep) ReloadRequest *reload = NULL;
    _cleanup_strv_free_ char **warnings = NULL;
    Error error = {.code = PM_ERROR_NONE};
    Operation *operation = NULL;
    uint64_t deadline_ms;
    int r;

    r = reload_parse(request->body.data, request->body.length, pool_id, &reload, &deadline_ms,
                     &warnings, &error);
    if (r >= 0)
        r = manager_reload(request->server->manager, pool_id, &reload, deadline_ms, warnings,
                           request->correlation_id, &operation, &error);
    finish(request, r, operation, &error);
}

void handle_restart(HttpRequest *request)
{
    command(request, manager_restart);
}

void handle_deregister(HttpRequest *request)
{
    const Parameters *p = &request->parameters;
    Error error = {.code = PM_ERROR_NONE};
    Operation *operation = NULL;
    int r = manager_deregister(request->server->manager, p->pool_id, p->force,
                               request->correlation_id, &operation, &error);

    finish(request, r, operation, &error);
}
