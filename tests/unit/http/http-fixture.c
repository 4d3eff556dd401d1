/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-fixture.h"

#include <errno.h>
#include <json.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "http/listen_address.h"

Fixture *fixture_new(void)
{
    Fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    assert_true(sd_event_default(&f->event) >= 0);
    f->manager = fake_manager_new();
    fake_manager_add_pool(f->manager, "p1");
    f->settings = (HttpSettings){
            .connections_max = 2000,
            .waiting_max = 100,
            .idle_timeout_usec = 60 * USEC_PER_SEC,
            .request_timeout_usec = 60 * USEC_PER_SEC,
            .wait_timeout_usec = 60 * USEC_PER_SEC,
    };
    return f;
}

static void listen_tcp(Fixture *f)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(f->address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
    assert_int_equal(listen(fd, SOMAXCONN), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&f->address, &length), 0);
    assert_int_equal(http_server_listen(f->server, fd), 0);
}

static void listen_unix(Fixture *f)
{
    char text[128];
    ListenAddress address;
    int fd = -1;

    (void)snprintf(f->directory, sizeof(f->directory), "/tmp/test-http-XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    (void)snprintf(text, sizeof(text), "unix:%s/s", f->directory);
    assert_int_equal(listen_address_parse(text, &address, NULL), 0);
    assert_int_equal(listen_address_open(&address, &fd, NULL), 0);
    memcpy(&f->path, &address.address, sizeof(f->path));
    assert_int_equal(http_server_listen(f->server, fd), 0);
}

void fixture_start(Fixture *f)
{
    assert_int_equal(http_server_new(f->event, f->manager, &f->settings, &f->server), 0);
    listen_tcp(f);
    listen_unix(f);
}

void fixture_stop(Fixture *f)
{
    f->server = http_server_free(f->server);
    if (f->directory[0]) {
        (void)unlink(f->path.sun_path);
        (void)rmdir(f->directory);
    }
}

void fixture_free(Fixture *f)
{
    fixture_stop(f);
    /* Nobody waits once the server has gone. */
    assert_int_equal(fake_manager_count_waiters(f->manager), 0);
    fake_manager_free(f->manager);
    sd_event_unref(f->event);
    free(f);
}

int fixture_setup(void **state)
{
    Fixture *f = fixture_new();

    fixture_start(f);
    *state = f;
    return 0;
}

int fixture_teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

void fixture_run(Fixture *f)
{
    int r = sd_event_run(f->event, PATIENCE_USEC);

    assert_true(r >= 0);
    if (r == 0)
        fail_msg("nothing happened for a long time");
}

void fixture_settle(Fixture *f)
{
    int r;

    do
        r = sd_event_run(f->event, 0);
    while (r > 0);
    assert_int_equal(r, 0);
}

static int on_client(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    Client *c = userdata;
    char buffer[64 * 1024];
    ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

    if (n > 0) {
        text_append_bytes(&c->received, buffer, (size_t)n);
        return 0;
    }
    if (n < 0 && errno == EAGAIN)
        return 0;
    c->closed = true;
    c->reset = n < 0;
    return sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

static Client *client_connect(Fixture *f, const struct sockaddr *address, socklen_t length)
{
    Client *c = calloc(1, sizeof(*c));

    assert_non_null(c);
    c->fixture = f;
    c->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(c->fd >= 0);
    /* The kernel connects us to the backlog; nobody needs to accept for that. */
    assert_int_equal(connect(c->fd, address, length), 0);
    assert_true(sd_event_add_io(f->event, &c->source, c->fd, EPOLLIN, on_client, c) >= 0);
    return c;
}

Client *client_new(Fixture *f)
{
    return client_connect(f, (struct sockaddr *)&f->address, sizeof(f->address));
}

Client *client_new_unix(Fixture *f)
{
    return client_connect(f, (struct sockaddr *)&f->path, sizeof(f->path));
}

void client_free(Client *c)
{
    if (!c)
        return;
    sd_event_source_disable_unref(c->source);
    close(c->fd);
    text_done(&c->received);
    free(c);
}

void client_stop_reading(Client *c)
{
    assert_true(sd_event_source_set_enabled(c->source, SD_EVENT_OFF) >= 0);
}

void client_send_bytes(Client *c, const void *data, size_t n)
{
    const char *p = data;

    while (n > 0 && !c->refused) {
        ssize_t sent = send(c->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent < 0) {
            c->refused = errno == EPIPE || errno == ECONNRESET;
            if (c->refused)
                return;
            assert_int_equal(errno, EAGAIN);
            fixture_run(c->fixture);
            continue;
        }
        p += sent;
        n -= (size_t)sent;
    }
}

void client_send(Client *c, const char *text)
{
    client_send_bytes(c, text, strlen(text));
}

static size_t content_length(const Answer *a)
{
    const char *value = answer_header(a, "Content-Length");

    return value ? (size_t)strtoull(value, NULL, 10) : 0;
}

/* The end of the head in what was received, or NULL. */
static const char *find_head_end(const Client *c)
{
    return c->received.data ? strstr(c->received.data, "\r\n\r\n") : NULL;
}

static void drop_received(Client *c, size_t n)
{
    memmove(c->received.data, c->received.data + n, c->received.length - n + 1);
    c->received.length -= n;
}

void client_receive(Client *c, bool has_body, Answer *ret)
{
    Answer a = {.status = 0};
    size_t head, body;

    RUN_UNTIL(c->fixture, find_head_end(c) || c->closed);
    if (!find_head_end(c))
        fail_msg("closed%s without an answer", c->reset ? " with a reset" : "");
    head = (size_t)(find_head_end(c) - c->received.data) + 4;
    a.head = strndup(c->received.data, head);
    assert_non_null(a.head);
    assert_int_equal(strncmp(a.head, "HTTP/1.1 ", 9), 0);
    a.status = (int)strtol(a.head + 9, NULL, 10);
    body = has_body ? content_length(&a) : 0;
    RUN_UNTIL(c->fixture, c->received.length >= head + body || c->closed);
    assert_true(c->received.length >= head + body);
    a.body = strndup(c->received.data + head, body);
    assert_non_null(a.body);
    a.body_length = body;
    drop_received(c, head + body);
    *ret = a;
}

/* Where `text` is in what was received, or NULL. */
static const char *find_text(const Client *c, const char *text)
{
    return c->received.data ? strstr(c->received.data, text) : NULL;
}

void client_expect_text(Client *c, const char *text)
{
    RUN_UNTIL(c->fixture, find_text(c, text) || c->closed);
    if (!find_text(c, text))
        fail_msg("closed without \"%s\", but with: %s", text,
                 c->received.data ? c->received.data : "nothing");
    drop_received(c, (size_t)(find_text(c, text) - c->received.data) + strlen(text));
}

const char *answer_header(const Answer *a, const char *name)
{
    static char value[512];

    for (const char *line = strstr(a->head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, strlen(name)) != 0 || line[strlen(name)] != ':')
            continue;
        line += strlen(name) + 1;
        line += strspn(line, " ");
        (void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(line, "\r"), line);
        return value;
    }
    return NULL;
}

const char *answer_member(const Answer *a, const char *name)
{
    static char value[1024];
    json_object *object = json_tokener_parse(a->body), *member;
    bool found = object && json_object_object_get_ex(object, name, &member);

    if (found)
        (void)snprintf(value, sizeof(value), "%s", json_object_get_string(member));
    json_object_put(object);
    return found ? value : NULL;
}

void answer_clear(Answer *a)
{
    free(a->head);
    free(a->body);
    *a = (Answer){.status = 0};
}

void client_expect(Client *c, const char *request, int status, const char *code)
{
    Answer a;

    client_send(c, request);
    client_receive(c, true, &a);
    if (a.status != status)
        fail_msg("%d instead of %d for: %.200s\n%s", a.status, status, request, a.body);
    assert_string_equal(answer_header(&a, "Content-Type"), "application/json");
    if (code && code[0])
        assert_string_equal(answer_member(&a, "code"), code);
    else
        assert_null(answer_member(&a, "code"));
    answer_clear(&a);
}

char *make_request(const char *method, const char *path, const char *headers, const char *body)
{
    char *text = NULL;
    int n;

    if (body)
        n = asprintf(&text,
                     "%s %s HTTP/1.1\r\nHost: h\r\n%sContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     method, path, headers, strlen(body), body);
    else
        n = asprintf(&text, "%s %s HTTP/1.1\r\nHost: h\r\n%s\r\n", method, path, headers);
    assert_true(n >= 0);
    return text;
}

char *make_preload(const char *pool_id)
{
    char path[128], body[512];

    (void)snprintf(path, sizeof(path), "/pools/%s/preload", pool_id);
    (void)snprintf(body, sizeof(body),
                   "{\"binary_path\":\"/usr/bin/engine\",\"flags\":[],\"host\":\"127.0.0.1\","
                   "\"port\":8080,\"model_path\":\"/m.gguf\",\"engine_version\":\"1\","
                   "\"pool_id\":\"%s\"}",
                   pool_id);
    return make_request("POST", path, "", body);
}
