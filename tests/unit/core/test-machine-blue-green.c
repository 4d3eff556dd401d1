/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>

#include "reload-fixture.h"

/* Reload with the strategy blue-green: the new engine is started beside the one that serves, and
 * takes over when it is ready. */

#define FREE_PORT 40001

static EngineSpec *next_on_same_port(void)
{
    EngineSpec *spec = spec_next();

    spec->port = 8080;
    return spec;
}

static void blue_green(Fixture *f, EngineSpec *spec, uint16_t free_port)
{
    ReloadRequest *request = calloc(1, sizeof(ReloadRequest));

    assert_non_null(request);
    request->model_ref = strdup("hf:next");
    assert_non_null(request->model_ref);
    request->spec = spec;
    request->strategy = RELOAD_BLUE_GREEN;
    request->free_port = free_port;
    step(f, (Event){.type = EVENT_RELOAD,
                    .command = {.operation = ++f->operations,
                                .reload = request,
                                .within_usec = RELOAD_WITHIN_USEC}});
}

/* What happens to the engine beside. */
static void beside_step(Fixture *f, Event event)
{
    event.generation = f->pool->beside->generation;
    step(f, event);
}

static void beside_facts(Fixture *f, const char *field, const char *error)
{
    Event event = {.type = EVENT_FACTS, .facts = {.attempt = f->pool->beside->attempt}};

    if (error)
        (void)error_set(&event.facts.error, PM_ERROR_PRELOAD_FAILED, field, "%s", error);
    step(f, event);
}

static void beside_observe(Fixture *f, UnitObservation u)
{
    beside_step(f, (Event){.type = EVENT_UNIT, .unit = u});
}

static void beside_probe(Fixture *f, bool good)
{
    beside_step(f, (Event){.type = EVENT_PROBE, .probe = {.good = good, .error = "no"}});
}

static void beside_output(Fixture *f, const char *line)
{
    Event event = {.type = EVENT_OUTPUT};

    (void)snprintf(event.output.line, sizeof(event.output.line), "%s", line);
    beside_step(f, event);
}

/* The new engine runs, and is not healthy yet. */
static void reach_warming_beside(Fixture *f)
{
    reach(f, POOL_READY);
    blue_green(f, next_on_same_port(), FREE_PORT);
    beside_facts(f, NULL, NULL);
    beside_observe(f, unit_running());
    assert_int_equal(f->pool->beside->state, POOL_WARMING);
}

/* B-RELOAD-004 to 006, the pool never unready: the new engine comes on another port, the registry
 * and the handoff are its when it is ready, and only then the old one goes. */
static void test_takes_over(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    blue_green(f, next_on_same_port(), FREE_PORT);
    expect(f, POOL_READY, "log:reload +log:preload-started +facts log:beside save");
    assert_int_equal(f->pool->reload.phase, RELOAD_BESIDE);
    assert_int_equal(f->pool->beside->spec->port, FREE_PORT);
    assert_string_equal(f->pool->beside->spec->flags[strv_length(f->pool->beside->spec->flags) - 1],
                        "40001");
    assert_true(pool_is_ready(f->pool));
    assert_false(pool_is_draining(f->pool));
    beside_facts(f, NULL, NULL);
    expect(f, POOL_READY, "save +start");
    assert_int_equal(f->pool->beside->generation, 2);
    beside_observe(f, unit_running());
    expect(f, POOL_READY, "+log:started +probe");
    assert_string_equal(f->pool->meta.engine_version, "b4711");
    assert_int_equal(f->pool->generation, 1);
    pass(f, 3 * USEC_PER_SEC);
    beside_probe(f, true);
    expect(f, POOL_READY,
           "exchange pid handoff save save-leases log:ready log:reloaded end:reload:success "
           "+log:draining +log:stopping +stop");
    assert_int_equal(f->pool->generation, 2);
    assert_int_equal(f->pool->spec->port, FREE_PORT);
    assert_string_equal(f->pool->meta.engine_version, "b5000");
    assert_int_equal(f->pool->reload.phase, RELOAD_NONE);
    assert_int_equal(f->pool->beside->generation, 1);
    assert_int_equal(ended_operation(f)->duration_usec, 3 * USEC_PER_SEC);
    assert_string_equal(ended_operation(f)->note, "");
    beside_observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_READY, "+log:stopped save");
    assert_null(f->pool->beside);
    assert_int_equal(f->pool->crash_count, 0);
}

