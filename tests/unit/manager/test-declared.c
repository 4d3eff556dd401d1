/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "manager-fixture.h"
#include "manager/declared.h"

/* What a declared pool is made, and what is kept of that. The folder of declarations is a user's,
 * below that of the state. */

static int set_up(void **state)
{
    int r = manager_setup(state);
    ManagerFixture *f = *state;

    if (r < 0 || mkdirat(f->state_folder->fd, "pool-managerd", 0755) < 0 ||
        mkdirat(f->state_folder->fd, "pool-managerd/pools.d", 0755) < 0 ||
        setenv("XDG_CONFIG_HOME", f->state_folder->path, 1) < 0)
        return -1;
    f->m->user_mode = true;
    return 0;
}

static void declare(const ManagerFixture *f, const char *version, unsigned slots)
{
    char text[512];

    (void)snprintf(text, sizeof(text),
                   "{\"pool_id\": \"p\", \"binary_path\": \"/bin/true\", \"flags\": [], "
                   "\"host\": \"127.0.0.1\", \"port\": 1, \"model_path\": \"m.gguf\", "
                   "\"engine_version\": \"%s\", \"slots_total\": %u}",
                   version, slots);
    put_file(f->state_folder->fd, "pool-managerd/pools.d/p.json", text);
}

static void undeclare(const ManagerFixture *f)
{
    assert_int_equal(unlinkat(f->state_folder->fd, "pool-managerd/pools.d/p.json", 0), 0);
}

static Pool *read_again(ManagerFixture *f)
{
    await_devices(f);
    manager_read_declared(f->m);
    settle(f);
    return registry_get(&f->m->registry, "p");
}

static Pool *declare_ready(ManagerFixture *f)
{
    Pool *pool;

    declare(f, "b1", 3);
    pool = read_again(f);
    assert_non_null(pool);
    assert_true(pool->declared);
    becomes_ready(f, pool);
    assert_int_equal(pool->state, POOL_READY);
    return pool;
}

static void ends(ManagerFixture *f, const Pool *pool)
{
    static const UnitObservation gone = {
            .fields = UNIT_FIELD_LOAD | UNIT_FIELD_ACTIVE | UNIT_FIELD_JOB,
            .load = UNIT_LOAD_NOT_FOUND,
            .active = UNIT_ACTIVE_INACTIVE,
    };

    post_unit(f, pool, &gone);
    settle(f);
}

static void assert_kept(const ManagerFixture *f, const char *name, const char *part)
{
    const ManagerFixture state = {.folder = f->state_folder};

    assert_in_file(&state, name, part);
}

/* The daemon dies; everything was on disk. */
static void dies(ManagerFixture *f)
{
    assert_int_equal(state_dir_flush(f->m->declared->store, 10 * USEC_PER_SEC), 0);
    manager_die(f);
}

/* What is adjusted is kept for the next boot, and what is kept says that it was reached. */
static void test_adjusted(void **state)
{
    ManagerFixture *f = *state;
    Pool *pool = declare_ready(f);

    declare(f, "b1", 9);
    (void)read_again(f);
    assert_int_equal(pool->state, POOL_READY);
    assert_int_equal(pool->meta.slots_total, 9);
    assert_int_equal(pool->generation, 1);
    dies(f);
    assert_kept(f, "pools/p.json", "\"slots_total\": 9");
    assert_kept(f, "declared/p.json", "\"slots_total\": 9");
    assert_kept(f, "declared/p.json", "\"reached\": true");
    assert_kept(f, "declared/p.json", "\"owned\": true");
}

/* A daemon that is killed before the record is on disk: the pool still goes with its file. */
static void test_killed_before_the_record(void **state)
{
    ManagerFixture *f = *state;

    put_file(f->state_folder->fd, "pool-managerd/pools.d/p.json",
             "{\"pool_id\": \"p\", \"binary_path\": \"/bin/true\", \"flags\": [], "
             "\"host\": \"127.0.0.1\", \"port\": 1, \"model_path\": \"m.gguf\", "
             "\"engine_version\": \"b1\", \"autostart\": false}");
    assert_non_null(read_again(f));
    dies(f);
    assert_int_equal(unlinkat(f->state_folder->fd, "declared/p.json", 0), 0);
    manager_begin(f);
    f->m->user_mode = true;
    assert_non_null(read_again(f));
    undeclare(f);
    assert_null(read_again(f));
}

