/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "reload-fixture.h"

/* The samples of a pool, as they are scraped. */

static char *scrape(const Fixture *f)
{
    Text t = {.data = NULL};
    char *text;

    for (size_t i = 0; i < pool_metrics_names(); i++) {
        pool_metrics_describe(&t, i);
        pool_metrics_write(&t, i, f->pool, &f->metrics, &f->settings, f->now);
    }
    assert_int_equal(text_take(&t, &text), 0);
    return text;
}

/* Fails unless each of the lines is there, up to NULL. */
static void assert_lines(const Fixture *f, const char *const lines[])
{
    _cleanup_free_ char *text = scrape(f);

    for (size_t i = 0; lines[i]; i++) {
        char line[256];

        (void)snprintf(line, sizeof(line), "\n%s\n", lines[i]);
        if (!strstr(text, line))
            fail_msg("there is no %s in\n%s", lines[i], text);
    }
}

static void assert_no_sample(const Fixture *f, const char *name)
{
    _cleanup_free_ char *text = scrape(f);
    char start[128];

    (void)snprintf(start, sizeof(start), "\n%s", name);
    if (strstr(text, start))
        fail_msg("there is a sample of %s in\n%s", name, text);
}

/* The names of the contract, with their types. */
static void test_names(void **state)
{
    static const char *const lines[] = {
            "# TYPE preload_failure_total counter",
            "# TYPE restart_total counter",
            "# TYPE restart_scheduled_total counter",
            "# TYPE engine_crash_total counter",
            "# TYPE gpu_memory_held_total counter",
            "# TYPE circuit_breaker_open_total counter",
            "# TYPE restart_storm_total counter",
            "# TYPE pool_drain_total counter",
            "# TYPE pool_drain_force_stop_total counter",
            "# TYPE pool_reload_success_total counter",
            "# TYPE pool_reload_failure_total counter",
            "# TYPE slots_total gauge",
            "# TYPE slots_free gauge",
            "# TYPE active_leases gauge",
            "# TYPE circuit_breaker_state gauge",
            "# TYPE restart_rate gauge",
            "# TYPE pool_state gauge",
            "# TYPE backoff_delay_ms histogram",
            "# TYPE pool_drain_duration_ms histogram",
            "# TYPE pool_reload_duration_ms histogram",
            "# TYPE engine_start_duration_ms histogram",
            NULL,
    };
    Fixture *f = *state;

    assert_lines(f, lines);
    assert_int_equal(pool_metrics_names(), ELEMENTSOF(lines)); /* the first begins the text */
}

/* An entry that never had an engine. */
static void test_registered(void **state)
{
    static const char *const lines[] = {
            "preload_success_total{pool_id=\"pool-a\"} 0",
            "restart_total{pool_id=\"pool-a\"} 0",
            "active_leases{pool_id=\"pool-a\"} 0",
            "circuit_breaker_state{pool_id=\"pool-a\"} 0",
            "restart_rate{pool_id=\"pool-a\"} 0",
            "pool_state{pool_id=\"pool-a\",state=\"off\"} 1",
            "pool_state{pool_id=\"pool-a\",state=\"ready\"} 0",
            NULL,
    };
    static const char *const absent[] = {
            "preload_failure_total", "engine_crash_total", "pool_drain_total",
            "backoff_delay_ms",      "slots_total",        "slots_free",
    };
    Fixture *f = *state;

    assert_lines(f, lines);
    for (size_t i = 0; i < ELEMENTSOF(absent); i++)
        assert_no_sample(f, absent[i]);
}

/* B-METRICS-008, B-METRICS-009, B-METRICS-010 */
static void test_slots_and_leases(void **state)
{
    static const char *const lines[] = {
            "slots_total{pool_id=\"pool-a\"} 4",
            "slots_free{pool_id=\"pool-a\"} 2",
            "active_leases{pool_id=\"pool-a\"} 2",
            NULL,
    };
    Fixture *f = *state;

    reach(f, POOL_READY);
    f->pool->meta.slots_total = 4;
    (void)lease_for(f, SPEC_UNSET);
    (void)lease_for(f, SPEC_UNSET);
    assert_lines(f, lines);
}

