/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../manager/fake-devices.h"
#include "../manager/fake-plan.h"
#include "bus-fixture.h"

#include <poolmgr/names.h>

#include "dbus/methods.h"

/* The methods beside preload and stop, and the registry lock that all of them take. */

#define CHAT PM_POOL_OBJECT_PATH "/chat"

static void assert_asked(const BusFixture *f, const char *expected)
{
    assert_string_equal(fake_manager_take_asked(f->manager), expected);
}

static void assert_new(sd_bus_message *reply, bool expected, const char *warning)
{
    const char *text;
    int is_new;

    assert_null(sd_bus_message_get_error(reply));
    assert_true(sd_bus_message_read(reply, "b", &is_new) > 0);
    assert_int_equal(is_new, expected);
    if (warning) {
        assert_true(sd_bus_message_enter_container(reply, 'a', "s") > 0);
        assert_true(sd_bus_message_read(reply, "s", &text) > 0);
        assert_non_null(strstr(text, warning));
    }
    sd_bus_message_unref(reply);
}

static void assert_no_value(sd_bus_message *reply)
{
    assert_null(sd_bus_message_get_error(reply));
    assert_string_equal(sd_bus_message_get_signature(reply, true), "");
    sd_bus_message_unref(reply);
}

static void test_register(void **state)
{
    const BusFixture *f = *state;

    assert_new(bus_fixture_ask(f, "Register", "s", "chat"), true, NULL);
    assert_asked(f, "register chat");
    assert_new(bus_fixture_ask(f, "Register", "s", "chat"), false, NULL);
}

static void test_deregister(void **state)
{
    const BusFixture *f = *state;
    Reply reply;
    sd_bus_message *call;

    assert_bus_number(bus_fixture_ask(f, "Deregister", "sb", "chat", false), 1);
    assert_asked(f, "deregister chat");
    call = bus_fixture_new_call(f, "DeregisterAndWait");
    assert_true(sd_bus_message_append(call, "sb", "chat", true) >= 0);
    bus_fixture_send(f, call, &reply);
    bus_fixture_wait_for_operations(f, 2);
    assert_asked(f, "deregister chat by force");
    fake_manager_end(f->manager, fake_manager_operation(f->manager, 1), PM_ERROR_NONE, NULL);
    assert_bus_text(bus_fixture_wait(f, &reply), "{\"answer\":true}");
}

static void test_restart(void **state)
{
    const BusFixture *f = *state;

    fake_manager_add_pool(f->manager, "chat");
    assert_bus_number(bus_fixture_ask(f, "Restart", "s", "chat"), 1);
    assert_bus_number(
            bus_fixture_call(f, bus_fixture_new_call_at(f, CHAT, PM_POOL_INTERFACE, "Restart")), 2);
}

static void test_drain(void **state)
{
    const BusFixture *f = *state;
    Reply reply;
    sd_bus_message *call;

    fake_manager_add_pool(f->manager, "chat");
    assert_bus_number(bus_fixture_ask(f, "Drain", "st", "chat", UINT64_C(5000)), 1);
    assert_asked(f, "drain chat within 5000");
    assert_bus_number(bus_fixture_ask(f, "Drain", "st", "chat", UINT64_C(0)), 2);
    assert_asked(f, "drain chat within 0");
    assert_bus_number(bus_fixture_ask(f, "Drain", "st", "chat", UINT64_MAX), 3);
    assert_asked(f, "drain chat");
    call = bus_fixture_new_call_at(f, CHAT, PM_POOL_INTERFACE, "Drain");
    assert_true(sd_bus_message_append(call, "t", UINT64_C(7)) >= 0);
    assert_bus_number(bus_fixture_call(f, call), 4);
    assert_asked(f, "drain chat within 7");
    call = bus_fixture_new_call(f, "DrainAndWait");
    assert_true(sd_bus_message_append(call, "st", "chat", UINT64_MAX) >= 0);
    bus_fixture_send(f, call, &reply);
    bus_fixture_wait_for_operations(f, 5);
    assert_asked(f, "drain chat");
    fake_manager_end(f->manager, fake_manager_operation(f->manager, 4), PM_ERROR_CANCELLED,
                     "stopped");
    assert_bus_error(bus_fixture_wait(f, &reply), PM_ERROR_CANCELLED, "stopped");
}

