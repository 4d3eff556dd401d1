/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/pieces.h"

#include <errno.h>

enum {
    PIECE = 32 * 1024, /* bytes: what is not more is one answer with a length */
};

static void write_next(PieceStream *p)
{
    p->text.length = p->sent = 0;
    p->all = p->type->write(p, PIECE, &p->text);
}

static void on_access(const Error *error, void *userdata)
{
    PieceStream *p = userdata;

    p->access = NULL;
    if (error)
        p->text.failed = true;
    else
        write_next(p);
    http_stream_wake(&p->stream);
}

/* Returns 1 when there is something to send or nothing more, 0 when it comes later, or -ENOMEM. */
static int get_next(PieceStream *p)
{
    if (p->text.failed || p->all || p->sent < p->text.length)
        return 1;
    if (p->type->reads_pools)
        return manager_access(p->stream.request->server->manager, MANAGER_READ, on_access, p,
                              &p->access);
    write_next(p);
    return 1;
}

static ssize_t read_pieces(HttpStream *stream, char *buffer, size_t size)
{
    PieceStream *p = (PieceStream *)stream;
    int r = get_next(p);
    size_t n;

    if (r <= 0)
        return r;
    if (p->text.failed)
        return -EIO;
    if (p->sent == p->text.length)
        return -ENODATA;
    n = p->text.length - p->sent < size ? p->text.length - p->sent : size;
    memcpy(buffer, p->text.data + p->sent, n);
    p->sent += n;
    return (ssize_t)n;
}

static void ignore_half_close(HttpStream *stream)
{
}

static void free_pieces(HttpStream *stream)
{
    PieceStream *p = (PieceStream *)stream;

    (void)access_waiter_free(p->access);
    text_done(&p->text);
    free(p);
}

static const StreamType stream_type = {
        .read = read_pieces,
        .half_closed = ignore_half_close,
        .free = free_pieces,
        .is_whole = true,
};

static void answer_whole(HttpRequest *request, PieceStream *p)
{
    Error error = {.code = PM_ERROR_NONE};
    size_t length = 0;
    char *text = NULL;
    int r = text_take_all(&p->text, &text, &length);

    if (r < 0)
        answer_failure(request, r, &error);
    else
        answer_typed(request, p->type->content_type, text, length);
}

void answer_in_pieces(HttpRequest *request, const PieceType *type)
{
    PieceStream *p = calloc(1, type->size);

    if (!p) {
        answer_refuse(request, PM_ERROR_INTERNAL, NULL, "out of memory");
        return;
    }
    p->type = type;
    p->stream.request = request;
    write_next(p);
    if (!p->all && !p->text.failed && !request->is_head) {
        http_stream_start(&p->stream, &stream_type, request, type->content_type);
        return;
    }
    if (p->all || p->text.failed)
        answer_whole(request, p);
    else
        answer_stream(request, NULL, type->content_type);
    free_pieces(&p->stream);
}
