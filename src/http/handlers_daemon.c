/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>

#include "http/event_stream.h"
#include "http/handlers.h"
#include "http/openapi.h"
#include "http/request.h"
#include "json/build.h"

/* Asked for most of all, and always the same. */
void handle_health(HttpRequest *request)
{
    static const char text[] = "{\"status\":\"ok\",\"version\":\"" PM_VERSION "\"}\n";

    answer_text(request, MHD_HTTP_OK, strdup(text), strlen(text));
}

void handle_ready(HttpRequest *request)
{
    Error error = {.code = PM_ERROR_NONE};
    Builder b;

    if (manager_is_recovered(request->server->manager)) {
        builder_init(&b);
        builder_add_string(&b, "status", "ready");
        answer_json(request, MHD_HTTP_OK, builder_take(&b));
        return;
    }
    (void)error_set(&error, PM_ERROR_UNAVAILABLE, NULL,
                    "the daemon is still looking for the engines that run");
    answer_error(request, &error, 1000);
}

/* It is the same for as long as the server lives, so it is made once. */
void handle_openapi(HttpRequest *request)
{
    HttpServer *s = request->server;
    char *copy;

    if (!s->api && openapi_describe(s->token != NULL, &s->api, &s->api_length) < 0)
        s->api = NULL;
    copy = s->api ? malloc(s->api_length + 1) : NULL;
    if (copy)
        memcpy(copy, s->api, s->api_length + 1);
    answer_text(request, MHD_HTTP_OK, copy, s->api_length);
}

void handle_operation(HttpRequest *request)
{
    uint64_t id = request->parameters.operation;
    Error error = {.code = PM_ERROR_NONE};
    char *text = NULL;
    size_t length = 0;
    int r = manager_describe_operation(request->server->manager, id, &text, &length);

    if (r == -ENOENT)
        (void)error_set(&error, PM_ERROR_OPERATION_NOT_FOUND, "op",
                        "operation %" PRIu64
                        " not found: there was none, or it ended more than ten minutes ago",
                        id);
    if (r < 0)
        answer_failure(request, r, &error);
    else
        answer_text(request, MHD_HTTP_OK, text, length);
}

void handle_devices(HttpRequest *request)
{
    Error error = {.code = PM_ERROR_NONE};
    char *text = NULL;
    size_t length = 0;
    int r = manager_describe_devices(request->server->manager, &text, &length);

    if (r < 0)
        answer_failure(request, r, &error);
    else
        answer_text(request, MHD_HTTP_OK, text, length);
}

void handle_events(HttpRequest *request)
{
    const char *last_id = request->last_event_id;

    /* The header is what a browser sends when it connects again, to the same URL as before. */
    if (!last_id || !*last_id)
        last_id = request->parameters.last_event_id;
    if (request->is_head)
        answer_stream(request, NULL, "text/event-stream");
    else
        event_stream_start(request, last_id && *last_id ? last_id : NULL, request->parameters.pool);
}
