/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <unistd.h>

/*
 * The limit of what a daemon on libmicrohttpd can answer: one thread, its epoll in the loop of
 * sd-event, and answers that were made before anybody asked.
 */

static const char usage[] =
        "usage: requests-bare PORT {PATH FILE TYPE}...\n\n"
        "Listens on 127.0.0.1 and answers a GET of PATH with what is in FILE.\n";

enum {
    PAGES_MAX = 16,
    CONNECTION_MEMORY = 32 * 1024,
    CONNECTIONS_MAX = 4096,
    /* As many characters as the headers of the daemon have. */
    ID_LENGTH = 32,
};

typedef struct Page {
    const char *path;
    struct MHD_Response *response;
} Page;

typedef struct Server {
    struct MHD_Daemon *daemon;
    sd_event_source *again, *timer;
    Page pages[PAGES_MAX];
    size_t n_pages;
} Server;

/* The whole file, in memory that libmicrohttpd frees. */
static char *read_file(const char *name, size_t *ret_length)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    struct stat st;
    char *data;

    if (fd < 0 || fstat(fd, &st) < 0)
        err(1, "%s", name);
    *ret_length = (size_t)st.st_size;
    data = malloc(*ret_length + 1);
    if (!data || read(fd, data, *ret_length) != st.st_size)
        err(1, "%s", name);
    (void)close(fd);
    return data;
}

static void add_page(Server *s, const char *path, const char *file, const char *type)
{
    Page *page = &s->pages[s->n_pages++];
    char id[ID_LENGTH + 1];
    size_t length;
    char *data = read_file(file, &length);

    memset(id, '0', ID_LENGTH);
    id[ID_LENGTH] = '\0';
    page->path = path;
    page->response = MHD_create_response_from_buffer(length, data, MHD_RESPMEM_MUST_FREE);
    if (!page->response ||
        MHD_add_response_header(page->response, "Content-Type", type) != MHD_YES ||
        MHD_add_response_header(page->response, "X-Correlation-Id", id) != MHD_YES)
        errx(1, "out of memory");
}

static enum MHD_Result on_request(void *userdata, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *data, size_t *n, void **context)
{
    static char headers_seen;
    const Server *s = userdata;

    /* First it tells of the headers, then of the end of the request. */
    if (!*context) {
        *context = &headers_seen;
        return MHD_YES;
    }
    for (size_t i = 0; i < s->n_pages; i++)
        if (strcmp(s->pages[i].path, path) == 0)
            return MHD_queue_response(connection, MHD_HTTP_OK, s->pages[i].response);
    return MHD_NO;
}

static void run(Server *s)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;
    bool has_timeout;

    (void)MHD_run(s->daemon);
    has_timeout = MHD_get_timeout(s->daemon, &ms) == MHD_YES;
    if (has_timeout && ms == 0) {
        (void)sd_event_source_set_enabled(s->again, SD_EVENT_ONESHOT);
    } else if (has_timeout) {
        (void)sd_event_source_set_time_relative(s->timer, ms * 1000);
        (void)sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
    }
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    run(userdata);
    return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
    run(userdata);
    return 0;
}

static int on_again(sd_event_source *source, void *userdata)
{
    run(userdata);
    return 0;
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(fd, SOMAXCONN) < 0)
        err(1, "port %u", (unsigned)port);
    return fd;
}

static void serve(Server *s, uint16_t port)
{
    const union MHD_DaemonInfo *info;
    sd_event *event = NULL;

    s->daemon = MHD_start_daemon(
            MHD_USE_EPOLL, 0, NULL, NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET, listen_on(port),
            MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
            60U, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_END);
    info = s->daemon ? MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (!info)
        errx(1, "libmicrohttpd does not start");
    if (sd_event_default(&event) < 0 ||
        sd_event_add_io(event, NULL, info->epoll_fd, EPOLLIN, on_io, s) < 0 ||
        sd_event_add_defer(event, &s->again, on_again, s) < 0 ||
        sd_event_add_time(event, &s->timer, CLOCK_MONOTONIC, 0, 0, on_timer, s) < 0 ||
        sd_event_source_set_enabled(s->timer, SD_EVENT_OFF) < 0)
        errx(1, "no event loop");
    (void)sd_event_loop(event);
}

int main(int argc, char **argv)
{
    Server server = {.n_pages = 0};

    if (argc < 5 || (argc - 2) % 3 != 0 || (argc - 2) / 3 > PAGES_MAX) {
        (void)fputs(usage, stderr);
        return 2;
    }
    for (int i = 2; i < argc; i += 3)
        add_page(&server, argv[i], argv[i + 1], argv[i + 2]);
    serve(&server, (uint16_t)strtoul(argv[1], NULL, 10));
    return 1;
}
