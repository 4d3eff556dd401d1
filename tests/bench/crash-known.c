/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/usec.h"

/*
 * How long it takes until a killed engine is known to be gone: crash-known POOL ROUNDS
 *
 * One process listens to the service manager's own signal, which is the limit, to the daemon's
 * events over HTTP, and to its signal on the bus; kills the engine; and waits until it is ready
 * again. The daemon listens on 127.0.0.1:9200. Prints a line of JSON: for each way the
 * milliseconds of all rounds.
 */

enum {
    PORT = 9200,
    ROUNDS_MAX = 10000,
    BUFFER_SIZE = 1 << 20,
};

typedef enum Way {
    WAY_LIMIT, /* the service manager says so */
    WAY_EVENT,
    WAY_BUS,
    WAY_MAX,
} Way;

typedef struct Bench {
    const char *pool;
    sd_event *event;
    sd_bus *bus;
    int stream; /* of events */
    char buffer[BUFFER_SIZE];
    size_t length;

    int pid;        /* of the engine that is ready; 0: none */
    char unit[512]; /* its object path */
    bool armed;     /* the kill of this round is to come */
    usec_t killed;  /* 0: not yet */
    usec_t known[WAY_MAX];

    size_t round, rounds;
    double taken[WAY_MAX][ROUNDS_MAX]; /* ms */
} Bench;

static const char *const names[WAY_MAX] = {"service_manager", "event_stream", "daemon_signal"};

static usec_t now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

static _Noreturn void give_up(const char *what, int error)
{
    (void)fprintf(stderr, "crash-known: %s: %s\n", what, strerror(error));
    exit(1);
}

static void note(Bench *b, Way way)
{
    if (b->killed != 0 && b->known[way] == 0)
        b->known[way] = now();
}

/* The number behind `name` in a line of JSON; 0: null, or not there. */
static int number_of(const char *line, const char *name)
{
    const char *at = strstr(line, name);

    return at ? (int)strtol(at + strlen(name), NULL, 10) : 0;
}

static void name_unit(Bench *b, const char *line)
{
    const char *at = strstr(line, "\"unit\":\"");
    char unit[256] = "";
    char *path = NULL;

    if (!at || sscanf(at, "\"unit\":\"%255[^\"]\"", unit) != 1 ||
        sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path) < 0)
        give_up("no unit in the status", EBADMSG);
    (void)snprintf(b->unit, sizeof(b->unit), "%s", path);
    free(path);
}

static void end_round(Bench *b)
{
    for (size_t i = 0; i < WAY_MAX; i++) {
        if (b->known[i] == 0)
            give_up(names[i], ENOMSG);
        b->taken[i][b->round] = (double)(b->known[i] - b->killed) / 1000;
    }
    b->killed = 0;
    (void)memset(b->known, 0, sizeof(b->known));
    if (++b->round == b->rounds)
        (void)sd_event_exit(b->event, 0);
}

static int on_kill(sd_event_source *source, uint64_t usec, void *userdata)
{
    Bench *b = userdata;

    b->armed = false;
    b->killed = now();
    if (kill(b->pid, SIGKILL) < 0)
        give_up("kill", errno);
    return 0;
}

/* It is ready: what is still to be said of its start comes first. */
static void kill_later(Bench *b)
{
    b->armed = true;
    (void)sd_event_add_time_relative(b->event, NULL, CLOCK_MONOTONIC, 20 * USEC_PER_MSEC, 1,
                                     on_kill, b);
}

static void on_status(Bench *b, const char *line)
{
    if (strstr(line, "\"ready\":false")) {
        note(b, WAY_EVENT);
        return;
    }
    if (b->killed != 0 && b->known[WAY_EVENT] == 0)
        return; /* said before the kill */
    if (b->killed != 0)
        end_round(b);
    b->pid = number_of(line, "\"pid\":");
    name_unit(b, line);
    if (b->round < b->rounds && !b->armed)
        kill_later(b);
}

static int on_stream(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    Bench *b = userdata;
    ssize_t n = read(fd, b->buffer + b->length, sizeof(b->buffer) - b->length - 1);
    char *line = b->buffer, *end;

    if (n <= 0)
        give_up("the events have ended", n < 0 ? errno : EPIPE);
    b->length += (size_t)n;
    b->buffer[b->length] = '\0';
    for (; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        if (startswith(line, "data: {\"pool_id\"") && strstr(line, "\"state\":"))
            on_status(b, line);
    }
    b->length = strlen(line);
    (void)memmove(b->buffer, line, b->length);
    return 0;
}

static int on_unit(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Bench *b = userdata;

    if (strcmp(sd_bus_message_get_path(m), b->unit) == 0)
        note(b, WAY_LIMIT);
    return 0;
}

static int on_pool(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    /* Of well-known names sd-bus checks nothing. */
    if (startswith(sd_bus_message_get_path(m), "/org/llamaorch/PoolManager1/pool/"))
        note(userdata, WAY_BUS);
    return 0;
}

static void watch_bus(Bench *b)
{
    static const char properties[] =
            "interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'";
    char match[512];
    int r = sd_bus_open_system(&b->bus);

    if (r >= 0)
        r = sd_bus_attach_event(b->bus, b->event, 0);
    if (r >= 0)
        r = sd_bus_call_method(b->bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                               "org.freedesktop.systemd1.Manager", "Subscribe", NULL, NULL, "");
    (void)snprintf(match, sizeof(match),
                   "type='signal',sender='org.freedesktop.systemd1',%s,path_namespace='/org/"
                   "freedesktop/systemd1/unit'",
                   properties);
    if (r >= 0)
        r = sd_bus_add_match(b->bus, NULL, match, on_unit, b);
    (void)snprintf(match, sizeof(match), "type='signal',sender='org.llamaorch.PoolManager1',%s",
                   properties);
    if (r >= 0)
        r = sd_bus_add_match(b->bus, NULL, match, on_pool, b);
    if (r < 0)
        give_up("the bus", -r);
}

static void open_stream(Bench *b)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    static const char request[] = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    b->stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (b->stream < 0 ||
        connect(b->stream, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        write(b->stream, request, strlen(request)) < 0)
        give_up("the daemon", errno);
    if (sd_event_add_io(b->event, NULL, b->stream, EPOLLIN, on_stream, b) < 0)
        give_up("the loop", ENOMEM);
}

static void print(const Bench *b)
{
    for (size_t i = 0; i < WAY_MAX; i++) {
        (void)printf("%s\"%s\": [", i == 0 ? "{" : ", ", names[i]);
        for (size_t k = 0; k < b->rounds; k++)
            (void)printf("%s%.3f", k == 0 ? "" : ", ", b->taken[i][k]);
        (void)printf("]");
    }
    (void)printf("}\n");
}

int main(int argc, char **argv)
{
    static Bench b;
    long rounds = argc == 3 ? strtol(argv[2], NULL, 10) : 0;

    if (rounds < 1 || rounds > ROUNDS_MAX) {
        (void)fprintf(stderr, "usage: crash-known POOL ROUNDS\n");
        return 2;
    }
    b.pool = argv[1];
    b.rounds = (size_t)rounds;
    if (sd_event_default(&b.event) < 0)
        give_up("the loop", ENOMEM);
    watch_bus(&b);
    open_stream(&b);
    /* The first engine is started by whoever runs this: it becomes ready now. */
    if (sd_event_loop(b.event) < 0)
        give_up("the loop", EIO);
    print(&b);
    return 0;
}
