/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bus-fixture.h"

#include <poolmgr/names.h>
#include <stdio.h>

#include "base/text.h"

#define PROPERTIES     "org.freedesktop.DBus.Properties"
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"
#define CHAT           PM_POOL_OBJECT_PATH "/chat"

/* What the signals said, in one line. */
typedef struct Heard {
    Text text;
} Heard;

static void assert_heard(const BusFixture *f, Heard *heard, const char *expected)
{
    char *text;

    bus_fixture_settle(f);
    assert_int_equal(text_take(&heard->text, &text), 0);
    assert_string_equal(text, expected);
    free(text);
}

/* "path: Name Name;", and "!" before the names that are only invalidated. */
static int on_properties(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Heard *heard = userdata;
    const char *interface, *name;

    assert_true(sd_bus_message_read(m, "s", &interface) >= 0);
    text_printf(&heard->text, "%s:", strrchr(sd_bus_message_get_path(m), '/') + 1);
    assert_true(sd_bus_message_enter_container(m, 'a', "{sv}") > 0);
    while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
        assert_true(sd_bus_message_read(m, "s", &name) > 0);
        text_printf(&heard->text, " %s", name);
        assert_true(sd_bus_message_skip(m, "v") > 0);
        assert_true(sd_bus_message_exit_container(m) > 0);
    }
    assert_true(sd_bus_message_exit_container(m) > 0);
    assert_true(sd_bus_message_enter_container(m, 'a', "s") > 0);
    while (sd_bus_message_read(m, "s", &name) > 0)
        text_printf(&heard->text, " !%s", name);
    text_append(&heard->text, ";");
    return 0;
}

static int on_added(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Heard *heard = userdata;
    const char *path;

    assert_true(sd_bus_message_read(m, "o", &path) >= 0);
    text_printf(&heard->text, "added %s;", path);
    return 0;
}

static int on_removed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Heard *heard = userdata;
    const char *path, *interface;
    bool ours = false;

    assert_true(sd_bus_message_read(m, "o", &path) >= 0);
    assert_true(sd_bus_message_enter_container(m, 'a', "s") > 0);
    while (sd_bus_message_read(m, "s", &interface) > 0)
        ours = ours || streq(interface, PM_POOL_INTERFACE);
    text_printf(&heard->text, "removed %s%s;", path, ours ? "" : " but not our interface");
    return 0;
}

/* PoolAdded, PoolRemoved. */
static int on_pool(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Heard *heard = userdata;
    const char *id, *path;

    assert_true(sd_bus_message_read(m, "so", &id, &path) > 0);
    text_printf(&heard->text, "%s %s %s;", sd_bus_message_get_member(m), id, path);
    return 0;
}

static int on_event(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Heard *heard = userdata;
    const char *type, *id, *data;
    uint64_t number;

    assert_true(sd_bus_message_read(m, "tsss", &number, &type, &id, &data) > 0);
    text_printf(&heard->text, "%d %s %s %s;", (int)number, type, id, data);
    return 0;
}

static int on_ended(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Heard *heard = userdata;
    const char *kind, *pool_id, *code, *error, *answer;
    uint64_t operation;

    assert_true(sd_bus_message_read(m, "tsssss", &operation, &kind, &pool_id, &code, &error,
                                    &answer) > 0);
    text_printf(&heard->text, "%d %s %s [%s] [%s] %s;", (int)operation, kind, pool_id, code, error,
                answer);
    return 0;
}

static void listen_to(const BusFixture *f, const char *interface, const char *member,
                      sd_bus_message_handler_t handler, Heard *heard)
{
    assert_true(sd_bus_match_signal(f->client, NULL, PM_BUS_NAME, NULL, interface, member, handler,
                                    heard) >= 0);
}

/* sd_bus_match_signal() waits for the bus, but not for the loop: the other side of the fixture need
 * not run. */

static void test_only_what_changed(void **state)
{
    const BusFixture *f = *state;
    Pool *pool = fake_manager_add_pool(f->manager, "chat");
    Heard heard = {0};

    listen_to(f, PROPERTIES, "PropertiesChanged", on_properties, &heard);
    fake_manager_tell_changed(f->manager, pool);
    assert_heard(f, &heard, "");

    pool->state = POOL_FAILED;
    error_text_set(&pool->last_error, "it fell over");
    fake_manager_tell_changed(f->manager, pool);
    assert_heard(f, &heard, "chat: State LastError;");

    pool->crash_count = 1;
    fake_manager_tell_changed(f->manager, pool);
    assert_heard(f, &heard, "chat: CrashCount;");
}

static void test_health_check_error(void **state)
{
    const BusFixture *f = *state;
    Pool *pool = fake_manager_add_pool(f->manager, "chat");
    Heard heard = {0};

    listen_to(f, PROPERTIES, "PropertiesChanged", on_properties, &heard);
    error_text_set(&pool->probe_error, "connection refused");
    fake_manager_tell_changed(f->manager, pool);
    assert_heard(f, &heard, "chat: HealthCheckError;");
    fake_manager_tell_changed(f->manager, pool);
    assert_heard(f, &heard, "");
}

