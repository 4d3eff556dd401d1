/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/event_stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/parse.h"
#include "http/stream.h"

typedef struct EventStream {
    HttpStream stream;
    uint64_t next;               /* the event to look at next */
    char pool_id[PM_ID_MAX + 1]; /* "": all */
    const char *reset;           /* why events are missing, not yet said; NULL: none are */
    bool say_id;                 /* without an event */
    Text pending;
    size_t sent; /* bytes of it */
} EventStream;

static Manager *manager_of(const EventStream *e)
{
    return e->stream.request->server->manager;
}

static bool is_wanted(const EventStream *e, const ManagerEvent *event)
{
    return e->pool_id[0] == '\0' || streq_ptr(event->pool_id, e->pool_id);
}

/* Everything is numbered by the last event that was looked at. */
static void write_id(EventStream *e)
{
    text_printf(&e->pending, "id: %s-%" PRIu64 "\n", manager_run_id(manager_of(e)), e->next - 1);
}

static void write_event(EventStream *e, const ManagerEvent *event)
{
    write_id(e);
    text_printf(&e->pending, "event: %s\ndata: ", event->type);
    text_append_bytes(&e->pending, event->data, event->length);
    text_append(&e->pending, "\n\n");
}

/* The next event that is wanted, and those before it left behind. Returns whether there is one. */
static bool write_next_event(EventStream *e)
{
    Manager *m = manager_of(e);
    uint64_t last = manager_last_event(m);

    while (e->next <= last) {
        ManagerEvent event;

        if (!manager_get_event(m, e->next, &event)) {
            e->reset = "the client was too slow: events are missing";
            e->next = last + 1;
            return true;
        }
        e->next++;
        if (is_wanted(e, &event)) {
            write_event(e, &event);
            return true;
        }
    }
    return false;
}

/* Fills `pending` with what comes next. Returns whether there is anything. */
static bool prepare(EventStream *e)
{
    while (e->pending.length == 0) {
        if (e->reset) {
            write_id(e);
            text_printf(&e->pending, "event: reset\ndata: {\"reason\":\"%s\"}\n\n", e->reset);
            e->reset = NULL;
        } else if (!write_next_event(e)) {
            if (!e->say_id)
                return false;
            text_append(&e->pending, ":\n");
            write_id(e);
            text_append(&e->pending, "\n");
        }
        e->say_id = false;
        if (e->pending.failed)
            return true;
    }
    return true;
}

static ssize_t read_events(HttpStream *stream, char *buffer, size_t size)
{
    EventStream *e = (EventStream *)stream;
    size_t n;

    if (!prepare(e))
        return 0;
    if (e->pending.failed)
        return -ENOMEM;
    n = e->pending.length - e->sent;
    if (n > size)
        n = size;
    memcpy(buffer, e->pending.data + e->sent, n);
    e->sent += n;
    if (e->sent == e->pending.length) {
        text_done(&e->pending);
        e->sent = 0;
    }
    return (ssize_t)n;
}

/* What is sent to a client that has gone is answered by a reset, which the watch on its socket
 * hears; one that is still there just gets it. */
static void say_something(HttpStream *stream)
{
    EventStream *e = (EventStream *)stream;

    e->say_id = true;
    http_stream_wake(stream);
}

static void free_events(HttpStream *stream)
{
    EventStream *e = (EventStream *)stream;

    text_done(&e->pending);
    free(e);
}

static const StreamType event_stream_type = {
        .read = read_events,
        .half_closed = say_something,
        .quiet = say_something,
        .free = free_events,
};

/* Sets the position to behind the event that the client saw last. */
static void resume(EventStream *e, Manager *m, const char *last_id)
{
    const char *run = manager_run_id(m), *number = strchr(last_id, '-');
    uint64_t last = manager_last_event(m), seen = 0;
    ManagerEvent event;

    if (!number || parse_u64(number + 1, 0, UINT64_MAX - 1, &seen) < 0) {
        e->reset = "the last event id is none of ours";
        return;
    }
    if (strlen(run) != (size_t)(number - last_id) || strncmp(last_id, run, strlen(run)) != 0) {
        e->reset = "the daemon was restarted since";
        return;
    }
    if (seen > last) {
        e->reset = "the last event id is none of ours";
        return;
    }
    if (seen < last && !manager_get_event(m, seen + 1, &event)) {
        e->reset = "the events since then are no longer kept";
        return;
    }
    e->next = seen + 1;
}

void event_stream_start(HttpRequest *request, const char *last_id, const char *pool_id)
{
    Manager *m = request->server->manager;
    EventStream *e = calloc(1, sizeof(*e));

    if (!e) {
        answer_refuse(request, PM_ERROR_INTERNAL, NULL, "out of memory");
        return;
    }
    e->next = manager_last_event(m) + 1;
    e->say_id = true;
    if (pool_id)
        memcpy(e->pool_id, pool_id, strlen(pool_id) + 1);
    if (last_id)
        resume(e, m, last_id);
    http_stream_start(&e->stream, &event_stream_type, request, "text/event-stream");
}

void event_streams_notify(HttpServer *s, const ManagerEvent *event)
{
    for (HttpStream *stream = s->streams, *next; stream; stream = next) {
        EventStream *e = (EventStream *)stream;

        next = stream->next;
        if (stream->type != &event_stream_type)
            continue;
        /* Nobody is woken for what he does not want to hear, but he must not fall behind by it. */
        if (stream->suspended && e->next == event->id && !is_wanted(e, event))
            e->next++;
        else
            http_stream_wake(stream);
    }
}
