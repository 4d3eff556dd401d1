/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>

#include "http/connection.h"
#include "http/http_metrics.h"
#include "http/stream.h"
#include "http/wait.h"

HttpRequest *request_new(HttpConnection *c, struct MHD_Connection *mhd, const char *target,
                         bool target_has_nul)
{
    HttpRequest *request = calloc(1, sizeof(*request));

    if (!request)
        return NULL;
    request->target_text = strdup(target);
    if (!request->target_text) {
        free(request);
        return NULL;
    }
    request->started = http_metrics_clock();
    request->target_has_nul = target_has_nul;
    request->server = c->listener->server;
    request->connection = c;
    request->mhd = mhd;
    request->wait_deadline.owner = request;
    preferences_init(&request->preferences);
    c->request = request;
    return request;
}

static void drop_body(HttpRequest *request)
{
    request->server->body_bytes -= request->body.length;
    text_done(&request->body);
}

HttpRequest *request_free(HttpRequest *request)
{
    if (!request)
        return NULL;
    assert(!request->put_off);
    request_wait_done(request);
    if (request->complete)
        request->connection->listener->answering--;
    request->connection->request = NULL;
    (void)http_stream_free(request->answer.stream);
    drop_body(request);
    target_done(&request->target);
    answer_done(&request->answer);
    free(request->target_text);
    free(request);
    return NULL;
}

/* Refuses for the moment, in a second it may be different. */
static void refuse_for_now(HttpRequest *request, const char *why)
{
    Error error = {.code = PM_ERROR_NONE};

    (void)error_set(&error, PM_ERROR_UNAVAILABLE, NULL, "%s", why);
    answer_error(request, &error, 1000);
}

bool request_read_body(HttpRequest *request, const char *data, size_t n)
{
    HttpServer *s = request->server;

    request->body_received += n;
    if (request->body_received > PM_BODY_MAX) {
        request->refused_early = true;
        if (!request->answer.ready)
            answer_refuse(request, PM_ERROR_BODY_TOO_LARGE, NULL,
                          "the body is larger than %d bytes", PM_BODY_MAX);
        return false;
    }
    if (request->answer.ready)
        return true;
    if (s->body_bytes + n > BODIES_MAX) {
        drop_body(request);
        refuse_for_now(request, "too many large requests at once; try again");
        return true;
    }
    s->body_bytes -= request->body.length;
    text_append_bytes(&request->body, data, n);
    s->body_bytes += request->body.length;
    return true;
}

void request_dispatch(HttpRequest *request)
{
    HttpServer *s = request->server;
    RouteFlags flags;

    if (request->answer.ready)
        return;
    flags = request->route->flags;
    if ((flags & ROUTE_COMMAND) && s->stopping)
        refuse_for_now(request, "the daemon is stopping");
    else if ((flags & ROUTE_COMMAND) && !manager_is_recovered(s->manager))
        refuse_for_now(request, "the daemon has just started and is still looking for the engines "
                                "that run; try again");
    else if (request->body.failed)
        refuse_for_now(request, "out of memory; try again");
    else if ((flags & ROUTE_BODY_REQUIRED) && request->body.length == 0)
        answer_refuse(request, PM_ERROR_BAD_REQUEST, NULL,
                      "the body is empty; %s needs a JSON object", request->route->pattern);
    else if ((flags & ROUTE_WAITS) && s->n_waiting >= s->settings.waiting_max)
        refuse_for_now(request, "too many requests wait for an operation already; try again");
    else if ((flags & ROUTE_STREAM) && s->n_streams >= s->settings.waiting_max)
        refuse_for_now(request, "too many clients follow events or logs already; try again");
    else
        request_enter(request);
}
