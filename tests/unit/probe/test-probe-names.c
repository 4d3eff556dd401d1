/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe-fixture.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>

/* Host names that must be looked up: the loop goes on meanwhile, however long that takes. */

#define PATIENT (10 * USEC_PER_SEC)
#define SHORT   (100 * USEC_PER_MSEC)

static const Script ok_script = {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};

/* Lookups of "slow.test" wait at the gate until the test opens it. libcurl may do several for one
 * try. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool gate_open;
static unsigned waiting;
static unsigned arrivals;

typedef int (*GetaddrinfoFunc)(const char *, const char *, const struct addrinfo *,
                               struct addrinfo **);

static void wait_at_gate(void)
{
    pthread_mutex_lock(&lock);
    waiting++;
    arrivals++;
    pthread_cond_broadcast(&changed);
    while (!gate_open)
        pthread_cond_wait(&changed, &lock);
    waiting--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* Stands in for the C library's, which libcurl calls in a thread. */
int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict req, struct addrinfo **restrict pai)
{
    GetaddrinfoFunc real;

    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (name && streq(name, "gone.test"))
        return EAI_NONAME;
    if (name && streq(name, "slow.test")) {
        wait_at_gate();
        name = "127.0.0.1";
    }
    if (name && streq(name, "quick.test"))
        name = "127.0.0.1";
    return real(name, service, req, pai);
}

static void close_gate(void)
{
    pthread_mutex_lock(&lock);
    gate_open = false;
    arrivals = 0;
    pthread_mutex_unlock(&lock);
}

static void await_lookup(void)
{
    pthread_mutex_lock(&lock);
    while (arrivals == 0)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

/* Lets all lookups end, and waits until they have. */
static void open_gate(void)
{
    pthread_mutex_lock(&lock);
    gate_open = true;
    pthread_cond_broadcast(&changed);
    while (waiting > 0)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static ProbeTarget serve(Fixture *f, const char *host)
{
    f->server = scripted_server_new(f->event, "127.0.0.1", &ok_script);
    return (ProbeTarget){.host = host,
                         .port = scripted_server_port(f->server),
                         .path = "/",
                         .timeout_usec = PATIENT};
}

static void test_name(void **state)
{
    Fixture *f = *state;
    ProbeTarget target = serve(f, "quick.test");
    Result r = fixture_try(f, &target);

    assert_good(&r);
    assert_non_null(strstr(scripted_server_request(f->server), "\r\nHost: quick.test:"));
}

static void test_unknown_name(void **state)
{
    Fixture *f = *state;
    ProbeTarget target = serve(f, "gone.test");
    Result r = fixture_try(f, &target);

    assert_bad(&r, "the host name has no address");
}

/* The lookup ends only after the other try did. */
static void test_lookup_does_not_block(void **state)
{
    Fixture *f = *state;
    ProbeTarget slow = serve(f, "slow.test"), quick = slow;
    Result blocked, other;

    close_gate();
    quick.host = "127.0.0.1";
    fixture_start(f, &slow, &blocked);
    other = fixture_try(f, &quick);
    assert_good(&other);
    await_lookup();
    assert_int_equal(blocked.calls, 0);

    open_gate();
    fixture_run_until(f, &blocked.calls, 1);
    assert_good(&blocked);
}

static void test_timeout_during_lookup(void **state)
{
    Fixture *f = *state;
    ProbeTarget slow = serve(f, "slow.test");
    Result r;

    close_gate();
    slow.timeout_usec = SHORT;
    r = fixture_try(f, &slow);
    assert_bad(&r, "no answer within 100 ms");
    await_lookup();
    open_gate();
}

static void test_cancel_during_lookup(void **state)
{
    Fixture *f = *state;
    ProbeTarget slow = serve(f, "slow.test");
    Result r;
    Probe *probe;

    close_gate();
    probe = fixture_start(f, &slow, &r);
    fixture_turn(f, PATIENT);
    await_lookup();
    assert_null(probe_free(probe));
    open_gate();
    assert_int_equal(r.calls, 0);
}

static void test_prober_freed_during_lookup(void **state)
{
    Fixture *f = *state;
    ProbeTarget slow = serve(f, "slow.test");
    Result r;

    close_gate();
    fixture_start(f, &slow, &r);
    fixture_turn(f, PATIENT);
    await_lookup();
    f->prober = prober_free(f->prober);
    open_gate();
    assert_int_equal(r.calls, 0);
}

#define PROBE_TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            PROBE_TEST(test_name),
            PROBE_TEST(test_unknown_name),
            PROBE_TEST(test_lookup_does_not_block),
            PROBE_TEST(test_timeout_during_lookup),
            PROBE_TEST(test_cancel_during_lookup),
            PROBE_TEST(test_prober_freed_during_lookup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
