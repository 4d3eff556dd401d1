/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "fixture.h"

#define URL   "http://127.0.0.1:9000"
#define OTHER "http://127.0.0.1:9001"

static void assert_serves(const Fixture *f, const char *url, uint64_t generation)
{
    assert_string_equal(f->pool->external->url, url);
    assert_int_equal(f->pool->generation, generation);
    assert_true(pool_is_live(f->pool));
    assert_true(pool_is_ready(f->pool));
    assert_false(pool_has_engine(f->pool));
    assert_false(pool_has_handoff(f->pool));
}

/* B-REG-100, B-REG-105, B-REG-106: ready from the moment that it is registered. */
static void test_register(void **state)
{
    Fixture *f = *state;
    Handoff *h = handoff_sample("http://[::1]:9000/x");

    h->slots_total = 4;
    fresh(f, POOL_FAILED);
    assert_non_null(f->pool->last_error);
    pass(f, USEC_PER_SEC);
    register_handoff(f, h, false);
    expect(f, POOL_EXTERNAL, "save-leases log:external save probe");
    assert_serves(f, "http://[::1]:9000/x", 1);
    assert_string_equal(pool_host(f->pool), "::1");
    assert_int_equal(pool_port(f->pool), 9000);
    assert_string_equal(pool_replica(f->pool), "r0");
    assert_int_equal(f->pool->meta.slots_total, 4);
    assert_null(f->pool->last_error);
    assert_int_equal(f->pool->last_error_class, FAILURE_NONE);
    assert_int_equal(f->pool->last_heartbeat_real, f->now.real);
    assert_int_equal(f->pool->started.mono, f->now.mono);
}

/* Of a pool that has an engine of ours it changes nothing; that one is told nothing either. */
static void test_register_over_an_engine(void **state)
{
    static const PoolState with_engine[] = {POOL_PREFLIGHT, POOL_STARTING, POOL_WARMING,
                                            POOL_READY,     POOL_STOPPING, POOL_ADOPTING};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(with_engine); i++) {
        uint64_t generation;

        fresh(f, with_engine[i]);
        generation = f->pool->generation;
        register_handoff(f, handoff_sample(URL), true);
        expect(f, with_engine[i], "");
        assert_null(f->pool->external);
        assert_int_equal(f->pool->generation, generation);
        handoff_gone(f);
        expect(f, with_engine[i], "");
    }
}

/* The same engine, described again: who uses it goes on. */
static void test_register_again(void **state)
{
    Fixture *f = *state;
    Handoff *again = handoff_sample(URL);

    reach(f, POOL_EXTERNAL);
    probe(f, true);
    (void)lease_for(f, SPEC_UNSET);
    again->slots_total = 8;
    register_handoff(f, again, false);
    expect(f, POOL_EXTERNAL, "log:external save probe");
    assert_serves(f, URL, 1);
    assert_int_equal(f->pool->leases.count, 1);
    assert_int_equal(f->pool->meta.slots_total, 8);
}

/* The health check that runs is of this engine: it goes on. */
static void test_register_again_while_probing(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_EXTERNAL);
    register_handoff(f, handoff_sample(URL), false);
    expect(f, POOL_EXTERNAL, "log:external save");
    probe(f, true);
    assert_serves(f, URL, 1);
}

/* Another engine: nobody has a lease of it, and a late word about the old one is stale. */
static void test_register_another(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_EXTERNAL);
    (void)lease_for(f, SPEC_UNSET);
    register_handoff(f, handoff_sample(OTHER), false);
    expect(f, POOL_EXTERNAL, "no-probe save-leases log:external save probe");
    assert_serves(f, OTHER, 2);
    assert_int_equal(f->pool->leases.count, 0);
    step(f, (Event){.type = EVENT_PROBE, .generation = 1, .probe = {.good = false}});
    expect(f, POOL_EXTERNAL, "log:stale");
    assert_serves(f, OTHER, 2);
}

/* Checked from then on: N bad health checks in a row make it not live, and it is never stopped. */
static void test_lost(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_EXTERNAL);
    probe(f, true);
    expect(f, POOL_EXTERNAL, "");
    assert_int_equal(pool_next_deadline(f->pool), f->now.mono + 5 * USEC_PER_SEC);
    for (int i = 0; i < 2; i++) {
        timer(f);
        expect(f, POOL_EXTERNAL, "probe");
        probe(f, false);
        expect(f, POOL_EXTERNAL, "");
        assert_true(pool_is_live(f->pool));
        assert_false(pool_is_ready(f->pool));
    }
    timer(f);
    probe(f, false);
    expect(f, POOL_EXTERNAL, "log:lost save");
    assert_false(pool_is_live(f->pool));
    assert_string_equal(f->pool->last_error,
                        "3 health checks in a row failed; the last: connection refused");
    assert_int_equal(f->pool->last_error_class, FAILURE_HEALTH_CHECK);
    timer(f);
    probe(f, false);
    expect(f, POOL_EXTERNAL, ""); /* said once */
}

