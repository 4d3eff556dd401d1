/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager-fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <time.h>

#include "json/reader.h"
#include "json/supervision_file.h"

/* Engines that are started again, on a real clock and with a disk. */

enum { FIRST_MS = 300, LONG_MS = 60000 };

/* Backoff of exactly `ms`. */
static void set_backoff(ManagerFixture *f, uint64_t ms, uint64_t threshold)
{
    SupervisionSettings *s = &f->settings->policy.supervision;

    s->backoff_initial_usec = s->backoff_min_usec = s->backoff_max_usec = usec_from_ms(ms);
    s->breaker_threshold = threshold;
    s->breaker_open_usec = usec_from_ms(ms);
    assert_int_equal(manager_set_settings(f->m, f->settings), 0);
}

/* A pool that waits for its restart, for `ms`. */
static Pool *add_waiting(ManagerFixture *f, PoolState state, uint64_t ms)
{
    Operation *o;
    Pool *pool;

    set_backoff(f, ms, state == POOL_TRIPPED ? 1 : 1000);
    pool = add_engine(f, "p", &o);
    becomes_ready(f, pool);
    settle(f);
    crashes(f, pool);
    assert_int_equal(pool->state, state);
    settle(f);
    fake_forget(f->systemd);
    return pool;
}

static Pool *dies_and_comes_back(ManagerFixture *f)
{
    manager_die(f);
    manager_begin(f);
    assert_int_equal(f->recovered, 0);
    return registry_get(&f->m->registry, "p");
}

static void await_state(ManagerFixture *f, const Pool *pool, PoolState state)
{
    usec_t deadline = loop_deadline(f);

    while (pool->state != state)
        run_once(f, deadline);
}

/* The time passes without anybody. */
static void await_time(usec_t mono)
{
    const struct timespec t = {.tv_sec = (time_t)(mono / USEC_PER_SEC),
                               .tv_nsec = (long)(mono % USEC_PER_SEC) * 1000};

    assert_int_equal(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
}

static const PoolState waiting[] = {POOL_BACKOFF, POOL_TRIPPED};

/* B-SUPER-001, B-SUPER-010, B-SUPER-022: the timer of the loop starts it, and not early. */
static void test_starts_again(void **state)
{
    ManagerFixture *f = *state;
    Pool *pool = add_waiting(f, POOL_BACKOFF, FIRST_MS);
    usec_t due = pool->supervision.due.mono;

    assert_in_file(f, "state/p.json", "\"state\": \"backoff\"");
    assert_false(has_file(f, "engines/p-r0.json"));
    await_state(f, pool, POOL_STARTING);
    assert_true(manager_now(f->m).mono >= due);
    assert_int_equal(pool->generation, 2);
    settle(f);
    assert_int_equal(fake_count(f->systemd, "StartTransientUnit"), 1);
    assert_in_file(f, "state/p.json", "\"restart_count\": 1");
    becomes_ready(f, pool);
    assert_int_equal(pool->operation.kind, OPERATION_NONE);
}

static void test_trial(void **state)
{
    ManagerFixture *f = *state;
    Pool *pool = add_waiting(f, POOL_TRIPPED, FIRST_MS);
    usec_t due = pool->supervision.due.mono;

    await_state(f, pool, POOL_STARTING);
    assert_true(manager_now(f->m).mono >= due);
    assert_int_equal(supervision_circuit(&pool->supervision, manager_now(f->m)), CIRCUIT_HALF_OPEN);
    assert_in_file(f, "state/p.json", "\"trial\": true");
}

static char *supervision_text(const Pool *pool)
{
    _cleanup_json_ json_object *object = supervision_write(&pool->supervision);
    char *text = strdup(json_object_to_json_string(object));

    assert_non_null(text);
    return text;
}

static void assert_supervision(const Pool *pool, const char *text)
{
    _cleanup_free_ char *now = supervision_text(pool);

    assert_string_equal(now, text);
}

/* Killed while it waits: nothing is restarted early, nothing is forgotten. */
static void test_dies_while_waiting(void **state)
{
    ManagerFixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(waiting); i++) {
        Pool *pool = add_waiting(f, waiting[i], LONG_MS);
        _cleanup_free_ char *before = supervision_text(pool);
        usec_t due = pool->supervision.due.mono;
        Error error = {.code = PM_ERROR_NONE};
        Operation *o;

        for (unsigned n = 0; n < 3; n++) {
            pool = dies_and_comes_back(f);
            assert_int_equal(pool->state, waiting[i]);
            assert_supervision(pool, before);
            assert_int_equal(pool_next_deadline(pool), due);
            assert_int_equal(fake_count(f->systemd, "StartTransientUnit"), 0);
        }
        assert_int_equal(manager_deregister(f->m, "p", true, NULL, &o, &error), 0);
        settle(f);
    }
}

/* Its time comes while nobody is there: it is started as soon as somebody is. */
static void due_meanwhile(ManagerFixture *f, PoolState state)
{
    Pool *pool = add_waiting(f, state, FIRST_MS);
    usec_t due = pool->supervision.due.mono;

    manager_die(f);
    await_time(due);
    manager_begin(f);
    pool = registry_get(&f->m->registry, "p");
    await_state(f, pool, POOL_STARTING);
    assert_int_equal(pool->supervision.restart_count, 1);
}

static void test_due_meanwhile(void **state)
{
    due_meanwhile(*state, POOL_BACKOFF);
}

