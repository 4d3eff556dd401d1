/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "http/handlers.h"
#include "http/wait.h"
#include "json/prepared_engine.h"
#include "json/reader.h"

/* Answers with `error`, or, where a function has failed without one, with what `r` says. */
static void fail(HttpRequest *request, int r, Error *error)
{
    if (!error_is_set(error))
        (void)error_set(error, PM_ERROR_INTERNAL, NULL, "%s", strerror(-r));
    answer_error(request, error, 0);
}

void handle_pools(HttpRequest *request)
{
    Error error = {.code = PM_ERROR_NONE};
    char *text = NULL;
    size_t length = 0;
    int r = manager_describe_pools(request->server->manager, &text, &length);

    if (r < 0)
        fail(request, r, &error);
    else
        answer_text(request, MHD_HTTP_OK, text, length);
}

void handle_status(HttpRequest *request)
{
    Error error = {.code = PM_ERROR_NONE};
    char *text = NULL;
    size_t length = 0;
    int r = manager_describe_pool(request->server->manager, request->pool_id, &text, &length);

    if (r == -ENOENT)
        (void)error_set(&error, PM_ERROR_POOL_NOT_FOUND, NULL, "pool %s not found",
                        request->pool_id);
    if (r < 0)
        fail(request, r, &error);
    else
        answer_text(request, MHD_HTTP_OK, text, length);
}

void handle_preload(HttpRequest *request)
{
    _cleanup_spec_ EngineSpec *spec = NULL;
    _cleanup_strv_free_ char **warnings = NULL;
    Error error = {.code = PM_ERROR_NONE};
    Operation *operation = NULL;
    int r;

    r = prepared_engine_parse(request->body.data, request->body.length, request->pool_id, &spec,
                              &warnings, &error);
    if (r >= 0)
        r = manager_preload(request->server->manager, &spec, warnings, request->correlation_id,
                            &operation, &error);
    if (r < 0)
        fail(request, r, &error);
    else
        request_wait(request, operation);
}

/* A stop takes no parameters yet; what is there must be an object all the same. */
static int check_object(const Text *body, Error *error)
{
    json_object *object = NULL;
    bool is_object;
    int r;

    if (body->length == 0)
        return 0;
    r = json_read(body->data, body->length, &object, error);
    if (r < 0)
        return r;
    is_object = json_object_is_type(object, json_type_object);
    json_object_put(object);
    if (!is_object)
        return error_set(error, PM_ERROR_INVALID_JSON, NULL,
                         "the body must be a JSON object, or empty");
    return 0;
}

void handle_stop(HttpRequest *request)
{
    Error error = {.code = PM_ERROR_NONE};
    Operation *operation = NULL;
    int r;

    r = check_object(&request->body, &error);
    if (r >= 0)
        r = manager_stop(request->server->manager, request->pool_id, request->correlation_id,
                         &operation, &error);
    if (r < 0)
        fail(request, r, &error);
    else
        request_wait(request, operation);
}
