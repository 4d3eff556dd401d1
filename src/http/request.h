/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <microhttpd.h>
#include <poolmgr/limits.h>

#include "base/text.h"
#include "http/answer.h"
#include "http/preferences.h"
#include "http/server_internal.h"

typedef struct HttpConnection HttpConnection;

/* One request, from its request line to the last byte of its answer. */
struct HttpRequest {
    HttpServer *server;
    HttpConnection *connection;
    struct MHD_Connection *mhd;

    usec_t started;    /* when its first line was read, monotonic */
    char *target_text; /* as it came */
    bool target_has_nul;
    Target target;
    const Route *route;    /* NULL: none, then there is an answer that says so */
    Parameters parameters; /* of the path and the query, valid */
    bool is_head;
    Preferences preferences;
    const char *last_event_id; /* the header; NULL: none */
    char correlation_id[PM_CORRELATION_ID_MAX + 1];
    bool is_http_1_1;

    bool headers_read;  /* and judged */
    bool refused_early; /* the answer must not wait for the body */
    bool complete;      /* read to its end */
    bool dispatched;
    Text body;            /* at most PM_BODY_MAX */
    size_t body_received; /* bytes, of which a refused request keeps none */
    HttpAnswer answer;

    bool put_off; /* until its turn, see turn.h */
    struct HttpRequest *next_put_off;

    /* While it waits for the registry lock, the GPUs, a plan or an operation; see wait.h. */
    bool waiting;
    AccessWaiter *access;      /* NULL: the lock was had */
    DevicesWaiter *devices;    /* NULL: they were looked for */
    PlanWaiter *plan;          /* NULL: it is made */
    OperationWaiter *waiter;   /* NULL: the operation has ended, or there is none */
    uint64_t operation_id;     /* 0: it waits for none */
    sd_event_source *patience; /* how long the client wants to wait */
    Deadline wait_deadline;
    bool suspended;          /* in libmicrohttpd */
    sd_event_source *hangup; /* watches the client meanwhile */
    bool gone;               /* the client went away: nobody to answer */
};

/* `target` is that of the request line, as it came. Returns NULL when out of memory. */
HttpRequest *request_new(HttpConnection *c, struct MHD_Connection *mhd, const char *target,
                         bool target_has_nul);
HttpRequest *request_free(HttpRequest *request);

/*
 * Judges the headers: framing, token, path, method, length and type of the body. What is refused
 * has its answer then.
 */
void request_read_headers(HttpRequest *request, const char *method, const char *version);

/* Keeps a part of the body. Returns false, with an answer, when the body is too large. */
bool request_read_body(HttpRequest *request, const char *data, size_t n);

/* Has the route's function answer a request that is read to its end and not refused. */
void request_dispatch(HttpRequest *request);
