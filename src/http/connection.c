/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "http/connection.h"

enum {
    /* A host that vanished is noticed after KEEPIDLE + KEEPINTVL * KEEPCNT seconds. */
    KEEPIDLE_SEC = 30,
    KEEPINTVL_SEC = 10,
    KEEPCNT = 3,
    LOOK_AT_ONCE = 64,
};

/* Best effort: without it, only the idle timeout notices, and a request that waits has none. */
static void set_keepalive(int fd)
{
    const struct {
        int level, name, value;
    } options[] = {
            {SOL_SOCKET, SO_KEEPALIVE, 1},
            {IPPROTO_TCP, TCP_KEEPIDLE, KEEPIDLE_SEC},
            {IPPROTO_TCP, TCP_KEEPINTVL, KEEPINTVL_SEC},
            {IPPROTO_TCP, TCP_KEEPCNT, KEEPCNT},
    };

    for (size_t i = 0; i < ELEMENTSOF(options); i++)
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
}

int http_connection_new(HttpListener *l, struct MHD_Connection *mhd, HttpConnection **ret)
{
    const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    HttpConnection *c = info ? calloc(1, sizeof(*c)) : NULL;

    if (!c)
        return -ENOMEM;
    c->listener = l;
    c->fd = info->connect_fd;
    c->deadline.owner = c;
    if (l->is_tcp)
        set_keepalive(c->fd);
    deadline_start(&l->reading, &c->deadline);
    *ret = c;
    return 0;
}

static bool has_unread_bytes(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

HttpConnection *http_connection_free(HttpConnection *c)
{
    HttpServer *s;
    int fd = -1;

    if (!c)
        return NULL;
    s = c->listener->server;
    deadline_cancel(&c->listener->reading, &c->deadline);
    if ((c->early || has_unread_bytes(c->fd)) && !s->stopping)
        fd = fcntl(c->fd, F_DUPFD_CLOEXEC, 3);
    if (fd >= 0)
        linger_add(&s->lingering, fd);
    free(c);
    return NULL;
}

void http_connection_request_read(HttpConnection *c)
{
    deadline_cancel(&c->listener->reading, &c->deadline);
}

void http_connection_request_done(HttpConnection *c)
{
    deadline_start(&c->listener->reading, &c->deadline);
    c->looked_for_end = false;
}

static void find_ended(struct pollfd *fds, size_t n)
{
    if (n == 0 || poll(fds, n, 0) <= 0)
        return;
    for (size_t i = 0; i < n; i++) {
        char byte;

        if (fds[i].revents && recv(fds[i].fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
            (void)shutdown(fds[i].fd, SHUT_RDWR);
    }
}

/*
 * libmicrohttpd takes a short read for the last one until the socket says something new, so it
 * misses the end of a stream that came together with the request. Then the client waits for us to
 * close, and we for the deadline. The ones to look at are the last that the queue got, and many are
 * asked about at once.
 */
void http_connections_find_ended(HttpListener *l)
{
    struct pollfd fds[LOOK_AT_ONCE];
    size_t n = 0;

    for (Deadline *d = l->reading.last; d; d = d->previous) {
        HttpConnection *c = d->owner;

        if (c->looked_for_end)
            break;
        c->looked_for_end = true;
        if (!c->request)
            fds[n++] = (struct pollfd){.fd = c->fd, .events = POLLRDHUP};
        if (n < ELEMENTSOF(fds))
            continue;
        find_ended(fds, n);
        n = 0;
    }
    find_ended(fds, n);
}

/*
 * libmicrohttpd counts from the last byte, so a client that sends one every few seconds would stay
 * for ever. Shut down, the socket reads as closed, and libmicrohttpd does the rest.
 */
void http_connection_expired(Deadline *d)
{
    HttpConnection *c = d->owner;

    if (c->request && !c->request->refused_early) {
        if (!c->request->answer.ready)
            answer_refuse(c->request, PM_ERROR_REQUEST_TIMEOUT, NULL,
                          "the request took longer to arrive than is allowed");
        c->request->refused_early = true;
        answer_send(c->request);
    }
    (void)shutdown(c->fd, SHUT_RDWR);
}
