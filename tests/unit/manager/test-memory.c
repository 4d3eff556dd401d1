/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <json.h>

/* What outlives a reboot. */

enum { OPEN_MS = 60000 };

static const char file[] = "pools/p.json";

/* The host goes down: the runtime directory is empty, and the clock has begun anew. */
static void host_goes(ManagerFixture *f)
{
    static const char *const files[] = {"state/p.json", "p.pid", "registry.json",
                                        "engines/p-r0.json", "engines/engine.json"};

    manager_die(f);
    for (size_t i = 0; i < ELEMENTSOF(files); i++)
        (void)unlinkat(f->folder->fd, files[i], 0);
}

static char *read_memory(const ManagerFixture *f)
{
    ManagerFixture state = {.folder = f->state_folder};

    return read_file(&state, file);
}

static bool is_remembered(const ManagerFixture *f)
{
    return faccessat(f->state_folder->fd, file, F_OK, 0) >= 0;
}

/* It was written in another boot, whose clock was ahead of ours. */
static void change_boot(const ManagerFixture *f)
{
    static const char other[] = "00000000000000000000000000000000";
    const char *const until = "general_open_until_mono_usec";
    _cleanup_free_ char *text = read_memory(f);
    json_object *object = json_tokener_parse(text), *supervision, *number;

    assert_true(json_object_object_get_ex(object, "supervision", &supervision));
    assert_true(json_object_object_get_ex(supervision, until, &number));
    (void)json_object_set_int64(number, json_object_get_int64(number) + 3600 * 1000 * 1000LL);
    assert_int_equal(json_object_object_add(object, "boot_id", json_object_new_string(other)), 0);
    put_file(f->state_folder->fd, file, json_object_to_json_string(object));
    json_object_put(object);
}

static void assert_remembered(const ManagerFixture *f, const char *part)
{
    _cleanup_free_ char *text = read_memory(f);

    if (!strstr(text, part))
        fail_msg("\"%s\" is not in %s:\n%s", part, file, text);
}

static void assert_other_boot(const ManagerFixture *f, bool other)
{
    _cleanup_free_ char *text = read_memory(f);

    assert_int_equal(strstr(text, "\"boot_id\": \"00000000") != NULL, other);
}

static Pool *comes_up(ManagerFixture *f)
{
    manager_begin(f);
    assert_int_equal(f->recovered, 0);
    fake_settle(f->systemd);
    assert_int_equal(fake_count(f->systemd, "StartTransientUnit"), 0);
    return registry_get(&f->m->registry, "p");
}

static Pool *reboot(ManagerFixture *f)
{
    host_goes(f);
    change_boot(f);
    assert_other_boot(f, true);
    return comes_up(f);
}

static Pool *add_ready(ManagerFixture *f)
{
    Operation *o;
    Pool *pool = add_engine(f, "p", &o);

    becomes_ready(f, pool);
    return pool;
}

static Pool *add_tripped(ManagerFixture *f)
{
    SupervisionSettings *s = &f->settings->policy.supervision;
    Pool *pool;

    s->breaker_threshold = 1;
    s->breaker_open_usec = usec_from_ms(OPEN_MS);
    assert_int_equal(manager_set_settings(f->m, f->settings), 0);
    pool = add_ready(f);
    crashes(f, pool);
    assert_int_equal(pool->state, POOL_TRIPPED);
    return pool;
}

static CircuitState circuit(const ManagerFixture *f, const Pool *pool)
{
    return supervision_circuit(&pool->supervision, manager_now(f->m));
}

static void test_was_ready(void **state)
{
    ManagerFixture *f = *state;
    _cleanup_spec_ EngineSpec *spec = NULL;
    Operation *o;
    Pool *pool = add_ready(f);

    assert_int_equal(engine_spec_copy(pool->spec, &spec), 0);
    pool = reboot(f);
    assert_non_null(pool);
    assert_int_equal(pool->state, POOL_OFF);
    assert_true(engine_spec_equal(pool->spec, spec));
    assert_true(pool->registered);
    assert_string_equal(pool->meta.engine_version, "b1");
    assert_int_equal(pool->generation, 1);
    assert_false(pool->supervision.pending);
    assert_in_file(f, "state/p.json", "\"state\": \"off\"");

    await_devices(f);
    assert_int_equal(manager_restart(f->m, "p", NULL, &o, NULL), 0);
    assert_int_equal(pool->state, POOL_STARTING);
    assert_int_equal(pool->generation, 2);
    becomes_ready(f, pool);
    manager_die(f);
    assert_remembered(f, "\"generation\": 2");
    manager_begin(f);
}

