/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe-fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

/* Tries that are many, cancelled, or started and ended from within others. */

#define PATIENT (10 * USEC_PER_SEC)

enum {
    MANY = 200,
};

static const Script ok_script = {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};
static const Script silent_script = {NULL, .end = SCRIPT_HOLD};

/* A server for the test, and what a try of it looks like. */
static ProbeTarget serve(Fixture *f, const Script *script)
{
    scripted_server_free(f->server);
    f->server = scripted_server_new(f->event, "127.0.0.1", script);
    return (ProbeTarget){.host = "127.0.0.1",
                         .port = scripted_server_port(f->server),
                         .path = "/",
                         .timeout_usec = PATIENT};
}

/* Turns the loop until the server has `wanted` open connections that are accepted. */
static void run_until_open(Fixture *f, unsigned wanted)
{
    usec_t give_up = now_usec() + PATIENT;

    while (scripted_server_open(f->server) != wanted) {
        assert_true(now_usec() < give_up);
        fixture_turn(f, USEC_PER_SEC);
    }
}

static unsigned count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void test_cancel_at_once(void **state)
{
    Fixture *f = *state;
    ProbeTarget target = serve(f, &ok_script);
    Result cancelled, other;

    assert_null(probe_free(fixture_start(f, &target, &cancelled)));
    other = fixture_try(f, &target);
    assert_good(&other);
    assert_int_equal(cancelled.calls, 0);
    assert_null(probe_free(NULL));
}

static void test_cancel_in_flight(void **state)
{
    Fixture *f = *state;
    ProbeTarget target = serve(f, &silent_script);
    Result cancelled;
    Probe *probe;

    probe = fixture_start(f, &target, &cancelled);
    run_until_open(f, 1);
    assert_null(probe_free(probe));
    run_until_open(f, 0); /* the connection is closed, not kept */
    assert_int_equal(cancelled.calls, 0);
}

static void test_many_at_once(void **state)
{
    static Result results[MANY];
    Fixture *f = *state;
    ProbeTarget target = serve(f, &ok_script);
    unsigned fds = count_fds();

    for (size_t i = 0; i < MANY; i++)
        fixture_start(f, &target, &results[i]);
    for (size_t i = 0; i < MANY; i++)
        fixture_run_until(f, &results[i].calls, 1);
    for (size_t i = 0; i < MANY; i++)
        assert_good(&results[i]);
    assert_int_equal(scripted_server_accepted(f->server), MANY);
    run_until_open(f, 0);
    assert_int_equal(count_fds(), fds);
}

/* One that hangs does not hold up the others, and each has its own time. */
static void test_hanging_ones_apart(void **state)
{
    static Result hanging[MANY / 2], quick[MANY / 2];
    Fixture *f = *state;
    ProbeTarget target = serve(f, &ok_script), silent;
    ScriptedServer *second = scripted_server_new(f->event, "127.0.0.1", &silent_script);

    silent = target;
    silent.port = scripted_server_port(second);
    silent.timeout_usec = 2 * USEC_PER_SEC;
    for (size_t i = 0; i < MANY / 2; i++) {
        fixture_start(f, &silent, &hanging[i]);
        fixture_start(f, &target, &quick[i]);
    }
    for (size_t i = 0; i < MANY / 2; i++) {
        fixture_run_until(f, &quick[i].calls, 1);
        assert_good(&quick[i]);
    }
    for (size_t i = 0; i < MANY / 2; i++)
        assert_int_equal(hanging[i].calls, 0);
    for (size_t i = 0; i < MANY / 2; i++) {
        fixture_run_until(f, &hanging[i].calls, 1);
        assert_bad(&hanging[i], "no answer within 2 s");
    }
    scripted_server_free(second);
}

static void test_prober_freed_in_flight(void **state)
{
    static Result results[MANY];
    Fixture *f = *state;
    ProbeTarget target = serve(f, &silent_script);
    Prober *second;

    for (size_t i = 0; i < MANY; i++)
        fixture_start(f, &target, &results[i]);
    run_until_open(f, MANY / 2);
    f->prober = prober_free(f->prober);

    /* Those that were connected but not accepted yet are closed too. */
    assert_int_equal(prober_new(f->event, &second), 0);
    f->prober = second;
    while (scripted_server_accepted(f->server) < MANY || scripted_server_open(f->server) > 0)
        fixture_turn(f, PATIENT);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(results[i].calls, 0);
}