/* What changes by itself would make a signal of every look at it. */
static void test_quiet_properties(void **state)
{
    const BusFixture *f = *state;
    Pool *pool = fake_manager_add_pool(f->manager, "chat");
    Heard heard = {0};

    pool->state = POOL_READY;
    pool->unit = (UnitObservation){.fields = UNIT_FIELD_ACTIVE | UNIT_FIELD_MAIN_PID,
                                   .active = UNIT_ACTIVE_ACTIVE,
                                   .main_pid = 42};
    fake_manager_tell_changed(f->manager, pool);
    listen_to(f, PROPERTIES, "PropertiesChanged", on_properties, &heard);
    fake_manager_advance(f->manager, USEC_PER_MINUTE);
    pool->last_heartbeat_real = USEC_PER_MINUTE;
    fake_manager_tell_changed(f->manager, pool);
    assert_heard(f, &heard, "");
}

static void test_pools_that_appear(void **state)
{
    const BusFixture *f = *state;
    Heard heard = {0};

    listen_to(f, OBJECT_MANAGER, "InterfacesAdded", on_added, &heard);
    listen_to(f, PROPERTIES, "PropertiesChanged", on_properties, &heard);
    listen_to(f, PM_MANAGER_INTERFACE, "PoolAdded", on_pool, &heard);
    fake_manager_add_pool(f->manager, "chat");
    assert_heard(f, &heard, "added " CHAT ";PoolAdded chat " CHAT ";PoolManager1: PoolCount;");
}

static void test_pools_that_disappear(void **state)
{
    const BusFixture *f = *state;
    Heard heard = {0};
    Pool *pool;

    fake_manager_add_pool(f->manager, "chat");
    listen_to(f, OBJECT_MANAGER, "InterfacesRemoved", on_removed, &heard);
    listen_to(f, PROPERTIES, "PropertiesChanged", on_properties, &heard);
    listen_to(f, PM_MANAGER_INTERFACE, "PoolRemoved", on_pool, &heard);
    fake_manager_remove_pool(f->manager, "chat");
    assert_heard(f, &heard, "removed " CHAT ";PoolRemoved chat " CHAT ";PoolManager1: PoolCount;");
    /* One of the same name is another one: nothing of it has changed. */
    pool = fake_manager_add_pool(f->manager, "chat");
    assert_heard(f, &heard, "PoolManager1: PoolCount;");
    fake_manager_tell_changed(f->manager, pool);
    assert_heard(f, &heard, "");
}

/* What we tell by ourselves does not wait for the registry lock. */
static void test_signals_while_the_lock_is_taken(void **state)
{
    const BusFixture *f = *state;
    Pool *pool = fake_manager_add_pool(f->manager, "chat");
    Heard heard = {0};

    listen_to(f, PROPERTIES, "PropertiesChanged", on_properties, &heard);
    fake_manager_lock(f->manager);
    pool->state = POOL_FAILED;
    fake_manager_tell_changed(f->manager, pool);
    fake_manager_add_pool(f->manager, "other");
    assert_heard(f, &heard, "chat: State;PoolManager1: PoolCount;");
    fake_manager_unlock(f->manager);
}

static void test_events(void **state)
{
    const BusFixture *f = *state;
    Heard heard = {0};

    listen_to(f, PM_MANAGER_INTERFACE, "Event", on_event, &heard);
    fake_manager_add_event(f->manager, "pool", "chat", 3);
    fake_manager_add_event(f->manager, "operation", "chat", 1);
    assert_heard(f, &heard, "1 pool chat xxx;2 operation chat x;");
}

static void test_operations_that_end(void **state)
{
    const BusFixture *f = *state;
    Heard heard = {0};

    listen_to(f, PM_MANAGER_INTERFACE, "OperationEnded", on_ended, &heard);
    fake_manager_add_pool(f->manager, "chat");
    for (size_t i = 0; i < 2; i++) {
        sd_bus_message *call = bus_fixture_new_call(f, "Stop");

        assert_true(sd_bus_message_append(call, "s", "chat") >= 0);
        sd_bus_message_unref(bus_fixture_call(f, call));
    }
    fake_manager_end(f->manager, fake_manager_operation(f->manager, 0), PM_ERROR_NONE, NULL);
    fake_manager_end(f->manager, fake_manager_operation(f->manager, 1), PM_ERROR_STOP_FAILED,
                     "it is stuck");
    assert_heard(f, &heard,
                 "1 stop chat [] [] {\"answer\":true};"
                 "2 stop chat [STOP_FAILED] [it is stuck] {\"answer\":true};");
}

/* Pools that were there before the front end change like any other. */
static void test_pools_from_before(void **state)
{
    BusFixture *f = *state;
    Heard heard = {0};
    Pool *pool;

    f->server = dbus_server_free(f->server);
    fake_manager_drop_listener(f->manager);
    pool = fake_manager_add_pool(f->manager, "chat");
    assert_true(dbus_server_new(f->server_bus, f->manager, false, &f->server) >= 0);
    bus_fixture_request_name(f);
    listen_to(f, PROPERTIES, "PropertiesChanged", on_properties, &heard);
    pool->state = POOL_FAILED;
    fake_manager_tell_changed(f->manager, pool);
    assert_heard(f, &heard, "chat: State;");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, bus_fixture_setup, bus_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_only_what_changed),
            TEST(test_health_check_error),
            TEST(test_quiet_properties),
            TEST(test_pools_that_appear),
            TEST(test_pools_that_disappear),
            TEST(test_signals_while_the_lock_is_taken),
            TEST(test_events),
            TEST(test_operations_that_end),
            TEST(test_pools_from_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
