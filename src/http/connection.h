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
    bool early;           /* answered before the end of the request: linger */
};

/* Starts the deadline for the first request. Returns 0 or -ENOMEM. */
int http_connection_new(HttpListener *l, struct MHD_Connection *mhd, HttpConnection **ret);
/* Call before the socket is closed. */
HttpConnection *http_connection_free(HttpConnection *c);

/* The request is read: its deadline does not count any more. */
void http_connection_request_read(HttpConnection *c);
/* The request is gone: the deadline of the next one starts. */
void http_connection_request_done(HttpConnection *c);

/* Of the queue `reading` of the server. */
void http_connection_expired(Deadline *d);
