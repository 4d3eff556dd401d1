/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager-fixture.h"

#include <errno.h>
#include <poolmgr/names.h>
#include <stdio.h>

/* Engines of others, by files in the handoff directory. */

static void put_handoff(ManagerFixture *f, const char *name, const char *members)
{
    char path[64], text[512];

    (void)snprintf(path, sizeof(path), "engines/%s", name);
    (void)snprintf(text, sizeof(text), "{%s}", members);
    put_file(f->folder->fd, path, text);
}

static void remove_handoff(ManagerFixture *f, const char *name)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "engines/%s", name);
    assert_return_code(unlinkat(f->folder->fd, path, 0), errno);
}

static void await_state(ManagerFixture *f, const char *pool_id, PoolState wanted)
{
    usec_t deadline = loop_deadline(f);
    const Pool *pool;

    while (!(pool = manager_get_pool(f->m, pool_id)) || pool->state != wanted)
        run_once(f, deadline);
}

static void await_gone(ManagerFixture *f, const char *pool_id)
{
    usec_t deadline = loop_deadline(f);

    while (manager_get_pool(f->m, pool_id))
        run_once(f, deadline);
}

static void await_url(ManagerFixture *f, const char *pool_id, const char *url)
{
    usec_t deadline = loop_deadline(f);

    await_state(f, pool_id, POOL_EXTERNAL);
    while (!streq(manager_get_pool(f->m, pool_id)->external->url, url))
        run_once(f, deadline);
}

/* Everything that was put there so far is read: that of the marker comes after it. */
static void await_marker(ManagerFixture *f)
{
    static unsigned n;
    char name[40], members[80], pool[32];

    (void)snprintf(pool, sizeof(pool), "marker-%u", ++n);
    (void)snprintf(name, sizeof(name), "%s.json", pool);
    (void)snprintf(members, sizeof(members), "\"pool_id\": \"%s\", \"url\": \"http://192.0.2.9\"",
                   pool);
    put_handoff(f, name, members);
    await_state(f, pool, POOL_EXTERNAL);
    remove_handoff(f, name);
    await_gone(f, pool);
}

/* It comes, changes, and goes. */
static void test_life_of_a_file(void **state)
{
    ManagerFixture *f = *state;

    put_handoff(f, "a.json", "\"url\": \"http://192.0.2.1:1\", \"slots_total\": 3");
    await_state(f, PM_DEFAULT_POOL, POOL_EXTERNAL);
    assert_int_equal(manager_get_pool(f->m, PM_DEFAULT_POOL)->generation, 1);
    assert_int_equal(manager_get_pool(f->m, PM_DEFAULT_POOL)->meta.slots_total, 3);
    assert_true(has_file(f, "state/default.json"));
    put_handoff(f, "a.json", "\"url\": \"http://192.0.2.1:2\"");
    await_url(f, PM_DEFAULT_POOL, "http://192.0.2.1:2");
    assert_int_equal(manager_get_pool(f->m, PM_DEFAULT_POOL)->generation, 2);
    assert_true(manager_get_pool(f->m, PM_DEFAULT_POOL)->meta.slots_total == SPEC_UNSET);
    remove_handoff(f, "a.json");
    await_gone(f, PM_DEFAULT_POOL);
    assert_false(has_file(f, "state/default.json"));
}

/* An entry that somebody has registered is more than its file. */
static void test_registered(void **state)
{
    ManagerFixture *f = *state;

    (void)add_pool(f, "p");
    put_handoff(f, "a.json", "\"pool_id\": \"p\", \"url\": \"http://192.0.2.1\"");
    await_state(f, "p", POOL_EXTERNAL);
    remove_handoff(f, "a.json");
    await_state(f, "p", POOL_OFF);
    assert_true(manager_get_pool(f->m, "p")->registered);
}

/* A file that speaks for another pool than before. */
static void test_other_pool(void **state)
{
    ManagerFixture *f = *state;

    put_handoff(f, "a.json", "\"pool_id\": \"p\", \"url\": \"http://192.0.2.1\"");
    await_state(f, "p", POOL_EXTERNAL);
    put_handoff(f, "a.json", "\"pool_id\": \"q\", \"url\": \"http://192.0.2.1\"");
    await_state(f, "q", POOL_EXTERNAL);
    await_gone(f, "p");
}