#define SPEC(pool)                                                                          \
    "{\"pool_id\":\"" pool                                                                  \
    "\",\"binary_path\":\"/bin/engine\",\"flags\":[],\"host\":\"127.0.0.1\",\"port\":8000," \
    "\"model_path\":\"/models/m.gguf\",\"engine_version\":\"v2\"}"

static void test_reload(void **state)
{
    const BusFixture *f = *state;
    Reply reply;
    sd_bus_message *call;

    fake_manager_add_pool(f->manager, "chat");
    assert_bus_number(bus_fixture_ask(f, "Reload", "sstss", "chat", "/m", UINT64_MAX, "", ""), 1);
    assert_asked(f, "drain reload chat to /m of the same");
    assert_bus_number(bus_fixture_ask(f, "Reload", "sstss", "chat", "a model", UINT64_C(0),
                                      SPEC("chat"), "blue-green"),
                      2);
    assert_asked(f, "blue-green reload chat to a model of v2 within 0");
    /* As a preload takes it. */
    assert_bus_number(bus_fixture_ask(f, "Reload", "sstss", "chat", "m", UINT64_C(5),
                                      "{\"prepared\":" SPEC("chat") "}", "drain"),
                      3);
    assert_asked(f, "drain reload chat to m of v2 within 5");
    call = bus_fixture_new_call_at(f, CHAT, PM_POOL_INTERFACE, "Reload");
    assert_true(sd_bus_message_append(call, "stss", "m", UINT64_C(7), "", "") >= 0);
    assert_bus_number(bus_fixture_call(f, call), 4);
    assert_asked(f, "drain reload chat to m of the same within 7");
    call = bus_fixture_new_call(f, "ReloadAndWait");
    assert_true(sd_bus_message_append(call, "sstss", "chat", "m", UINT64_MAX, "", "") >= 0);
    bus_fixture_send(f, call, &reply);
    bus_fixture_wait_for_operations(f, 5);
    assert_asked(f, "drain reload chat to m of the same");
    fake_manager_end(f->manager, fake_manager_operation(f->manager, 4), PM_ERROR_RELOAD_FAILED,
                     "reload failed: exited");
    assert_bus_error(bus_fixture_wait(f, &reply), PM_ERROR_RELOAD_FAILED, "exited");
}

static void test_bad_reload(void **state)
{
    static const struct {
        const char *model_ref, *prepared, *strategy;
        uint64_t deadline_ms;
        PmErrorCode code;
        const char *says;
    } cases[] = {
            {"", "", "", 0, PM_ERROR_INVALID_FIELD, "new_model_ref"},
            {"--help", "", "", 0, PM_ERROR_INVALID_FIELD, "new_model_ref"},
            {"a\nb", "", "", 0, PM_ERROR_INVALID_FIELD, "new_model_ref"},
            {"m", "", "", 86400001, PM_ERROR_INVALID_FIELD, "drain_deadline_ms"},
            {"m", "", "", UINT64_MAX - 1, PM_ERROR_INVALID_FIELD, "drain_deadline_ms"},
            {"m", "", "green", 0, PM_ERROR_INVALID_FIELD, "strategy"},
            {"m", "{", "", 0, PM_ERROR_INVALID_JSON, "JSON"},
            {"m", " ", "", 0, PM_ERROR_INVALID_JSON, "JSON"},
            {"m", "{}, \"strategy\": \"drain\"", "", 0, PM_ERROR_INVALID_JSON, "JSON"},
            {"m", "{}", "", 0, PM_ERROR_INVALID_FIELD, "pool_id"},
            {"m", SPEC("other"), "", 0, PM_ERROR_INVALID_FIELD, "pool_id"},
    };
    const BusFixture *f = *state;

    fake_manager_add_pool(f->manager, "chat");
    for (size_t i = 0; i < ELEMENTSOF(cases); i++)
        assert_bus_error(bus_fixture_ask(f, "Reload", "sstss", "chat", cases[i].model_ref,
                                         cases[i].deadline_ms, cases[i].prepared,
                                         cases[i].strategy),
                         cases[i].code, cases[i].says);
    assert_asked(f, "");
    assert_int_equal(fake_manager_count_operations(f->manager), 0);
}