/* A set of tries whose functions meddle with each other. */
typedef struct Group {
    Fixture *f;
    ProbeTarget target;
    Probe *probes[MANY];
    unsigned calls;
    unsigned left; /* to be started */
} Group;

static void start_one(Group *g, size_t i, ProbeFunc f)
{
    assert_int_equal(probe_start(g->f->prober, &g->target, f, g, &g->probes[i]), 0);
}

static void start_next(bool good, const char *error, void *userdata)
{
    Group *g = userdata;

    assert_true(good);
    g->calls++;
    if (g->left == 0)
        return;
    g->left--;
    start_one(g, 0, start_next);
}

static void test_start_within_function(void **state)
{
    Fixture *f = *state;
    Group g = {.f = f, .target = serve(f, &ok_script), .left = MANY - 1};

    start_one(&g, 0, start_next);
    fixture_run_until(f, &g.calls, MANY);
    assert_int_equal(g.left, 0);
    assert_int_equal(scripted_server_accepted(f->server), MANY);
}

static void cancel_others(bool good, const char *error, void *userdata)
{
    Group *g = userdata;

    /* All are for the same refused port; which one ends first does not matter: the last one started
     * is not it. */
    g->calls++;
    for (size_t i = 1; i < MANY; i++)
        g->probes[i] = probe_free(g->probes[i]);
}

/* Some of the others have ended by then, without their functions having been called. */
static void test_cancel_within_function(void **state)
{
    Fixture *f = *state;
    Group g = {.f = f, .target = serve(f, &ok_script)};
    Result last;

    f->server = scripted_server_free(f->server); /* now refused */
    start_one(&g, 0, cancel_others);
    for (size_t i = 1; i < MANY; i++)
        start_one(&g, i, cancel_others);
    fixture_run_until(f, &g.calls, 1);

    g.target = serve(f, &ok_script);
    last = fixture_try(f, &g.target);
    assert_good(&last);
    assert_int_equal(g.calls, 1);
}

static void free_prober(bool good, const char *error, void *userdata)
{
    Group *g = userdata;

    g->calls++;
    g->f->prober = prober_free(g->f->prober);
}

static void test_free_within_function(void **state)
{
    Fixture *f = *state;
    Group g = {.f = f, .target = serve(f, &ok_script)};

    for (size_t i = 0; i < MANY; i++)
        start_one(&g, i, free_prober);
    fixture_run_until(f, &g.calls, 1);
    run_until_open(f, 0);
    assert_int_equal(g.calls, 1);
    assert_int_equal(prober_new(f->event, &f->prober), 0);
}

/* Without descriptors a try fails and says so; the next one works. */
static void test_no_descriptors(void **state)
{
    Fixture *f = *state;
    ProbeTarget target = serve(f, &ok_script);
    struct rlimit saved, none;
    Result r;

    assert_return_code(getrlimit(RLIMIT_NOFILE, &saved), errno);
    none = saved;
    none.rlim_cur = 3;
    assert_return_code(setrlimit(RLIMIT_NOFILE, &none), errno);
    r = fixture_try(f, &target);
    assert_return_code(setrlimit(RLIMIT_NOFILE, &saved), errno);
    /* That says nothing of the server. */
    assert_int_equal(r.calls, 1);
    assert_false(r.good);
    assert_false(r.has_error);

    r = fixture_try(f, &target);
    assert_good(&r);
}

#define PROBE_TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            PROBE_TEST(test_cancel_at_once),         PROBE_TEST(test_cancel_in_flight),
            PROBE_TEST(test_many_at_once),           PROBE_TEST(test_hanging_ones_apart),
            PROBE_TEST(test_prober_freed_in_flight), PROBE_TEST(test_start_within_function),
            PROBE_TEST(test_cancel_within_function), PROBE_TEST(test_free_within_function),
            PROBE_TEST(test_no_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
