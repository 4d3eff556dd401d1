/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-id128.h>

#include "http/deadline_queue.h"
#include "http/http_server.h"
#include "http/linger.h"

typedef struct HttpListener HttpListener;
typedef struct HttpRequest HttpRequest;
typedef struct HttpStream HttpStream;

enum {
    /* Bytes of bodies held in memory at once, so that many clients cannot fill it together. */
    BODIES_MAX = 32 * 1024 * 1024,
};

struct HttpServer {
    sd_event *event;
    Manager *manager;
    HttpSettings settings; /* the token is `token` */
    char *token;
    sd_id128_t last_id;      /* of a request: see request_headers.c */
    HttpListener *listeners; /* a list */
    DeadlineQueue waiting;   /* of requests: their operation is to be over by then */
    size_t n_waiting;
    HttpStream *streams; /* a list: answers that go on */
    size_t n_streams;
    DeadlineQueue quiet; /* of streams: something is to be sent by then */
    ManagerListener listener;
    char *api; /* the description of the API, once it was asked for */
    size_t api_length;
    struct AnswerTimes **answered; /* http_metrics.c */
    LingerSet lingering;
    size_t body_bytes; /* in memory now */
    bool stopping;
};
