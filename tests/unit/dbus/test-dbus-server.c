/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bus-fixture.h"

#include <poolmgr/names.h>
#include <stdio.h>

#include "core/status.h"
#include "dbus/command.h"

static const char good[] = "{\"pool_id\":\"chat\",\"binary_path\":\"/usr/bin/true\",\"flags\":[],"
                           "\"host\":\"127.0.0.1\",\"port\":8080,\"model_path\":\"/m.gguf\","
                           "\"engine_version\":\"1\"}";

static sd_bus_message *preload_call(const BusFixture *f, const char *member, const char *pool_id,
                                    const char *prepared)
{
    sd_bus_message *call = bus_fixture_new_call(f, member);

    assert_true(sd_bus_message_append(call, "ss", pool_id, prepared) >= 0);
    return call;
}

static sd_bus_message *stop_call(const BusFixture *f, const char *member, const char *pool_id)
{
    sd_bus_message *call = bus_fixture_new_call(f, member);

    assert_true(sd_bus_message_append(call, "s", pool_id) >= 0);
    return call;
}

static void test_lists_pools(void **state)
{
    const BusFixture *f = *state;
    const char *id, *pool_state, *path;
    sd_bus_message *reply;

    fake_manager_add_pool(f->manager, "a.b");
    fake_manager_add_pool(f->manager, "chat")->state = POOL_READY;
    reply = bus_fixture_call(f, bus_fixture_new_call(f, "ListPools"));
    assert_true(sd_bus_message_enter_container(reply, 'a', "(sso)") > 0);
    assert_true(sd_bus_message_read(reply, "(sso)", &id, &pool_state, &path) > 0);
    assert_string_equal(id, "a.b");
    assert_string_equal(pool_state, "off");
    assert_string_equal(path, PM_POOL_OBJECT_PATH "/a_2eb");
    assert_true(sd_bus_message_read(reply, "(sso)", &id, &pool_state, &path) > 0);
    assert_string_equal(id, "chat");
    assert_string_equal(pool_state, "ready");
    assert_string_equal(path, PM_POOL_OBJECT_PATH "/chat");
    assert_int_equal(sd_bus_message_at_end(reply, false), 1);
    sd_bus_message_unref(reply);
}

static void test_finds_pools(void **state)
{
    const BusFixture *f = *state;
    sd_bus_message *reply;
    const char *path;

    fake_manager_add_pool(f->manager, "chat");
    reply = bus_fixture_call(f, stop_call(f, "GetPool", "chat"));
    assert_true(sd_bus_message_read(reply, "o", &path) >= 0);
    assert_string_equal(path, PM_POOL_OBJECT_PATH "/chat");
    sd_bus_message_unref(reply);
    assert_bus_error(bus_fixture_call(f, stop_call(f, "GetPool", "nosuch")),
                     PM_ERROR_POOL_NOT_FOUND, "pool nosuch not found");
    assert_bus_error(bus_fixture_call(f, stop_call(f, "GetPool", "")), PM_ERROR_INVALID_ID,
                     "pool_id");
}

static void test_describes(void **state)
{
    const BusFixture *f = *state;

    fake_manager_add_pool(f->manager, "chat");
    assert_bus_text(bus_fixture_call(f, bus_fixture_new_call(f, "Describe")), "[\"all\"]");
    assert_bus_text(bus_fixture_call(f, bus_fixture_new_call_at(f, PM_POOL_OBJECT_PATH "/chat",
                                                                PM_POOL_INTERFACE, "Describe")),
                    "{\"one\":true}");
}

static void test_unknown_object(void **state)
{
    const BusFixture *f = *state;
    sd_bus_message *reply;

    reply = bus_fixture_call(f, bus_fixture_new_call_at(f, PM_POOL_OBJECT_PATH "/nosuch",
                                                        PM_POOL_INTERFACE, "Describe"));
    assert_true(sd_bus_message_is_method_error(reply, SD_BUS_ERROR_UNKNOWN_OBJECT));
    sd_bus_message_unref(reply);
}

