/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>

#include "fixture.h"

/* The contract's, but without jitter, so that delays are exact. */
static const SupervisionSettings supervision_sample = {
        .backoff_initial_usec = USEC_PER_SEC,
        .backoff_max_usec = 60 * USEC_PER_SEC,
        .backoff_min_usec = 500 * USEC_PER_MSEC,
        .backoff_factor = 2,
        .backoff_cuda_multiplier = 2,
        .backoff_reset_usec = 300 * USEC_PER_SEC,
        .counter_reset_usec = 600 * USEC_PER_SEC,
        .breaker_threshold = 5,
        .breaker_open_usec = 300 * USEC_PER_SEC,
        .breaker_stable_usec = 60 * USEC_PER_SEC,
        .breaker_factor = 2,
        .breaker_open_max_usec = 3600 * USEC_PER_SEC,
        .restart_limit = 10,
        .restart_window_usec = 60 * USEC_PER_SEC,
        .storm_warning_count = 5,
        .storm_warning_window_usec = 60 * USEC_PER_SEC,
        .storm_breaker_count = 10,
        .storm_breaker_window_usec = 30 * USEC_PER_SEC,
        .oom_storm_count = 5,
        .oom_storm_window_usec = 60 * USEC_PER_SEC,
};

int fixture_setup(void **state)
{
    Fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    assert_int_equal(pool_new("pool-a", &f->pool), 0);
    f->now = (Instant){.mono = 100 * USEC_PER_SEC, .real = 1700000000 * USEC_PER_SEC};
    f->settings = (PolicySettings){
            .health_interval_usec = 500 * USEC_PER_MSEC,
            .health_ramp = true,
            .health_timeout_usec = 120 * USEC_PER_SEC,
            .health_try_timeout_usec = 2 * USEC_PER_SEC,
            .health_path = "/health",
            .liveness_interval_usec = 5 * USEC_PER_SEC,
            .liveness_failures = 3,
            .stop_grace_usec = 5 * USEC_PER_SEC,
            .supervision = supervision_sample,
    };
    *state = f;
    return 0;
}

int fixture_teardown(void **state)
{
    Fixture *f = *state;

    pool_free(f->pool);
    pool_metrics_done(&f->metrics);
    free(f);
    return 0;
}

static char *copy(const char *s)
{
    char *c = strdup(s);

    assert_non_null(c);
    return c;
}

EngineSpec *spec_sample(void)
{
    EngineSpec *spec;

    assert_int_equal(engine_spec_new(&spec), 0);
    spec->pool_id = copy("pool-a");
    spec->replica_id = copy("r0");
    spec->binary_path = copy("/usr/bin/llama-server");
    assert_int_equal(strv_extend(&spec->flags, "--port"), 0);
    assert_int_equal(strv_extend(&spec->flags, "8080"), 0);
    spec->host = copy("127.0.0.1");
    spec->port = 8080;
    spec->model_path = copy("/models/tiny.gguf");
    spec->engine = copy("llamacpp");
    spec->engine_version = copy("b4711");
    return spec;
}

/* Whether an engine has ended whose output is to be read. */
static bool ends_with_reading(const Effects *effects)
{
    return effects->count >= 2 && effects->items[effects->count - 1].type == EFFECT_READ_OUTPUT;
}

/* There was none: what follows from the end is part of the step. */
static void say_nothing(Fixture *f)
{
    Event event = {.type = EVENT_OUTPUT, .generation = f->pool->generation};

    f->effects.count -= 2; /* the state is saved in between */
    pool_step(f->pool, &event, &f->settings, f->now, f->random, &f->effects);
}

void step(Fixture *f, Event event)
{
    f->effects.count = 0;
    pool_step(f->pool, &event, &f->settings, f->now, f->random, &f->effects);
    if (!f->reads_output && ends_with_reading(&f->effects))
        say_nothing(f);
    for (size_t i = 0; i < f->effects.count; i++)
        pool_metrics_count(&f->metrics, f->effects.items[i].beside ? pool_beside(f->pool) : f->pool,
                           &f->effects.items[i], f->now);
    pool_bury(f->pool);
}