/* B-METRICS-001, B-METRICS-002, B-METRICS-006, B-METRICS-007: what has not happened yet is 0. */
static void test_ready(void **state)
{
    static const char *const lines[] = {
            "preload_success_total{pool_id=\"pool-a\"} 1",
            "preload_failure_total{pool_id=\"pool-a\",reason=\"other\"} 0",
            "preload_failure_total{pool_id=\"pool-a\",reason=\"process_exit\"} 0",
            "preload_failure_total{pool_id=\"pool-a\",reason=\"drain_timeout\"} 0",
            "preload_failure_total{pool_id=\"pool-a\",reason=\"cancelled\"} 0",
            "preload_failure_total{pool_id=\"pool-a\",reason=\"stop_failed\"} 0",
            "engine_crash_total{pool_id=\"pool-a\",reason=\"cuda_error\"} 0",
            "pool_drain_total{pool_id=\"pool-a\",outcome=\"completed\"} 0",
            "pool_drain_total{pool_id=\"pool-a\",outcome=\"forced\"} 0",
            "pool_drain_total{pool_id=\"pool-a\",outcome=\"cancelled\"} 0",
            "pool_drain_total{pool_id=\"pool-a\",outcome=\"failed\"} 0",
            "backoff_delay_ms_bucket{pool_id=\"pool-a\",le=\"300000\"} 0",
            "backoff_delay_ms_sum{pool_id=\"pool-a\"} 0",
            "backoff_delay_ms_count{pool_id=\"pool-a\"} 0",
            "engine_start_duration_ms_count{pool_id=\"pool-a\"} 1",
            "pool_state{pool_id=\"pool-a\",state=\"ready\"} 1",
            "pool_state{pool_id=\"pool-a\",state=\"off\"} 0",
            NULL,
    };
    Fixture *f = *state;

    reach(f, POOL_READY);
    assert_lines(f, lines);
}

static void test_backoff(void **state)
{
    static const char *const lines[] = {
            "engine_crash_total{pool_id=\"pool-a\",reason=\"signal\"} 1",
            "restart_scheduled_total{pool_id=\"pool-a\",reason=\"signal\"} 1",
            "backoff_delay_ms_bucket{pool_id=\"pool-a\",le=\"500\"} 0",
            "backoff_delay_ms_bucket{pool_id=\"pool-a\",le=\"1000\"} 1",
            "backoff_delay_ms_bucket{pool_id=\"pool-a\",le=\"+Inf\"} 1",
            "backoff_delay_ms_sum{pool_id=\"pool-a\"} 1000",
            "restart_rate{pool_id=\"pool-a\"} 0",
            "pool_state{pool_id=\"pool-a\",state=\"backoff\"} 1",
            NULL,
    };
    static const char *const back[] = {
            "restart_total{pool_id=\"pool-a\"} 1",
            "restart_rate{pool_id=\"pool-a\"} 1",
            NULL,
    };
    static const char *const later[] = {
            "restart_total{pool_id=\"pool-a\"} 1",
            "restart_rate{pool_id=\"pool-a\"} 0",
            NULL,
    };
    Fixture *f = *state;

    reach(f, POOL_READY);
    crash(f);
    assert_lines(f, lines);
    comes_back(f);
    assert_lines(f, back);
    pass(f, 61 * USEC_PER_SEC);
    assert_lines(f, later);
}

static void test_circuit(void **state)
{
    static const char *const open[] = {"circuit_breaker_state{pool_id=\"pool-a\"} 1",
                                       "circuit_breaker_open_total{pool_id=\"pool-a\"} 1", NULL};
    static const char *const half_open[] = {"circuit_breaker_state{pool_id=\"pool-a\"} 2", NULL};
    Fixture *f = *state;

    f->settings.supervision.breaker_threshold = 1;
    reach(f, POOL_READY);
    crash(f);
    assert_lines(f, open);
    timer(f);
    assert_lines(f, half_open);
}

/* An engine that has ended and is not judged yet is shown as everywhere else. */
static void test_judging(void **state)
{
    static const char *const lines[] = {"pool_state{pool_id=\"pool-a\",state=\"stopping\"} 1",
                                        "pool_state{pool_id=\"pool-a\",state=\"failed\"} 0", NULL};
    Fixture *f = *state;

    reach(f, POOL_READY);
    f->reads_output = true;
    crash(f);
    assert_true(f->pool->judging);
    assert_lines(f, lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_names),   pool_test(test_registered), pool_test(test_slots_and_leases),
            pool_test(test_ready),   pool_test(test_backoff),    pool_test(test_circuit),
            pool_test(test_judging),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
