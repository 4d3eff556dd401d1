/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe-fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

/* One try against a server for each way in which an engine may answer. */

#define PATIENT (10 * USEC_PER_SEC)
#define SHORT   (100 * USEC_PER_MSEC)

#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16

#define NOT_HTTP "answered with something that is not HTTP"
#define CLOSED   "connection closed before an answer"

/* B-PRELOAD-010: the engine's HTTP endpoint is asked, B-PRELOAD-012: status 200 passes. */
static void test_asks_the_endpoint(void **state)
{
    static const Script script = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
    Fixture *f = *state;
    char host[64];
    Result r;

    r = fixture_try_script(f, &script, PATIENT);
    assert_good(&r);
    assert_memory_equal(scripted_server_request(f->server), "GET /health HTTP/1.1\r\n", 22);
    (void)snprintf(host, sizeof(host), "\r\nHost: 127.0.0.1:%u\r\n",
                   (unsigned)scripted_server_port(f->server));
    assert_non_null(strstr(scripted_server_request(f->server), host));
    assert_non_null(strstr(scripted_server_request(f->server), "\r\nUser-Agent: pool-managerd/"));
}

static void test_answers(void **state)
{
    static const struct {
        Script script;
        const char *error; /* NULL: good */
    } table[] = {
            /* B-PRELOAD-014: both versions. */
            {{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}, NULL},
            {{"HTTP/1.0 200 OK\r\n\r\n"}, NULL},
            {{"HTTP/1.0 200 OK\r\n\r\n{\"status\":\"ok\"}"}, NULL},
            {{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"}, NULL},
            /* B-PRELOAD-012: nothing but 200. */
            {{"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"},
             "answered with status 503"},
            {{"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"}, "answered with status 404"},
            {{"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"},
             "answered with status 401"},
            {{"HTTP/1.1 204 No Content\r\n\r\n"}, "answered with status 204"},
            {{"HTTP/1.1 206 Partial\r\nContent-Length: 0\r\n\r\n"}, "answered with status 206"},
            {{"HTTP/1.1 304 Not Modified\r\n\r\n"}, "answered with status 304"},
            {{"HTTP/1.0 500 Oh\r\n\r\n"}, "answered with status 500"},
            /* Not HTTP/1.x. */
            {{"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"}, NOT_HTTP},
            {{"ok\n"}, NOT_HTTP}, /* what HTTP/0.9 would send */
            {{"<html>ok</html>", .end = SCRIPT_HOLD}, NOT_HTTP},
            {{"\x15\x03\x01\x00\x02\x02\x46", .size = 7}, NOT_HTTP}, /* a TLS alert */
            {{"\0\0\0\0\0\0", .size = 6, .end = SCRIPT_HOLD}, NOT_HTTP},
            {{"HTTP/1.1 2000 OK\r\n\r\n"}, NOT_HTTP},
            {{"HTTP/2 200\r\n\r\n"}, NOT_HTTP},
            {{"HTTP/1.1 OK\r\n\r\n"}, NOT_HTTP},
            /* Gone before the header was whole. */
            {{NULL}, CLOSED},
            {{NULL, .end = SCRIPT_RESET}, CLOSED},
            {{"HTTP/1.1 200"}, CLOSED},
            {{"HTTP/1.1 200 OK\r\n"}, CLOSED},
            {{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"}, CLOSED},
            {{"HTTP/1.1 100 Continue\r\n\r\n"}, CLOSED},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        Result r = fixture_try_script(f, &table[i].script, PATIENT);

        if (r.good != !table[i].error || (table[i].error && !streq(r.error, table[i].error)))
            fail_msg("row %zu: good %d, \"%s\"", i, r.good, r.error);
        assert_int_equal(r.calls, 1);
        assert_int_equal(scripted_server_accepted(f->server), 1);
    }
}

static void test_redirect_is_not_followed(void **state)
{
    static const Script end = {"HTTP/1.1 200 OK\r\n\r\n"};
    Fixture *f = *state;
    ScriptedServer *second = scripted_server_new(f->event, "127.0.0.1", &end);
    char text[256];
    Script script = {text};
    Result r;

    (void)snprintf(text, sizeof(text),
                   "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:%u/\r\n"
                   "Content-Length: 0\r\n\r\n",
                   (unsigned)scripted_server_port(second));
    r = fixture_try_script(f, &script, PATIENT);
    assert_bad(&r, "answered with status 301");
    assert_int_equal(scripted_server_accepted(second), 0);
    scripted_server_free(second);
}

static void test_proxy_is_not_used(void **state)
{
    static const Script script = {"HTTP/1.1 200 OK\r\n\r\n"};
    Fixture *f = *state;
    Result r;

    assert_return_code(setenv("http_proxy", "http://127.0.0.1:1", 1), errno);
    assert_return_code(setenv("all_proxy", "http://127.0.0.1:1", 1), errno);
    r = fixture_try_script(f, &script, PATIENT);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    assert_good(&r);
    assert_memory_equal(scripted_server_request(f->server), "GET /health ", 12);
}

/* A port of 127.0.0.1 that is bound, so nobody else gets it, but where nobody listens. */
static int bind_port(uint16_t *ret_port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(sa);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_return_code(fd, errno);
    assert_return_code(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), errno);
    assert_return_code(getsockname(fd, (struct sockaddr *)&sa, &length), errno);
    *ret_port = ntohs(sa.sin_port);
    return fd;
}

static void test_refused(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "0.0.0.0"};
    Fixture *f = *state;
    uint16_t port;
    int fd = bind_port(&port);

    for (size_t i = 0; i < ELEMENTSOF(hosts); i++) {
        Result r = fixture_try(f, &(ProbeTarget){.host = hosts[i],
                                                 .port = port,
                                                 .path = "/health",
                                                 .timeout_usec = PATIENT});
        assert_bad(&r, "connection refused");
    }
    close(fd);
}

static void test_cannot_connect(void **state)
{
    Fixture *f = *state;
    Result r;

    /* A TCP connection to a multicast address cannot be. */
    r = fixture_try(
            f,
            &(ProbeTarget){.host = "224.0.0.1", .port = 80, .path = "/", .timeout_usec = PATIENT});
    assert_bad(&r, "cannot connect: Network is unreachable");
}

/* Nothing comes, or not enough of it: the try ends when its time is up, and not before. */
static void test_timeouts(void **state)
{
    static const struct {
        Script script;
        usec_t timeout_usec;
        const char *error;
    } table[] = {
            {{NULL, .end = SCRIPT_HOLD}, SHORT, "no answer within 100 ms"},
            {{NULL, .end = SCRIPT_HOLD}, USEC_PER_SEC, "no answer within 1 s"},
            {{NULL, .end = SCRIPT_HOLD}, 1500, "no answer within 2 ms"},
            {{NULL, .end = SCRIPT_HOLD}, 1, "no answer within 1 ms"},
            {{"HTTP/1.1 200 OK\r\n", .end = SCRIPT_HOLD}, SHORT, "no answer within 100 ms"},
            {{"HTTP/1.1 100 Continue\r\n\r\n", .end = SCRIPT_HOLD},
             SHORT,
             "no answer within 100 ms"},
            {{"HTTP/1.1 200 OK\r\n\r\n", .byte_usec = 20 * USEC_PER_MSEC},
             SHORT,
             "no answer within 100 ms"},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        usec_t started = now_usec();
        Result r = fixture_try_script(f, &table[i].script, table[i].timeout_usec);

        assert_bad(&r, table[i].error);
        assert_true(now_usec() - started >= table[i].timeout_usec);
    }
}

/* Each may be late by what a busy machine needs, not by a timer's default accuracy of 250 ms. */
static void test_timeouts_are_not_late(void **state)
{
    static const Script script = {NULL, .end = SCRIPT_HOLD};
    usec_t started = now_usec();

    for (unsigned i = 0; i < 20; i++) {
        Result r = fixture_try_script(*state, &script, 20 * USEC_PER_MSEC);

        assert_bad(&r, "no answer within 20 ms");
    }
    assert_true(now_usec() - started < 2 * USEC_PER_SEC);
}

static void test_slow_but_in_time(void **state)
{
    static const Script script = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                                  .byte_usec = 2 * USEC_PER_MSEC};
    Fixture *f = *state;
    Result r = fixture_try_script(f, &script, PATIENT);

    assert_good(&r);
}

/* The header decides: whatever the body does, the try is over. */
static void test_body_does_not_matter(void **state)
{
    static const Script scripts[] = {
            /* Never comes. */
            {"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", .end = SCRIPT_HOLD},
            {"HTTP/1.0 200 OK\r\n\r\n", .end = SCRIPT_HOLD},
            /* Comes for ever. */
            {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .repeat = "5\r\nhello\r\n",
             .repeat_bytes = SIZE_MAX},
            {"HTTP/1.0 200 OK\r\n\r\n", .repeat = "hello", .repeat_bytes = SIZE_MAX},
            /* Is broken. */
            {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense"},
            {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"},
            {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnonsense"},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(scripts); i++) {
        Result r = fixture_try_script(f, &scripts[i], PATIENT);

        assert_good(&r);
        /* What fits in the sockets' buffers, and not more. */
        assert_true(scripted_server_sent(f->server) < 32u * 1024 * 1024);
    }
}

static void test_many_headers(void **state)
{
    static const struct {
        Script script;
        const char *error;
    } table[] = {
            {{"HTTP/1.1 200 OK\r\n", .repeat = "X-Padding: 0123456789abcdef\r\n",
              .repeat_bytes = 10u * 1024 * 1024},
             "answered with more than 64 KiB of headers"},
            {{"HTTP/1.1 200 OK\r\n", .repeat = "X-Padding: 0123456789abcdef\r\n",
              .repeat_bytes = SIZE_MAX},
             "answered with more than 64 KiB of headers"},
            {{NULL, .repeat = "HTTP/1.1 102 Wait\r\n\r\n", .repeat_bytes = SIZE_MAX},
             "answered with more than 64 KiB of headers"},
            /* One line without end. */
            {{"HTTP/1.1 200 OK\r\nX: ", .repeat = X64, .repeat_bytes = 10u * 1024 * 1024},
             "answered with more than 64 KiB of headers"},
            {{"HTTP/1.1 200 ", .repeat = X64, .repeat_bytes = SIZE_MAX},
             "answered with more than 64 KiB of headers"},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        Result r = fixture_try_script(f, &table[i].script, PATIENT);

        assert_bad(&r, table[i].error);
    }
}

/* Containers often have no IPv6, not even on loopback. */
static bool has_ipv6(void)
{
    struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    _cleanup_close_ int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof(sa)) >= 0;
}

static void test_hosts(void **state)
{
    static const Script script = {"HTTP/1.1 200 OK\r\n\r\n"};
    static const struct {
        const char *listen;
        const char *host;
        const char *header;
    } table[] = {
            {"127.0.0.1", "localhost", "\r\nHost: localhost:"},
            {"::1", "localhost", "\r\nHost: localhost:"},
            {"127.0.0.1", "LOCALHOST", "\r\nHost: "},
            {"::1", "::1", "\r\nHost: [::1]:"},
            {"::1", "0:0:0:0:0:0:0:1", "\r\nHost: [::1]:"},
            {"0.0.0.0", "0.0.0.0", "\r\nHost: 0.0.0.0:"},
            {"::", "::", "\r\nHost: [::]:"},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        Result r;

        if (strchr(table[i].listen, ':') && !has_ipv6())
            continue;
        scripted_server_free(f->server);
        f->server = scripted_server_new(f->event, table[i].listen, &script);
        r = fixture_try(f, &(ProbeTarget){.host = table[i].host,
                                          .port = scripted_server_port(f->server),
                                          .path = "/v1/../health?deep=1&x=%20",
                                          .timeout_usec = PATIENT});
        assert_good(&r);
        assert_memory_equal(scripted_server_request(f->server),
                            "GET /v1/../health?deep=1&x=%20 HTTP/1.1\r\n", 41);
        if (!strstr(scripted_server_request(f->server), table[i].header))
            fail_msg("row %zu: %s", i, scripted_server_request(f->server));
    }
}

static void test_bad_targets(void **state)
{
    static const ProbeTarget targets[] = {
            {"", 80, "/", 1},
            {"a b", 80, "/", 1},
            {"a\r\nb", 80, "/", 1},
            {"a/b", 80, "/", 1},
            {"user@host", 80, "/", 1},
            {"a?b", 80, "/", 1},
            {"a#b", 80, "/", 1},
            {"[::1]", 80, "/", 1},
            {"1:2", 80, "/", 1},
            {":::", 80, "/", 1},
            {"a%41", 80, "/", 1},
            {"h\xc3\xa4user", 80, "/", 1},
            {"127.0.0.1", 0, "/", 1},
            {"127.0.0.1", 80, "", 1},
            {"127.0.0.1", 80, "health", 1},
            {"127.0.0.1", 80, "/a b", 1},
            {"127.0.0.1", 80, "/a\r\nX: y", 1},
            {"127.0.0.1", 80, "/\x7f", 1},
            {"127.0.0.1", 80, "/\xc3\xa4", 1},
            {"127.0.0.1", 80, "/", 0},
    };
    Fixture *f = *state;
    Result result = {};

    for (size_t i = 0; i < ELEMENTSOF(targets); i++) {
        Probe *probe = NULL;
        int r = probe_start(f->prober, &targets[i], result_take, &result, &probe);

        if (r != -EINVAL || probe)
            fail_msg("row %zu: %d", i, r);
    }
}

static void test_long_times(void **state)
{
    static const Script script = {"HTTP/1.1 200 OK\r\n\r\n"};
    Fixture *f = *state;
    Result r;

    r = fixture_try_script(f, &script, USEC_INFINITY);
    assert_good(&r);
    r = fixture_try_script(f, &script, USEC_INFINITY - 1);
    assert_good(&r);
}

#define PROBE_TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            PROBE_TEST(test_asks_the_endpoint),
            PROBE_TEST(test_answers),
            PROBE_TEST(test_redirect_is_not_followed),
            PROBE_TEST(test_proxy_is_not_used),
            PROBE_TEST(test_refused),
            PROBE_TEST(test_cannot_connect),
            PROBE_TEST(test_timeouts),
            PROBE_TEST(test_timeouts_are_not_late),
            PROBE_TEST(test_slow_but_in_time),
            PROBE_TEST(test_body_does_not_matter),
            PROBE_TEST(test_many_headers),
            PROBE_TEST(test_hosts),
            PROBE_TEST(test_bad_targets),
            PROBE_TEST(test_long_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
