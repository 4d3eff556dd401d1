/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/handlers.h"
#include "http/warned.h"
#include "json/encode.h"
#include "json/requests.h"

/* Answers with the pool, or with why it could not be done. */
static void finish(HttpRequest *request, int r, bool is_new, char *const *warnings, Error *error)
{
    if (r < 0)
        answer_failure(request, r, error);
    else
        answer_pool(request, is_new, warnings);
}

void handle_register(HttpRequest *request)
{
    _cleanup_strv_free_ char **warnings = NULL;
    Error error = {.code = PM_ERROR_NONE};
    bool is_new = false;
    int r = empty_body_parse(request->body.data, request->body.length, &warnings, &error);

    if (r >= 0)
        r = manager_register(request->server->manager, request->parameters.pool_id,
                             request->correlation_id, &is_new, &error);
    finish(request, r, is_new, warnings, &error);
}

void handle_update(HttpRequest *request)
{
    _cleanup_strv_free_ char **warnings = NULL;
    Error error = {.code = PM_ERROR_NONE};
    PoolUpdate update;
    bool is_new = false;
    int r = pool_update_parse(request->body.data, request->body.length, &update, &warnings, &error);

    if (r >= 0) {
        r = manager_update(request->server->manager, request->parameters.pool_id, &update,
                           request->correlation_id, &is_new, &warnings, &error);
        pool_meta_done(&update.meta);
    }
    finish(request, r, is_new, warnings, &error);
}

void handle_handoff(HttpRequest *request)
{
    _cleanup_(handoff_freep) Handoff *handoff = NULL;
    _cleanup_strv_free_ char **warnings = NULL;
    Error error = {.code = PM_ERROR_NONE};
    bool is_new = false;
    int r = handoff_parse(request->body.data, request->body.length, request->parameters.pool_id,
                          &handoff, &warnings, &error);

    if (r >= 0)
        r = manager_register_handoff(request->server->manager, &handoff, request->correlation_id,
                                     &is_new, &error);
    finish(request, r, is_new, warnings, &error);
}

void handle_heartbeat(HttpRequest *request)
{
    const char *pool_id = request->parameters.pool_id;
    _cleanup_strv_free_ char **warnings = NULL;
    Error error = {.code = PM_ERROR_NONE};
    uint64_t ms = 0;
    int r = heartbeat_parse(request->body.data, request->body.length, &ms, &warnings, &error);

    if (r >= 0)
        r = manager_heartbeat(request->server->manager, pool_id, ms, &ms, &error);
    if (r < 0)
        answer_failure(request, r, &error);
    else
        answer_warned(request, MHD_HTTP_OK, json_heartbeat_answer(pool_id, ms), warnings);
}

typedef int (*BreakerFunc)(Manager *m, const char *pool_id, const char *correlation_id,
                           Error *error);

static void breaker(HttpRequest *request, BreakerFunc f)
{
    _cleanup_strv_free_ char **warnings = NULL;
    Error error = {.code = PM_ERROR_NONE};
    int r = empty_body_parse(request->body.data, request->body.length, &warnings, &error);

    if (r >= 0)
        r = f(request->server->manager, request->parameters.pool_id, request->correlation_id,
              &error);
    finish(request, r, false, warnings, &error);
}

void handle_breaker_reset(HttpRequest *request)
{
    breaker(request, manager_reset_breaker);
}

void handle_breaker_allow(HttpRequest *request)
{
    breaker(request, manager_allow_restart);
}
