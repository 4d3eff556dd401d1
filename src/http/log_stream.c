/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/log_stream.h"

#include <errno.h>
#include <sys/epoll.h>

#include "http/stream.h"

typedef struct LogStream {
    HttpStream stream;
    int fd;
    bool follows;
    sd_event_source *source; /* of the pipe; on only while we wait for it */
} LogStream;

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    http_stream_wake(userdata);
    return 0;
}

/* Has us woken once there is something. */
static int watch(LogStream *l)
{
    if (l->source)
        return sd_event_source_set_enabled(l->source, SD_EVENT_ONESHOT);
    if (sd_event_add_io(l->stream.request->server->event, &l->source, l->fd, EPOLLIN, on_readable,
                        l) < 0)
        return -ENOMEM;
    return sd_event_source_set_enabled(l->source, SD_EVENT_ONESHOT);
}

static ssize_t read_lines(HttpStream *stream, char *buffer, size_t size)
{
    LogStream *l = (LogStream *)stream;
    ssize_t n = read(l->fd, buffer, size);

    if (n > 0)
        return n;
    if (n == 0)
        return -ENODATA;
    return errno == EAGAIN || errno == EINTR ? watch(l) : -errno;
}

static void end_following(HttpStream *stream)
{
    LogStream *l = (LogStream *)stream;

    if (!l->follows)
        return;
    stream->ended = true;
    http_stream_wake(stream);
}

static void free_lines(HttpStream *stream)
{
    LogStream *l = (LogStream *)stream;

    sd_event_source_disable_unref(l->source);
    close(l->fd);
    free(l);
}

static const StreamType log_stream_type = {
        .read = read_lines,
        .half_closed = end_following,
        .free = free_lines,
};

void log_stream_start(HttpRequest *request, int fd, bool follows, const char *content_type)
{
    LogStream *l = calloc(1, sizeof(*l));

    if (!l) {
        close(fd);
        answer_refuse(request, PM_ERROR_INTERNAL, NULL, "out of memory");
        return;
    }
    l->fd = fd;
    l->follows = follows;
    http_stream_start(&l->stream, &log_stream_type, request, content_type);
}