/* That it was never ready is no reason to start it. */
static void test_was_not_ready(void **state)
{
    ManagerFixture *f = *state;
    Operation *o;

    (void)add_engine(f, "p", &o);
    host_goes(f);
    assert_false(is_remembered(f));
    assert_null(comes_up(f));
}

/* The engine that was ready last is remembered, not the one that failed. */
static void test_last_good_spec(void **state)
{
    ManagerFixture *f = *state;
    EngineSpec *spec = NULL;
    Operation *o;
    Pool *pool = add_ready(f);

    assert_int_equal(engine_spec_copy(pool->spec, &spec), 0);
    free(spec->engine_version);
    spec->engine_version = strdup("b2");
    assert_int_equal(manager_stop(f->m, "p", NULL, &o, NULL), 0);
    crashes(f, pool);
    assert_int_equal(pool->state, POOL_OFF);
    assert_int_equal(manager_preload(f->m, &spec, NULL, NULL, &o, NULL), 0);
    crashes(f, pool);
    assert_int_equal(pool->state, POOL_FAILED);
    assert_string_equal(pool->spec->engine_version, "b2");
    pool = reboot(f);
    assert_string_equal(pool->spec->engine_version, "b1");
}

/* Open for the rest of its time, on the clock of the new boot; that is on disk then. */
static void test_breaker(void **state)
{
    ManagerFixture *f = *state;
    usec_t until = add_tripped(f)->supervision.breakers[BREAKER_GENERAL].open_until.real;
    const Breaker *breaker;
    Operation *o;
    Pool *pool;

    for (int boots = 0; boots < 2; boots++) {
        pool = reboot(f);
        breaker = &pool->supervision.breakers[BREAKER_GENERAL];
        assert_int_equal(pool->state, POOL_OFF);
        assert_int_equal(circuit(f, pool), CIRCUIT_OPEN);
        assert_true(breaker->open_until.real <= until + USEC_PER_SEC);
        assert_true(breaker->open_until.real + USEC_PER_SEC >= until);
        assert_true(breaker->open_until.mono > manager_now(f->m).mono);
        assert_true(breaker->open_until.mono <= manager_now(f->m).mono + usec_from_ms(OPEN_MS));
        assert_false(pool->supervision.pending);
        manager_die(f);
        assert_other_boot(f, false);
        manager_begin(f);
    }
    /* Whoever starts it by hand decides himself. */
    pool = registry_get(&f->m->registry, "p");
    await_devices(f);
    assert_int_equal(manager_restart(f->m, "p", NULL, &o, NULL), 0);
    assert_int_equal(pool->state, POOL_STARTING);
    becomes_ready(f, pool);
    assert_int_equal(circuit(f, pool), CIRCUIT_OPEN);
}

/* In the same boot the clock is the same one, and so are the windows. */
static void test_runtime_directory_lost(void **state)
{
    ManagerFixture *f = *state;
    Supervision before = add_tripped(f)->supervision;
    const Pool *pool;

    host_goes(f);
    pool = comes_up(f);
    assert_int_equal(pool->state, POOL_OFF);
    assert_memory_equal(&pool->supervision.breakers, &before.breakers, sizeof(before.breakers));
    assert_false(pool->supervision.pending);
}

/* What the state file says counts: it is newer. */
static void test_known(void **state)
{
    ManagerFixture *f = *state;
    Pool *pool = add_tripped(f);
    usec_t due = pool->supervision.due.mono;

    manager_die(f);
    change_boot(f);
    manager_begin(f);
    pool = registry_get(&f->m->registry, "p");
    assert_int_equal(pool->state, POOL_TRIPPED);
    assert_true(pool->supervision.due.mono == due);
}

/* Killed before the file was written: the next run writes it. */
static void test_file_lost(void **state)
{
    ManagerFixture *f = *state;
    const Pool *pool;
    _cleanup_free_ char *before = NULL, *after = NULL;
    char *word;

    (void)add_tripped(f);
    manager_die(f);
    before = read_memory(f);
    word = strstr(before, "\"general_open\": true");
    assert_non_null(word);
    for (const char *c = "\"general_open\":false"; *c; c++) /* of the same length */
        *word++ = *c;
    put_file(f->state_folder->fd, file, before);
    manager_begin(f);
    pool = registry_get(&f->m->registry, "p");
    assert_int_equal(pool->state, POOL_TRIPPED);
    manager_die(f);
    after = read_memory(f);
    assert_non_null(strstr(after, "\"general_open\": true"));
    manager_begin(f);
}