/* The leases of the old engine are waited for, and no longer than the drain's deadline; new ones
 * are of the new engine. */
static void test_leases_of_the_old_engine(void **state)
{
    Fixture *f = *state;
    char id[LEASE_ID_MAX + 1];

    reach_warming_beside(f);
    (void)lease_for(f, SPEC_UNSET);
    (void)lease_for(f, SPEC_UNSET);
    lease_id_format(f->pool, f->pool->leases.first, id);
    beside_probe(f, true);
    expect(f, POOL_READY,
           "exchange pid handoff save save-leases log:ready log:reloaded end:reload:success "
           "+log:draining");
    assert_non_null(strstr(ended_operation(f)->note, "generation 1"));
    assert_non_null(strstr(ended_operation(f)->note, "2"));
    assert_int_equal(f->pool->leases.count, 0);
    assert_int_equal(f->pool->beside->leases.count, 2);
    assert_int_equal(f->pool->beside->state, POOL_DRAINING);
    (void)lease_for(f, SPEC_UNSET);
    assert_int_equal(f->pool->leases.count, 1);
    assert_false(lease_release(f->pool, id));
    assert_true(lease_release(f->pool->beside, id));
    step(f, (Event){.type = EVENT_LEASES});
    expect(f, POOL_READY, "");
    f->now.mono = f->pool->beside->drain_deadline;
    step(f, (Event){.type = EVENT_TIMER, .generation = f->pool->generation});
    assert_int_equal(f->pool->beside->state, POOL_STOPPING);
    assert_true(f->pool->beside->drain_forced);
    beside_observe(f, unit_left(CLD_EXITED, 0));
    assert_null(f->pool->beside);
    assert_int_equal(f->pool->leases.count, 1);
    assert_int_equal(f->pool->state, POOL_READY);
}

/* Whatever becomes of the new engine, the old one serves on as if nothing had been. */
static void test_new_engine_fails(void **state)
{
    Fixture *f = *state;

    f->reads_output = true;
    reach_warming_beside(f);
    beside_observe(f, unit_failed(CLD_EXITED, 3, UNIT_RESULT_EXIT_CODE));
    expect(f, POOL_READY, "+no-probe +reset save +read-output");
    beside_output(f, "bad magic");
    expect(f, POOL_READY,
           "+log:preload-failed save log:reload-aborted save end:reload:RELOAD_FAILED");
}

/* The same, told by what it leaves. */
static void test_new_engine_fails_harmlessly(void **state)
{
    Fixture *f = *state;

    f->reads_output = true;
    reach_warming_beside(f);
    (void)lease_for(f, SPEC_UNSET);
    beside_observe(f, unit_failed(CLD_EXITED, 3, UNIT_RESULT_EXIT_CODE));
    beside_output(f, "bad magic");
    assert_int_equal(f->pool->state, POOL_READY);
    assert_true(ended_operation(f)->rolled_back);
    assert_non_null(strstr(ended_operation(f)->error.text, "bad magic"));
    assert_null(f->pool->beside);
    assert_int_equal(f->pool->generation, 1);
    assert_int_equal(f->pool->leases.count, 1);
    assert_int_equal(f->pool->spec->port, 8080);
    assert_string_equal(f->pool->meta.engine_version, "b4711");
    /* Its number is not used again. */
    f->reads_output = false;
    restart_engine(f);
    observe(f, unit_left(CLD_EXITED, 0));
    facts_good(f);
    assert_int_equal(f->pool->generation, 3);
}

