/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "base/macros.h"
#include "routes.h"
#include "server.h"

enum {
    CONNECTIONS_MAX = 64,
    REQUEST_MAX = 16384,
    BIG_HEADERS = 1024, /* lines of 1 KiB */
};

typedef struct Connection {
    int fd;
    char request[REQUEST_MAX + 1];
    size_t received;
    Answer answer;
    bool answered; /* `answer` is set */
    char *out;     /* once it may be sent */
    size_t out_length, sent;
    int64_t next_byte_ms; /* of a slow answer */
    const Script *script; /* of a health check's answer; NULL: one as it should be */
} Connection;

typedef struct Server {
    Engine *engine;
    int listen_fd, signal_fd;
    Connection *connections[CONNECTIONS_MAX];
    size_t count;
} Server;

static int listen_on(const EngineOptions *o)
{
    _cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(o->port)};

    if (fd < 0)
        return -errno;
    if (inet_pton(AF_INET, o->host, &address.sin_addr) != 1)
        return -EINVAL;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, SOMAXCONN) < 0)
        return -errno;
    return TAKE_FD(fd);
}

static int signals_open(void)
{
    sigset_t stop;
    int fd;

    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

static void connection_close(Server *s, size_t i)
{
    Connection *c = s->connections[i];

    close(c->fd);
    free(c->answer.body);
    free(c->out);
    free(c);
    s->connections[i] = s->connections[--s->count];
}

static void print_big_headers(FILE *f)
{
    for (int i = 0; i < BIG_HEADERS; i++)
        fprintf(f, "X-Padding-%04d: %01005d\r\n", i, i);
}

static void answer_prepare(const Engine *e, Connection *c)
{
    const Answer *a = &c->answer;
    const char *body = a->body ? a->body : "{}";
    FILE *f = open_memstream(&c->out, &c->out_length);

    c->script = a->is_health ? e->options.health_answer : NULL;
    if (c->script) {
        fputs(c->script->head, f);
        fclose(f);
        return;
    }
    fprintf(f, "HTTP/1.%c %d Status\r\n", e->options.http10 ? '0' : '1', a->status);
    if (a->is_health && e->options.big_headers)
        print_big_headers(f);
    fprintf(f,
            "Content-Type: application/json\r\nContent-Length: %zu\r\nConnection: "
            "close\r\n\r\n%s\n",
            strlen(body) + 1, body);
    fclose(f);
}

/* Answers what waited for health checks that have come by now. */
static void answer_waiting(Server *s)
{
    Engine *e = s->engine;

    for (size_t i = 0; i < s->count; i++) {
        Connection *c = s->connections[i];

        if (!c->answered || c->out || c->answer.never || e->checks < c->answer.wait_checks)
            continue;
        if (c->answer.wait_checks > 0)
            c->answer.body = engine_describe_checks(e);
        answer_prepare(e, c);
    }
}

/* The request is there up to its empty line: bodies are not read, nobody sends one that matters. */
static void connection_answer(Server *s, Connection *c)
{
    char *save = NULL, *method = strtok_r(c->request, " ", &save),
         *target = strtok_r(NULL, " ", &save), *query;
    Request request;

    query = target ? strchr(target, '?') : NULL;
    if (query)
        *query++ = 0;
    request = (Request){method ? method : "", target ? target : "", query ? query : ""};
    route(s->engine, &request, &c->answer);
    c->answered = true;
}

/* Returns false when the connection is done with. */
static bool connection_read(Server *s, Connection *c)
{
    ssize_t n = recv(c->fd, c->request + c->received, REQUEST_MAX - c->received, 0);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0)
        return false;
    if (c->answered)
        return true;
    c->received += (size_t)n;
    c->request[c->received] = 0;
    if (strstr(c->request, "\r\n\r\n"))
        connection_answer(s, c);
    return c->answered || c->received < REQUEST_MAX;
}

static void after_answer(const Answer *a)
{
    if (a->then_exit >= 0)
        exit(a->then_exit);
    if (a->then_signal > 0) {
        sigset_t none;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        raise(a->then_signal);
    }
}

