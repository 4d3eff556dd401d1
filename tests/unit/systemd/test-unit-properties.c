/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those that it needs */
#include <cmocka.h>

#include "fake-manager.h"
#include "systemd/unit_properties.h"

static int set_up(void **state)
{
    FakeManager *f = fake_new();

    fake_settle(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fake_free(*state);
    return 0;
}

static sd_bus_message *message_new(void **state)
{
    return fake_signal_new(*state, "/x", "x.x", "X");
}

/* Reads what was written, and frees it. */
static int read_back(sd_bus_message *m, UnitObservation *ret)
{
    int r;

    assert_true(sd_bus_message_seal(m, 1, 0) >= 0);
    assert_true(sd_bus_message_rewind(m, true) >= 0);
    r = unit_properties_read(m, ret);
    sd_bus_message_unref(m);
    return r;
}

/* A dictionary of one string. */
static UnitObservation read_string(void **state, const char *name, const char *value)
{
    sd_bus_message *m = message_new(state);
    UnitObservation u;

    assert_true(sd_bus_message_append(m, "a{sv}", 1, name, "s", value) >= 0);
    assert_int_equal(read_back(m, &u), 0);
    return u;
}

static void append_bytes(sd_bus_message *m, const char *name, size_t n)
{
    static const unsigned char bytes[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                          0x09, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff, 0x10};

    assert_true(n <= sizeof(bytes));
    assert_true(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
    assert_true(sd_bus_message_open_container(m, 'e', "sv") >= 0);
    assert_true(sd_bus_message_append(m, "s", name) >= 0);
    assert_true(sd_bus_message_open_container(m, 'v', "ay") >= 0);
    assert_true(sd_bus_message_append_array(m, 'y', bytes, n) >= 0);
    assert_true(sd_bus_message_close_container(m) >= 0);
    assert_true(sd_bus_message_close_container(m) >= 0);
    assert_true(sd_bus_message_close_container(m) >= 0);
}

static void test_every_property(void **state)
{
    sd_bus_message *m = message_new(state);
    UnitObservation u;

    assert_true(sd_bus_message_append(m, "a{sv}", 9, "LoadState", "s", "loaded", "ActiveState", "s",
                                      "failed", "Job", "(uo)", 12U,
                                      "/org/freedesktop/systemd1/job/12", "Result", "s", "oom-kill",
                                      "MainPID", "u", 11U, "ExecMainPID", "u", 13U, "ExecMainCode",
                                      "i", 3, "ExecMainStatus", "i", -1, "ActiveEnterTimestamp",
                                      "t", (uint64_t)1700000000000000) >= 0);
    assert_int_equal(read_back(m, &u), 0);
    assert_int_equal(u.fields, UNIT_FIELD_LOAD | UNIT_FIELD_ACTIVE | UNIT_FIELD_JOB |
                                       UNIT_FIELD_RESULT | UNIT_FIELD_MAIN_PID |
                                       UNIT_FIELD_EXEC_MAIN_PID | UNIT_FIELD_EXEC_MAIN_CODE |
                                       UNIT_FIELD_EXEC_MAIN_STATUS | UNIT_FIELD_ACTIVE_ENTER);
    assert_int_equal(u.load, UNIT_LOAD_LOADED);
    assert_int_equal(u.active, UNIT_ACTIVE_FAILED);
    assert_int_equal(u.job, 12);
    assert_int_equal(u.result, UNIT_RESULT_OOM_KILL);
    assert_int_equal(u.main_pid, 11);
    assert_int_equal(u.exec_main_pid, 13);
    assert_int_equal(u.exec_main_code, 3);
    assert_int_equal(u.exec_main_status, -1);
    assert_true(u.active_enter_real_usec == 1700000000000000);
}

static void test_invocation_id(void **state)
{
    static const struct {
        size_t n;
        unsigned fields;
        const char *id;
    } rows[] = {
            {16, UNIT_FIELD_INVOCATION_ID, "00010203040506070809fafbfcfdfeff"},
            {0, UNIT_FIELD_INVOCATION_ID, ""},
            {15, 0, ""},
            {17, 0, ""},
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        sd_bus_message *m = message_new(state);
        UnitObservation u;

        append_bytes(m, "InvocationID", rows[i].n);
        assert_int_equal(read_back(m, &u), 0);
        assert_int_equal(u.fields, rows[i].fields);
        assert_string_equal(u.invocation_id, rows[i].id);
    }
}

static void test_load_states(void **state)
{
    static const char *const others[] = {"not-found", "error", "masked", "bad-setting", ""};

    assert_int_equal(read_string(state, "LoadState", "loaded").load, UNIT_LOAD_LOADED);
    for (size_t i = 0; i < ELEMENTSOF(others); i++)
        assert_int_equal(read_string(state, "LoadState", others[i]).load, UNIT_LOAD_NOT_FOUND);
}

static void test_active_states(void **state)
{
    static const struct {
        const char *word;
        UnitActive active;
    } rows[] = {
            {"inactive", UNIT_ACTIVE_INACTIVE},
            {"activating", UNIT_ACTIVE_ACTIVATING},
            {"active", UNIT_ACTIVE_ACTIVE},
            {"reloading", UNIT_ACTIVE_ACTIVE},
            {"refreshing", UNIT_ACTIVE_ACTIVE},
            {"maintenance", UNIT_ACTIVE_ACTIVE},
            {"deactivating", UNIT_ACTIVE_DEACTIVATING},
            {"failed", UNIT_ACTIVE_FAILED},
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        UnitObservation u = read_string(state, "ActiveState", rows[i].word);

        assert_int_equal(u.fields, UNIT_FIELD_ACTIVE);
        assert_int_equal(u.active, rows[i].active);
    }
    /* One that did not exist when this was written. */
    assert_int_equal(read_string(state, "ActiveState", "levitating").fields, 0);
}

static void test_results(void **state)
{
    static const struct {
        const char *word;
        UnitResult result;
    } rows[] = {
            {"success", UNIT_RESULT_SUCCESS},     {"exit-code", UNIT_RESULT_EXIT_CODE},
            {"signal", UNIT_RESULT_SIGNAL},       {"core-dump", UNIT_RESULT_CORE_DUMP},
            {"timeout", UNIT_RESULT_TIMEOUT},     {"oom-kill", UNIT_RESULT_OOM_KILL},
            {"resources", UNIT_RESULT_RESOURCES}, {"start-limit-hit", UNIT_RESULT_OTHER},
            {"watchdog", UNIT_RESULT_OTHER},
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        UnitObservation u = read_string(state, "Result", rows[i].word);

        assert_int_equal(u.fields, UNIT_FIELD_RESULT);
        assert_int_equal(u.result, rows[i].result);
    }
}

/* Each property with a value of a type that it never has; what comes after it is read all the same.
 */
static void test_other_types_are_skipped(void **state)
{
    static const char *const names[] = {
            "LoadState",    "ActiveState",         "Job",          "Result",
            "MainPID",      "ExecMainPID",         "ExecMainCode", "ExecMainStatus",
            "InvocationID", "ActiveEnterTimestamp"};

    for (size_t i = 0; i < ELEMENTSOF(names); i++) {
        sd_bus_message *m = message_new(state);
        UnitObservation u;

        assert_true(sd_bus_message_append(m, "a{sv}", 5, names[i], "d", 1.5, names[i], "a{sv}", 1,
                                          names[i], "s", "deep", names[i], "(us)", 1U, "x",
                                          names[i], "v", "s", "loaded", "LoadState", "s",
                                          "loaded") >= 0);
        assert_int_equal(read_back(m, &u), 0);
        assert_int_equal(u.fields, UNIT_FIELD_LOAD);
        assert_int_equal(u.load, UNIT_LOAD_LOADED);
    }
}

static void test_pids_out_of_range_are_skipped(void **state)
{
    sd_bus_message *m = message_new(state);
    UnitObservation u;

    assert_true(sd_bus_message_append(m, "a{sv}", 3, "MainPID", "u", UINT32_MAX, "ExecMainPID", "u",
                                      (uint32_t)INT_MAX + 1, "ExecMainCode", "i", 1) >= 0);
    assert_int_equal(read_back(m, &u), 0);
    assert_int_equal(u.fields, UNIT_FIELD_EXEC_MAIN_CODE);
    assert_int_equal(u.main_pid, 0);
}

static void test_empty_dictionary(void **state)
{
    sd_bus_message *m = message_new(state);
    UnitObservation u = {.fields = 1};

    assert_true(sd_bus_message_append(m, "a{sv}", 0) >= 0);
    assert_int_equal(read_back(m, &u), 0);
    assert_int_equal(u.fields, 0);
}

static void test_no_dictionary(void **state)
{
    static const char *const types[] = {"s", "as", "a{ss}", "a(sv)", "v"};

    for (size_t i = 0; i <= ELEMENTSOF(types); i++) {
        sd_bus_message *m = message_new(state);
        UnitObservation u = {.fields = 12345};

        if (i < ELEMENTSOF(types) && streq(types[i], "s"))
            assert_true(sd_bus_message_append(m, "s", "x") >= 0);
        else if (i < ELEMENTSOF(types) && streq(types[i], "v"))
            assert_true(sd_bus_message_append(m, "v", "s", "x") >= 0);
        else if (i < ELEMENTSOF(types))
            assert_true(sd_bus_message_append(m, types[i], 0) >= 0);
        assert_true(read_back(m, &u) < 0);
        assert_int_equal(u.fields, 12345);
    }
}

static void test_gone(void **state)
{
    UnitObservation u = unit_observation_gone();

    assert_int_equal(u.fields, UNIT_FIELD_LOAD | UNIT_FIELD_ACTIVE | UNIT_FIELD_JOB);
    assert_int_equal(unit_observation_verdict(&u), UNIT_VERDICT_GONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_every_property),
            TEST(test_invocation_id),
            TEST(test_load_states),
            TEST(test_active_states),
            TEST(test_results),
            TEST(test_other_types_are_skipped),
            TEST(test_pids_out_of_range_are_skipped),
            TEST(test_empty_dictionary),
            TEST(test_no_dictionary),
            cmocka_unit_test(test_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