/* Where both cannot run, the old one goes first, and the answer says so. */
static void test_falls_back(void **state)
{
    Fixture *f = *state;
    const struct {
        bool flag;
        uint16_t port;
        const char *refused;
        const char *says;
    } cases[] = {
            {false, FREE_PORT, NULL, "none of its flags names its port"},
            {true, 0, NULL, "no port is free"},
            {true, FREE_PORT, "the port is taken", "the port is taken"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        EngineSpec *spec = next_on_same_port();

        fresh(f, POOL_READY);
        if (!cases[i].flag)
            spec->flags = strv_free(spec->flags);
        blue_green(f, spec, cases[i].port);
        if (cases[i].refused)
            beside_facts(f, "port", cases[i].refused);
        assert_int_equal(f->pool->state, POOL_STOPPING);
        assert_int_equal(f->pool->reload.phase, RELOAD_LEAVING);
        assert_null(f->pool->beside);
        arrive(f);
        assert_int_equal(f->pool->state, POOL_READY);
        assert_int_equal(f->pool->spec->port, 8080);
        assert_non_null(strstr(ended_operation(f)->note, cases[i].says));
        assert_int_equal(ended_operation(f)->error.code, PM_ERROR_NONE);
    }
}

/* Another refusal than for want of room is a failure: the old way would only meet it later. */
static void test_refused(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    blue_green(f, next_on_same_port(), FREE_PORT);
    beside_facts(f, "device_mask", "there is no GPU 7");
    assert_int_equal(f->pool->state, POOL_READY);
    assert_null(f->pool->beside);
    assert_int_equal(ended_operation(f)->error.code, PM_ERROR_RELOAD_FAILED);
    assert_non_null(strstr(ended_operation(f)->error.text, "there is no GPU 7"));
}

/* Its own port is kept where it listens elsewhere in any case. */
static void test_own_port(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    blue_green(f, spec_next(), 0);
    assert_int_equal(f->pool->reload.phase, RELOAD_BESIDE);
    assert_int_equal(f->pool->beside->spec->port, 8081);
}

/* The model is provided while the pool serves. */
static void test_staging(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    (void)lease_for(f, SPEC_UNSET);
    blue_green(f, NULL, FREE_PORT);
    expect(f, POOL_READY, "log:reload log:staging save stage");
    assert_int_equal(f->pool->reload.phase, RELOAD_STAGING);
    (void)lease_for(f, SPEC_UNSET);
    staged(f, "/cache/next.gguf");
    expect(f, POOL_READY, "+log:preload-started +facts log:beside save");
    assert_string_equal(f->pool->beside->spec->model_path, "/cache/next.gguf");
    assert_string_equal(f->pool->spec->model_path, "/models/tiny.gguf");
}

static void test_staging_fails(void **state)
{
    Fixture *f = *state;

    reach(f, POOL_READY);
    blue_green(f, NULL, FREE_PORT);
    staging_failed(f);
    expect(f, POOL_READY, "log:reload-aborted save end:reload:RELOAD_FAILED");
}

/* The old engine dies first: the new one is then what is waited for, and the old one comes back
 * when that fails as well. */
static void test_old_engine_dies(void **state)
{
    Fixture *f = *state;

    reach_warming_beside(f);
    crash(f);
    assert_int_equal(f->pool->state, POOL_WARMING);
    assert_int_equal(f->pool->reload.phase, RELOAD_ARRIVING);
    assert_int_equal(f->pool->generation, 2);
    assert_null(f->pool->beside);
    assert_true(f->pool->probe_running);
    probe(f, true);
    assert_int_equal(f->pool->state, POOL_READY);
    assert_int_equal(ended_operation(f)->error.code, PM_ERROR_NONE);
    assert_string_equal(f->pool->meta.engine_version, "b5000");
    assert_int_equal(f->pool->crash_count, 1);

    (void)pool_free(f->pool);
    assert_int_equal(pool_new("pool-a", &f->pool), 0);
    reach_warming_beside(f);
    crash(f);
    observe(f, unit_failed(CLD_EXITED, 3, UNIT_RESULT_EXIT_CODE));
    assert_int_equal(f->pool->reload.phase, RELOAD_RETURNING);
    facts_good(f);
    assert_int_equal(f->pool->generation, 3);
    observe(f, unit_running());
    probe(f, true);
    assert_true(ended_operation(f)->rolled_back);
    assert_int_equal(f->pool->spec->port, 8080);
}

/* A stop ends both, and is over when both have ended. */
static void test_stop(void **state)
{
    Fixture *f = *state;

    reach_warming_beside(f);
    stop(f);
    expect(f, POOL_STOPPING,
           "save +no-probe +log:stopping +stop end:reload:CANCELLED save no-handoff log:stopping "
           "stop");
    observe(f, unit_left(CLD_EXITED, 0));
    assert_int_equal(f->pool->state, POOL_OFF);
    assert_int_equal(f->pool->operation.kind, OPERATION_STOP);
    preload(f);
    assert_int_equal(ended_operation(f)->error.code, PM_ERROR_BUSY);
    beside_observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "+log:stopped save end:stop:success");
    assert_null(f->pool->beside);
}