/* What follows what was sent of a script. Returns false when nothing does. */
static bool script_go_on(Connection *c)
{
    if (!c->script || (!c->script->again && !c->script->then_silent))
        return false;
    free(c->out);
    c->out = c->script->again ? script_repeat(c->script, &c->out_length) : NULL;
    c->sent = 0;
    c->answer.never = !c->out;
    if (!c->out)
        shutdown(c->fd, SHUT_WR);
    return true;
}

/* Returns false when all is sent, or the client is gone. */
static bool connection_write(Server *s, Connection *c)
{
    bool slow = c->answer.is_health && s->engine->options.slow_health_byte_ms > 0;
    int64_t now = engine_now_ms(s->engine);
    ssize_t n;

    if (slow && now < c->next_byte_ms)
        return true;
    n = send(c->fd, c->out + c->sent, slow ? 1 : c->out_length - c->sent, MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    c->next_byte_ms = now + s->engine->options.slow_health_byte_ms;
    c->sent += (size_t)n;
    if (c->sent < c->out_length || script_go_on(c))
        return true;
    shutdown(c->fd, SHUT_WR);
    after_answer(&c->answer);
    return false;
}

static void server_accept(Server *s)
{
    int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    Connection *c;

    if (fd < 0)
        return;
    c = s->count < CONNECTIONS_MAX ? calloc(1, sizeof(Connection)) : NULL;
    if (!c) {
        close(fd);
        return;
    }
    c->fd = fd;
    s->connections[s->count++] = c;
}

static void server_read_signals(Server *s)
{
    struct signalfd_siginfo info;

    while (read(s->signal_fd, &info, sizeof(info)) == sizeof(info))
        engine_asked_to_stop(s->engine);
}

/* The poll events of a connection, and when it wants to go on by itself. */
static short connection_events(const Server *s, const Connection *c, int64_t *next)
{
    if (!c->out)
        return POLLIN;
    if (c->next_byte_ms > engine_now_ms(s->engine)) {
        *next = c->next_byte_ms < *next ? c->next_byte_ms : *next;
        return 0;
    }
    return POLLOUT;
}

static int poll_timeout(const Server *s, int64_t next)
{
    int64_t left;

    if (next == OPTION_UNSET)
        return -1;
    left = next - engine_now_ms(s->engine);
    return left < 0 ? 0 : (int)left;
}

static int server_step(Server *s)
{
    struct pollfd fds[CONNECTIONS_MAX + 2];
    int64_t next = engine_tick(s->engine);
    size_t count = s->count;

    if (s->engine->port_closed && s->listen_fd >= 0) {
        close(s->listen_fd);
        s->listen_fd = -1;
    }
    fds[0] = (struct pollfd){.fd = s->signal_fd, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = s->listen_fd, .events = POLLIN};
    for (size_t i = 0; i < count; i++)
        fds[i + 2] = (struct pollfd){.fd = s->connections[i]->fd,
                                     .events = connection_events(s, s->connections[i], &next)};
    if (poll(fds, count + 2, poll_timeout(s, next)) < 0)
        return errno == EINTR ? 0 : -errno;

    if (fds[0].revents)
        server_read_signals(s);
    /* From the last one: closing moves the last one to the place of the closed. */
    for (size_t i = count; i-- > 0;) {
        Connection *c = s->connections[i];
        bool stays = true;

        if (fds[i + 2].revents)
            stays = c->out ? connection_write(s, c) : connection_read(s, c);
        else if (c->out && c->next_byte_ms > 0)
            stays = connection_write(s, c);
        if (!stays)
            connection_close(s, i);
    }
    if (fds[1].revents)
        server_accept(s);
    answer_waiting(s);
    return 0;
}

int server_run(Engine *e)
{
    Server s = {.engine = e, .listen_fd = listen_on(&e->options)};
    int r;

    if (s.listen_fd < 0)
        return s.listen_fd;
    s.signal_fd = signals_open();
    if (s.signal_fd < 0)
        return s.signal_fd;
    printf("listening on %s:%u\n", e->options.host, e->options.port);
    do
        r = server_step(&s);
    while (r >= 0);
    return r;
}