static void test_bad_files(void **state)
{
    static const char *const bad[] = {
            "",
            "\"url\": 1",
            "\"url\": \"ftp://a\"",
            "\"url\": \"http://192.0.2.1\", \"pool_id\": \"../x\"",
            "\"url\": \"http://192.0.2.1\",",
            "\"url\": \"http://192.0.2.1\", \"provisioning_mode\": \"managed\"",
    };
    ManagerFixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        put_handoff(f, "a.json", bad[i]);
        await_marker(f);
        assert_int_equal(manager_count_pools(f->m), 0);
        put_handoff(f, "a.json", "\"url\": \"http://192.0.2.1\"");
        await_state(f, PM_DEFAULT_POOL, POOL_EXTERNAL);
        put_handoff(f, "a.json", bad[i]); /* it says nothing any more */
        await_gone(f, PM_DEFAULT_POOL);
    }
}

/* The first file holds the pool; when it goes, the other one does. */
static void test_two_files(void **state)
{
    ManagerFixture *f = *state;

    put_handoff(f, "a.json", "\"pool_id\": \"p\", \"url\": \"http://192.0.2.1\"");
    await_state(f, "p", POOL_EXTERNAL);
    put_handoff(f, "b.json", "\"pool_id\": \"p\", \"url\": \"http://192.0.2.2\"");
    await_marker(f);
    assert_string_equal(manager_get_pool(f->m, "p")->external->url, "http://192.0.2.1");
    remove_handoff(f, "a.json");
    await_url(f, "p", "http://192.0.2.2");
    remove_handoff(f, "b.json");
    await_gone(f, "p");
}

/* A pool with an engine of ours: the file waits for its end. */
static void test_own_engine(void **state)
{
    ManagerFixture *f = *state;
    Operation *o;

    (void)add_engine(f, "p", &o);
    fake_settle(f->systemd);
    put_handoff(f, "a.json", "\"pool_id\": \"p\", \"url\": \"http://192.0.2.1\"");
    await_marker(f);
    assert_int_equal(manager_get_pool(f->m, "p")->state, POOL_STARTING);
    fake_reply_error(f->systemd, fake_call(f->systemd, "StartTransientUnit", 0),
                     "org.freedesktop.DBus.Error.AccessDenied", "no");
    await_state(f, "p", POOL_EXTERNAL);
    assert_true(o->ended);
    assert_non_null(o->outcome.error);
    assert_int_equal(o->outcome.error->code, PM_ERROR_PRELOAD_FAILED);
}

/* What came, changed and went while we were away. */
static void test_away(void **state)
{
    ManagerFixture *f = *state;

    put_handoff(f, "gone.json", "\"pool_id\": \"gone\", \"url\": \"http://192.0.2.1\"");
    put_handoff(f, "kept.json", "\"pool_id\": \"kept\", \"url\": \"http://192.0.2.1\"");
    put_handoff(f, "changed.json", "\"pool_id\": \"changed\", \"url\": \"http://192.0.2.1\"");
    await_state(f, "gone", POOL_EXTERNAL);
    await_state(f, "kept", POOL_EXTERNAL);
    await_state(f, "changed", POOL_EXTERNAL);
    manager_die(f);
    remove_handoff(f, "gone.json");
    put_handoff(f, "changed.json", "\"pool_id\": \"changed\", \"url\": \"http://192.0.2.2\"");
    put_handoff(f, "new.json", "\"pool_id\": \"new\", \"url\": \"http://192.0.2.1\"");
    manager_begin(f);
    await_gone(f, "gone");
    await_state(f, "new", POOL_EXTERNAL);
    await_url(f, "changed", "http://192.0.2.2");
    assert_int_equal(manager_get_pool(f->m, "changed")->generation, 2);
    assert_int_equal(manager_get_pool(f->m, "kept")->generation, 1);
    assert_int_equal(manager_count_pools(f->m), 3);
}

/* Registered by a request, it needs no file. */
static void test_by_request(void **state)
{
    ManagerFixture *f = *state;

    (void)add_external(f, "p");
    manager_die(f);
    manager_begin(f);
    await_marker(f);
    assert_int_equal(manager_get_pool(f->m, "p")->state, POOL_EXTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            manager_test(test_life_of_a_file), manager_test(test_registered),
            manager_test(test_other_pool),     manager_test(test_bad_files),
            manager_test(test_two_files),      manager_test(test_own_engine),
            manager_test(test_away),           manager_test(test_by_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
