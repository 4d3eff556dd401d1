/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/turn.h"

#include <assert.h>

#include "http/http_metrics.h"

enum {
    LENGTH_USEC = 2 * 1000,
    /* What is let go on at a time, of each kind: so many commands take less than a turn. */
    AT_A_TIME = 8,
};

static void go_on(HttpListener *l, TurnKind kind, size_t most)
{
    PutOff *queue = &l->put_off[kind];

    for (size_t i = 0; queue->first && i < most; i++) {
        HttpRequest *request = queue->first;

        queue->first = request->next_put_off;
        request->put_off = false;
        MHD_resume_connection(request->mhd);
    }
    if (queue->first)
        http_listener_wake(l); /* the turn after this one, whatever else happens */
}

void http_turn_begin(HttpListener *l)
{
    l->turn_began = http_metrics_clock();
    for (TurnKind kind = 0; kind < TURN_KINDS; kind++)
        go_on(l, kind, AT_A_TIME);
}

bool http_turn_is_over(const HttpListener *l)
{
    return !l->endless && usec_sub(http_metrics_clock(), l->turn_began) > LENGTH_USEC;
}

void http_turn_put_off(HttpRequest *request, TurnKind kind)
{
    HttpListener *l = request->connection->listener;
    PutOff *queue = &l->put_off[kind];

    assert(!request->put_off);
    request->put_off = true;
    request->next_put_off = NULL;
    if (queue->first)
        queue->last->next_put_off = request;
    else
        queue->first = request;
    queue->last = request;
    MHD_suspend_connection(request->mhd);
    http_listener_wake(l);
}

void http_turn_end(HttpListener *l)
{
    l->endless = true;
    for (TurnKind kind = 0; kind < TURN_KINDS; kind++)
        go_on(l, kind, SIZE_MAX);
}
