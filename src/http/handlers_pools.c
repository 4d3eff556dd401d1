/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "http/handlers.h"
#include "http/log_stream.h"
#include "http/pieces.h"

typedef struct PoolList {
    PieceStream pieces;
    PoolsCursor cursor;
} PoolList;

static bool write_pools(PieceStream *pieces, size_t size, Text *text)
{
    PoolList *list = (PoolList *)pieces;

    return manager_write_pools(pieces->stream.request->server->manager, &list->cursor, size, text);
}

void handle_pools(HttpRequest *request)
{
    static const PieceType type = {
            .content_type = "application/json",
            .size = sizeof(PoolList),
            .reads_pools = true,
            .write = write_pools,
    };

    answer_in_pieces(request, &type);
}

typedef int (*DescribeFunc)(const Manager *m, const char *pool_id, char **ret_text,
                            size_t *ret_length);

/* Answers with what is to be said of the pool. */
static void describe(HttpRequest *request, DescribeFunc f)
{
    const char *pool_id = request->parameters.pool_id;
    Error error = {.code = PM_ERROR_NONE};
    char *text = NULL;
    size_t length = 0;
    int r = f(request->server->manager, pool_id, &text, &length);

    if (r == -ENOENT)
        (void)error_set(&error, PM_ERROR_POOL_NOT_FOUND, NULL, "pool %s not found", pool_id);
    if (r < 0)
        answer_failure(request, r, &error);
    else
        answer_text(request, MHD_HTTP_OK, text, length);
}

void handle_status(HttpRequest *request)
{
    describe(request, manager_describe_pool);
}

void handle_pool_health(HttpRequest *request)
{
    describe(request, manager_describe_health);
}

void handle_logs(HttpRequest *request)
{
    const Parameters *p = &request->parameters;
    const RouteAnswer *types = request->route->answers;
    LogQuery query = {
            .lines = p->lines,
            .generation = p->generation,
            .follow = p->follow,
            .json = preferences_want_json(&request->preferences),
    };
    const char *type = query.json ? types->other_type : types->type;
    Error error = {.code = PM_ERROR_NONE};
    int fd = -1, r = 0;

    if (!manager_get_pool(request->server->manager, p->pool_id))
        r = error_set(&error, PM_ERROR_POOL_NOT_FOUND, NULL, "pool %s not found", p->pool_id);
    else if (!request->is_head)
        r = manager_open_logs(request->server->manager, p->pool_id, &query, &fd, &error);
    if (r < 0)
        answer_failure(request, r, &error);
    else if (request->is_head)
        answer_stream(request, NULL, type);
    else
        log_stream_start(request, fd, query.follow, type);
}
