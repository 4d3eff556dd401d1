/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-fixture.h"

#include <stdio.h>

#define GET_HEALTH "GET /health HTTP/1.1\r\nHost: h\r\n\r\n"

static void test_keep_alive(void **state)
{
    Client *c = client_new(*state);

    for (int i = 0; i < 100; i++)
        client_expect(c, GET_HEALTH, 200, NULL);
    client_expect(c, "GET /health HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 200, NULL);
    RUN_UNTIL(c->fixture, c->closed);
    assert_false(c->reset);
    client_free(c);
}

static void test_pipelining(void **state)
{
    Client *c = client_new(*state);
    Answer a;

    client_send(c, GET_HEALTH "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n"
                              "POST /pools/p1/status HTTP/1.1\r\nHost: h\r\nContent-Length: "
                              "3\r\n\r\nabc" GET_HEALTH);
    client_receive(c, true, &a);
    assert_int_equal(a.status, 200);
    answer_clear(&a);
    client_receive(c, true, &a);
    assert_int_equal(a.status, 404);
    answer_clear(&a);
    client_receive(c, true, &a);
    assert_string_equal(answer_member(&a, "pool_id"), "p1");
    answer_clear(&a);
    client_receive(c, true, &a);
    assert_string_equal(answer_member(&a, "status"), "ok");
    answer_clear(&a);
    client_free(c);
}

static void test_http_1_0(void **state)
{
    Client *c = client_new(*state);

    client_expect(c, "GET /health HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 200, NULL);
    client_expect(c, "GET /health HTTP/1.0\r\n\r\n", 200, NULL);
    RUN_UNTIL(c->fixture, c->closed);
    client_free(c);
}

/* Everything arrives one byte at a time, each in an own turn of the loop. */
static void send_slowly(Client *c, const char *text)
{
    for (; *text; text++) {
        client_send_bytes(c, text, 1);
        fixture_settle(c->fixture);
    }
}

static void test_one_byte_at_a_time(void **state)
{
    _cleanup_free_ char *request =
            make_request("POST", "/pools/none/stop", "X-Correlation-Id: slow\r\n", "{\"a\": 1}");
    Client *c = client_new(*state);
    Answer a;

    send_slowly(c, request);
    client_receive(c, true, &a);
    assert_int_equal(a.status, 404);
    assert_string_equal(answer_header(&a, "X-Correlation-Id"), "slow");
    answer_clear(&a);
    send_slowly(c, "POST /pools/none/stop HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n4;x=y\r\n\"a\":\r\n2\r\n1}\r\n0\r\n"
                   "Trailer: t\r\n\r\n");
    client_receive(c, true, &a);
    assert_int_equal(a.status, 404);
    answer_clear(&a);
    client_free(c);
}

static void test_chunked(void **state)
{
    Client *c = client_new(*state);

    client_expect(c,
                  "POST /pools/none/stop HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n3\r\n{}}\r\n0\r\n\r\n",
                  400, "INVALID_JSON");
    client_expect(c,
                  "POST /pools/none/stop HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                  "Transfer-Encoding: Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
                  404, "POOL_NOT_FOUND");
    client_expect(c,
                  "POST /pools/none/stop HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                  404, "POOL_NOT_FOUND");
    client_free(c);
}

/* Sends the text and expects one answer of that code, then the end, and no reset. */
static void expect_last(Fixture *f, const char *text, size_t n, int status, const char *code)
{
    Client *c = client_new(f);
    Answer a;

    client_send_bytes(c, text, n);
    client_receive(c, true, &a);
    if (a.status != status)
        fail_msg("%d instead of %d for %.200s", a.status, status, text);
    if (code) {
        assert_string_equal(answer_member(&a, "code"), code);
        assert_string_equal(answer_header(&a, "Connection"), "close");
        assert_string_equal(answer_header(&a, "Content-Type"), "application/json");
        assert_non_null(answer_header(&a, "X-Correlation-Id"));
        assert_non_null(answer_header(&a, "Date"));
    }
    answer_clear(&a);
    RUN_UNTIL(f, c->closed);
    assert_false(c->reset);
    /* libmicrohttpd 0.9.75 adds a second head to its own answers to a bad Content-Length. */
    if (code && c->received.length > 0)
        fail_msg("more for %s: %s", text, c->received.data);
    client_free(c);
}

static void test_ambiguous_framing(void **state)
{
    static const char *const requests[] = {
            "POST /pools/p1/status HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /pools/p1/status HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
            "Content-Length: 3\r\n\r\nabc",
            "POST /pools/p1/status HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
            "content-length: 4\r\n\r\nabcd",
            "POST /pools/p1/status HTTP/1.1\r\nHost: h\r\nContent-Length : 3\r\n\r\nabc",
            "POST /pools/p1/status HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\nabc",
            "POST /pools/p1/status HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
            "0\r\n\r\n",
            "POST /pools/p1/status HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "GET /health HTTP/1.1\r\n\r\n",
            "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET /health HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n",
            "GET /health HTTP/1.1\r\nHost: a\r\nA(b): c\r\n\r\n",
    };

    for (size_t i = 0; i < ELEMENTSOF(requests); i++)
        expect_last(*state, requests[i], strlen(requests[i]), 400, "BAD_REQUEST");
}

static void test_nul_in_request_line(void **state)
{
    static const char in_path[] = "GET /health\0/x HTTP/1.1\r\nHost: h\r\n\r\n";
    static const char in_query[] = "GET /health?a\0b HTTP/1.1\r\nHost: h\r\n\r\n";

    expect_last(*state, in_path, sizeof(in_path) - 1, 400, "BAD_REQUEST");
    expect_last(*state, in_query, sizeof(in_query) - 1, 400, "BAD_REQUEST");
}

/* What libmicrohttpd answers by itself: no JSON, but an answer, and nothing breaks. */
static void test_not_http(void **state)
{
    static const struct {
        const char *text;
        int status;
    } cases[] = {
            {"POST /health HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n", 400},
            {"POST /health HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400},
            {"POST /health HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n\r\n",
             413},
            {"POST /health HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", 400},
            {"POST /health HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
            {"GET /health HTTP/2.0\r\nHost: h\r\n\r\n", 505},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++)
        expect_last(*state, cases[i].text, strlen(cases[i].text), cases[i].status, NULL);
}

static void test_garbage(void **state)
{
    static const char *const texts[] = {
            "\r\n\r\n\r\n",    "x\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01\x02\x00\x01",
            "GET /health\r\n",
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
        Client *c = client_new(f), *other = client_new(f);

        client_send(c, texts[i]);
        fixture_settle(f);
        client_expect(other, GET_HEALTH, 200, NULL);
        client_free(c);
        client_free(other);
    }
}

static void test_long_headers(void **state)
{
    size_t n = 256 * 1024;
    char *text = malloc(n + 1);
    Client *c = client_new(*state);
    Answer a;

    assert_non_null(text);
    memset(text, 'x', n);
    text[n] = '\0';
    memcpy(text, "GET /", 5);
    client_send(c, text);
    client_receive(c, true, &a);
    assert_int_equal(a.status, 414);
    answer_clear(&a);
    client_free(c);
    free(text);
}

/* A body that is larger than is allowed, from a client that goes on sending all the same. */
static void expect_too_large(Fixture *f, const char *head, const char *body, size_t n)
{
    enum { PIECE = 64 * 1024 };
    Client *c = client_new(f);
    Answer a;

    client_send(c, head);
    fixture_settle(f);
    for (size_t sent = 0; sent < n; sent += PIECE) {
        client_send_bytes(c, body + sent, n - sent < PIECE ? n - sent : PIECE);
        fixture_settle(f);
    }
    /* Many a client looks for an answer only when it could send everything. */
    assert_false(c->refused);
    client_receive(c, true, &a);
    assert_int_equal(a.status, 413);
    assert_string_equal(answer_member(&a, "code"), "BODY_TOO_LARGE");
    assert_string_equal(answer_header(&a, "Connection"), "close");
    answer_clear(&a);
    RUN_UNTIL(f, c->closed);
    assert_false(c->reset);
    client_free(c);
}

static void test_too_large_by_length(void **state)
{
    char head[256], *body = calloc(1, PM_BODY_MAX + 1);

    assert_non_null(body);
    (void)snprintf(head, sizeof(head),
                   "POST /pools/p1/preload HTTP/1.1\r\nHost: h\r\nContent-Type: "
                   "application/json\r\nContent-Length: %d\r\n\r\n",
                   PM_BODY_MAX + 1);
    /* Without reading: the answer comes before the body does. */
    expect_too_large(*state, head, body, 0);
    expect_too_large(*state, head, body, PM_BODY_MAX + 1);
    (void)snprintf(head, sizeof(head),
                   "POST /pools/p1/status HTTP/1.1\r\nHost: h\r\n"
                   "Content-Length: 18446744073709551615\r\n\r\n");
    expect_too_large(*state, head, body, PM_BODY_MAX);
    free(body);
}

static void test_too_large_by_chunks(void **state)
{
    static const char head[] = "POST /pools/p1/preload HTTP/1.1\r\nHost: h\r\n"
                               "Content-Type: application/json\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n";
    Text body = {.data = NULL};
    char *zeros = calloc(1, 64 * 1024);

    assert_non_null(zeros);
    for (int i = 0; i < 17; i++) {
        text_append(&body, "10000\r\n");
        text_append_bytes(&body, zeros, 64 * 1024);
        text_append(&body, "\r\n");
    }
    text_append(&body, "0\r\n\r\n");
    expect_too_large(*state, head, body.data, body.length);
    text_done(&body);
    free(zeros);
}

static void test_largest_body(void **state)
{
    char head[256], *body = malloc(PM_BODY_MAX + 1);
    Client *c = client_new(*state);

    assert_non_null(body);
    memset(body, ' ', PM_BODY_MAX);
    body[PM_BODY_MAX] = '\0';
    memcpy(body, "{}", 2);
    (void)snprintf(head, sizeof(head),
                   "POST /pools/none/stop HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                   "Content-Length: %d\r\n\r\n",
                   PM_BODY_MAX);
    client_send(c, head);
    client_expect(c, body, 404, "POOL_NOT_FOUND");
    client_expect(c, GET_HEALTH, 200, NULL);
    client_free(c);
    free(body);
}

/* Many large bodies at once: those that do not fit in memory together are told to come again. */
static void test_bodies_together(void **state)
{
    enum { N = 40 };
    Fixture *f = *state;
    char head[256], *body = malloc(PM_BODY_MAX);
    Client *clients[N];
    int accepted = 0, refused = 0;

    assert_non_null(body);
    memset(body, ' ', PM_BODY_MAX);
    body[0] = '{';
    body[1] = '}';
    (void)snprintf(head, sizeof(head),
                   "POST /pools/none/stop HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                   "Content-Length: %d\r\n\r\n",
                   PM_BODY_MAX);
    for (int i = 0; i < N; i++) {
        clients[i] = client_new(f);
        client_send(clients[i], head);
        client_send_bytes(clients[i], body, PM_BODY_MAX - 1);
    }
    for (int i = 0; i < N; i++) {
        Answer a;

        client_send_bytes(clients[i], " ", 1);
        client_receive(clients[i], true, &a);
        accepted += a.status == 404;
        refused += a.status == 503;
        answer_clear(&a);
        client_free(clients[i]);
    }
    /* All of them gave their memory back. */
    for (int i = 0; i < N; i++) {
        clients[0] = client_new(f);
        client_send(clients[0], head);
        client_send_bytes(clients[0], body, PM_BODY_MAX - 1);
        client_expect(clients[0], " ", 404, "POOL_NOT_FOUND");
        client_free(clients[0]);
    }
    assert_int_equal(accepted + refused, N);
    assert_true(accepted >= 20);
    assert_true(refused >= 1);
    free(body);
}

static void test_expect_continue(void **state)
{
    Client *c = client_new(*state);
    Answer a;

    client_send(c, "POST /pools/none/stop HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                   "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    client_receive(c, false, &a);
    assert_int_equal(a.status, 100);
    answer_clear(&a);
    client_expect(c, "{}", 404, "POOL_NOT_FOUND");
    client_free(c);
}

/* A body that is refused is not invited. */
static void test_expect_refused(void **state)
{
    static const struct {
        const char *text;
        int status;
        const char *code;
    } cases[] = {
            {"POST /pools/p1/preload HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
             "Content-Length: 2000000\r\nExpect: 100-continue\r\n\r\n",
             413, "BODY_TOO_LARGE"},
            {"POST /pools/p1/preload HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\n"
             "Content-Length: 20\r\nExpect: 100-continue\r\n\r\n",
             415, "UNSUPPORTED_MEDIA_TYPE"},
            {"POST /nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n"
             "Expect: 100-continue\r\n\r\n",
             404, "NOT_FOUND"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++)
        expect_last(*state, cases[i].text, strlen(cases[i].text), cases[i].status, cases[i].code);
}

/* A refused body is dropped as it comes, and the connection goes on. */
static void test_refused_body_is_dropped(void **state)
{
    Client *c = client_new(*state);

    client_expect(c,
                  "POST /nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 34\r\n\r\n" GET_HEALTH "x",
                  404, "NOT_FOUND");
    client_expect(c,
                  "POST /pools/p1/stop HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3\r\nabc\r\n0\r\n\r\n",
                  415, "UNSUPPORTED_MEDIA_TYPE");
    client_expect(c, GET_HEALTH, 200, NULL);
    client_free(c);
}

/* Whoever sends requests and shuts down the sending side still gets the answers, and the end. */
static void test_half_closed(void **state)
{
    Client *clients[] = {client_new(*state), client_new_unix(*state)};
    Answer a;

    for (size_t i = 0; i < ELEMENTSOF(clients); i++) {
        client_send(clients[i], GET_HEALTH GET_HEALTH);
        assert_int_equal(shutdown(clients[i]->fd, SHUT_WR), 0);
        for (int n = 0; n < 2; n++) {
            client_receive(clients[i], true, &a);
            assert_int_equal(a.status, 200);
            answer_clear(&a);
        }
        RUN_UNTIL(clients[i]->fixture, clients[i]->closed);
        client_free(clients[i]);
    }
}

static void test_large_answer(void **state)
{
    enum { SIZE = 20 * 1000 * 1000 };
    Fixture *f = *state;
    Client *c = client_new(f);
    Answer a;

    fake_manager_set_list_size(f->manager, SIZE);
    client_send(c, "GET /pools HTTP/1.1\r\nHost: h\r\n\r\n");
    client_receive(c, true, &a);
    assert_true(a.body_length > SIZE);
    answer_clear(&a);
    client_expect(c, GET_HEALTH, 200, NULL);
    client_free(c);
}

#define WITH_SERVER(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            WITH_SERVER(test_keep_alive),
            WITH_SERVER(test_pipelining),
            WITH_SERVER(test_http_1_0),
            WITH_SERVER(test_one_byte_at_a_time),
            WITH_SERVER(test_chunked),
            WITH_SERVER(test_ambiguous_framing),
            WITH_SERVER(test_nul_in_request_line),
            WITH_SERVER(test_not_http),
            WITH_SERVER(test_garbage),
            WITH_SERVER(test_long_headers),
            WITH_SERVER(test_too_large_by_length),
            WITH_SERVER(test_too_large_by_chunks),
            WITH_SERVER(test_largest_body),
            WITH_SERVER(test_bodies_together),
            WITH_SERVER(test_expect_continue),
            WITH_SERVER(test_expect_refused),
            WITH_SERVER(test_refused_body_is_dropped),
            WITH_SERVER(test_half_closed),
            WITH_SERVER(test_large_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