static void test_trial_due_meanwhile(void **state)
{
    due_meanwhile(*state, POOL_TRIPPED);
}

/* The verbs of the breaker: what waits is started at once. */
static void test_reset(void **state)
{
    ManagerFixture *f = *state;
    Error error = {.code = PM_ERROR_NONE};
    Pool *pool = add_waiting(f, POOL_BACKOFF, LONG_MS);

    assert_true(manager_allow_restart(f->m, "p", NULL, &error) < 0);
    assert_int_equal(error.code, PM_ERROR_BREAKER_CLOSED);
    assert_int_equal(pool->state, POOL_BACKOFF);
    assert_int_equal(manager_reset_breaker(f->m, "p", NULL, &error), 0);
    assert_int_equal(pool->state, POOL_STARTING);
    assert_int_equal(pool->supervision.restart_count, 1);
}

static void test_reset_tripped(void **state)
{
    ManagerFixture *f = *state;
    Error error = {.code = PM_ERROR_NONE};
    Pool *pool = add_waiting(f, POOL_TRIPPED, LONG_MS);

    assert_int_equal(manager_reset_breaker(f->m, "p", NULL, &error), 0);
    assert_int_equal(pool->state, POOL_STARTING);
    assert_int_equal(supervision_circuit(&pool->supervision, manager_now(f->m)), CIRCUIT_CLOSED);
    assert_in_file(f, "state/p.json", "\"general_open\": false");
}

static void test_allow(void **state)
{
    ManagerFixture *f = *state;
    Error error = {.code = PM_ERROR_NONE};
    Pool *pool = add_waiting(f, POOL_TRIPPED, LONG_MS);
    usec_t until = pool->supervision.due.mono;

    assert_int_equal(manager_allow_restart(f->m, "p", NULL, &error), 0);
    assert_int_equal(pool->state, POOL_STARTING);
    assert_true(manager_allow_restart(f->m, "p", NULL, &error) < 0);
    assert_int_equal(error.code, PM_ERROR_BREAKER_CLOSED);
    crashes(f, pool);
    assert_int_equal(pool->state, POOL_TRIPPED);
    assert_int_equal(pool->supervision.due.mono, until);
    assert_in_file(f, "state/p.json", "\"state\": \"tripped\"");
}

/* A pool that waits has no engine: others may have its port meanwhile, and its restart says so. */
static void test_port_taken_meanwhile(void **state)
{
    ManagerFixture *f = *state;
    Pool *pool = add_waiting(f, POOL_BACKOFF, FIRST_MS), *other;
    Operation *o;

    other = add_engine(f, "q", &o);
    assert_int_equal(other->state, POOL_STARTING);
    set_backoff(f, LONG_MS, 1000);
    while (pool->supervision.restart_count == 0)
        run_once(f, loop_deadline(f));
    assert_int_equal(pool->state, POOL_BACKOFF);
    assert_int_equal(pool->last_error_class, FAILURE_PREFLIGHT);
    assert_non_null(strstr(pool->last_error, "belongs to the engine of pool q"));
    assert_int_equal(pool->crash_count, 1);
    assert_in_file(f, "state/p.json", "\"state\": \"backoff\"");
}

/* Two pools whose handoff files would have the same name. */
static void test_handoff_of_another(void **state)
{
    ManagerFixture *f = *state;
    Operation *o, *running;

    assert_int_equal(add_replica(f, "a-b", "c-d", 10, &running)->state, POOL_STARTING);
    assert_int_equal(add_replica(f, "a", "b-c-d", 11, &o)->state, POOL_FAILED);
    assert_string_equal(o->outcome.error->field, "replica_id");
    assert_non_null(strstr(o->outcome.error->text, "a-b-c-d.json belongs to pool a-b"));
    assert_int_equal(add_replica(f, "a-b-c", "d", 12, &o)->state, POOL_FAILED);
    assert_string_equal(o->outcome.error->field, "replica_id");
    assert_int_equal(add_replica(f, "a-b-c", "e", 12, &o)->state, POOL_STARTING);
    assert_int_equal(add_replica(f, "a", "b-c", 11, &o)->state, POOL_STARTING);
}

/* Its state cannot be put on disk: the start waits for that, as any start does. */
static void test_locked(void **state)
{
    ManagerFixture *f = *state;
    Pool *pool = add_waiting(f, POOL_BACKOFF, FIRST_MS);
    usec_t deadline = loop_deadline(f);

    others_lock(f, F_WRLCK);
    await_state(f, pool, POOL_STARTING);
    settle(f);
    assert_int_equal(fake_count(f->systemd, "StartTransientUnit"), 0);
    others_unlock(f);
    while (fake_count(f->systemd, "StartTransientUnit") == 0)
        run_once(f, deadline);
    assert_in_file(f, "state/p.json", "\"state\": \"starting\"");
    assert_in_file(f, "state/p.json", "\"automatic\": true");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            manager_test(test_starts_again),
            manager_test(test_trial),
            manager_test(test_handoff_of_another),
            manager_test(test_dies_while_waiting),
            manager_test(test_due_meanwhile),
            manager_test(test_trial_due_meanwhile),
            manager_test(test_reset),
            manager_test(test_reset_tripped),
            manager_test(test_allow),
            manager_test(test_port_taken_meanwhile),
            manager_test(test_locked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
