/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-fixture.h"

#include <json.h>
#include <stdio.h>

/* The list of so many pools that it is written in pieces. */

#define REQUEST(method, version) method " /pools HTTP/" version "\r\nHost: h\r\n\r\n"
#define GET                      REQUEST("GET", "1.1")
#define GET_HEALTH               "GET /health HTTP/1.1\r\nHost: h\r\n\r\n"

enum {
    POOLS = 1000,     /* more than what fits into the buffers of a socket */
    PIECES_MIN = 10,  /* that they are */
    SLOW_USEC = 1000, /* for a piece, where others are to come in between */
};

static const char *name_of(size_t i)
{
    static char name[32];

    (void)snprintf(name, sizeof(name), "p-%04zu", i);
    return name;
}

static int setup(void **state)
{
    int r = fixture_setup(state);
    Fixture *f = *state;

    for (size_t i = 0; r == 0 && i < POOLS; i++)
        fake_manager_add_pool(f->manager, name_of(i));
    return r;
}

static unsigned count_pieces(const Fixture *f)
{
    return fake_manager_count_reads(f->manager);
}

/* Takes the chunks out of what was received, which ends with the last one. */
static char *take_chunks(Client *c)
{
    const char *p = c->received.data;
    Text body = {.data = NULL};
    char *text = NULL;

    for (;;) {
        char *data;
        size_t n = strtoull(p, &data, 16);

        assert_true(startswith(data, "\r\n"));
        if (n == 0)
            break;
        text_append_bytes(&body, data + 2, n);
        p = data + 2 + n + 2;
    }
    text_done(&c->received);
    assert_int_equal(text_take(&body, &text), 0);
    return text;
}

/* Waits for the end of the list. */
static char *receive_list(Client *c)
{
    client_expect_text(c, "Transfer-Encoding: chunked");
    client_expect_text(c, "\r\n\r\n");
    RUN_UNTIL(c->fixture,
              c->closed || (c->received.length > 7 &&
                            streq(c->received.data + c->received.length - 7, "\r\n0\r\n\r\n")));
    assert_false(c->closed);
    return take_chunks(c);
}

/* Checks that it is a list of pools, sorted, with each of them once at most. Returns which of the
 * first POOLS are there. */
static void read_list(const char *text, bool there[static POOLS])
{
    json_object *list = json_tokener_parse(text);
    const char *previous = "";

    memset(there, 0, POOLS * sizeof(there[0]));
    assert_true(json_object_is_type(list, json_type_array));
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *id = json_object_object_get(json_object_array_get_idx(list, i), "pool_id");
        const char *name = json_object_get_string(id);

        assert_true(strcmp(previous, name) < 0);
        previous = name;
        if (startswith(name, "p-"))
            there[strtoul(name + 2, NULL, 10)] = true;
    }
    json_object_put(list);
}

static char *whole_list(const Fixture *f)
{
    PoolsCursor cursor = {.begun = false};
    Text text = {.data = NULL};
    char *taken = NULL;

    assert_true(manager_write_pools(f->manager, &cursor, SIZE_MAX, &text));
    assert_int_equal(text_take(&text, &taken), 0);
    return taken;
}

static void test_same_as_whole(void **state)
{
    Fixture *f = *state;
    _cleanup_free_ char *whole = whole_list(f), *pieces = NULL;
    Client *c = client_new(f);

    client_send(c, GET);
    RUN_UNTIL(f, count_pieces(f) > 1);
    assert_non_null(strstr(c->received.data, "Content-Type: application/json\r\n"));
    pieces = receive_list(c);
    assert_string_equal(pieces, whole);
    assert_true(count_pieces(f) >= PIECES_MIN);
    client_expect(c, GET_HEALTH, 200, NULL);
    client_free(c);
}

/* What is one piece has its length, and HEAD tells it. */
static void test_one_piece(void **state)
{
    Fixture *f = *state;
    _cleanup_free_ char *whole = whole_list(f), *length = NULL;
    Client *c = client_new(f);
    Answer a;

    client_send(c, GET);
    client_receive(c, true, &a);
    assert_string_equal(a.body, whole);
    length = strdup(answer_header(&a, "Content-Length"));
    answer_clear(&a);
    client_send(c, REQUEST("HEAD", "1.1"));
    client_receive(c, false, &a);
    assert_string_equal(answer_header(&a, "Content-Length"), length);
    answer_clear(&a);
    client_expect(c, GET_HEALTH, 200, NULL);
    client_free(c);
}

static void test_head(void **state)
{
    Client *c = client_new(*state);
    Answer a;

    client_send(c, REQUEST("HEAD", "1.1"));
    client_receive(c, false, &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_header(&a, "Content-Type"), "application/json");
    assert_int_equal(count_pieces(*state), 1);
    answer_clear(&a);
    client_expect(c, GET_HEALTH, 200, NULL);
    client_free(c);
}

/* It knows no chunks: the end of the list is that of the connection. */
static void test_http_1_0(void **state)
{
    Fixture *f = *state;
    _cleanup_free_ char *whole = whole_list(f);
    Client *c = client_new(f);

    client_send(c, REQUEST("GET", "1.0"));
    RUN_UNTIL(f, c->closed);
    assert_false(c->reset);
    assert_null(strstr(c->received.data, "Transfer-Encoding"));
    client_expect_text(c, "\r\n\r\n");
    assert_string_equal(c->received.data, whole);
    client_free(c);
}

