/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

/* What is on disk when it counts: while others hold the lock, when there is no room, and after the
 * manager's death. */

static const LeaseRequest anybody = {.ttl_ms = SPEC_UNSET};

/* Runs the loop until the service manager is asked to start a unit. */
static void await_start(ManagerFixture *f)
{
    usec_t until = loop_deadline(f);

    while (fake_count(f->systemd, "StartTransientUnit") == 0)
        run_once(f, until);
}

/* Runs it until `part` stands in the file. */
static void await_in_file(ManagerFixture *f, const char *name, const char *part)
{
    usec_t until = loop_deadline(f);

    for (;;) {
        _cleanup_free_ char *text = has_file(f, name) ? read_file(f, name) : NULL;

        if (text && strstr(text, part))
            return;
        run_once(f, until);
    }
}

/* An engine whose state is not on disk could not be found again: its start waits. */
static void test_start_waits(void **state)
{
    ManagerFixture *f = *state;
    Operation *o;
    Pool *pool;

    others_lock(f, F_WRLCK);
    pool = add_engine(f, "p", &o);
    assert_int_equal(pool->state, POOL_STARTING);
    fake_settle(f->systemd);
    assert_int_equal(fake_count(f->systemd, "StartTransientUnit"), 0);
    assert_false(has_file(f, "state/p.json"));
    others_unlock(f);
    await_start(f);
    assert_in_file(f, "state/p.json", "\"state\": \"starting\"");
    settle(f);
    assert_int_equal(fake_count(f->systemd, "StartTransientUnit"), 1);
}

/* The same when something else gets its state on disk before the next try. */
static void test_start_waits_for_any_write(void **state)
{
    ManagerFixture *f = *state;
    Operation *o;
    uint64_t ms;

    others_lock(f, F_RDLCK);
    (void)add_engine(f, "p", &o);
    others_unlock(f);
    assert_int_equal(manager_heartbeat(f->m, "p", SPEC_UNSET, &ms, NULL), 0);
    assert_true(has_file(f, "state/p.json"));
    await_start(f);
    settle(f);
    assert_int_equal(fake_count(f->systemd, "StartTransientUnit"), 1);
}

/* Stopped while it waits: it is not started after all. */
static void test_stopped_while_it_waits(void **state)
{
    ManagerFixture *f = *state;
    Operation *o;

    others_lock(f, F_WRLCK);
    (void)add_engine(f, "p", &o);
    assert_int_equal(manager_stop(f->m, "p", NULL, &o, NULL), 0);
    fake_settle(f->systemd);
    others_unlock(f);
    await_in_file(f, "state/p.json", "\"state\": \"stopping\"");
    fake_settle(f->systemd);
    assert_int_equal(fake_count(f->systemd, "StartTransientUnit"), 0);
    fake_reply_error(f->systemd, fake_call(f->systemd, "StopUnit", 0),
                     "org.freedesktop.systemd1.NoSuchUnit", "no such unit");
    await_in_file(f, "state/p.json", "\"state\": \"off\"");
    assert_int_equal(fake_count(f->systemd, "StartTransientUnit"), 0);
}