/* The value of a property of the pool "chat", as a variant at which the message stands. */
static sd_bus_message *get_property(const BusFixture *f, const char *name)
{
    sd_bus_message *call = bus_fixture_new_call_at(f, PM_POOL_OBJECT_PATH "/chat",
                                                   "org.freedesktop.DBus.Properties", "Get");
    sd_bus_message *reply;

    assert_true(sd_bus_message_append(call, "ss", PM_POOL_INTERFACE, name) >= 0);
    reply = bus_fixture_call(f, call);
    assert_null(sd_bus_message_get_error(reply));
    return reply;
}

static void assert_property(const BusFixture *f, const StatusValue *value)
{
    sd_bus_message *reply = get_property(f, value->property);
    const char *string;
    uint64_t number;
    int boolean;

    switch (value->type) {
    case STATUS_STRING:
    case STATUS_OBJECT:
        assert_true(sd_bus_message_read(reply, "v", "s", &string) >= 0);
        assert_string_equal(string, value->string ? value->string : "");
        break;
    case STATUS_BOOL:
        assert_true(sd_bus_message_read(reply, "v", "b", &boolean) >= 0);
        assert_int_equal(boolean, value->boolean);
        break;
    case STATUS_NUMBER:
        assert_true(sd_bus_message_read(reply, "v", "t", &number) >= 0);
        assert_int_equal(number, value->number);
        break;
    }
    sd_bus_message_unref(reply);
}

/* Every field of a status is a property of the same value, set or unset. */
static void test_properties_are_the_status(void **state)
{
    const BusFixture *f = *state;
    Pool *pool = fake_manager_add_pool(f->manager, "chat");
    PoolStatus status;

    for (int round = 0; round < 2; round++) {
        pool_status(pool, manager_now(f->manager), &status);
        for (size_t i = 0; i < STATUS_FIELDS; i++)
            assert_property(f, &status.values[i]);
        pool->state = POOL_WARMING;
        pool->generation = 7;
        pool->crash_count = 3;
        pool->last_heartbeat_real = 5 * USEC_PER_SEC;
        error_text_set(&pool->last_error, "it fell over");
    }
}

static void test_text_that_is_no_text(void **state)
{
    const BusFixture *f = *state;
    Pool *pool = fake_manager_add_pool(f->manager, "chat");
    sd_bus_message *reply;
    const char *text;

    pool->last_error = strdup("\xff\xfe");
    assert_non_null(pool->last_error);
    reply = get_property(f, "LastError");
    assert_true(sd_bus_message_read(reply, "v", "s", &text) >= 0);
    assert_string_equal(text, "(not valid UTF-8)");
    sd_bus_message_unref(reply);
}

static void test_preload_gives_the_operation(void **state)
{
    const BusFixture *f = *state;

    assert_bus_number(bus_fixture_call(f, preload_call(f, "Preload", "chat", good)), 1);
    assert_int_equal(fake_manager_count_operations(f->manager), 1);
    assert_non_null(
            strstr(fake_operation_correlation_id(fake_manager_operation(f->manager, 0)), "/"));
}

static void test_preload_and_wait(void **state)
{
    const BusFixture *f = *state;
    Reply reply;

    bus_fixture_send(f, preload_call(f, "PreloadAndWait", "chat", good), &reply);
    bus_fixture_wait_for_operations(f, 1);
    bus_fixture_settle(f);
    assert_null(reply.message);
    fake_manager_end(f->manager, fake_manager_operation(f->manager, 0), PM_ERROR_NONE, NULL);
    assert_bus_text(bus_fixture_wait(f, &reply), "{\"answer\":true}");
}

static void test_preload_that_fails(void **state)
{
    const BusFixture *f = *state;
    Reply reply;

    bus_fixture_send(f, preload_call(f, "PreloadAndWait", "chat", good), &reply);
    bus_fixture_wait_for_operations(f, 1);
    fake_manager_end(f->manager, fake_manager_operation(f->manager, 0), PM_ERROR_PRELOAD_FAILED,
                     "preload failed: exited with status 3");
    assert_bus_error(bus_fixture_wait(f, &reply), PM_ERROR_PRELOAD_FAILED, "exited with status 3");
}

