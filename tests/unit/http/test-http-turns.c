/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-fixture.h"

#include <time.h>

#define GET_HEALTH "GET /health HTTP/1.1\r\nHost: h\r\n\r\n"

static usec_t clock_usec(void)
{
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (usec_t)now.tv_sec * USEC_PER_SEC + (usec_t)now.tv_nsec / 1000;
}

/* One of many calls from the bus: after each there is the next one. */
static int on_call(sd_event_source *source, void *userdata)
{
    size_t *calls = userdata;
    usec_t until = clock_usec() + 100;

    while (clock_usec() < until)
        ;
    ++*calls;
    return 0;
}

/* What comes before clients never ends: they are answered all the same. */
static void test_flood(void **state)
{
    Fixture *f = *state;
    Client *c = client_new(f);
    sd_event_source *flood = NULL;
    usec_t start;
    size_t calls = 0;

    client_expect(c, GET_HEALTH, 200, NULL);
    assert_true(sd_event_add_defer(f->event, &flood, on_call, &calls) >= 0);
    assert_true(sd_event_source_set_enabled(flood, SD_EVENT_ON) >= 0);
    /* Before HTTP, behind the client of this test. */
    assert_true(sd_event_source_set_priority(flood, SD_EVENT_PRIORITY_NORMAL + 1) >= 0);
    for (int i = 0; i < 10; i++) {
        client_send(c, GET_HEALTH);
        start = clock_usec();
        while (c->received.length == 0 && clock_usec() - start < USEC_PER_SEC)
            fixture_run(f);
        assert_true(c->received.length > 0);
        text_done(&c->received);
    }
    /* But they do not come first. */
    assert_true(calls > 100);
    sd_event_source_disable_unref(flood);
    client_free(c);
}

enum {
    CROWD = 60,
    SLOW_USEC = 500,
    /* A turn is over after 2 ms; what has begun by then is ended. */
    MOST_OF_A_TURN = 2000 / SLOW_USEC + 1,
};

/* Sends the same for each of CROWD clients, of which every `half_closed`-th says that this was all.
 */
static void crowd_send(Fixture *f, Client *crowd[CROWD], const char *request, size_t half_closed)
{
    for (size_t i = 0; i < CROWD; i++)
        crowd[i] = client_new(f);
    fixture_settle(f);
    for (size_t i = 0; i < CROWD; i++) {
        client_send(crowd[i], request);
        if (half_closed && i % half_closed == 0)
            assert_int_equal(shutdown(crowd[i]->fd, SHUT_WR), 0);
    }
}

static void crowd_free(Fixture *f, Client *crowd[CROWD])
{
    for (size_t i = 0; i < CROWD; i++)
        client_free(crowd[i]);
    fixture_settle(f);
}

static unsigned count_served(const Fixture *f)
{
    return fake_manager_count_reads(f->manager) + fake_manager_count_writes(f->manager);
}

/* However many there are, no turn of the loop serves more than a few; each gets its answer. */
static void expect_turns(Fixture *f, const char *request, int status)
{
    Client *crowd[CROWD];
    unsigned first = count_served(f), most = 0;

    crowd_send(f, crowd, request, 2);
    while (count_served(f) < first + CROWD) {
        unsigned before = count_served(f), of_turn;

        fixture_run(f);
        of_turn = count_served(f) - before;
        if (of_turn > most)
            most = of_turn;
    }
    assert_in_range(most, 1, MOST_OF_A_TURN);
    for (size_t i = 0; i < CROWD; i++) {
        Answer a;

        client_receive(crowd[i], true, &a);
        assert_int_equal(a.status, status);
        answer_clear(&a);
    }
    crowd_free(f, crowd);
}

static void test_crowd(void **state)
{
    Fixture *f = *state;

    fake_manager_set_slow(f->manager, SLOW_USEC);
    expect_turns(f, "GET /pools HTTP/1.1\r\nHost: h\r\n\r\n", 200);
    expect_turns(f, "POST /pools/a/breaker/reset HTTP/1.1\r\nHost: h\r\n\r\n", 200);
}

