/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bus-fixture.h"

#include <poolmgr/names.h>
#include <stdio.h>

/* Leases end with the connection that took them. */

static Pool *add_ready_pool(const BusFixture *f, const char *id)
{
    Pool *pool = fake_manager_add_pool(f->manager, id);

    pool->state = POOL_READY;
    pool->generation = 3;
    return pool;
}

static void send_acquire(sd_bus *client)
{
    sd_bus_message *call;

    assert_true(sd_bus_message_new_method_call(client, &call, PM_BUS_NAME, PM_OBJECT_PATH,
                                               PM_MANAGER_INTERFACE, "AcquireLease") >= 0);
    assert_true(sd_bus_message_append(call, "sstb", "chat", "me", UINT64_MAX, false) >= 0);
    assert_true(sd_bus_send(client, call, NULL) >= 0);
    sd_bus_message_unref(call);
}

static void wait_for_leases(const BusFixture *f, const Pool *pool, uint64_t count)
{
    while (pool->leases.count != count)
        assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
}

static void test_lease(void **state)
{
    const BusFixture *f = *state;
    Pool *pool = add_ready_pool(f, "chat");
    uint64_t active, generation;
    sd_bus_message *reply;
    const char *id;

    reply = bus_fixture_ask(f, "AcquireLease", "sstb", "chat", "me", UINT64_C(5000), false);
    assert_true(sd_bus_message_read(reply, "stt", &id, &active, &generation) > 0);
    assert_string_equal(id, "3.1");
    assert_int_equal(active, 1);
    assert_int_equal(generation, 3);
    sd_bus_message_unref(reply);
    assert_string_equal(fake_manager_take_asked(f->manager), "lease chat me 5000");
    assert_bus_number(bus_fixture_ask(f, "ReleaseLease", "ss", "chat", "3.1"), 0);
    assert_bus_error(bus_fixture_ask(f, "ReleaseLease", "ss", "chat", "3.1"),
                     PM_ERROR_LEASE_NOT_FOUND, "lease");
    assert_bus_number(bus_fixture_ask(f, "ReleaseAnonymousLease", "s", "chat"), 0);
    pool->state = POOL_OFF;
    assert_bus_error(bus_fixture_ask(f, "AcquireLease", "sstb", "chat", "", UINT64_MAX, false),
                     PM_ERROR_NOT_READY, "not ready");
}

static void test_leases_of_several_holders(void **state)
{
    const BusFixture *f = *state;
    Pool *pool = add_ready_pool(f, "chat");
    sd_bus *one = bus_fixture_connect(f), *other = bus_fixture_connect(f);

    send_acquire(one);
    send_acquire(other);
    send_acquire(other);
    wait_for_leases(f, pool, 3);
    sd_bus_flush_close_unref(other);
    wait_for_leases(f, pool, 1);
    sd_bus_flush_close_unref(one);
    wait_for_leases(f, pool, 0);
}

/* A call whose sender is gone before it is carried out grants nothing that nobody could end. */
static void test_holder_that_leaves_at_once(void **state)
{
    const BusFixture *f = *state;
    Pool *pool = add_ready_pool(f, "chat");

    for (int i = 0; i < 20; i++) {
        sd_bus *client = bus_fixture_connect(f);

        if (i % 2 == 0)
            bus_fixture_settle(f);
        send_acquire(client);
        sd_bus_flush_close_unref(client);
        bus_fixture_settle(f);
    }
    wait_for_leases(f, pool, 0);
}

static void test_holder_that_leaves_while_the_lock_is_taken(void **state)
{
    const BusFixture *f = *state;
    Pool *pool = add_ready_pool(f, "chat");
    sd_bus *client = bus_fixture_connect(f);

    fake_manager_lock(f->manager);
    send_acquire(client);
    while (fake_manager_count_waiting(f->manager) == 0)
        assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
    sd_bus_flush_close_unref(client);
    while (fake_manager_count_waiting(f->manager) > 0)
        assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
    fake_manager_unlock(f->manager);
    bus_fixture_settle(f);
    assert_int_equal(pool->leases.count, 0);
}

static void take_lease_for(Manager *m, Pool *pool, const char *holder)
{
    const LeaseRequest request = {.holder = holder, .ttl_ms = SPEC_UNSET};
    const Lease *lease;

    assert_int_equal(lease_acquire(pool, &request, manager_now(m), &lease, NULL), 0);
}

/* After a restart: the leases of those who are still there stay, and end when they leave. */
static void test_leases_from_before(void **state)
{
    BusFixture *f = *state;
    Pool *pool = add_ready_pool(f, "chat");
    sd_bus *client = bus_fixture_connect(f);
    char id[SD_ID128_STRING_MAX], holder[128];
    const char *name;
    sd_id128_t bus_id;

    assert_true(sd_bus_get_unique_name(client, &name) >= 0);
    assert_true(sd_bus_get_bus_id(f->server_bus, &bus_id) >= 0);
    (void)sd_id128_to_string(bus_id, id);
    (void)snprintf(holder, sizeof(holder), "%s/%s", id, name);
    take_lease_for(f->manager, pool, holder);
    (void)snprintf(holder, sizeof(holder), "%s/:1.9999", id);
    take_lease_for(f->manager, pool, holder);
    take_lease_for(f->manager, pool, holder);
    (void)snprintf(holder, sizeof(holder), "00112233445566778899aabbccddeeff/%s", name);
    take_lease_for(f->manager, pool, holder);
    take_lease_for(f->manager, pool, NULL);

    f->server = dbus_server_free(f->server);
    fake_manager_drop_listener(f->manager);
    assert_true(dbus_server_new(f->server_bus, f->manager, false, &f->server) >= 0);
    bus_fixture_request_name(f);
    bus_fixture_settle(f);
    assert_int_equal(pool->leases.count, 2);

    sd_bus_flush_close_unref(client);
    wait_for_leases(f, pool, 1);
    assert_null(pool->leases.first->holder);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, bus_fixture_setup, bus_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_lease),
            TEST(test_leases_of_several_holders),
            TEST(test_holder_that_leaves_at_once),
            TEST(test_holder_that_leaves_while_the_lock_is_taken),
            TEST(test_leases_from_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