static void test_update(void **state)
{
    const BusFixture *f = *state;

    assert_new(bus_fixture_ask(f, "Update", "ss", "chat",
                               "{\"engine_version\":\"v2\",\"colour\":\"red\"}"),
               true, "colour");
    assert_asked(f, "update chat 1 v2");
    assert_new(bus_fixture_ask(f, "Update", "ss", "chat", ""), false, NULL);
    assert_asked(f, "update chat 0 unset");
}

static void test_handoff(void **state)
{
    const BusFixture *f = *state;

    assert_new(bus_fixture_ask(f, "RegisterHandoff", "ss", "chat",
                               "{\"url\":\"http://127.0.0.1:9\",\"colour\":\"red\"}"),
               true, "colour");
    assert_asked(f, "handoff chat http://127.0.0.1:9");
}

static void test_heartbeat(void **state)
{
    const BusFixture *f = *state;

    assert_bus_number(bus_fixture_ask(f, "Heartbeat", "st", "chat", UINT64_C(77)), 77);
    assert_asked(f, "heartbeat chat 77");
    assert_bus_number(bus_fixture_ask(f, "Heartbeat", "st", "chat", UINT64_MAX), 1000);
    assert_asked(f, "heartbeat chat 1000");
}

static void test_resources(void **state)
{
    const BusFixture *f = *state;

    sd_bus_message_unref(bus_fixture_ask(f, "SetResources", "ss", "chat", "{\"cpu_weight\": 7}"));
    assert_asked(f, "resources chat cpu_weight=7");
    sd_bus_message_unref(
            bus_fixture_ask(f, "SetResources", "ss", "chat", "{\"memory_max\": null}"));
    assert_asked(f, "resources chat memory_max=18446744073709551615");
    assert_bus_error(bus_fixture_ask(f, "SetResources", "ss", "chat", "{\"cpu_weight\": 0}"),
                     PM_ERROR_INVALID_FIELD, "cpu_weight: must be an integer from 1 to 10000");
    assert_bus_error(bus_fixture_ask(f, "SetResources", "ss", "chat", "{}"), PM_ERROR_BAD_REQUEST,
                     "one of memory_max");
    assert_bus_error(bus_fixture_ask(f, "SetResources", "ss", "chat", "[]"), PM_ERROR_BAD_REQUEST,
                     "must be an object");
}

static void test_breaker(void **state)
{
    const BusFixture *f = *state;

    assert_no_value(bus_fixture_ask(f, "ResetBreaker", "s", "chat"));
    assert_asked(f, "reset chat");
    assert_bus_error(bus_fixture_ask(f, "AllowRestart", "s", "chat"), PM_ERROR_BREAKER_CLOSED,
                     "closed");
    assert_asked(f, "allow chat");
    assert_no_value(bus_fixture_ask(f, "AllowRestart", "s", "tripped"));
    assert_asked(f, "allow tripped");
}

static void test_looks(void **state)
{
    const BusFixture *f = *state;

    assert_bus_error(bus_fixture_ask(f, "GetHealth", "s", "chat"), PM_ERROR_POOL_NOT_FOUND,
                     "pool chat not found");
    assert_bus_error(bus_fixture_ask(f, "DescribePool", "s", "chat"), PM_ERROR_POOL_NOT_FOUND,
                     "pool chat not found");
    assert_bus_error(bus_fixture_ask(f, "GetOperation", "t", UINT64_C(9)),
                     PM_ERROR_OPERATION_NOT_FOUND, "operation 9");
    fake_manager_add_pool(f->manager, "chat");
    assert_bus_text(bus_fixture_ask(f, "GetHealth", "s", "chat"), "{\"live\":true}");
    assert_bus_text(bus_fixture_ask(f, "DescribePool", "s", "chat"), "{\"one\":true}");
    assert_bus_text(
            bus_fixture_call(f, bus_fixture_new_call_at(f, CHAT, PM_POOL_INTERFACE, "GetHealth")),
            "{\"live\":true}");
    assert_bus_number(bus_fixture_ask(f, "Restart", "s", "chat"), 1);
    assert_bus_text(bus_fixture_ask(f, "GetOperation", "t", UINT64_C(1)), "{\"id\":1}");
}

