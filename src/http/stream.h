/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "http/request.h"

/*
 * An answer whose end is not known when it begins. What there is is asked for only when the client
 * can take more, so that one that does not read costs nothing but its socket's buffer, and
 * libmicrohttpd's idle timeout cuts it off. While there is nothing to send, the connection is
 * suspended, where that timeout does not count, and the client is watched here.
 */

typedef struct StreamType {
    /*
     * Writes what comes next, at most `size` bytes. Returns how many; 0 when there is nothing now:
     * http_stream_wake() is called when there is; -ENODATA at the end; other negative errno cuts
     * the connection off.
     */
    ssize_t (*read)(HttpStream *stream, char *buffer, size_t size);
    /* The client has shut down its sending side, or it has gone: over TCP both look the same. */
    void (*half_closed)(HttpStream *stream);
    /* Nothing was sent for STREAM_QUIET_USEC; NULL: that is all right. */
    void (*quiet)(HttpStream *stream);
    void (*free)(HttpStream *stream);
    bool is_whole; /* a part of it must not be taken for all: it is cut off rather than ended */
} StreamType;

#define STREAM_QUIET_USEC (15 * USEC_PER_SEC)

/* The first member of what a StreamType stands for. */
struct HttpStream {
    const StreamType *type;
    HttpRequest *request;
    bool suspended;          /* in libmicrohttpd */
    bool half_closed;        /* by the client; it was noticed */
    bool ended;              /* close it as if all were said */
    bool gone;               /* the client is */
    sd_event_source *hangup; /* watches the client while suspended */
    Deadline quiet;          /* runs while suspended */
    HttpStream *previous, *next;
};

/* Makes `stream` the answer of its request, which has none yet; the request owns it then. */
void http_stream_start(HttpStream *stream, const StreamType *type, HttpRequest *request,
                       const char *content_type);
HttpStream *http_stream_free(HttpStream *stream);

/* There is something to read, or it is over. */
void http_stream_wake(HttpStream *stream);

/* The response for libmicrohttpd; NULL when out of memory. */
struct MHD_Response *http_stream_response(HttpStream *stream);

/* Of the queue `quiet` of the server. */
void http_stream_quiet(Deadline *d);