static void test_malformed_preloads(void **state)
{
    static const struct {
        const char *pool_id;
        const char *prepared;
        PmErrorCode code;
        const char *part;
    } cases[] = {
            {"chat", "", PM_ERROR_INVALID_JSON, "JSON"},
            {"chat", "{", PM_ERROR_INVALID_JSON, "JSON"},
            {"chat", "{}", PM_ERROR_INVALID_FIELD, "pool_id"},
            {"other", good, PM_ERROR_INVALID_FIELD, "pool_id"},
            {"", good, PM_ERROR_INVALID_ID, "pool_id"},
            {"../chat", good, PM_ERROR_INVALID_ID, "pool_id"},
    };
    const BusFixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(cases); i++)
        assert_bus_error(bus_fixture_call(f, preload_call(f, "Preload", cases[i].pool_id,
                                                          cases[i].prepared)),
                         cases[i].code, cases[i].part);
    assert_int_equal(fake_manager_count_operations(f->manager), 0);
}

static void test_preload_that_is_too_large(void **state)
{
    const BusFixture *f = *state;
    char *text = malloc(PM_BODY_MAX + 2);

    assert_non_null(text);
    memset(text, ' ', PM_BODY_MAX + 1);
    text[PM_BODY_MAX + 1] = '\0';
    assert_bus_error(bus_fixture_call(f, preload_call(f, "Preload", "chat", text)),
                     PM_ERROR_BODY_TOO_LARGE, "prepared");
    free(text);
}

static void test_stop(void **state)
{
    const BusFixture *f = *state;
    Reply reply;

    fake_manager_add_pool(f->manager, "chat");
    assert_bus_number(bus_fixture_call(f, stop_call(f, "Stop", "chat")), 1);
    bus_fixture_send(f, stop_call(f, "StopAndWait", "chat"), &reply);
    bus_fixture_wait_for_operations(f, 2);
    fake_manager_end(f->manager, fake_manager_operation(f->manager, 1), PM_ERROR_NONE, NULL);
    assert_bus_text(bus_fixture_wait(f, &reply), "{\"answer\":true}");
    assert_bus_error(bus_fixture_call(f, stop_call(f, "StopAndWait", "nosuch")),
                     PM_ERROR_POOL_NOT_FOUND, "nosuch");
}

static void test_stop_of_the_object(void **state)
{
    const BusFixture *f = *state;
    Reply reply;

    fake_manager_add_pool(f->manager, "chat");
    assert_bus_number(bus_fixture_call(f, bus_fixture_new_call_at(f, PM_POOL_OBJECT_PATH "/chat",
                                                                  PM_POOL_INTERFACE, "Stop")),
                      1);
    bus_fixture_send(f,
                     bus_fixture_new_call_at(f, PM_POOL_OBJECT_PATH "/chat", PM_POOL_INTERFACE,
                                             "StopAndWait"),
                     &reply);
    bus_fixture_wait_for_operations(f, 2);
    fake_manager_end(f->manager, fake_manager_operation(f->manager, 1), PM_ERROR_STOP_FAILED,
                     "it is stuck");
    assert_bus_error(bus_fixture_wait(f, &reply), PM_ERROR_STOP_FAILED, "it is stuck");
}

static void test_before_recovery(void **state)
{
    const BusFixture *f = *state;

    fake_manager_set_recovered(f->manager, false);
    assert_bus_error(bus_fixture_call(f, preload_call(f, "Preload", "chat", good)),
                     PM_ERROR_UNAVAILABLE, "just started");
}

/* A caller that leaves the bus leaves its operation behind. */
static void test_caller_that_leaves(void **state)
{
    BusFixture *f = *state;
    Reply reply;

    bus_fixture_send(f, preload_call(f, "PreloadAndWait", "chat", good), &reply);
    bus_fixture_wait_for_operations(f, 1);
    sd_bus_flush_close_unref(f->client);
    f->client = bus_fixture_connect(f);
    bus_fixture_settle(f);
    fake_manager_end(f->manager, fake_manager_operation(f->manager, 0), PM_ERROR_NONE, NULL);
    bus_fixture_settle(f);
    assert_bus_number(bus_fixture_call(f, preload_call(f, "Preload", "chat", good)), 2);
}

