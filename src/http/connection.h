/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/listener.h"
#include "http/request.h"

/* What we know of one of libmicrohttpd's connections, from accept(2) to close(2). */
struct HttpConnection {
    HttpListener *listener;
    int fd;               /* libmicrohttpd's, which closes it */
    HttpRequest *request; /* being read or answered; NULL in between */
    Deadline deadline;    /* runs until the request is read; cuts the connection off */
    bool looked_for_end;  /* see http_connections_find_ended() */
    bool early;           /* its last request was not read to the end: linger */
};

/* Starts the deadline for the first request. Returns 0 or -ENOMEM. */
int http_connection_new(HttpListener *l, struct MHD_Connection *mhd, HttpConnection **ret);
/* Call before the socket is closed. */
HttpConnection *http_connection_free(HttpConnection *c);

/* The request is read: its deadline does not count any more. */
void http_connection_request_read(HttpConnection *c);
/* The request is gone: the deadline of the next one starts. */
void http_connection_request_done(HttpConnection *c);

/* Closes those whose client has stopped sending. Only when libmicrohttpd has nothing to do: what it
 * has read and not yet looked at is to be answered first. */
void http_connections_find_ended(HttpListener *l);

/* Of the queue `reading` of the listener. */
void http_connection_expired(Deadline *d);