static void test_logs(void **state)
{
    const BusFixture *f = *state;
    sd_bus_message *reply;
    char text[32] = "";
    int fd;

    assert_bus_error(
            bus_fixture_ask(f, "OpenLogs", "sttbb", "chat", UINT64_C(5), UINT64_C(0), false, false),
            PM_ERROR_POOL_NOT_FOUND, "chat");
    fake_manager_add_pool(f->manager, "chat");
    reply = bus_fixture_ask(f, "OpenLogs", "sttbb", "chat", UINT64_C(5), UINT64_C(2), true, true);
    assert_asked(f, "logs chat 5 2 follow json");
    assert_true(sd_bus_message_read(reply, "h", &fd) > 0);
    assert_true(read(fd, text, sizeof(text) - 1) > 0);
    assert_string_equal(text, "it speaks\n");
    assert_int_equal(read(fd, text, sizeof(text) - 1), 0);
    sd_bus_message_unref(reply);
}

/* How many events came, "first" and the id of the last. */
static void assert_events(sd_bus_message *reply, uint64_t first, size_t count, uint64_t last)
{
    const char *run_id, *type, *pool_id, *data;
    uint64_t found_first, id = 0;
    size_t found = 0;

    assert_null(sd_bus_message_get_error(reply));
    assert_true(sd_bus_message_read(reply, "st", &run_id, &found_first) > 0);
    assert_string_equal(run_id, "0123456789abcdef");
    assert_int_equal(found_first, first);
    assert_true(sd_bus_message_enter_container(reply, 'a', "(tsss)") > 0);
    while (sd_bus_message_read(reply, "(tsss)", &id, &type, &pool_id, &data) > 0)
        found++;
    assert_int_equal(found, count);
    assert_int_equal(id, last);
    sd_bus_message_unref(reply);
}

static void test_events(void **state)
{
    const BusFixture *f = *state;

    assert_events(bus_fixture_ask(f, "ListEvents", "t", UINT64_C(0)), 0, 0, 0);
    for (int i = 0; i < 5; i++)
        fake_manager_add_event(f->manager, "pool", "chat", 10);
    assert_events(bus_fixture_ask(f, "ListEvents", "t", UINT64_C(0)), 1, 5, 5);
    assert_events(bus_fixture_ask(f, "ListEvents", "t", UINT64_C(3)), 1, 2, 5);
    assert_events(bus_fixture_ask(f, "ListEvents", "t", UINT64_C(5)), 1, 0, 0);
    assert_events(bus_fixture_ask(f, "ListEvents", "t", UINT64_MAX), 1, 0, 0);
    fake_manager_lose_event(f->manager);
    fake_manager_lose_event(f->manager);
    assert_events(bus_fixture_ask(f, "ListEvents", "t", UINT64_C(0)), 3, 3, 5);
}

/* An answer is bounded, but there is always one event in it. */
static void test_events_that_are_large(void **state)
{
    const BusFixture *f = *state;

    for (int i = 0; i < 5; i++)
        fake_manager_add_event(f->manager, "pool", "chat", 400 * 1024);
    fake_manager_add_event(f->manager, "pool", "chat", 2 * 1024 * 1024);
    assert_events(bus_fixture_ask(f, "ListEvents", "t", UINT64_C(0)), 1, 2, 2);
    assert_events(bus_fixture_ask(f, "ListEvents", "t", UINT64_C(4)), 1, 1, 5);
    assert_events(bus_fixture_ask(f, "ListEvents", "t", UINT64_C(5)), 1, 1, 6);
}

