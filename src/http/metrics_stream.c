/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/exposition.h"
#include "http/handlers.h"
#include "http/http_metrics.h"
#include "http/stream.h"

enum {
    PIECE = 32 * 1024, /* bytes: what is not more is one answer with a length */
    ROOM = 63 * 1024,  /* for a piece and the lines that go beyond it; from the heap, as fresh pages
                          take longer than what is written to them */
};

/* The answer for so many pools that the loop is not to wait until all is written. */
typedef struct MetricsStream {
    HttpStream stream;
    MetricsCursor cursor;
    Text text;   /* a piece of it, */
    size_t sent; /* of which so much is sent */
    bool all;    /* it is the last */
} MetricsStream;

/* Out of memory alone: neither the registry lock nor recovery is waited for. Returns whether that
 * was all. */
static bool write_more(const HttpServer *s, MetricsCursor *cursor, size_t size, Text *text)
{
    if (!manager_write_metrics(s->manager, cursor, size, text))
        return false;
    http_metrics_write(s, text);
    return true;
}

static ssize_t read_metrics(HttpStream *stream, char *buffer, size_t size)
{
    MetricsStream *s = (MetricsStream *)stream;
    size_t n;

    if (s->sent == s->text.length && s->all)
        return -ENODATA;
    if (s->sent == s->text.length) {
        s->text.length = s->sent = 0;
        s->all = write_more(stream->request->server, &s->cursor, PIECE, &s->text);
    }
    if (s->text.failed)
        return -ENOMEM;
    n = s->text.length - s->sent < size ? s->text.length - s->sent : size;
    memcpy(buffer, s->text.data + s->sent, n);
    s->sent += n;
    return (ssize_t)n;
}

static void ignore_half_close(HttpStream *stream)
{
}

static void free_metrics(HttpStream *stream)
{
    MetricsStream *s = (MetricsStream *)stream;

    text_done(&s->text);
    free(s);
}

static const StreamType metrics_stream_type = {
        .read = read_metrics,
        .half_closed = ignore_half_close,
        .free = free_metrics,
        .is_whole = true,
};

static void answer_all(HttpRequest *request, Text *text)
{
    size_t length = 0;
    char *all = NULL;

    (void)text_take_all(text, &all, &length);
    answer_typed(request, EXPOSITION_TYPE, all, length);
}

void handle_metrics(HttpRequest *request)
{
    MetricsStream *s = calloc(1, sizeof(*s));

    if (!s) {
        answer_refuse(request, PM_ERROR_INTERNAL, NULL, "out of memory");
        return;
    }
    text_reserve(&s->text, ROOM);
    s->all = write_more(request->server, &s->cursor, PIECE, &s->text);
    if (s->all || s->text.failed) {
        answer_all(request, &s->text);
        free_metrics(&s->stream);
    } else if (request->is_head) {
        answer_stream(request, NULL, EXPOSITION_TYPE);
        free_metrics(&s->stream);
    } else {
        http_stream_start(&s->stream, &metrics_stream_type, request, EXPOSITION_TYPE);
    }
}