static void lose(Fixture *f)
{
    while (!f->pool->external_is_lost) {
        if (!f->pool->probe_running)
            timer(f);
        probe(f, false);
    }
}

static void test_back(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_EXTERNAL);
    (void)lease_for(f, SPEC_UNSET);
    lose(f);
    timer(f);
    probe(f, true);
    expect(f, POOL_EXTERNAL, "log:back save");
    assert_serves(f, "http://127.0.0.1:9000", 1);
    assert_null(f->pool->last_error);
    assert_int_equal(f->pool->last_error_class, FAILURE_NONE);
    assert_int_equal(f->pool->last_heartbeat_real, f->now.real);
    assert_int_equal(f->pool->leases.count, 1);
}

/* In a row: a good one in between begins the count again. */
static void test_not_in_a_row(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_EXTERNAL);
    for (int i = 0; i < 7; i++) {
        probe(f, i % 3 == 2);
        expect(f, POOL_EXTERNAL, "");
        timer(f);
    }
    assert_true(pool_is_live(f->pool));
}

static void test_registered_again_when_lost(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_EXTERNAL);
    lose(f);
    register_handoff(f, handoff_sample(URL), false);
    expect(f, POOL_EXTERNAL, "log:external save probe");
    assert_serves(f, URL, 1);
    assert_null(f->pool->last_error);
}

/* With its file goes the pool, unless somebody has registered it. */
static void test_file_gone(void **state)
{
    static const struct {
        bool registered;
        const char *effects;
    } cases[] = {
            {false, "log:gone no-probe forget"},
            {true, "log:gone no-probe save-leases save"},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        fresh(f, POOL_OFF);
        f->pool->registered = cases[i].registered;
        register_handoff(f, handoff_sample(URL), true);
        (void)lease_for(f, 1000);
        handoff_gone(f);
        expect(f, POOL_OFF, cases[i].effects);
        assert_null(f->pool->external);
        assert_int_equal(f->pool->leases.count, 0);
        assert_false(pool_is_live(f->pool));
        assert_int_equal(pool_next_deadline(f->pool), USEC_INFINITY);
    }
    /* Its number is not used again. */
    register_handoff(f, handoff_sample(URL), true);
    assert_int_equal(f->pool->generation, 2);
}

/* What a request has said does not go with a file. */
static void test_file_gone_after_a_request(void **state)
{
    Fixture *f = *state;

    register_handoff(f, handoff_sample(URL), true);
    register_handoff(f, handoff_sample(URL), false);
    handoff_gone(f);
    expect(f, POOL_EXTERNAL, "");
    assert_serves(f, URL, 1);
}

static void test_file_gone_without_engine(void **state)
{
    Fixture *f = *state;

    handoff_gone(f);
    expect(f, POOL_OFF, "");
}

/* None of the commands touches an engine that is not ours. */
static void test_commands(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_EXTERNAL);
    preload(f);
    expect(f, POOL_EXTERNAL, "end:preload:ALREADY_RUNNING");
    stop(f);
    expect(f, POOL_EXTERNAL, "end:stop:NO_ENGINE");
    restart_engine(f);
    expect(f, POOL_EXTERNAL, "end:restart:ALREADY_RUNNING");
    observe(f, unit_failed(CLD_KILLED, SIGKILL, UNIT_RESULT_SIGNAL));
    expect(f, POOL_EXTERNAL, "");
    deregister(f);
    expect(f, POOL_OFF, "no-probe log:deregistered end:deregister:success forget");
}

/* After our restart it is checked at once. */
static void test_recover(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_EXTERNAL);
    (void)lease_for(f, SPEC_UNSET);
    restart(f, unit_gone());
    expect(f, POOL_EXTERNAL, "probe");
    assert_serves(f, "http://127.0.0.1:9000", 1);
    assert_int_equal(f->pool->leases.count, 1);
    probe(f, true);
    expect(f, POOL_EXTERNAL, "");
}

/* One that was lost is not taken for well, and that it is back is told. */
static void test_recover_lost(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_EXTERNAL);
    lose(f);
    restart(f, unit_gone());
    expect(f, POOL_EXTERNAL, "probe");
    assert_false(pool_is_live(f->pool));
    assert_false(pool_is_ready(f->pool));
    assert_non_null(f->pool->last_error);
    probe(f, true);
    expect(f, POOL_EXTERNAL, "log:back save");
    assert_null(f->pool->last_error);
    assert_serves(f, "http://127.0.0.1:9000", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_register),
            pool_test(test_register_over_an_engine),
            pool_test(test_register_again),
            pool_test(test_register_again_while_probing),
            pool_test(test_register_another),
            pool_test(test_lost),
            pool_test(test_back),
            pool_test(test_not_in_a_row),
            pool_test(test_registered_again_when_lost),
            pool_test(test_file_gone),
            pool_test(test_file_gone_after_a_request),
            pool_test(test_file_gone_without_engine),
            pool_test(test_commands),
            pool_test(test_recover),
            pool_test(test_recover_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