static void assert_standard_error(sd_bus_message *reply, const char *name)
{
    assert_true(sd_bus_message_is_method_error(reply, name));
    sd_bus_message_unref(reply);
}

/* What each method says to a pool's id that is none, and to arguments of another type. */
static void test_malformed_calls(void **state)
{
    const BusFixture *f = *state;

    for (const Method *m = methods; m->name; m++) {
        sd_bus_message *call;

        assert_standard_error(bus_fixture_ask(f, m->name, "sssss", "", "", "", "", ""),
                              SD_BUS_ERROR_INVALID_ARGS);
        if (!method_takes_pool(m))
            continue;
        call = bus_fixture_new_call(f, m->name);
        assert_true(sd_bus_message_append(call, "s", "../chat") >= 0);
        for (const char *type = m->in + 1; *type; type++) {
            const union {
                uint64_t number;
                int boolean;
            } zero = {0};

            assert_true(sd_bus_message_append_basic(call, *type,
                                                    *type == 's' ? (const void *)"" : &zero) >= 0);
        }
        assert_bus_error(bus_fixture_call(f, call), PM_ERROR_INVALID_ID, "pool_id");
    }
    assert_asked(f, "");
    assert_int_equal(fake_manager_count_operations(f->manager), 0);
    assert_int_equal(manager_count_pools(f->manager), 0);
}

static void test_bad_arguments(void **state)
{
    const BusFixture *f = *state;

    fake_manager_add_pool(f->manager, "chat")->state = POOL_READY;
    assert_bus_error(bus_fixture_ask(f, "Update", "ss", "chat", "{"), PM_ERROR_INVALID_JSON,
                     "JSON");
    assert_bus_error(bus_fixture_ask(f, "Update", "ss", "chat", "{\"slots_total\":\"x\"}"),
                     PM_ERROR_INVALID_FIELD, "slots_total");
    assert_bus_error(bus_fixture_ask(f, "RegisterHandoff", "ss", "chat", "{}"),
                     PM_ERROR_INVALID_FIELD, "url");
    assert_bus_error(bus_fixture_ask(f, "RegisterHandoff", "ss", "chat",
                                     "{\"url\":\"http://h:1\",\"pool_id\":\"other\"}"),
                     PM_ERROR_INVALID_FIELD, "pool_id");
    assert_bus_error(bus_fixture_ask(f, "Heartbeat", "st", "chat", UINT64_C(0)),
                     PM_ERROR_INVALID_FIELD, "timestamp_ms");
    assert_bus_error(bus_fixture_ask(f, "Heartbeat", "st", "chat", UINT64_MAX - 1),
                     PM_ERROR_INVALID_FIELD, "timestamp_ms");
    assert_bus_error(bus_fixture_ask(f, "AcquireLease", "sstb", "chat", "", UINT64_C(0), false),
                     PM_ERROR_INVALID_FIELD, "ttl_ms");
    assert_bus_error(bus_fixture_ask(f, "Drain", "st", "chat", UINT64_C(86400001)),
                     PM_ERROR_INVALID_FIELD, "deadline_ms");
    assert_bus_error(bus_fixture_ask(f, "DrainAndWait", "st", "chat", UINT64_MAX - 1),
                     PM_ERROR_INVALID_FIELD, "deadline_ms");
    assert_bus_error(bus_fixture_ask(f, "AcquireLease", "sstb", "chat", "a\nb", UINT64_MAX, false),
                     PM_ERROR_INVALID_FIELD, "owner");
    assert_bus_error(bus_fixture_ask(f, "ReleaseLease", "ss", "chat", "no such\x01thing"),
                     PM_ERROR_LEASE_NOT_FOUND, "lease");
    assert_asked(f, "");
}