static void test_too_many_calls(void **state)
{
    const BusFixture *f = *state;
    static Reply replies[COMMANDS_MAX];

    for (size_t i = 0; i < COMMANDS_MAX; i++)
        bus_fixture_send(f, preload_call(f, "PreloadAndWait", "chat", good), &replies[i]);
    bus_fixture_wait_for_operations(f, COMMANDS_MAX);
    assert_bus_error(bus_fixture_call(f, preload_call(f, "PreloadAndWait", "chat", good)),
                     PM_ERROR_UNAVAILABLE, "try again");
    fake_manager_end(f->manager, fake_manager_operation(f->manager, 0), PM_ERROR_NONE, NULL);
    assert_bus_text(bus_fixture_wait(f, &replies[0]), "{\"answer\":true}");
    assert_bus_number(bus_fixture_call(f, preload_call(f, "Preload", "chat", good)),
                      COMMANDS_MAX + 1);
    /* The others are dropped by the teardown, with their calls waiting. */
}

static void on_second_name(int error, const char *error_text, void *userdata)
{
    int *result = userdata;

    *result = error;
    assert_non_null(strstr(error_text, "another pool-managerd has it"));
}

static void test_name_that_is_taken(void **state)
{
    const BusFixture *f = *state;
    Manager *manager = fake_manager_new();
    sd_bus *bus = bus_fixture_connect(f);
    DbusServer *server;
    int result = 0;

    assert_true(dbus_server_new(bus, manager, false, &server) >= 0);
    assert_true(dbus_server_request_name(server, on_second_name, &result) >= 0);
    while (result == 0)
        assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
    assert_int_equal(result, -EEXIST);
    dbus_server_free(server);
    sd_bus_flush_close_unref(bus);
    fake_manager_free(manager);
}

static void assert_introspection(const BusFixture *f, const char *path, const char *const *parts)
{
    sd_bus_message *reply;
    const char *xml;

    reply = bus_fixture_call(
            f,
            bus_fixture_new_call_at(f, path, "org.freedesktop.DBus.Introspectable", "Introspect"));
    assert_true(sd_bus_message_read(reply, "s", &xml) >= 0);
    for (; *parts; parts++)
        if (!strstr(xml, *parts))
            fail_msg("no %s in %s", *parts, xml);
    sd_bus_message_unref(reply);
}

static void test_introspection_names_arguments(void **state)
{
    static const char *const manager[] = {
            "name=\"pool_id\" direction=\"in\"", "name=\"prepared\" direction=\"in\"",
            "name=\"operation\" direction=\"out\"", "name=\"error_code\"", NULL};
    static const char *const pools[] = {"<node name=\"chat\"/>", NULL};
    static const char *const pool[] = {"name=\"StopAndWait\"", "name=\"answer\" direction=\"out\"",
                                       "name=\"LastErrorClass\" type=\"s\"", NULL};
    const BusFixture *f = *state;

    fake_manager_add_pool(f->manager, "chat");
    assert_introspection(f, PM_OBJECT_PATH, manager);
    assert_introspection(f, PM_POOL_OBJECT_PATH, pools);
    assert_introspection(f, PM_POOL_OBJECT_PATH "/chat", pool);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, bus_fixture_setup, bus_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_lists_pools),
            TEST(test_finds_pools),
            TEST(test_describes),
            TEST(test_unknown_object),
            TEST(test_properties_are_the_status),
            TEST(test_text_that_is_no_text),
            TEST(test_preload_gives_the_operation),
            TEST(test_preload_and_wait),
            TEST(test_preload_that_fails),
            TEST(test_malformed_preloads),
            TEST(test_preload_that_is_too_large),
            TEST(test_stop),
            TEST(test_stop_of_the_object),
            TEST(test_before_recovery),
            TEST(test_caller_that_leaves),
            TEST(test_too_many_calls),
            TEST(test_name_that_is_taken),
            TEST(test_introspection_names_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