void output(Fixture *f, FailureClass failure, const char *line)
{
    Event event = {.type = EVENT_OUTPUT,
                   .generation = f->pool->generation,
                   .output = {.failure = failure}};

    (void)snprintf(event.output.line, sizeof(event.output.line), "%s", line);
    step(f, event);
}

void preload_spec(Fixture *f, EngineSpec *spec)
{
    step(f,
         (Event){.type = EVENT_PRELOAD, .command = {.operation = ++f->operations, .spec = spec}});
}

void preload(Fixture *f)
{
    preload_spec(f, spec_sample());
}

void stop(Fixture *f)
{
    step(f, (Event){.type = EVENT_STOP, .command = {.operation = ++f->operations}});
}

void restart_engine(Fixture *f)
{
    step(f, (Event){.type = EVENT_RESTART, .command = {.operation = ++f->operations}});
}

void deregister(Fixture *f)
{
    step(f, (Event){.type = EVENT_DEREGISTER, .command = {.operation = ++f->operations}});
}

Handoff *handoff_sample(const char *url)
{
    const char *expected;
    Handoff *handoff;

    assert_int_equal(handoff_new(&handoff), 0);
    assert_int_equal(handoff_set_url(handoff, url, &expected), 0);
    handoff->pool_id = copy("pool-a");
    handoff->replica_id = copy("r0");
    return handoff;
}

void register_handoff(Fixture *f, Handoff *handoff, bool is_file)
{
    step(f, (Event){.type = EVENT_HANDOFF, .handoff = {.handoff = handoff, .is_file = is_file}});
}

void handoff_gone(Fixture *f)
{
    step(f, (Event){.type = EVENT_HANDOFF_GONE});
}

void load(Fixture *f, uint64_t read_bytes, uint64_t model_bytes)
{
    step(f, (Event){.type = EVENT_LOAD,
                    .generation = f->pool->generation,
                    .load = {.read_bytes = read_bytes, .model_bytes = model_bytes}});
}

const Lease *lease_for(Fixture *f, uint64_t ttl_ms)
{
    const LeaseRequest request = {.owner = "somebody", .ttl_ms = ttl_ms};
    const Lease *lease = NULL;

    assert_int_equal(lease_acquire(f->pool, &request, f->now, &lease, NULL), 0);
    return lease;
}

void facts_good(Fixture *f)
{
    step(f, (Event){.type = EVENT_FACTS, .facts = {.attempt = f->pool->attempt}});
}

void facts_bad(Fixture *f)
{
    Event event = {.type = EVENT_FACTS, .facts = {.attempt = f->pool->attempt}};

    (void)error_set(&event.facts.error, PM_ERROR_PRELOAD_FAILED, "port", "port 8080 is taken");
    step(f, event);
}

void facts_refuse(Fixture *f, PmErrorCode code, const char *field, const char *text)
{
    Event event = {.type = EVENT_FACTS, .facts = {.attempt = f->pool->attempt}};

    (void)error_set(&event.facts.error, code, field, "%s", text);
    step(f, event);
}

void start_failed(Fixture *f)
{
    step(f, (Event){.type = EVENT_START_FAILED,
                    .generation = f->pool->generation,
                    .failure = "Access denied"});
}

void stop_failed(Fixture *f)
{
    step(f, (Event){.type = EVENT_STOP_FAILED,
                    .generation = f->pool->generation,
                    .failure = "Connection timed out"});
}

void probe(Fixture *f, bool good)
{
    Event event = {.type = EVENT_PROBE, .generation = f->pool->generation, .probe = {.good = good}};

    if (!good)
        (void)snprintf(event.probe.error, sizeof(event.probe.error), "connection refused");
    step(f, event);
}

void observe_of(Fixture *f, uint64_t generation, UnitObservation u)
{
    step(f, (Event){.type = EVENT_UNIT, .generation = generation, .unit = u});
}

void observe(Fixture *f, UnitObservation u)
{
    observe_of(f, f->pool->generation, u);
}

void timer(Fixture *f)
{
    usec_t due = pool_next_deadline(f->pool);

    assert_int_not_equal(due, USEC_INFINITY);
    if (due > f->now.mono)
        pass(f, due - f->now.mono);
    step(f, (Event){.type = EVENT_TIMER, .generation = f->pool->generation});
}