static void test_strings_that_are_too_large(void **state)
{
    const BusFixture *f = *state;
    char *text = malloc(PM_BODY_MAX + 2);

    assert_non_null(text);
    memset(text, 'a', PM_BODY_MAX + 1);
    text[PM_BODY_MAX + 1] = '\0';
    assert_bus_error(bus_fixture_ask(f, "Update", "ss", "chat", text), PM_ERROR_BODY_TOO_LARGE,
                     "patch");
    assert_bus_error(bus_fixture_ask(f, "AcquireLease", "sstb", "chat", text, UINT64_MAX, false),
                     PM_ERROR_BODY_TOO_LARGE, "owner");
    assert_bus_error(bus_fixture_ask(f, "ReleaseLease", "ss", "chat", text),
                     PM_ERROR_BODY_TOO_LARGE, "lease_id");
    assert_bus_error(bus_fixture_ask(f, "Stop", "s", text), PM_ERROR_INVALID_ID, "pool_id");
    free(text);
}

static void send_register(const BusFixture *f, Reply *reply)
{
    sd_bus_message *call = bus_fixture_new_call(f, "Register");

    assert_true(sd_bus_message_append(call, "s", "chat") >= 0);
    bus_fixture_send(f, call, reply);
    while (fake_manager_count_waiting(f->manager) == 0)
        assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
}

static void test_lock_that_comes_free(void **state)
{
    const BusFixture *f = *state;
    Reply reply;

    fake_manager_lock(f->manager);
    send_register(f, &reply);
    bus_fixture_settle(f);
    assert_null(reply.message);
    fake_manager_unlock(f->manager);
    assert_new(bus_fixture_wait(f, &reply), true, NULL);
}

static void test_lock_that_stays_taken(void **state)
{
    const BusFixture *f = *state;
    Reply reply;

    fake_manager_lock(f->manager);
    send_register(f, &reply);
    fake_manager_refuse_lock(f->manager);
    assert_bus_error(bus_fixture_wait(f, &reply), PM_ERROR_REGISTRY_LOCK, "registry lock failed");
    assert_asked(f, "");
}

static void test_caller_that_leaves_the_lock(void **state)
{
    BusFixture *f = *state;
    Reply reply;

    fake_manager_lock(f->manager);
    send_register(f, &reply);
    sd_bus_flush_close_unref(f->client);
    while (fake_manager_count_waiting(f->manager) > 0)
        assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
    f->client = bus_fixture_connect(f);
    assert_asked(f, "");
}

static void send_describe_devices(const BusFixture *f, Reply *reply)
{
    bus_fixture_send(f, bus_fixture_new_call(f, "DescribeDevices"), reply);
    while (fake_devices_count_waiting() == 0)
        assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
}

static void test_devices(void **state)
{
    BusFixture *f = *state;
    Reply reply;

    assert_bus_text(bus_fixture_call(f, bus_fixture_new_call(f, "DescribeDevices")),
                    "{\"gpus\":[]}");
    fake_devices_hold(true);
    send_describe_devices(f, &reply);
    bus_fixture_settle(f);
    assert_null(reply.message);
    fake_devices_hold(false);
    assert_bus_text(bus_fixture_wait(f, &reply), "{\"gpus\":[]}");
}

static void test_caller_that_leaves_the_devices(void **state)
{
    BusFixture *f = *state;
    Reply reply;

    fake_devices_hold(true);
    send_describe_devices(f, &reply);
    sd_bus_flush_close_unref(f->client);
    while (fake_devices_count_waiting() > 0)
        assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
    fake_devices_hold(false);
    f->client = bus_fixture_connect(f);
}

#define PREPARED                                                                           \
    "{\"pool_id\":\"chat\",\"binary_path\":\"/e\",\"flags\":[],\"host\":\"h\",\"port\":1," \
    "\"model_path\":\"m\",\"engine_version\":\"1\"}"

static sd_bus_message *new_plan_call(const BusFixture *f, const char *pool_id)
{
    sd_bus_message *call = bus_fixture_new_call(f, "Plan");

    assert_true(sd_bus_message_append(call, "ss", pool_id, PREPARED) >= 0);
    return call;
}

