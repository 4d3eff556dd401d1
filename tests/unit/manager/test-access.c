/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

/* The registry lock as the front ends see it. */

typedef struct Asked {
    ManagerFixture *f;
    char name;
    bool done;
    Error error;
    char *order; /* the names of those that were served */
} Asked;

static bool others_may(ManagerFixture *f, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
    int fd = openat(f->folder->fd, "registry.lock", O_RDWR | O_CLOEXEC);
    bool may;

    assert_return_code(fd, errno);
    may = fcntl(fd, F_OFD_SETLK, &lock) >= 0;
    close(fd);
    return may;
}

static void on_access(const Error *error, void *userdata)
{
    Asked *a = userdata;

    assert_false(a->done);
    a->done = true;
    if (error)
        a->error = *error;
    else
        assert_false(others_may(a->f, F_WRLCK)); /* it is held now */
    if (a->order)
        a->order[strlen(a->order)] = a->name;
}

static uint64_t now_ms(void)
{
    struct timespec ts;

    assert_return_code(clock_gettime(CLOCK_MONOTONIC, &ts), errno);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void test_not_held(void **state)
{
    static const ManagerAccess kinds[] = {MANAGER_READ, MANAGER_WRITE};
    ManagerFixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
        Asked a = {.f = f};
        AccessWaiter *w = NULL;

        assert_int_equal(manager_access(f->m, kinds[i], on_access, &a, &w), 1);
        assert_true(a.done);
        assert_int_equal(a.error.code, PM_ERROR_NONE);
        assert_null(w);
        assert_true(others_may(f, F_WRLCK)); /* not a moment longer */
    }
}

/* Several may read, one alone writes. */
static void test_shared(void **state)
{
    static const struct {
        short others;
        ManagerAccess access;
        int r;
    } cases[] = {
            {F_RDLCK, MANAGER_READ, 1},
            {F_RDLCK, MANAGER_WRITE, 0},
            {F_WRLCK, MANAGER_READ, 0},
            {F_WRLCK, MANAGER_WRITE, 0},
    };
    ManagerFixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        Asked a = {.f = f};
        AccessWaiter *w = NULL;
        Error error = {.code = PM_ERROR_NONE};

        others_lock(f, cases[i].others);
        assert_int_equal(manager_lock(f->m, cases[i].access, &error), cases[i].r ? 0 : -EAGAIN);
        assert_int_equal(error.code, cases[i].r ? PM_ERROR_NONE : PM_ERROR_REGISTRY_LOCK);
        manager_unlock(f->m);
        assert_int_equal(manager_access(f->m, cases[i].access, on_access, &a, &w), cases[i].r);
        assert_int_equal(a.done, cases[i].r);
        assert_int_equal(w != NULL, !cases[i].r);
        assert_null(access_waiter_free(w));
    }
}

/* It is given back in time: nobody notices. */
static void test_in_time(void **state)
{
    ManagerFixture *f = *state;
    Asked a = {.f = f};
    AccessWaiter *w = NULL;

    others_lock(f, F_WRLCK);
    assert_int_equal(manager_access(f->m, MANAGER_WRITE, on_access, &a, &w), 0);
    assert_non_null(w);
    settle(f);
    assert_false(a.done);
    others_unlock(f);
    run_until(f, &a.done);
    assert_int_equal(a.error.code, PM_ERROR_NONE);
    assert_true(others_may(f, F_WRLCK));
}

/* B-ERROR-001, B-ERROR-002: it is not, an error after 100 ms; and nothing blocks meanwhile. */
static void test_too_late(void **state)
{
    ManagerFixture *f = *state;
    Asked a = {.f = f};
    AccessWaiter *w = NULL;
    uint64_t began = now_ms();

    others_lock(f, F_WRLCK);
    assert_int_equal(manager_access(f->m, MANAGER_READ, on_access, &a, &w), 0);
    assert_true(now_ms() - began < PM_LOCK_WAIT_MS);
    run_until(f, &a.done);
    assert_true(now_ms() - began >= PM_LOCK_WAIT_MS - 1);
    assert_int_equal(a.error.code, PM_ERROR_REGISTRY_LOCK);
    assert_true(startswith(a.error.text, "registry lock failed: "));
    assert_non_null(strstr(a.error.text, "registry.lock"));
    assert_int_equal(pm_error_info(a.error.code)->http_status, 500);
}