/* Those that are put off are served to the last one, though nothing else happens. */
static void test_nobody_is_forgotten(void **state)
{
    Fixture *f = *state;
    Client *crowd[CROWD];

    fake_manager_set_slow(f->manager, SLOW_USEC);
    crowd_send(f, crowd, "GET /pools HTTP/1.1\r\nHost: h\r\n\r\n", 0);
    RUN_UNTIL(f, count_served(f) > 0);
    fake_manager_set_slow(f->manager, 0);
    RUN_UNTIL(f, count_served(f) == CROWD);
    crowd_free(f, crowd);
}

/* Those who look whether the daemon lives, and those who read, need not wait for a crowd that
 * commands. */
static void test_before_a_crowd(void **state)
{
    Fixture *f = *state;
    Client *crowd[CROWD], *reader = client_new(f);

    fake_manager_set_slow(f->manager, SLOW_USEC);
    crowd_send(f, crowd, "POST /pools/a/breaker/reset HTTP/1.1\r\nHost: h\r\n\r\n", 0);
    RUN_UNTIL(f, count_served(f) > 0);
    client_expect(reader, GET_HEALTH, 200, NULL);
    client_expect(reader, "GET /pools/a/status HTTP/1.1\r\nHost: h\r\n\r\n", 200, NULL);
    assert_in_range(fake_manager_count_writes(f->manager), 1, CROWD - 1);
    client_free(reader);
    crowd_free(f, crowd);
}

/* An answer in pieces has a part of the turns, and nothing of it is lost. */
static void test_stream_beside_a_crowd(void **state)
{
    Fixture *f = *state;
    Client *crowd[CROWD], *reader = client_new(f);

    fake_manager_set_slow(f->manager, SLOW_USEC);
    fake_manager_set_more_metrics(f->manager, 9999);
    crowd_send(f, crowd, "GET /pools HTTP/1.1\r\nHost: h\r\n\r\n", 0);
    client_send(reader, "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
    client_expect_text(reader, "pools_of_the_manager_too 10000\n");
    client_expect_text(reader, "\r\n0\r\n\r\n");
    client_free(reader);
    for (size_t i = 0; i < CROWD; i++)
        client_expect_text(crowd[i], " 200 OK\r\n");
    crowd_free(f, crowd);
}

/* Clients go, and at last the server, while many wait for their turn. */
static void test_end_of_turns(void **state)
{
    Fixture *f = *state;
    Client *crowd[CROWD];

    fake_manager_set_slow(f->manager, SLOW_USEC);
    crowd_send(f, crowd, "GET /pools HTTP/1.1\r\nHost: h\r\n\r\n", 0);
    RUN_UNTIL(f, count_served(f) > 0);
    for (size_t i = 0; i < CROWD; i += 3) {
        client_free(crowd[i]);
        crowd[i] = NULL;
    }
    fixture_stop(f);
    for (size_t i = 0; i < CROWD; i++) {
        if (!crowd[i])
            continue;
        client_expect_text(crowd[i], " 200 OK\r\n");
        RUN_UNTIL(f, crowd[i]->closed);
        client_free(crowd[i]);
    }
}

static int setup_pool(void **state)
{
    int r = fixture_setup(state);

    if (r == 0)
        fake_manager_add_pool(((Fixture *)*state)->manager, "a");
    return r;
}

#define WITH_POOL(f) cmocka_unit_test_setup_teardown(f, setup_pool, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            WITH_POOL(test_flood),
            WITH_POOL(test_crowd),
            WITH_POOL(test_nobody_is_forgotten),
            WITH_POOL(test_before_a_crowd),
            WITH_POOL(test_stream_beside_a_crowd),
            WITH_POOL(test_end_of_turns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