/* What happens inside is written later; what somebody asks for is refused, and leaves no trace. */
static void test_locked(void **state)
{
    ManagerFixture *f = *state;
    Pool *pool = add_external(f, "p");
    LeaseGrant grant, none = {.active_leases = 4711};
    Error error = {.code = PM_ERROR_NONE};
    uint64_t active;
    bool is_new;

    assert_int_equal(manager_acquire_lease(f->m, "p", &anybody, &grant, NULL), 0);
    others_lock(f, F_RDLCK);
    assert_true(manager_register(f->m, "q", NULL, &is_new, &error) < 0);
    assert_null(manager_get_pool(f->m, "q"));
    assert_true(manager_acquire_lease(f->m, "p", &anybody, &none, &error) < 0);
    assert_int_equal(none.active_leases, 4711);
    assert_int_equal(pool->leases.count, 1);
    manager_release_holder(f->m, ":1.1"); /* nobody's */
    assert_true(manager_release_lease(f->m, "p", grant.id, &active, &error) < 0);
    assert_int_equal(error.code, PM_ERROR_INTERNAL);
    assert_int_equal(pool->leases.count, 0);
    assert_in_file(f, "leases/p.json", "\"number\":1");
    assert_true(manager_acquire_lease(f->m, "p", &anybody, &none, &error) < 0);
    others_unlock(f);
    await_in_file(f, "leases/p.json", "\"leases\":[]");
    assert_true(manager_release_lease(f->m, "p", grant.id, &active, &error) < 0);
    assert_int_equal(error.code, PM_ERROR_LEASE_NOT_FOUND);
}