/* As the state file has it: see json/state_file.c. */
static bool keeps_operation(const Pool *pool)
{
    OperationKind kind = pool->operation.kind;

    return pool->state == POOL_STARTING || pool->state == POOL_WARMING ||
           pool->state == POOL_DRAINING || pool->state == POOL_STOPPING ||
           (pool->state == POOL_FAILED && pool->judging) ||
           (pool->state == POOL_PREFLIGHT &&
            (kind == OPERATION_RESTART || kind == OPERATION_RELOAD ||
             (kind == OPERATION_PRELOAD && pool->automatic))) ||
           (pool->state == POOL_ADOPTING && (kind == OPERATION_DRAIN || kind == OPERATION_RELOAD));
}

void restart(Fixture *f, UnitObservation u)
{
    Pool *old = f->pool, *pool;

    assert_int_equal(pool_new(old->id, &pool), 0);
    pool->state = old->state;
    pool->spec = TAKE_PTR(old->spec);
    pool->generation = old->generation;
    pool->stop_reason = old->stop_reason;
    pool->started = old->started;
    pool->was_ready = old->was_ready;
    pool->last_error_class = old->last_error_class;
    pool->last_heartbeat_real = old->last_heartbeat_real;
    pool->crash_count = old->crash_count;
    pool->last_error = TAKE_PTR(old->last_error);
    pool->operation = keeps_operation(old) ? old->operation : (PoolOperation){0};
    pool->drain_deadline = old->drain_deadline;
    pool->drain_forced = old->drain_forced;
    pool->drain_leases = old->drain_leases;
    pool->reload = old->reload;
    old->reload = (Reload){.phase = RELOAD_NONE};
    pool->judging = old->judging;
    pool->releasing = old->releasing;
    pool->held_pid = old->held_pid;
    pool->end.set_up = old->end.set_up;
    pool->external = TAKE_PTR(old->external);
    pool->external_is_file = old->external_is_file;
    pool->external_is_lost = old->external_is_lost;
    pool->registered = old->registered;
    pool->supervision = old->supervision;
    old->supervision = (Supervision){0};
    pool->automatic = old->automatic;
    pool->ready_since = old->ready_since;
    pool->meta = old->meta;
    pool_meta_init(&old->meta);
    pool->leases = old->leases;
    old->leases = (LeaseList){0};
    pool_free(old);
    f->pool = pool;
    step(f, (Event){.type = EVENT_RECOVER, .generation = pool->generation, .unit = u});
}

void crash(Fixture *f)
{
    observe(f, unit_failed(CLD_KILLED, SIGSEGV, UNIT_RESULT_SIGNAL));
}

void comes_back(Fixture *f)
{
    timer(f);
    assert_int_equal(f->pool->state, POOL_PREFLIGHT);
    facts_good(f);
    observe(f, unit_running());
    probe(f, true);
    assert_int_equal(f->pool->state, POOL_READY);
}

/* As many crashes in a row as it takes. */
static void trip(Fixture *f)
{
    for (uint64_t i = 1; i < f->settings.supervision.breaker_threshold; i++) {
        crash(f);
        comes_back(f);
    }
    crash(f);
}

void pass(Fixture *f, usec_t span)
{
    f->now.mono += span;
    f->now.real += span;
}

enum {
    ALL_FIELDS = UNIT_FIELD_LOAD | UNIT_FIELD_ACTIVE | UNIT_FIELD_JOB | UNIT_FIELD_RESULT |
                 UNIT_FIELD_MAIN_PID | UNIT_FIELD_EXEC_MAIN_PID | UNIT_FIELD_EXEC_MAIN_CODE |
                 UNIT_FIELD_EXEC_MAIN_STATUS | UNIT_FIELD_INVOCATION_ID | UNIT_FIELD_ACTIVE_ENTER,
};

static UnitObservation unit_in(UnitActive active, uint32_t job)
{
    return (UnitObservation){
            .fields = ALL_FIELDS,
            .load = UNIT_LOAD_LOADED,
            .active = active,
            .job = job,
            .result = UNIT_RESULT_SUCCESS,
            .main_pid = 4711,
            .exec_main_pid = 4711,
            .invocation_id = "0123456789abcdef0123456789abcdef",
    };
}

