/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

/* Makes a pipe from which the next one who asks for logs reads; returns the end to write to. */
static int open_logs(Fixture *f)
{
    int fds[2];

    assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    fake_manager_set_logs(f->manager, fds[0]);
    return fds[1];
}

static void say(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static Client *ask(Client *c, const char *query, const char *headers)
{
    char request[512];

    (void)snprintf(request, sizeof(request), "GET /pools/p1/logs%s HTTP/1.1\r\nHost: h\r\n%s\r\n",
                   query, headers);
    client_send(c, request);
    return c;
}

static void test_to_the_end(void **state)
{
    Fixture *f = *state;
    int fd = open_logs(f);
    Client *c = client_new(f);

    say(fd, "one\ntwo\n");
    close(fd);
    ask(c, "", "");
    client_expect_text(c, "HTTP/1.1 200 OK\r\n");
    client_expect_text(c, "Content-Type: text/plain; charset=utf-8\r\n");
    client_expect_text(c, "one\ntwo\n\r\n0\r\n\r\n");
    assert_int_equal(fake_manager_logs(f->manager)->lines, 100);
    assert_int_equal(fake_manager_logs(f->manager)->generation, 0);
    assert_false(fake_manager_logs(f->manager)->follow);
    assert_false(fake_manager_logs(f->manager)->json);
    /* The connection is good for more. */
    client_expect(c, "GET /health HTTP/1.1\r\nHost: h\r\n\r\n", 200, NULL);
    client_free(c);
}

static void test_as_json(void **state)
{
    Fixture *f = *state;
    int fd = open_logs(f);
    Client *c = ask(client_new(f), "?lines=7&generation=3", "Accept: application/json\r\n");

    client_expect_text(c, "Content-Type: application/x-ndjson\r\n");
    assert_true(fake_manager_logs(f->manager)->json);
    assert_int_equal(fake_manager_logs(f->manager)->lines, 7);
    assert_int_equal(fake_manager_logs(f->manager)->generation, 3);
    close(fd);
    client_expect_text(c, "\r\n0\r\n\r\n");
    client_free(c);
}

static void test_head(void **state)
{
    Fixture *f = *state;
    Client *c = client_new(f);
    Answer a;

    /* Nothing is open that it could read. */
    client_send(c, "HEAD /pools/p1/logs HTTP/1.1\r\nHost: h\r\n\r\n");
    client_receive(c, false, &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_header(&a, "Content-Type"), "text/plain; charset=utf-8");
    answer_clear(&a);
    client_send(c, "HEAD /pools/none/logs HTTP/1.1\r\nHost: h\r\n\r\n");
    client_receive(c, false, &a);
    assert_int_equal(a.status, 404);
    answer_clear(&a);
    client_free(c);
}

static void test_refused(void **state)
{
    Client *c = client_new(*state);

    client_expect(c, "GET /pools/none/logs HTTP/1.1\r\nHost: h\r\n\r\n", 404, "POOL_NOT_FOUND");
    client_expect(c, "GET /pools/p1/logs HTTP/1.1\r\nHost: h\r\n\r\n", 503, "UNAVAILABLE");
    client_expect(c, "GET /pools/p1/logs?lines=x HTTP/1.1\r\nHost: h\r\n\r\n", 400,
                  "INVALID_FIELD");
    client_expect(c, "GET /pools/p1/logs?line=1 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "BAD_REQUEST");
    client_free(c);
}

static void test_follow(void **state)
{
    Fixture *f = *state;
    int fd = open_logs(f);
    Client *c = ask(client_new(f), "?follow=true&lines=0", "");

    client_expect_text(c, "\r\n\r\n");
    assert_true(fake_manager_logs(f->manager)->follow);
    for (int i = 0; i < 3; i++) {
        fixture_settle(f);
        assert_int_equal(c->received.length, 0);
        say(fd, "and then\n");
        client_expect_text(c, "and then\n\r\n");
    }
    assert_int_equal(sd_event_run(f->event, 200 * USEC_PER_MSEC), 0);
    close(fd);
    client_expect_text(c, "0\r\n\r\n");
    client_free(c);
}

/* Whether the other end of the pipe is closed. */
static bool nobody_reads(int fd)
{
    return write(fd, "x\n", 2) < 0 && errno == EPIPE;
}

static void client_goes_away(Fixture *f, Client *c)
{
    int fd = open_logs(f);

    ask(c, "?follow=true", "");
    client_expect_text(c, "\r\n\r\n");
    fixture_settle(f);
    client_free(c);
    while (!nobody_reads(fd))
        fixture_run(f);
    close(fd);
}

static void test_client_goes_away(void **state)
{
    Fixture *f = *state;

    client_goes_away(f, client_new(f));
    client_goes_away(f, client_new_unix(f));
}

/* One who has only stopped sending gets a proper end. */
static void test_half_closed(void **state)
{
    Fixture *f = *state;
    int fd = open_logs(f);
    Client *c = ask(client_new(f), "", "");

    client_expect_text(c, "\r\n\r\n");
    assert_int_equal(shutdown(c->fd, SHUT_WR), 0);
    fixture_settle(f);
    assert_false(nobody_reads(fd));
    close(fd);
    client_expect_text(c, "x\n\r\n0\r\n\r\n");
    client_free(c);

    fd = open_logs(f);
    c = ask(client_new(f), "?follow=true", "");
    client_expect_text(c, "\r\n\r\n");
    fixture_settle(f);
    assert_int_equal(shutdown(c->fd, SHUT_WR), 0);
    client_expect_text(c, "0\r\n\r\n");
    client_free(c);
    close(fd);
}

/* What the client does not take stays in the pipe. */
static void test_back_pressure(void **state)
{
    char block[64 * 1024];
    Fixture *f = *state;
    int fd = open_logs(f);
    Client *c = ask(client_new(f), "?follow=true", "");
    size_t total = 0, before;

    client_expect_text(c, "\r\n\r\n");
    client_stop_reading(c);
    memset(block, 'x', sizeof(block));
    do {
        ssize_t n;

        before = total;
        while ((n = write(fd, block, sizeof(block))) > 0)
            total += (size_t)n;
        assert_int_equal(errno, EAGAIN);
        fixture_settle(f);
    } while (total > before);
    /* Only the kernel's buffers are full, and that is bounded. */
    assert_true(total > 0 && total < (size_t)64 * 1024 * 1024);
    assert_true(sd_event_source_set_enabled(c->source, SD_EVENT_ON) >= 0);
    close(fd);
    RUN_UNTIL(f, c->received.length > total);
    client_expect_text(c, "\r\n0\r\n\r\n");
    client_free(c);
}

static void test_shutdown(void **state)
{
    Fixture *f = fixture_new();
    Client *c;
    int fd;

    fixture_start(f);
    fd = open_logs(f);
    c = ask(client_new(f), "?follow=true", "");
    client_expect_text(c, "\r\n\r\n");
    fixture_settle(f);
    fixture_stop(f);
    client_expect_text(c, "0\r\n\r\n");
    assert_true(nobody_reads(fd));
    close(fd);
    client_free(c);
    fixture_free(f);
}

#define WITH_SERVER(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            WITH_SERVER(test_to_the_end),    WITH_SERVER(test_as_json),
            WITH_SERVER(test_head),          WITH_SERVER(test_refused),
            WITH_SERVER(test_follow),        WITH_SERVER(test_client_goes_away),
            WITH_SERVER(test_half_closed),   WITH_SERVER(test_back_pressure),
            cmocka_unit_test(test_shutdown),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
