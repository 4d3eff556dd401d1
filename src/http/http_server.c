/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "http/connection.h"
#include "http/event_stream.h"
#include "http/http_metrics.h"
#include "http/stream.h"
#include "http/wait.h"

/* libmicrohttpd has found itself in a state that cannot be: going on would be worse. */
_Noreturn static void on_panic(void *userdata, const char *file, unsigned line, const char *reason)
{
    (void)fprintf(stderr, "libmicrohttpd gave up at %s:%u: %s\n", file, line,
                  reason ? reason : "no reason given");
    abort();
}

static bool settings_are_valid(const HttpSettings *s)
{
    return s->connections_max > 0 && s->connections_max < UINT32_MAX && s->waiting_max > 0 &&
           s->idle_timeout_usec > 0 && s->request_timeout_usec > 0 && s->wait_timeout_usec > 0 &&
           (!s->token || s->token[0]);
}

static void on_event_added(const ManagerEvent *event, void *userdata)
{
    event_streams_notify(userdata, event);
}

static int init_queues(HttpServer *s)
{
    int r = deadline_queue_init(&s->waiting, s->event, s->settings.wait_timeout_usec,
                                request_wait_expired);

    if (r < 0)
        return r;
    r = deadline_queue_init(&s->quiet, s->event, STREAM_QUIET_USEC, http_stream_quiet);
    if (r < 0)
        return r;
    return linger_set_init(&s->lingering, s->event);
}

int http_server_new(sd_event *event, Manager *m, const HttpSettings *settings, HttpServer **ret)
{
    _cleanup_(http_server_freep) HttpServer *s = NULL;
    int r;

    if (!settings_are_valid(settings))
        return -EINVAL;
    s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    (void)sd_id128_randomize(&s->last_id);
    s->event = sd_event_ref(event);
    s->manager = m;
    s->settings = *settings;
    s->settings.token = NULL;
    if (settings->token) {
        s->token = strdup(settings->token);
        if (!s->token)
            return -ENOMEM;
    }
    r = http_metrics_new(s);
    if (r >= 0)
        r = init_queues(s);
    if (r < 0)
        return r;
    s->listener = (ManagerListener){.event_added = on_event_added, .userdata = s};
    r = manager_add_listener(m, &s->listener);
    if (r < 0)
        return r;
    MHD_set_panic_func(on_panic, NULL);
    *ret = TAKE_PTR(s);
    return 0;
}

int http_server_listen(HttpServer *s, int fd)
{
    HttpListener *l = NULL;
    int r = http_listener_new(s, fd, &l);

    if (r < 0)
        return r;
    l->next = s->listeners;
    s->listeners = l;
    return 0;
}

HttpServer *http_server_free(HttpServer *s)
{
    if (!s)
        return NULL;
    s->stopping = true;
    for (HttpListener *l = s->listeners; l; l = l->next)
        http_listener_quiesce(l);
    while (s->waiting.first)
        request_wait_refuse(s->waiting.first->owner, "the daemon is stopping");
    for (HttpStream *stream = s->streams; stream; stream = stream->next) {
        stream->ended = true;
        http_stream_wake(stream);
    }
    while (s->listeners) {
        HttpListener *next = s->listeners->next;

        (void)http_listener_free(s->listeners);
        s->listeners = next;
    }
    linger_set_done(&s->lingering);
    deadline_queue_done(&s->quiet);
    deadline_queue_done(&s->waiting);
    http_metrics_done(s);
    free(s->api);
    if (s->token)
        explicit_bzero(s->token, strlen(s->token));
    free(s->token);
    sd_event_unref(s->event);
    free(s);
    return NULL;
}
