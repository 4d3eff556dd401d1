/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "http/connection.h"
#include "http/http_metrics.h"
#include "http/turn.h"
#include "http/wait.h"

enum {
    CONNECTION_MEMORY = 32 * 1024, /* bytes of each: bounds the request line and the headers */
    DRAIN_ROUNDS_MAX = 16,
    TIMER_ACCURACY_USEC = 10 * 1000,
    PRIORITY = SD_EVENT_PRIORITY_NORMAL + 10,
    TURN_USEC = 3 * 1000, /* after which clients that wait are not put off any more */
};

/* Runs once more in `ms`, or a while before: a run too many is cheaper than a timer that is set
 * anew after each. */
static void run_within(HttpListener *l, uint64_t ms)
{
    usec_t now = 0, wanted;

    (void)sd_event_now(l->server->event, CLOCK_MONOTONIC, &now);
    wanted = usec_add(now, ms * USEC_PER_MSEC);
    if (l->timer_usec <= wanted)
        return;
    l->timer_usec = wanted;
    (void)sd_event_source_set_time(l->timer, wanted);
    (void)sd_event_source_set_enabled(l->timer, SD_EVENT_ONESHOT);
}

/* Asks for the next run: libmicrohttpd wants to be asked anew after each. */
static void schedule(HttpListener *l)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;
    bool has_timeout = MHD_get_timeout(l->daemon, &ms) == MHD_YES;

    if (has_timeout && ms == 0) {
        http_listener_wake(l);
        return;
    }
    http_connections_find_ended(l);
    if (has_timeout)
        run_within(l, ms);
}

static void run(HttpListener *l)
{
    manager_begin_reads(l->server->manager);
    http_turn_begin(l);
    (void)MHD_run(l->daemon);
    l->last_run = http_metrics_clock();
    manager_end_reads(l->server->manager);
    schedule(l);
}

static void set_priority(HttpListener *l, int64_t priority)
{
    (void)sd_event_source_set_priority(l->io, priority);
    (void)sd_event_source_set_priority(l->again, priority);
}

/*
 * Before each turn of the loop. What comes first need not come to an end: somebody may flood the
 * bus with calls. So clients that have waited for TURN_USEC go before all others, once.
 */
static int on_prepare(sd_event_source *source, void *userdata)
{
    HttpListener *l = userdata;
    int again = SD_EVENT_OFF;
    uint64_t now = 0;
    bool overdue;

    (void)sd_event_source_get_enabled(l->again, &again);
    overdue = sd_event_source_get_pending(l->io) > 0 || again != SD_EVENT_OFF;
    if (overdue) {
        (void)sd_event_now(l->server->event, CLOCK_MONOTONIC, &now);
        overdue = usec_sub(now, l->last_run) > TURN_USEC;
    }
    if (overdue != l->overdue)
        set_priority(l, overdue ? SD_EVENT_PRIORITY_IMPORTANT : PRIORITY);
    l->overdue = overdue;
    return 0;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    run(userdata);
    return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
    HttpListener *l = userdata;

    l->timer_usec = USEC_INFINITY;
    run(l);
    return 0;
}

static int on_again(sd_event_source *source, void *userdata)
{
    run(userdata);
    return 0;
}

void http_listener_wake(HttpListener *l)
{
    (void)sd_event_source_set_enabled(l->again, SD_EVENT_ONESHOT);
}

/* Beyond its own limit libmicrohttpd would let clients queue up unseen; we refuse them. */
static enum MHD_Result on_accept(void *userdata, const struct sockaddr *address, socklen_t length)
{
    const HttpListener *l = userdata;

    return l->connections < l->server->settings.connections_max ? MHD_YES : MHD_NO;
}

static void on_connection(void *userdata, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    HttpListener *l = userdata;
    HttpConnection *c = NULL;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        l->connections--;
        *context = http_connection_free(*context);
        return;
    }
    l->connections++;
    if (http_connection_new(l, mhd, &c) >= 0)
        *context = c; /* else it has no request either, and is closed at its first one */
}