/* Fills what is left of the file system. */
static void fill(ManagerFixture *f)
{
    static const char zeros[4096];
    int fd = openat(f->folder->fd, "ballast", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_return_code(fd, errno);
    while (write(fd, zeros, sizeof(zeros)) > 0)
        ;
    assert_int_equal(errno, ENOSPC);
    close(fd);
}

static void make_room(ManagerFixture *f)
{
    assert_return_code(unlinkat(f->folder->fd, "ballast", 0), errno);
}

static void assert_no_room(const Error *error)
{
    assert_int_equal(error->code, PM_ERROR_INTERNAL);
    assert_non_null(strstr(error->text, "on disk: No space left on device"));
}

static void check_full(ManagerFixture *f, const LeaseGrant *grant)
{
    const PoolUpdate update = {.given = POOL_FIELD_SLOTS_TOTAL, .meta = {.slots_total = 9}};
    Pool *pool = registry_get(&f->m->registry, "p");
    usec_t heartbeat = pool->last_heartbeat_real;
    LeaseGrant none;
    Error error = {.code = PM_ERROR_NONE};
    uint64_t n;
    bool is_new;

    assert_true(manager_register(f->m, "q", NULL, &is_new, &error) < 0);
    assert_no_room(&error);
    assert_true(manager_update(f->m, "q", &update, NULL, &is_new, NULL, &error) < 0);
    assert_no_room(&error);
    assert_int_equal(manager_count_pools(f->m), 1);
    assert_true(manager_update(f->m, "p", &update, NULL, &is_new, NULL, &error) < 0);
    assert_no_room(&error);
    assert_true(pool->meta.slots_total == SPEC_UNSET);
    assert_true(manager_heartbeat(f->m, "p", 4711, &n, &error) < 0);
    assert_no_room(&error);
    assert_true(pool->last_heartbeat_real == heartbeat);
    assert_true(manager_acquire_lease(f->m, "p", &anybody, &none, &error) < 0);
    assert_no_room(&error);
    assert_true(manager_release_anonymous_lease(f->m, "p", &n, &error) < 0);
    assert_no_room(&error);
    assert_int_equal(pool->leases.count, 1);
    /* What is given back is gone, but the next daemon might count it again: nobody is told that it
     * is, however often it is asked, before it is on disk. */
    for (unsigned i = 0; i < 2; i++) {
        assert_true(manager_release_lease(f->m, "p", grant->id, &n, &error) < 0);
        assert_no_room(&error);
        assert_int_equal(pool->leases.count, 0);
    }
    assert_true(manager_acquire_lease(f->m, "p", &anybody, &none, &error) < 0);
}

static void test_disk_full(void **state)
{
    ManagerFixture *f = *state;
    LeaseGrant grant;
    Operation *o;

    manager_die(f);
    if (!mount_tmpfs(f->folder, "256k"))
        skip();
    manager_begin(f);
    (void)add_external(f, "p");
    assert_int_equal(manager_acquire_lease(f->m, "p", &anybody, &grant, NULL), 0);
    fill(f);
    check_full(f, &grant);
    /* No engine that could not be found again. */
    assert_int_equal(add_engine(f, "e", &o)->state, POOL_FAILED);
    assert_non_null(o->outcome.error);
    assert_int_equal(o->outcome.error->code, PM_ERROR_PRELOAD_FAILED);
    assert_non_null(strstr(o->outcome.error->text, "its state file cannot be written"));
    fake_settle(f->systemd);
    assert_int_equal(fake_count(f->systemd, "StartTransientUnit"), 0);

    make_room(f);
    await_in_file(f, "leases/p.json", "\"leases\":[]");
    manager_die(f);
    manager_begin(f);
    assert_int_equal(manager_get_pool(f->m, "p")->leases.count, 0);
    assert_int_equal(manager_get_pool(f->m, "e")->state, POOL_FAILED);
}

/* A pool that goes while its file waits to be written is not written any more. */
static void test_forgotten_while_unsaved(void **state)
{
    ManagerFixture *f = *state;
    LeaseGrant grant;
    uint64_t active;
    Operation *o;

    (void)add_external(f, "p");
    assert_int_equal(manager_acquire_lease(f->m, "p", &anybody, &grant, NULL), 0);
    others_lock(f, F_WRLCK);
    assert_true(manager_release_lease(f->m, "p", grant.id, &active, NULL) < 0);
    assert_int_equal(manager_deregister(f->m, "p", true, NULL, &o, NULL), 0);
    others_unlock(f);
    (void)add_pool(f, "q");
    assert_null(manager_get_pool(f->m, "p"));
    assert_false(has_file(f, "leases/p.json"));
    assert_false(has_file(f, "state/p.json"));
}

/* Numbers do not come again as long as the directory lives, whoever dies meanwhile. */
static void test_generations(void **state)
{
    ManagerFixture *f = *state;
    Operation *o;

    for (uint64_t n = 1; n <= 4; n++) {
        Pool *pool = add_external(f, "p");

        assert_int_equal(pool->generation, n);
        if (n % 2) {
            manager_die(f);
            manager_begin(f);
            assert_int_equal(manager_get_pool(f->m, "p")->generation, n);
        }
        assert_int_equal(manager_deregister(f->m, "p", true, NULL, &o, NULL), 0);
        if (n == 2) {
            manager_die(f);
            manager_begin(f);
        }
        assert_null(manager_get_pool(f->m, "p"));
    }
    assert_in_file(f, "registry.json", "\"generation_floor\": 4");
}

/* Nor while others keep us from writing that down. */
static void test_generations_when_locked(void **state)
{
    ManagerFixture *f = *state;
    Operation *o;

    (void)add_external(f, "p");
    others_lock(f, F_WRLCK);
    assert_int_equal(manager_deregister(f->m, "p", true, NULL, &o, NULL), 0);
    others_unlock(f);
    assert_int_equal(add_external(f, "p")->generation, 2);
}

static void test_operation_ids(void **state)
{
    ManagerFixture *f = *state;
    uint64_t last = 0;

    for (int lives = 0; lives < 3; lives++) {
        for (int n = 0; n < 1500; n++) {
            Operation *o = NULL;

            assert_int_equal(operation_new(f->m, OPERATION_STOP, "p", NULL, &o), 0);
            assert_true(operation_id(o) > last);
            last = operation_id(o);
        }
        manager_die(f);
        manager_begin(f);
    }
}

/* B-REG-013 and what else is to outlive us. */
static void test_registry_survives(void **state)
{
    const PoolUpdate update = {
            .given = POOL_FIELD_SLOTS_TOTAL | POOL_FIELD_SLOTS_FREE,
            .meta = {.slots_total = 9, .slots_free = 5},
    };
    const LeaseRequest request = {.owner = "me", .ttl_ms = 3600000};
    ManagerFixture *f = *state;
    LeaseGrant grant, next;
    const Pool *pool;
    uint64_t ms;
    bool is_new;

    (void)add_external(f, "x");
    (void)add_pool(f, "p");
    assert_int_equal(manager_update(f->m, "p", &update, NULL, &is_new, NULL, NULL), 0);
    assert_false(is_new);
    assert_int_equal(manager_heartbeat(f->m, "p", 1700000000123, &ms, NULL), 0);
    assert_int_equal(manager_acquire_lease(f->m, "x", &request, &grant, NULL), 0);
    manager_die(f);
    manager_begin(f);

    pool = manager_get_pool(f->m, "p");
    assert_true(pool->registered);
    assert_int_equal(pool->meta.slots_total, 9);
    assert_int_equal(pool->meta.slots_free, 5);
    assert_int_equal(pool->last_heartbeat_real, 1700000000123000);
    pool = manager_get_pool(f->m, "x");
    assert_int_equal(pool->state, POOL_EXTERNAL);
    assert_int_equal(pool->leases.count, 1);
    assert_string_equal(pool->leases.first->owner, "me");
    /* With the time that it had left, and its number is taken. */
    assert_true(pool->leases.first->expires <= manager_now(f->m).mono + 3600 * USEC_PER_SEC);
    assert_true(pool->leases.first->expires > manager_now(f->m).mono + 3500 * USEC_PER_SEC);
    assert_int_equal(manager_acquire_lease(f->m, "x", &anybody, &next, NULL), 0);
    assert_string_equal(grant.id, "1.1");
    assert_string_equal(next.id, "1.2");
    assert_int_equal(manager_release_lease(f->m, "x", grant.id, &ms, NULL), 0);
    assert_int_equal(ms, 1);
}

/* What cannot be read is set aside, and the rest is there. */
static void test_damaged(void **state)
{
    static const struct {
        const char *name, *text;
        bool is_kept_aside;
    } bad[] = {
            {"registry.json", "{\"format\": 1", true},
            {"state/cut.json", "{\"format\": 1, \"pool_id\": \"cut\"", true},
            {"state/newer.json", "{\"format\": 2, \"pool_id\": \"newer\"}", true},
            {"state/other.json", "{\"format\": 1, \"pool_id\": \"another\"}", true},
            {"state/empty.json", "", true},
            {"leases/x.json", "garbage", true},
            {"leases/nobody.json", "{}", false},
    };
    ManagerFixture *f = *state;
    LeaseGrant grant;

    (void)add_pool(f, "p");
    (void)add_external(f, "x");
    assert_int_equal(manager_acquire_lease(f->m, "x", &anybody, &grant, NULL), 0);
    manager_die(f);
    for (size_t i = 0; i < ELEMENTSOF(bad); i++)
        put_file(f->folder->fd, bad[i].name, bad[i].text);
    manager_begin(f);
    assert_int_equal(f->recovered, 0);
    assert_int_equal(manager_count_pools(f->m), 2);
    assert_non_null(manager_get_pool(f->m, "p"));
    assert_int_equal(manager_get_pool(f->m, "x")->state, POOL_EXTERNAL);
    assert_int_equal(manager_get_pool(f->m, "x")->leases.count, 0);
    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        char aside[64];

        (void)snprintf(aside, sizeof(aside), "%s.bad", bad[i].name);
        assert_false(has_file(f, bad[i].name));
        assert_int_equal(has_file(f, aside), bad[i].is_kept_aside);
        if (bad[i].is_kept_aside)
            assert_file(f->folder->fd, aside, bad[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            manager_test(test_start_waits),
            manager_test(test_start_waits_for_any_write),
            manager_test(test_stopped_while_it_waits),
            manager_test(test_locked),
            manager_test(test_disk_full),
            manager_test(test_forgotten_while_unsaved),
            manager_test(test_generations),
            manager_test(test_generations_when_locked),
            manager_test(test_operation_ids),
            manager_test(test_registry_survives),
            manager_test(test_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
