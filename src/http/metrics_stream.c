/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/exposition.h"
#include "http/handlers.h"
#include "http/http_metrics.h"
#include "http/pieces.h"

enum {
    ROOM = 63 * 1024, /* for a piece and the lines that go beyond it; from the heap, as fresh pages
                         take longer than what is written to them */
};

typedef struct MetricsStream {
    PieceStream pieces;
    MetricsCursor cursor;
} MetricsStream;

/* Out of memory alone: neither the registry lock nor recovery is waited for. */
static bool write_metrics(PieceStream *pieces, size_t size, Text *text)
{
    const HttpServer *s = pieces->stream.request->server;
    MetricsStream *metrics = (MetricsStream *)pieces;

    text_reserve(text, ROOM);
    if (!manager_write_metrics(s->manager, &metrics->cursor, size, text))
        return false;
    http_metrics_write(s, text);
    return true;
}

void handle_metrics(HttpRequest *request)
{
    static const PieceType type = {
            .content_type = EXPOSITION_TYPE,
            .size = sizeof(MetricsStream),
            .write = write_metrics,
    };

    answer_in_pieces(request, &type);
}
