/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

/* The host is shut down, on a bus with a logind that answers when the test says so. */

enum { DELAY_MAX_MS = 5000, MARGIN_MS = 1000 };

static void settle_both(ManagerFixture *f)
{
    settle(f);
    fake_settle(f->systemd);
}

/* The inhibitor that the manager asks for: one end of a pipe. Returns the other. */
static int give_inhibitor(ManagerFixture *f)
{
    int ends[2];

    settle_both(f);
    assert_return_code(pipe2(ends, O_CLOEXEC), errno);
    assert_int_equal(fake_count(f->systemd, "Inhibit"), 1);
    fake_reply(f->systemd, fake_call(f->systemd, "Inhibit", 0), "h", ends[1]);
    close(ends[1]);
    fake_settle(f->systemd);
    fake_forget(f->systemd);
    return ends[0];
}

static bool is_held(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) == 0;
}

static void run_until_let_go(ManagerFixture *f, int fd)
{
    usec_t deadline = loop_deadline(f);

    while (is_held(fd))
        run_once(f, deadline);
    close(fd);
}

static void prepare_for_shutdown(ManagerFixture *f, bool begins)
{
    sd_bus_message *m = fake_signal_new(f->systemd, "/org/freedesktop/login1",
                                        "org.freedesktop.login1.Manager", "PrepareForShutdown");

    assert_true(sd_bus_message_append(m, "b", begins) >= 0);
    fake_forget(f->systemd);
    fake_send(f->systemd, m);
    fake_settle(f->systemd);
    if (begins)
        fake_reply(f->systemd, fake_call(f->systemd, "Get", 0), "v", "t",
                   (uint64_t)usec_from_ms(DELAY_MAX_MS));
    fake_settle(f->systemd);
}

static Pool *add_ready(ManagerFixture *f, const char *id)
{
    Operation *o;
    Pool *pool = add_engine(f, id, &o);

    pool->spec->port = (uint16_t)(9 + f->m->registry.count); /* the next one gets that of now */
    becomes_ready(f, pool);
    settle(f);
    fake_forget(f->systemd);
    return pool;
}

static LeaseGrant take_lease(ManagerFixture *f, const char *id)
{
    const LeaseRequest request = {.ttl_ms = SPEC_UNSET};
    Error error = {.code = PM_ERROR_NONE};
    LeaseGrant grant;

    if (manager_acquire_lease(f->m, id, &request, &grant, &error) < 0)
        fail_msg("%s", error.text);
    return grant;
}

static void release_lease(ManagerFixture *f, const char *id, const LeaseGrant *grant)
{
    uint64_t active;

    assert_int_equal(manager_release_lease(f->m, id, grant->id, &active, NULL), 0);
}

static void ends(ManagerFixture *f, const Pool *pool)
{
    const UnitObservation gone = {
            .fields = UNIT_FIELD_LOAD | UNIT_FIELD_ACTIVE | UNIT_FIELD_JOB,
            .load = UNIT_LOAD_NOT_FOUND,
            .active = UNIT_ACTIVE_INACTIVE,
    };

    post_unit(f, pool, &gone);
}

static void assert_no_inhibitor(ManagerFixture *f)
{
    settle_both(f);
    assert_int_equal(fake_count(f->systemd, "Inhibit"), 0);
}

/* One inhibitor for the leases of all pools, from the first to the last. */
static void test_from_first_to_last(void **state)
{
    ManagerFixture *f = *state;
    LeaseGrant one, two;
    int fd;

    (void)add_ready(f, "p");
    (void)add_ready(f, "q");
    assert_no_inhibitor(f);
    one = take_lease(f, "p");
    fd = give_inhibitor(f);
    two = take_lease(f, "q");
    assert_no_inhibitor(f);
    assert_int_equal(f->m->leases_out, 2);
    release_lease(f, "p", &one);
    settle(f);
    assert_true(is_held(fd));
    release_lease(f, "q", &two);
    assert_int_equal(f->m->leases_out, 0);
    /* Who comes back soon finds it held. */
    one = take_lease(f, "p");
    assert_no_inhibitor(f);
    release_lease(f, "p", &one);
    run_until_let_go(f, fd);
    (void)take_lease(f, "p");
    close(give_inhibitor(f));
}

/* What somebody else runs cannot be drained: its leases hold nothing up. */
static void test_external(void **state)
{
    ManagerFixture *f = *state;

    (void)add_external(f, "e");
    settle(f);
    (void)take_lease(f, "e");
    assert_no_inhibitor(f);
    assert_int_equal(f->m->leases_out, 0);
}