static void test_deregistered(void **state)
{
    ManagerFixture *f = *state;
    Operation *o;

    (void)add_tripped(f);
    assert_int_equal(manager_stop(f->m, "p", NULL, &o, NULL), 0);
    assert_int_equal(manager_deregister(f->m, "p", false, NULL, &o, NULL), 0);
    assert_null(manager_get_pool(f->m, "p"));
    assert_false(is_remembered(f));
    host_goes(f);
    assert_false(is_remembered(f));
    assert_null(comes_up(f));
}

static void test_generation(void **state)
{
    ManagerFixture *f = *state;
    Pool *pool;

    (void)add_ready(f);
    for (uint64_t n = 1; n < 4; n++) {
        Operation *o;

        pool = reboot(f);
        assert_int_equal(pool->generation, n);
        await_devices(f);
        assert_int_equal(manager_restart(f->m, "p", NULL, &o, NULL), 0);
        becomes_ready(f, pool);
        assert_int_equal(pool->generation, n + 1);
    }
}

/* A failure, and the restart after it, are remembered whatever becomes of the new engine. */
static void test_restarted(void **state)
{
    ManagerFixture *f = *state;
    SupervisionSettings *s = &f->settings->policy.supervision;
    usec_t deadline = loop_deadline(f);
    Pool *pool;

    s->backoff_initial_usec = s->backoff_min_usec = s->backoff_max_usec = USEC_PER_MSEC;
    assert_int_equal(manager_set_settings(f->m, f->settings), 0);
    pool = add_ready(f);
    crashes(f, pool);
    while (pool->state != POOL_STARTING)
        run_once(f, deadline);
    assert_int_equal(pool->supervision.restart_count, 1);
    pool = reboot(f);
    assert_int_equal(pool->state, POOL_OFF);
    assert_int_equal(pool->supervision.restart_count, 1);
    assert_int_equal(pool->supervision.breakers[BREAKER_GENERAL].failures, 1);
}

static void test_damaged(void **state)
{
    static const char *const bad[] = {"", "garbage", "{\"format\": 1, \"pool_id\": \"p\"",
                                      "{\"format\": 2, \"pool_id\": \"p\"}"};
    ManagerFixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        manager_die(f);
        put_file(f->state_folder->fd, file, bad[i]);
        assert_null(comes_up(f));
        assert_no_file(f->state_folder->fd, file);
        assert_file(f->state_folder->fd, "pools/p.json.bad", bad[i]);
    }
    /* It is of a pool that is there: what can be written again is. */
    (void)add_ready(f);
    manager_die(f);
    put_file(f->state_folder->fd, file, "garbage");
    manager_begin(f);
    assert_file(f->state_folder->fd, "pools/p.json.bad", "garbage");
    assert_non_null(manager_get_pool(f->m, "p"));
}

/* Everything else goes on. */
static void test_no_directory(void **state)
{
    static const char *const paths[] = {"", "/dev/null/pool-managerd"};
    ManagerFixture *f = *state;
    Operation *o;
    Pool *pool;

    for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
        manager_die(f);
        free(f->settings->state_directory);
        f->settings->state_directory = strdup(paths[i]);
        assert_non_null(f->settings->state_directory);
        manager_begin(f);
        assert_int_equal(f->recovered, 0);
        pool = add_ready(f);
        assert_int_equal(manager_stop(f->m, "p", NULL, &o, NULL), 0);
        crashes(f, pool);
        assert_int_equal(manager_deregister(f->m, "p", false, NULL, &o, NULL), 0);
        assert_false(is_remembered(f));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            manager_test(test_was_ready),
            manager_test(test_was_not_ready),
            manager_test(test_last_good_spec),
            manager_test(test_breaker),
            manager_test(test_runtime_directory_lost),
            manager_test(test_known),
            manager_test(test_file_lost),
            manager_test(test_deregistered),
            manager_test(test_generation),
            manager_test(test_restarted),
            manager_test(test_damaged),
            manager_test(test_no_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