UnitObservation unit_starting(void)
{
    return unit_in(UNIT_ACTIVE_ACTIVATING, 17);
}

UnitObservation unit_running(void)
{
    return unit_in(UNIT_ACTIVE_ACTIVE, 0);
}

UnitObservation unit_stopping(void)
{
    return unit_in(UNIT_ACTIVE_DEACTIVATING, 0);
}

UnitObservation unit_failed(int code, int status, UnitResult result)
{
    UnitObservation u = unit_in(UNIT_ACTIVE_FAILED, 0);

    u.main_pid = 0;
    u.exec_main_code = code;
    u.exec_main_status = status;
    u.result = result;
    return u;
}

UnitObservation unit_abandoned(void)
{
    UnitObservation u = unit_failed(0, 0, UNIT_RESULT_TIMEOUT);

    u.exec_main_pid = 4711;
    return u;
}

UnitObservation unit_abandoned_and_reset(void)
{
    UnitObservation u = unit_abandoned();

    u.active = UNIT_ACTIVE_INACTIVE;
    u.result = UNIT_RESULT_SUCCESS;
    return u;
}

UnitObservation unit_left(int code, int status)
{
    UnitObservation u = unit_failed(code, status, UNIT_RESULT_SUCCESS);

    u.active = UNIT_ACTIVE_INACTIVE;
    return u;
}

UnitObservation unit_gone(void)
{
    return (UnitObservation){
            .fields = UNIT_FIELD_LOAD | UNIT_FIELD_ACTIVE | UNIT_FIELD_JOB,
            .load = UNIT_LOAD_NOT_FOUND,
            .active = UNIT_ACTIVE_INACTIVE,
    };
}

void reach(Fixture *f, PoolState state)
{
    if (state == POOL_OFF)
        return;
    if (state == POOL_EXTERNAL) {
        register_handoff(f, handoff_sample("http://127.0.0.1:9000"), false);
        return;
    }
    preload(f);
    if (state == POOL_PREFLIGHT)
        return;
    if (state == POOL_FAILED) {
        facts_bad(f);
        return;
    }
    facts_good(f);
    if (state == POOL_STARTING)
        return;
    observe(f, unit_running());
    if (state == POOL_WARMING)
        return;
    probe(f, true);
    if (state == POOL_STOPPING)
        stop(f);
    if (state == POOL_BACKOFF)
        crash(f);
    if (state == POOL_TRIPPED)
        trip(f);
    if (state == POOL_ADOPTING)
        restart(f, unit_running());
    assert_int_equal(f->pool->state, state);
}

void fresh(Fixture *f, PoolState state)
{
    f->pool = pool_free(f->pool);
    assert_int_equal(pool_new("pool-a", &f->pool), 0);
    reach(f, state);
}

static const char *const effect_names[EFFECT_MAX] = {
        [EFFECT_GATHER_FACTS] = "facts",
        [EFFECT_SAVE] = "save",
        [EFFECT_SAVE_LEASES] = "save-leases",
        [EFFECT_FORGET] = "forget",
        [EFFECT_START_UNIT] = "start",
        [EFFECT_STOP_UNIT] = "stop",
        [EFFECT_KILL_UNIT] = "kill",
        [EFFECT_RESET_FAILED] = "reset",
        [EFFECT_QUERY_UNIT] = "query",
        [EFFECT_WRITE_PID] = "pid",
        [EFFECT_REMOVE_PID] = "no-pid",
        [EFFECT_PROBE] = "probe",
        [EFFECT_CANCEL_PROBE] = "no-probe",
        [EFFECT_WRITE_HANDOFF] = "handoff",
        [EFFECT_REMOVE_HANDOFF] = "no-handoff",
        [EFFECT_EXCHANGE] = "exchange",
        [EFFECT_END_OPERATION] = "end",
        [EFFECT_STAGE] = "stage",
        [EFFECT_CANCEL_STAGE] = "no-stage",
        [EFFECT_READ_OUTPUT] = "read-output",
        [EFFECT_CHECK_GPU] = "check-gpu",
        [EFFECT_LOG] = "log",
};