/* Before each piece one pool goes that was written, one that was not yet, and others come. */
static void test_pools_come_and_go(void **state)
{
    Fixture *f = *state;
    Client *c = client_new_unix(f);
    bool gone[POOLS] = {false}, there[POOLS];
    _cleanup_free_ char *text = NULL;
    unsigned pieces = 0;

    client_send(c, GET);
    while (!c->received.data || !strstr(c->received.data, "\r\n0\r\n\r\n")) {
        fixture_run(f);
        if (count_pieces(f) == pieces || pieces >= PIECES_MIN)
            continue;
        for (size_t i = pieces; i < POOLS; i += POOLS / 2) {
            gone[i] = true;
            fake_manager_remove_pool(f->manager, name_of(i));
        }
        fake_manager_add_pool(f->manager, pieces % 2 ? "a" : "b");
        fake_manager_add_pool(f->manager, pieces % 2 ? "y" : "z");
        pieces++;
    }
    text = receive_list(c);
    read_list(text, there);
    for (size_t i = 0; i < POOLS; i++)
        assert_true(there[i] || gone[i]);
    assert_int_equal(pieces, PIECES_MIN);
    assert_false(there[POOLS / 2 + 1]);
    assert_non_null(strstr(text, "\"pool_id\":\"z\""));
    client_free(c);
}

static void test_others_in_between(void **state)
{
    Fixture *f = *state;
    Client *c = client_new(f), *other = client_new(f);
    _cleanup_free_ char *text = NULL;
    bool there[POOLS];

    client_expect(other, GET_HEALTH, 200, NULL);
    fake_manager_set_slow(f->manager, SLOW_USEC);
    client_send(c, GET);
    RUN_UNTIL(f, count_pieces(f) > 0);
    client_expect(other, GET_HEALTH, 200, NULL);
    client_expect(other, "GET /pools/p-0999/status HTTP/1.1\r\nHost: h\r\n\r\n", 200, NULL);
    assert_true(count_pieces(f) < PIECES_MIN);
    fake_manager_set_slow(f->manager, 0);
    text = receive_list(c);
    read_list(text, there);
    for (size_t i = 0; i < POOLS; i++)
        assert_true(there[i]);
    client_free(other);
    client_free(c);
}

/* Clients that ask and do not read are left with a piece for each, and go after some of them. */
static void test_client_goes(void **state)
{
    Fixture *f = *state;

    for (unsigned pieces = 0; pieces < PIECES_MIN; pieces++) {
        Client *c = pieces % 2 ? client_new(f) : client_new_unix(f);
        unsigned before = count_pieces(f);

        if (pieces % 3 == 0)
            client_stop_reading(c);
        client_send(c, GET);
        RUN_UNTIL(f, count_pieces(f) > before + (pieces % 3 ? pieces : 0));
        client_free(c);
        fixture_settle(f);
    }
}

/* Asks for the list, and has another process hold the lock once a part of it is there. */
static Client *wait_for_lock(Fixture *f)
{
    Client *c = client_new(f);

    client_send(c, GET);
    RUN_UNTIL(f, count_pieces(f) > 1);
    fake_manager_hold_lock(f->manager, true);
    RUN_UNTIL(f, fake_manager_count_access_waiters(f->manager) == 1);
    return c;
}

static void test_lock_is_waited_for(void **state)
{
    Fixture *f = *state;
    _cleanup_free_ char *whole = whole_list(f), *pieces = NULL;
    Client *c = wait_for_lock(f);

    fake_manager_hold_lock(f->manager, false);
    pieces = receive_list(c);
    assert_string_equal(pieces, whole);
    client_free(c);
}

/* A part of the list must not be taken for all of it. */
static void test_lock_is_not_had(void **state)
{
    Fixture *f = *state;
    Client *c = wait_for_lock(f);

    fake_manager_lock_times_out(f->manager);
    RUN_UNTIL(f, c->closed);
    assert_null(strstr(c->received.data, "\r\n0\r\n\r\n"));
    client_free(c);
    fake_manager_hold_lock(f->manager, false);
}

static void test_client_goes_while_it_waits(void **state)
{
    Fixture *f = *state;

    client_free(wait_for_lock(f));
    RUN_UNTIL(f, fake_manager_count_access_waiters(f->manager) == 0);
    fake_manager_hold_lock(f->manager, false);
}

static void test_server_goes_while_it_waits(void **state)
{
    Fixture *f = *state;
    Client *c = wait_for_lock(f);

    fixture_stop(f);
    assert_int_equal(fake_manager_count_access_waiters(f->manager), 0);
    RUN_UNTIL(f, c->closed);
    assert_null(strstr(c->received.data, "\r\n0\r\n\r\n"));
    client_free(c);
}

#define WITH_POOLS(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_one_piece, fixture_setup, fixture_teardown),
            WITH_POOLS(test_same_as_whole),
            WITH_POOLS(test_head),
            WITH_POOLS(test_http_1_0),
            WITH_POOLS(test_pools_come_and_go),
            WITH_POOLS(test_others_in_between),
            WITH_POOLS(test_client_goes),
            WITH_POOLS(test_lock_is_waited_for),
            WITH_POOLS(test_lock_is_not_had),
            WITH_POOLS(test_client_goes_while_it_waits),
            WITH_POOLS(test_server_goes_while_it_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