static void test_plan(void **state)
{
    BusFixture *f = *state;
    Reply reply;

    assert_bus_text(bus_fixture_call(f, new_plan_call(f, "chat")), "{\"pool_id\":\"chat\"}");
    fake_plan_hold(true);
    bus_fixture_send(f, new_plan_call(f, "chat"), &reply);
    while (fake_plan_count_waiting() == 0)
        assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
    assert_null(reply.message);
    fake_plan_hold(false);
    assert_bus_text(bus_fixture_wait(f, &reply), "{\"pool_id\":\"chat\"}");
    assert_bus_error(bus_fixture_call(f, new_plan_call(f, "other")), PM_ERROR_INVALID_FIELD,
                     "pool_id");
    assert_asked(f, "");
}

static void test_caller_that_leaves_its_plan(void **state)
{
    BusFixture *f = *state;
    Reply reply;

    fake_plan_hold(true);
    bus_fixture_send(f, new_plan_call(f, "chat"), &reply);
    while (fake_plan_count_waiting() == 0)
        assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
    sd_bus_flush_close_unref(f->client);
    while (fake_plan_count_waiting() > 0)
        assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
    fake_plan_hold(false);
    f->client = bus_fixture_connect(f);
}

static sd_bus_message *get(const BusFixture *f, const char *path, const char *interface,
                           const char *name)
{
    sd_bus_message *call =
            bus_fixture_new_call_at(f, path, "org.freedesktop.DBus.Properties", "Get");

    assert_true(sd_bus_message_append(call, "ss", interface, name) >= 0);
    return bus_fixture_call(f, call);
}

/* Properties cannot wait, but what needs no lock goes on. */
static void test_properties_and_the_lock(void **state)
{
    const BusFixture *f = *state;
    sd_bus_message *call, *reply;

    fake_manager_add_pool(f->manager, "chat");
    fake_manager_lock(f->manager);
    assert_bus_error(get(f, CHAT, PM_POOL_INTERFACE, "State"), PM_ERROR_REGISTRY_LOCK, "lock");
    assert_bus_error(get(f, PM_OBJECT_PATH, PM_MANAGER_INTERFACE, "PoolCount"),
                     PM_ERROR_REGISTRY_LOCK, "lock");
    call = bus_fixture_new_call_at(f, CHAT, "org.freedesktop.DBus.Properties", "GetAll");
    assert_true(sd_bus_message_append(call, "s", PM_POOL_INTERFACE) >= 0);
    assert_bus_error(bus_fixture_call(f, call), PM_ERROR_REGISTRY_LOCK, "lock");
    assert_bus_error(
            bus_fixture_call(f, bus_fixture_new_call_at(f, PM_OBJECT_PATH,
                                                        "org.freedesktop.DBus.ObjectManager",
                                                        "GetManagedObjects")),
            PM_ERROR_REGISTRY_LOCK, "lock");
    reply = get(f, PM_OBJECT_PATH, PM_MANAGER_INTERFACE, "RunId");
    assert_null(sd_bus_message_get_error(reply));
    sd_bus_message_unref(reply);
    fake_manager_unlock(f->manager);
    reply = get(f, CHAT, PM_POOL_INTERFACE, "State");
    assert_null(sd_bus_message_get_error(reply));
    sd_bus_message_unref(reply);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, bus_fixture_setup, bus_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_register),
            TEST(test_deregister),
            TEST(test_restart),
            TEST(test_drain),
            TEST(test_reload),
            TEST(test_bad_reload),
            TEST(test_update),
            TEST(test_handoff),
            TEST(test_heartbeat),
            TEST(test_resources),
            TEST(test_breaker),
            TEST(test_looks),
            TEST(test_logs),
            TEST(test_events),
            TEST(test_events_that_are_large),
            TEST(test_malformed_calls),
            TEST(test_bad_arguments),
            TEST(test_strings_that_are_too_large),
            TEST(test_lock_that_comes_free),
            TEST(test_lock_that_stays_taken),
            TEST(test_caller_that_leaves_the_lock),
            TEST(test_devices),
            TEST(test_plan),
            TEST(test_caller_that_leaves_its_plan),
            TEST(test_caller_that_leaves_the_devices),
            TEST(test_properties_and_the_lock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