static const char *const log_names[LOG_KIND_MAX] = {
        [LOG_PRELOAD_STARTED] = "preload-started",
        [LOG_ENGINE_STARTED] = "started",
        [LOG_ENGINE_READY] = "ready",
        [LOG_PRELOAD_FAILED] = "preload-failed",
        [LOG_HEALTH_TIMEOUT] = "health-timeout",
        [LOG_ENGINE_UNHEALTHY] = "unhealthy",
        [LOG_ENGINE_CRASHED] = "crashed",
        [LOG_ENGINE_EXITED] = "exited",
        [LOG_STOP_STARTED] = "stopping",
        [LOG_ENGINE_STOPPED] = "stopped",
        [LOG_STOP_STUCK] = "stuck",
        [LOG_ENGINE_ADOPTED] = "adopted",
        [LOG_RESTART_SCHEDULED] = "restart-scheduled",
        [LOG_RESTART_DUE] = "restart",
        [LOG_BREAKER_OPENED] = "opened",
        [LOG_BREAKER_HALF_OPEN] = "half-open",
        [LOG_BREAKER_CLOSED] = "closed",
        [LOG_RESTART_STORM] = "storm",
        [LOG_OOM_STORM] = "oom-storm",
        [LOG_EXTERNAL_REGISTERED] = "external",
        [LOG_EXTERNAL_LOST] = "lost",
        [LOG_EXTERNAL_BACK] = "back",
        [LOG_EXTERNAL_GONE] = "gone",
        [LOG_LEASES_EXPIRED] = "leases-expired",
        [LOG_DEREGISTERED] = "deregistered",
        [LOG_DRAIN_STARTED] = "draining",
        [LOG_DRAIN_FORCED] = "drain-forced",
        [LOG_RELOAD_STARTED] = "reload",
        [LOG_RELOAD_STAGING] = "staging",
        [LOG_RELOADED] = "reloaded",
        [LOG_RELOAD_ABORTED] = "reload-aborted",
        [LOG_RELOAD_FAILED] = "reload-failed",
        [LOG_ROLLED_BACK] = "rolled-back",
        [LOG_RELOAD_BESIDE] = "beside",
        [LOG_RELOAD_PLAIN] = "plain",
        [LOG_DRIVER_FAULT] = "driver-fault",
        [LOG_GPU_MEMORY_HELD] = "gpu-held",
        [LOG_GPU_MEMORY_UNKNOWN] = "gpu-unknown",
        [LOG_STALE_EVENT] = "stale",
};

static const char *result_name(const OperationResult *r)
{
    if (r->error.code != PM_ERROR_NONE)
        return pm_error_info(r->error.code)->code;
    if (r->unchanged)
        return "unchanged";
    return r->force_stopped ? "forced" : "success";
}

static void describe(const Effects *effects, char *buffer, size_t size)
{
    size_t n = 0;

    buffer[0] = '\0';
    for (size_t i = 0; i < effects->count; i++) {
        const Effect *e = &effects->items[i];

        n += (size_t)snprintf(buffer + n, size - n, "%s%s%s", i ? " " : "", e->beside ? "+" : "",
                              effect_names[e->type]);
        if (e->type == EFFECT_LOG)
            n += (size_t)snprintf(buffer + n, size - n, ":%s", log_names[e->log.kind]);
        if (e->type == EFFECT_END_OPERATION)
            n += (size_t)snprintf(buffer + n, size - n, ":%s:%s",
                                  operation_kind_to_string(e->result.kind),
                                  result_name(&e->result));
    }
}

void expect_at(const Fixture *f, PoolState state, const char *effects, const char *file, int line)
{
    char found[1024];

    describe(&f->effects, found, sizeof(found));
    if (f->pool->state != state || !streq(found, effects)) {
        print_error("expected: %s, \"%s\"\nfound:    %s, \"%s\"\n", pool_state_to_string(state),
                    effects, pool_state_to_string(f->pool->state), found);
        _fail(file, line);
    }
}

const OperationResult *ended_operation(const Fixture *f)
{
    for (size_t i = 0; i < f->effects.count; i++)
        if (f->effects.items[i].type == EFFECT_END_OPERATION)
            return &f->effects.items[i].result;
    fail_msg("no operation ended");
    return NULL;
}