/* The request line is read; what we return is the request's context from here on. */
static void *on_request_line(void *userdata, const char *target, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    /* Behind the target in libmicrohttpd's buffer stands the version; anything else is the rest of
     * a target with a NUL in it. */
    bool has_nul = strncmp(target + strlen(target) + 1, "HTTP/", strlen("HTTP/")) != 0;

    return info && info->socket_context ? request_new(info->socket_context, mhd, target, has_nul)
                                        : NULL;
}

static void on_request_done(void *userdata, struct MHD_Connection *mhd, void **context,
                            enum MHD_RequestTerminationCode code)
{
    HttpRequest *request = *context;
    HttpConnection *c;

    if (!request)
        return;
    c = request->connection;
    c->early = !request->complete;
    *context = request_free(request);
    http_connection_request_done(c);
}

/* Paths are decoded in target.c, segment by segment; decoded here, a %2F would be a slash, and
 * libmicrohttpd would refuse a bad escape itself, in HTML. */
static size_t leave_escapes(void *userdata, struct MHD_Connection *mhd, char *s)
{
    return strlen(s);
}

static bool waits_for_its_turn(const HttpRequest *request)
{
    return !request->answer.ready && !(request->route->flags & ROUTE_LIGHT) &&
           http_turn_is_over(request->connection->listener);
}

/*
 * The whole request is there. Suspended when libmicrohttpd says so for the first time, it would
 * read first when it resumes, and drop the answer to a client that has shut down its sending side.
 * Asked to call once more, it knows that it has nothing to read.
 */
static enum MHD_Result answer_request(HttpRequest *request)
{
    bool is_first = !request->complete;

    if (is_first) {
        request->complete = true;
        request->connection->listener->answering++;
        http_connection_request_read(request->connection);
    }
    if (!request->dispatched && waits_for_its_turn(request)) {
        if (!is_first)
            http_turn_put_off(request,
                              request->route->flags & ROUTE_COMMAND ? TURN_COMMAND : TURN_READ);
        return MHD_YES;
    }
    if (!request->dispatched) {
        request->dispatched = true;
        request_dispatch(request);
        if (is_first && !request->answer.ready)
            return MHD_YES;
    }
    if (request->gone)
        return MHD_NO;
    if (request->answer.ready)
        return answer_queue(request);
    request_suspend(request);
    return MHD_YES;
}

static enum MHD_Result on_request(void *userdata, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *n, void **context)
{
    HttpRequest *request = *context;
    bool fits;

    if (!request)
        return MHD_NO;
    if (!request->headers_read) {
        request_read_headers(request, method, version);
        return request->refused_early ? answer_queue(request) : MHD_YES;
    }
    if (*n == 0)
        return answer_request(request);
    fits = request_read_body(request, data, *n);
    *n = 0;
    if (!fits)
        answer_send(request);
    return fits ? MHD_YES : MHD_NO;
}

static void on_log(void *userdata, const char *format, va_list ap)
        __attribute__((__format__(__printf__, 2, 0)));

static void on_log(void *userdata, const char *format, va_list ap)
{
    const HttpSettings *settings = &((HttpListener *)userdata)->server->settings;
    char text[512];

    if (!settings->log)
        return;
    (void)vsnprintf(text, sizeof(text), format, ap);
    text[strcspn(text, "\n")] = '\0';
    settings->log(text, settings->log_userdata);
}

/* Checks what was given to us, and makes it non-blocking. */
static int check_socket(int fd, bool *ret_is_tcp)
{
    int type = 0, listens = 0, domain = 0, flags;
    socklen_t length = sizeof(int);

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) < 0)
        return -errno;
    if (type != SOCK_STREAM || !listens)
        return -EINVAL;
    flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    *ret_is_tcp = domain == AF_INET || domain == AF_INET6;
    return 0;
}