/* Leases end with their engine, and with their pool. */
static void test_engine_ends(void **state)
{
    ManagerFixture *f = *state;
    Pool *p = add_ready(f, "p"), *q = add_ready(f, "q");
    Operation *o;
    int fd;

    (void)take_lease(f, "p");
    fd = give_inhibitor(f);
    (void)take_lease(f, "q");
    assert_int_equal(f->m->leases_out, 2);
    ends(f, p);
    assert_int_equal(f->m->leases_out, 1);
    assert_int_equal(manager_deregister(f->m, "q", true, NULL, &o, NULL), 0);
    ends(f, q);
    assert_null(manager_get_pool(f->m, "q"));
    assert_int_equal(f->m->leases_out, 0);
    run_until_let_go(f, fd);
}

static void test_shutdown(void **state)
{
    ManagerFixture *f = *state;
    Pool *busy = add_ready(f, "busy"), *idle = add_ready(f, "idle");
    LeaseGrant lease = take_lease(f, "busy");
    int fd = give_inhibitor(f);
    usec_t before, within = usec_from_ms(DELAY_MAX_MS - MARGIN_MS);

    (void)add_external(f, "e");
    before = manager_now(f->m).mono;
    prepare_for_shutdown(f, true);
    assert_int_equal(busy->state, POOL_DRAINING);
    assert_int_equal(idle->state, POOL_STOPPING);
    assert_int_equal(manager_get_pool(f->m, "e")->state, POOL_EXTERNAL);
    assert_in_range(busy->drain_deadline, before + within - USEC_PER_MSEC,
                    manager_now(f->m).mono + within);
    assert_true(is_held(fd));
    release_lease(f, "busy", &lease);
    /* Nobody waits any longer than that. */
    assert_false(is_held(fd));
    close(fd);
    assert_int_equal(busy->state, POOL_STOPPING);
}

static void test_configured_deadline(void **state)
{
    ManagerFixture *f = *state;
    Pool *pool = add_ready(f, "p");
    usec_t before;

    f->settings->drain_deadline_usec = USEC_PER_SEC;
    assert_int_equal(manager_set_settings(f->m, f->settings), 0);
    (void)take_lease(f, "p");
    close(give_inhibitor(f));
    before = manager_now(f->m).mono;
    prepare_for_shutdown(f, true);
    assert_in_range(pool->drain_deadline, before + USEC_PER_SEC - USEC_PER_MSEC,
                    manager_now(f->m).mono + USEC_PER_SEC);
}

/* A pool that becomes ready while the host goes down grants no leases; once it does not, it does.
 */
static void test_late_pool(void **state)
{
    ManagerFixture *f = *state;
    Operation *o;
    Pool *pool = add_engine(f, "late", &o);

    settle(f);
    prepare_for_shutdown(f, true);
    starts_well(f, pool);
    assert_int_equal(pool->state, POOL_STOPPING);
    ends(f, pool);
    assert_int_equal(pool->state, POOL_OFF);
    prepare_for_shutdown(f, false);
    pool = add_ready(f, "late");
    assert_int_equal(pool->state, POOL_READY);
}

static void test_switched_off(void **state)
{
    ManagerFixture *f = *state;
    Pool *pool = add_ready(f, "p");
    int fd;

    (void)take_lease(f, "p");
    fd = give_inhibitor(f);
    f->settings->inhibit_shutdown = false;
    assert_int_equal(manager_set_settings(f->m, f->settings), 0);
    assert_false(is_held(fd));
    close(fd);
    (void)take_lease(f, "p");
    assert_no_inhibitor(f);
    prepare_for_shutdown(f, true);
    assert_int_equal(pool->state, POOL_READY);
    f->settings->inhibit_shutdown = true;
    assert_int_equal(manager_set_settings(f->m, f->settings), 0);
    fake_forget(f->systemd);
}

/* The bus of a user's daemon is another than logind's. */
static void test_user_mode(void **state)
{
    ManagerFixture *f = *state;

    manager_die(f);
    f->settings->policy.user_mode = true;
    manager_begin(f);
    (void)add_ready(f, "p");
    (void)take_lease(f, "p");
    assert_no_inhibitor(f);
    assert_int_equal(manager_set_settings(f->m, f->settings), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            manager_test(test_from_first_to_last),  manager_test(test_external),
            manager_test(test_engine_ends),         manager_test(test_shutdown),
            manager_test(test_configured_deadline), manager_test(test_late_pool),
            manager_test(test_switched_off),        manager_test(test_user_mode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