/* Until the old engine is gone there is no further reload, and the pool is not forgotten. */
static void test_while_the_old_one_leaves(void **state)
{
    Fixture *f = *state;

    reach_warming_beside(f);
    beside_probe(f, true);
    reload(f, "hf:other");
    assert_int_equal(ended_operation(f)->error.code, PM_ERROR_BUSY);
    deregister(f);
    observe(f, unit_left(CLD_EXITED, 0));
    assert_int_equal(f->pool->operation.kind, OPERATION_DEREGISTER);
    beside_observe(f, unit_left(CLD_EXITED, 0));
    expect(f, POOL_OFF, "+log:stopped save log:deregistered end:deregister:success forget");
}

/* An old engine that hangs in the kernel does not keep the reload from being over; a stop of the
 * pool is told of it. */
static void test_old_engine_hangs(void **state)
{
    Fixture *f = *state;

    reach_warming_beside(f);
    beside_probe(f, true);
    assert_int_equal(ended_operation(f)->error.code, PM_ERROR_NONE);
    stop(f);
    observe(f, unit_left(CLD_EXITED, 0));
    while (f->pool->operation.kind == OPERATION_STOP)
        timer(f);
    assert_int_equal(ended_operation(f)->error.code, PM_ERROR_STOP_FAILED);
    assert_non_null(strstr(ended_operation(f)->error.text, "SIGKILL"));
    assert_int_equal(f->pool->state, POOL_OFF);
    beside_observe(f, unit_left(CLD_KILLED, SIGKILL));
    assert_null(f->pool->beside);
}

/* B-SUPER: the new engine is supervised like any other from the moment that it serves. */
static void test_new_engine_is_supervised(void **state)
{
    Fixture *f = *state;

    reach_warming_beside(f);
    beside_probe(f, true);
    crash(f);
    assert_int_equal(f->pool->state, POOL_BACKOFF);
    beside_observe(f, unit_left(CLD_EXITED, 0));
    assert_int_equal(f->pool->state, POOL_BACKOFF);
    comes_back(f);
    assert_int_equal(f->pool->state, POOL_READY);
    assert_int_equal(f->pool->generation, 3);
}

static void test_set_port(void **state)
{
    static const struct {
        const char *flags[4];
        const char *expected; /* NULL: no flag names the port */
    } cases[] = {
            {{"--port", "8080"}, "--port 9000"},
            {{"--port=8080", "-c", "8080"}, "--port=9000 -c 8080"},
            {{"--listen", "127.0.0.1:8080"}, "--listen 127.0.0.1:9000"},
            {{"--bind=[::1]:8080"}, "--bind=[::1]:9000"},
            {{"-c", "8080"}, NULL},
            {{"--ctx=8080"}, NULL},
            {{"--port", "18080"}, NULL},
            {{"8080"}, NULL},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_spec_ EngineSpec *spec = NULL;
        char text[128] = "";
        int r;

        assert_int_equal(engine_spec_new(&spec), 0);
        spec->port = 8080;
        for (size_t k = 0; k < ELEMENTSOF(cases[i].flags) && cases[i].flags[k]; k++)
            assert_int_equal(strv_extend(&spec->flags, cases[i].flags[k]), 0);
        r = engine_spec_set_port(spec, 9000);
        assert_int_equal(r, cases[i].expected ? 0 : -ENOENT);
        assert_int_equal(spec->port, cases[i].expected ? 9000 : 8080);
        for (size_t k = 0; spec->flags[k]; k++)
            (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", k ? " " : "",
                           spec->flags[k]);
        if (cases[i].expected)
            assert_string_equal(text, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_takes_over),
            pool_test(test_leases_of_the_old_engine),
            pool_test(test_new_engine_fails),
            pool_test(test_new_engine_fails_harmlessly),
            pool_test(test_falls_back),
            pool_test(test_refused),
            pool_test(test_own_port),
            pool_test(test_staging),
            pool_test(test_staging_fails),
            pool_test(test_old_engine_dies),
            pool_test(test_stop),
            pool_test(test_while_the_old_one_leaves),
            pool_test(test_old_engine_hangs),
            pool_test(test_new_engine_is_supervised),
            cmocka_unit_test(test_set_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