/* Who preloads something by hand is waited for; then the file comes into force. */
static void test_waits(void **state)
{
    ManagerFixture *f = *state;
    Operation *o;
    Pool *pool = add_engine(f, "p", &o);

    declare(f, "b2", 3);
    (void)read_again(f);
    assert_int_equal(pool->operation.kind, OPERATION_PRELOAD);
    assert_true(declared_find(f->m, "p")->due);
    becomes_ready(f, pool);
    settle(f);
    assert_int_equal(pool->operation.kind, OPERATION_RELOAD);
    assert_false(declared_find(f->m, "p")->due);
    assert_false(declared_find(f->m, "p")->record->owned);
}

/* A pool that somebody has deregistered stays away until the next boot. */
static void test_deregistered(void **state)
{
    static const char other[] = "00000000000000000000000000000000";
    ManagerFixture *f = *state;
    Error error = {.code = PM_ERROR_NONE};
    Pool *pool = declare_ready(f);
    DeclaredPool *d = declared_find(f->m, "p");
    Operation *o;

    assert_int_equal(manager_deregister(f->m, "p", true, NULL, &o, &error), 0);
    ends(f, pool);
    assert_null(registry_get(&f->m->registry, "p"));
    assert_null(read_again(f));
    memcpy(d->record->boot_id, other, sizeof(other));
    assert_non_null(read_again(f));
}

/* Without a state directory the runtime directory has it; what is damaged is set aside. */
static void test_kept_elsewhere(void **state)
{
    ManagerFixture *f = *state;

    dies(f);
    f->settings->state_directory[0] = '\0';
    manager_begin(f);
    f->m->user_mode = true;
    (void)declare_ready(f);
    dies(f);
    assert_in_file(f, "declared/p.json", "\"reached\": true");
    put_file(f->folder->fd, "declared/p.json", "{");
    manager_begin(f);
    assert_true(has_file(f, "declared/p.json.bad"));
    assert_null(declared_find(f->m, "p"));
}

/* A file that is gone and back again while its engine was going. */
static void test_comes_back(void **state)
{
    ManagerFixture *f = *state;
    Pool *pool = declare_ready(f);

    undeclare(f);
    (void)read_again(f);
    assert_int_equal(pool->state, POOL_STOPPING);
    declare(f, "b1", 3);
    (void)read_again(f);
    assert_int_equal(pool->state, POOL_STOPPING);
    ends(f, pool);
    assert_ptr_equal(registry_get(&f->m->registry, "p"), pool);
    assert_int_equal(pool->generation, 2);
    assert_int_equal(pool->state, POOL_STARTING);
}

/* A folder that cannot be read says nothing of what is gone. */
static void test_unreadable(void **state)
{
    ManagerFixture *f = *state;
    const Pool *pool = declare_ready(f);

    undeclare(f);
    assert_int_equal(unlinkat(f->state_folder->fd, "pool-managerd/pools.d", AT_REMOVEDIR), 0);
    assert_int_equal(symlinkat("pools.d", f->state_folder->fd, "pool-managerd/pools.d"), 0);
    assert_ptr_equal(read_again(f), pool);
    assert_int_equal(pool->state, POOL_READY);
    assert_int_equal(strv_length(f->m->declared->problems), 1);
}

#define declared_test(f) cmocka_unit_test_setup_teardown(f, set_up, manager_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            declared_test(test_adjusted),
            declared_test(test_waits),
            declared_test(test_deregistered),
            declared_test(test_kept_elsewhere),
            declared_test(test_comes_back),
            declared_test(test_unreadable),
            declared_test(test_killed_before_the_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
