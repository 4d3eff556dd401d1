/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <microhttpd.h>

#include "http/server_internal.h"

/* What waits for its turn, see turn.h. */
typedef enum TurnKind {
    TURN_READ,
    TURN_COMMAND,
    TURN_STREAM, /* the next piece of one */
    TURN_KINDS,
} TurnKind;

typedef struct PutOff {
    HttpRequest *first, *last; /* a list; `last` is something only where `first` is */
} PutOff;

/* One listening socket: a libmicrohttpd daemon that is driven by our event loop. */
struct HttpListener {
    HttpServer *server;
    struct MHD_Daemon *daemon;
    sd_event_source *io;    /* the daemon's epoll has something */
    sd_event_source *timer; /* its next timeout */
    usec_t timer_usec;      /* when that is, or before; USEC_INFINITY: the timer is off */
    sd_event_source *again; /* it wants to run once more, without any event */
    DeadlineQueue reading;  /* of connections: their request is to be read by then */
    bool is_tcp;
    size_t connections;
    usec_t turn_began; /* CLOCK_MONOTONIC */
    usec_t last_run;   /* the same, when it was over */
    PutOff put_off[TURN_KINDS];
    bool endless;     /* nothing is put off any more */
    bool overdue;     /* clients have waited for long, and go before others */
    size_t answering; /* requests that are read, but not answered to the last byte */
    HttpListener *next;
};

/* Takes `fd` over on success. Returns 0 or negative errno. */
int http_listener_new(HttpServer *server, int fd, HttpListener **ret);

/* Lets the daemon run soon: it does not notice by itself that a connection was resumed. */
void http_listener_wake(HttpListener *l);

/* Accepts no more connections, and closes the listening socket. */
void http_listener_quiesce(HttpListener *l);

/* Sends what can be sent without waiting; no request waits any more. Closes all connections. */
HttpListener *http_listener_free(HttpListener *l);