static int start(HttpListener *l, int fd)
{
    const HttpSettings *settings = &l->server->settings;
    usec_t seconds = settings->idle_timeout_usec / USEC_PER_SEC +
                     (settings->idle_timeout_usec % USEC_PER_SEC > 0);

    /*
     * Not stricter than its default: what that would refuse, a request without Host and a space in
     * the path, we refuse ourselves and in JSON.
     */
    l->daemon = MHD_start_daemon(
            MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, on_accept, l,
            on_request, l, MHD_OPTION_EXTERNAL_LOGGER, on_log, l, MHD_OPTION_LISTEN_SOCKET, fd,
            MHD_OPTION_STRICT_FOR_CLIENT, 0, MHD_OPTION_CONNECTION_LIMIT,
            (unsigned)(settings->connections_max + 1), MHD_OPTION_CONNECTION_TIMEOUT,
            (unsigned)usec_min(seconds, UINT32_MAX / 1000), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
            (size_t)CONNECTION_MEMORY, MHD_OPTION_NOTIFY_CONNECTION, on_connection, l,
            MHD_OPTION_URI_LOG_CALLBACK, on_request_line, l, MHD_OPTION_UNESCAPE_CALLBACK,
            leave_escapes, l, MHD_OPTION_NOTIFY_COMPLETED, on_request_done, l, MHD_OPTION_END);
    return l->daemon ? 0 : -EIO;
}

/*
 * What engines do, what the service manager says of them, and deadlines come first: they are few,
 * and commands are made of many of them. A round of requests of hundreds of clients before each
 * would make a stop take seconds. But see on_prepare().
 */
static int yield_to_engines(HttpListener *l)
{
    sd_event_source *const sources[] = {l->io, l->timer, l->again};
    int r = sd_event_source_set_prepare(l->io, on_prepare);

    if (r < 0)
        return r;
    for (size_t i = 0; i < ELEMENTSOF(sources); i++) {
        r = sd_event_source_set_priority(sources[i], PRIORITY);

        if (r < 0)
            return r;
    }
    return 0;
}

static int add_sources(HttpListener *l)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    sd_event *event = l->server->event;
    int r;

    if (!info)
        return -EIO;
    r = deadline_queue_init(&l->reading, event, l->server->settings.request_timeout_usec,
                            http_connection_expired);
    if (r < 0)
        return r;
    r = sd_event_add_io(event, &l->io, info->epoll_fd, EPOLLIN, on_io, l);
    if (r < 0)
        return r;
    r = sd_event_add_time(event, &l->timer, CLOCK_MONOTONIC, 0, TIMER_ACCURACY_USEC, on_timer, l);
    if (r < 0)
        return r;
    (void)sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
    /* The first run puts the listening socket into the epoll. */
    r = sd_event_add_defer(event, &l->again, on_again, l);
    return r < 0 ? r : yield_to_engines(l);
}

static void drop_sources(HttpListener *l)
{
    l->io = sd_event_source_disable_unref(l->io);
    l->timer = sd_event_source_disable_unref(l->timer);
    l->again = sd_event_source_disable_unref(l->again);
}

int http_listener_new(HttpServer *server, int fd, HttpListener **ret)
{
    HttpListener *l;
    bool is_tcp = false;
    int r;

    r = check_socket(fd, &is_tcp);
    if (r < 0)
        return r;
    l = calloc(1, sizeof(*l));
    if (!l)
        return -ENOMEM;
    l->server = server;
    l->is_tcp = is_tcp;
    l->timer_usec = USEC_INFINITY;
    r = start(l, fd);
    if (r >= 0)
        r = add_sources(l);
    if (r < 0) {
        drop_sources(l);
        if (l->daemon) {
            (void)MHD_quiesce_daemon(l->daemon); /* leaves the socket to the caller */
            MHD_stop_daemon(l->daemon);
        }
        deadline_queue_done(&l->reading);
        free(l);
        return r;
    }
    *ret = l;
    return 0;
}

void http_listener_quiesce(HttpListener *l)
{
    MHD_socket fd = MHD_quiesce_daemon(l->daemon);

    if (fd != MHD_INVALID_SOCKET)
        close(fd);
}

HttpListener *http_listener_free(HttpListener *l)
{
    if (!l)
        return NULL;
    http_turn_end(l);
    /* One run resumes, the next ones send. Nobody is waited for. */
    for (int i = 0; i < DRAIN_ROUNDS_MAX && (i == 0 || l->answering > 0); i++)
        (void)MHD_run(l->daemon);
    drop_sources(l);
    MHD_stop_daemon(l->daemon);
    deadline_queue_done(&l->reading);
    free(l);
    return NULL;
}
