/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scripted-server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/macros.h"

enum {
    CONNECTIONS_MAX = 512,
    REQUEST_MAX = 8192,
};

typedef struct Connection {
    ScriptedServer *server;
    int fd;
    sd_event_source *io;
    sd_event_source *timer;
    char request[REQUEST_MAX];
    size_t received;
    size_t sent;
} Connection;

struct ScriptedServer {
    sd_event *event;
    const Script *script;
    int fd;
    uint16_t port;
    sd_event_source *io;
    Connection *connections[CONNECTIONS_MAX];
    unsigned accepted;
    unsigned open;
    size_t bytes_sent;
    char request[REQUEST_MAX];
};

static void connection_close(Connection *c)
{
    ScriptedServer *s = c->server;

    for (size_t i = 0; i < ELEMENTSOF(s->connections); i++)
        if (s->connections[i] == c)
            s->connections[i] = NULL;
    sd_event_source_disable_unref(c->io);
    sd_event_source_disable_unref(c->timer);
    close(c->fd);
    free(c);
    s->open--;
}

static size_t script_head(const Script *script)
{
    return !script->data ? 0 : script->size > 0 ? script->size : strlen(script->data);
}

/* The bytes from offset `at` on, NULL at the end. */
static const char *script_at(const Script *script, size_t at, size_t *ret_size)
{
    size_t head = script_head(script), length, offset;

    if (at < head) {
        *ret_size = head - at;
        return script->data + at;
    }
    if (!script->repeat || at - head >= script->repeat_bytes)
        return NULL;
    length = strlen(script->repeat);
    offset = (at - head) % length;
    *ret_size = length - offset;
    if (*ret_size > script->repeat_bytes - (at - head))
        *ret_size = script->repeat_bytes - (at - head);
    return script->repeat + offset;
}

static void connection_end(Connection *c)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};

    if (c->server->script->end == SCRIPT_HOLD) {
        assert_return_code(sd_event_source_set_io_events(c->io, EPOLLIN), 0);
        return;
    }
    if (c->server->script->end == SCRIPT_RESET)
        assert_return_code(setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), errno);
    connection_close(c);
}

/* Sends at most `limit` bytes. Returns false once the connection is gone or waits for something. */
static bool connection_send(Connection *c, size_t limit)
{
    size_t size = 0;
    const char *data = script_at(c->server->script, c->sent, &size);
    ssize_t n;

    if (!data) {
        connection_end(c);
        return false;
    }
    n = send(c->fd, data, size < limit ? size : limit, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
        if (errno == EAGAIN)
            return false;
        connection_close(c);
        return false;
    }
    c->sent += (size_t)n;
    c->server->bytes_sent += (size_t)n;
    return true;
}

static int on_byte_due(sd_event_source *source, uint64_t usec, void *userdata)
{
    Connection *c = userdata;

    if (!connection_send(c, 1))
        return 0;
    assert_return_code(sd_event_source_set_time_relative(source, c->server->script->byte_usec), 0);
    assert_return_code(sd_event_source_set_enabled(source, SD_EVENT_ONESHOT), 0);
    return 0;
}

static void connection_start_answer(Connection *c)
{
    const Script *script = c->server->script;

    memcpy(c->server->request, c->request, sizeof(c->request));
    if (script->byte_usec > 0)
        assert_return_code(sd_event_add_time_relative(c->server->event, &c->timer, CLOCK_MONOTONIC,
                                                      script->byte_usec, 1, on_byte_due, c),
                           0);
    else
        assert_return_code(sd_event_source_set_io_events(c->io, EPOLLIN | EPOLLOUT), 0);
}

/* Returns false once the connection is gone. */
static bool connection_receive(Connection *c)
{
    size_t room = sizeof(c->request) - 1 - c->received;
    ssize_t n = recv(c->fd, c->request + c->received, room, MSG_DONTWAIT);

    if (n < 0 && errno == EAGAIN)
        return true;
    if (n <= 0) {
        connection_close(c);
        return false;
    }
    c->received += (size_t)n;
    c->request[c->received] = '\0';
    if (strstr(c->request, "\r\n\r\n"))
        connection_start_answer(c);
    return true;
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    Connection *c = userdata;

    if ((revents & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !connection_receive(c))
        return 0;
    if (revents & EPOLLOUT)
        while (connection_send(c, SIZE_MAX))
            ;
    return 0;
}

static int on_accept(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    ScriptedServer *s = userdata;
    Connection *c;
    size_t i = 0;

    c = calloc(1, sizeof(*c));
    assert_non_null(c);
    c->server = s;
    c->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_return_code(c->fd, errno);
    while (i < ELEMENTSOF(s->connections) && s->connections[i])
        i++;
    assert_true(i < ELEMENTSOF(s->connections));
    s->connections[i] = c;
    s->accepted++;
    s->open++;
    assert_return_code(sd_event_add_io(s->event, &c->io, c->fd, EPOLLIN, on_connection, c), 0);
    return 0;
}

static void server_listen(ScriptedServer *s, const char *address)
{
    struct sockaddr_storage storage = {};
    struct sockaddr_in *ipv4 = (struct sockaddr_in *)&storage;
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&storage;
    socklen_t length = sizeof(storage);

    if (inet_pton(AF_INET, address, &ipv4->sin_addr) == 1)
        ipv4->sin_family = AF_INET;
    else if (inet_pton(AF_INET6, address, &ipv6->sin6_addr) == 1)
        ipv6->sin6_family = AF_INET6;

    s->fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_return_code(s->fd, errno);
    assert_return_code(bind(s->fd, (struct sockaddr *)&storage, sizeof(storage)), errno);
    assert_return_code(listen(s->fd, 4096), errno);
    assert_return_code(getsockname(s->fd, (struct sockaddr *)&storage, &length), errno);
    s->port = ntohs(ipv4->sin_port); /* at the same place in both */
}

ScriptedServer *scripted_server_new(sd_event *event, const char *address, const Script *script)
{
    ScriptedServer *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    s->event = sd_event_ref(event);
    s->script = script;
    server_listen(s, address);
    assert_return_code(sd_event_add_io(event, &s->io, s->fd, EPOLLIN, on_accept, s), 0);
    return s;
}

ScriptedServer *scripted_server_free(ScriptedServer *s)
{
    if (!s)
        return NULL;
    for (size_t i = 0; i < ELEMENTSOF(s->connections); i++)
        if (s->connections[i])
            connection_close(s->connections[i]);
    sd_event_source_disable_unref(s->io);
    close(s->fd);
    sd_event_unref(s->event);
    free(s);
    return NULL;
}

uint16_t scripted_server_port(const ScriptedServer *s)
{
    return s->port;
}

unsigned scripted_server_accepted(const ScriptedServer *s)
{
    return s->accepted;
}

unsigned scripted_server_open(const ScriptedServer *s)
{
    return s->open;
}

size_t scripted_server_sent(const ScriptedServer *s)
{
    return s->bytes_sent;
}

const char *scripted_server_request(const ScriptedServer *s)
{
    return s->request;
}