/* The oldest first, and each of them once. */
static void test_order(void **state)
{
    ManagerFixture *f = *state;
    char order[8] = "";
    Asked a[] = {{.f = f, .name = 'a', .order = order},
                 {.f = f, .name = 'b', .order = order},
                 {.f = f, .name = 'c', .order = order}};
    AccessWaiter *w[ELEMENTSOF(a)] = {0};

    others_lock(f, F_WRLCK);
    for (size_t i = 0; i < ELEMENTSOF(a); i++)
        assert_int_equal(manager_access(f->m, MANAGER_WRITE, on_access, &a[i], &w[i]), 0);
    others_unlock(f);
    run_until(f, &a[2].done);
    assert_string_equal(order, "abc");
}

/* Who has stopped waiting is not called, wherever in the line he was. */
static void test_stop_waiting(void **state)
{
    ManagerFixture *f = *state;

    for (size_t gone = 0; gone < 3; gone++) {
        char order[8] = "";
        Asked a[] = {{.f = f, .name = 'a', .order = order},
                     {.f = f, .name = 'b', .order = order},
                     {.f = f, .name = 'c', .order = order}};
        AccessWaiter *w[ELEMENTSOF(a)] = {0};

        others_lock(f, F_WRLCK);
        for (size_t i = 0; i < ELEMENTSOF(a); i++)
            assert_int_equal(manager_access(f->m, MANAGER_WRITE, on_access, &a[i], &w[i]), 0);
        assert_null(access_waiter_free(w[gone]));
        others_unlock(f);
        run_until(f, &a[gone == 2 ? 1 : 2].done);
        assert_false(a[gone].done);
        assert_int_equal(strlen(order), 2);
    }
    assert_null(access_waiter_free(NULL));
}

/* The manager's end is theirs. */
static void test_end(void **state)
{
    ManagerFixture *f = *state;
    Asked a = {.f = f};
    AccessWaiter *w = NULL;

    others_lock(f, F_WRLCK);
    assert_int_equal(manager_access(f->m, MANAGER_WRITE, on_access, &a, &w), 0);
    manager_die(f);
    assert_false(a.done);
    others_unlock(f);
    manager_begin(f);
}

typedef struct Nested {
    ManagerFixture *f;
    Asked inner;
    AccessWaiter *waiter;
    int r;
} Nested;

static void on_outer(const Error *error, void *userdata)
{
    Nested *n = userdata;
    Error inner = {.code = PM_ERROR_NONE};

    assert_null(error);
    n->r = manager_lock(n->f->m, MANAGER_WRITE, &inner);
    assert_int_equal(inner.code, PM_ERROR_REGISTRY_LOCK);
}

/* It does not nest: an error, and the outer one stays as it is. */
static void test_nested(void **state)
{
    ManagerFixture *f = *state;
    Nested n = {.f = f};

    assert_int_equal(manager_access(f->m, MANAGER_READ, on_outer, &n, &n.waiter), 1);
    assert_int_equal(n.r, -EDEADLK);
    assert_true(others_may(f, F_WRLCK));
}

/* What has changed under the lock is on disk before it is given back. */
static void on_write(const Error *error, void *userdata)
{
    Nested *n = userdata;
    bool is_new;

    assert_null(error);
    n->r = manager_register(n->f->m, "p", NULL, &is_new, NULL);
    assert_true(has_file(n->f, "state/p.json"));
}

static void test_write(void **state)
{
    ManagerFixture *f = *state;
    Nested n = {.f = f, .r = -1};

    assert_int_equal(manager_access(f->m, MANAGER_WRITE, on_write, &n, &n.waiter), 1);
    assert_int_equal(n.r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            manager_test(test_not_held), manager_test(test_shared), manager_test(test_in_time),
            manager_test(test_too_late), manager_test(test_order),  manager_test(test_stop_waiting),
            manager_test(test_end),      manager_test(test_nested), manager_test(test_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
