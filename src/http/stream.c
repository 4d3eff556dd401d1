/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/stream.h"

#include <errno.h>
#include <sys/epoll.h>

#include "http/turn.h"

enum {
    BLOCK_SIZE = 16 * 1024, /* bytes that libmicrohttpd asks for at once where it does not chunk */
};

static void stop_watching(HttpStream *stream)
{
    stream->hangup = sd_event_source_disable_unref(stream->hangup);
    deadline_cancel(&stream->request->server->quiet, &stream->quiet);
}

void http_stream_wake(HttpStream *stream)
{
    if (!stream->suspended)
        return;
    stream->suspended = false;
    stop_watching(stream);
    MHD_resume_connection(stream->request->mhd);
    http_listener_wake(stream->request->connection->listener);
}

static int on_hangup(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    HttpStream *stream = userdata;

    if (revents & (EPOLLHUP | EPOLLERR)) {
        stream->gone = true;
        http_stream_wake(stream);
        return 0;
    }
    /* EPOLLHUP and EPOLLERR are reported unasked; the half-close would be reported for ever. */
    (void)sd_event_source_set_io_events(source, 0);
    stream->half_closed = true;
    stream->type->half_closed(stream);
    return 0;
}

static void suspend(HttpStream *stream)
{
    HttpServer *s = stream->request->server;

    /* Without memory for this, that the client has gone is noticed when something is sent. */
    (void)sd_event_add_io(s->event, &stream->hangup, stream->request->connection->fd,
                          stream->half_closed ? 0 : EPOLLRDHUP, on_hangup, stream);
    if (stream->type->quiet)
        deadline_start(&s->quiet, &stream->quiet);
    stream->suspended = true;
    MHD_suspend_connection(stream->request->mhd);
}

static ssize_t on_read(void *userdata, uint64_t position, char *buffer, size_t size)
{
    HttpStream *stream = userdata;
    ssize_t n;

    if (stream->gone)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (http_turn_is_over(stream->request->connection->listener)) {
        http_turn_put_off(stream->request, TURN_STREAM);
        return 0;
    }
    if (stream->ended)
        n = stream->type->is_whole ? -ECONNABORTED : -ENODATA;
    else
        n = stream->type->read(stream, buffer, size);
    if (n > 0)
        return n;
    if (n < 0)
        return n == -ENODATA ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
    suspend(stream);
    return 0;
}

struct MHD_Response *http_stream_response(HttpStream *stream)
{
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, on_read, stream, NULL);
}

void http_stream_quiet(Deadline *d)
{
    HttpStream *stream = d->owner;

    stream->type->quiet(stream);
}

void http_stream_start(HttpStream *stream, const StreamType *type, HttpRequest *request,
                       const char *content_type)
{
    HttpServer *s = request->server;

    stream->type = type;
    stream->request = request;
    stream->quiet.owner = stream;
    stream->next = s->streams;
    if (s->streams)
        s->streams->previous = stream;
    s->streams = stream;
    s->n_streams++;
    answer_stream(request, stream, content_type);
}

HttpStream *http_stream_free(HttpStream *stream)
{
    HttpServer *s;

    if (!stream)
        return NULL;
    s = stream->request->server;
    stop_watching(stream);
    if (stream->previous)
        stream->previous->next = stream->next;
    else
        s->streams = stream->next;
    if (stream->next)
        stream->next->previous = stream->previous;
    s->n_streams--;
    stream->type->free(stream);
    return NULL;
}
