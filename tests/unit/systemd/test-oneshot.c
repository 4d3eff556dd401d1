/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <syslog.h>
/* after those that it needs */
#include <cmocka.h>

#include "fake-manager.h"
#include "systemd/journal.h"
#include "systemd/oneshot.h"

#define UNIT  "once@a:1.service"
#define UNIT2 "once@b:2.service"
#define PATH  "/org/freedesktop/systemd1/unit/once_40a_3a1_2eservice"

typedef struct Once {
    FakeManager *manager;
    Oneshots *all;
    Oneshot *o;
    unsigned ends;
    bool known; /* how it ended */
    UnitEnd end;
    char text[128];
} Once;

static int set_up(void **state)
{
    Once *t = calloc(1, sizeof(*t));

    assert_non_null(t);
    journal_set_max_level(LOG_EMERG);
    t->manager = fake_new();
    assert_return_code(oneshots_new(fake_client(t->manager), "once@", &t->all), 0);
    fake_settle(t->manager);
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    Once *t = *state;

    oneshots_free(t->all);
    fake_free(t->manager);
    free(t);
    return 0;
}

static void on_end(const UnitEnd *end, const char *error_text, void *userdata)
{
    Once *t = userdata;

    t->ends++;
    t->known = end;
    if (end)
        t->end = *end;
    (void)snprintf(t->text, sizeof(t->text), "%s", error_text ? error_text : "");
}

static int start(Once *t, const char *unit)
{
    UnitPlan plan = {0};

    (void)snprintf(plan.name, sizeof(plan.name), "%s", unit);
    return oneshot_start(t->all, &plan, on_end, t, &t->o);
}

/* The one call that is there, which must be of `member` and for our unit. */
static sd_bus_message *call(Once *t, const char *member)
{
    sd_bus_message *m;
    const char *unit;

    fake_settle(t->manager);
    if (fake_count(t->manager, NULL) != 1 || fake_count(t->manager, member) != 1)
        fail_msg("%zu calls, %zu of them %s", fake_count(t->manager, NULL),
                 fake_count(t->manager, member), member);
    m = fake_call(t->manager, member, 0);
    if (streq(member, "GetAll")) {
        assert_string_equal(sd_bus_message_get_path(m), PATH);
    } else {
        assert_true(sd_bus_message_read(m, "s", &unit) > 0);
        assert_string_equal(unit, UNIT);
    }
    fake_forget(t->manager);
    return m;
}

static void no_call(Once *t)
{
    fake_settle(t->manager);
    assert_int_equal(fake_count(t->manager, NULL), 0);
}

/* Starts our unit, up to the call. */
static sd_bus_message *begin(Once *t)
{
    assert_return_code(start(t, UNIT), 0);
    fake_settle(t->manager);
    assert_int_equal(fake_count(t->manager, "Subscribe"), 1);
    assert_int_equal(fake_count(t->manager, "StartTransientUnit"), 1);
    assert_int_equal(fake_count(t->manager, NULL), 2);
    return fake_call(t->manager, "StartTransientUnit", 0);
}

/* Answers a GetAll. */
static void tell(Once *t, const char *load, const char *active, uint32_t job, const char *result,
                 int code, int status)
{
    fake_reply(t->manager, call(t, "GetAll"), "a{sv}", 6, "LoadState", "s", load, "ActiveState",
               "s", active, "Job", "(uo)", job, "/", "Result", "s", result, "ExecMainCode", "i",
               code, "ExecMainStatus", "i", status);
    fake_settle(t->manager);
}

static void tell_running(Once *t)
{
    tell(t, "loaded", "activating", 3, "success", 0, 0);
}

static void tell_gone(Once *t)
{
    tell(t, "not-found", "inactive", 0, "success", 0, 0);
}

static void changed(Once *t)
{
    sd_bus_message *m = fake_signal_new(t->manager, PATH, "org.freedesktop.DBus.Properties",
                                        "PropertiesChanged");

    assert_true(sd_bus_message_append(m, "sa{sv}as", "org.freedesktop.systemd1.Unit", 0, 0) >= 0);
    fake_send(t->manager, m);
    fake_settle(t->manager);
}

/* Our unit, running. */
static void run(Once *t)
{
    sd_bus_message *m = begin(t);

    fake_forget(t->manager);
    fake_reply_job(t->manager, m, 3);
    tell_running(t);
    no_call(t);
    assert_int_equal(t->ends, 0);
}

static void assert_end(const Once *t, FailureClass failure, int exit_status, int signal)
{
    assert_int_equal(t->ends, 1);
    assert_true(t->known);
    assert_string_equal(t->text, "");
    assert_int_equal(t->end.failure, failure);
    assert_int_equal(t->end.exit_status, exit_status);
    assert_int_equal(t->end.signal, signal);
}

static void assert_unknown(const Once *t, const char *text)
{
    assert_int_equal(t->ends, 1);
    assert_false(t->known);
    assert_non_null(strstr(t->text, text));
}

static void test_success(void **state)
{
    Once *t = *state;

    run(t);
    changed(t);
    tell_running(t); /* it was something else */
    changed(t);
    tell(t, "loaded", "active", 0, "success", CLD_EXITED, 0);
    assert_int_equal(t->ends, 0);
    fake_reply_job(t->manager, call(t, "StopUnit"), 4);
    tell(t, "loaded", "active", 4, "success", CLD_EXITED, 0);
    no_call(t);
    changed(t);
    tell_gone(t);
    assert_end(t, FAILURE_NONE, 0, 0);
    changed(t);
    no_call(t);
}

static void test_failures(void **state)
{
    static const struct {
        const char *result;
        int code, status;
        FailureClass failure;
        int exit_status, signal;
    } cases[] = {
            {"exit-code", CLD_EXITED, 3, FAILURE_PROCESS_EXIT, 3, 0},
            {"exit-code", CLD_EXITED, 203, FAILURE_EXEC_SETUP, 203, 0},
            {"signal", CLD_KILLED, SIGKILL, FAILURE_SIGNAL, -1, SIGKILL},
            {"core-dump", CLD_DUMPED, SIGSEGV, FAILURE_SIGNAL, -1, SIGSEGV},
            {"oom-kill", CLD_KILLED, SIGKILL, FAILURE_OUT_OF_MEMORY, -1, SIGKILL},
            {"resources", 0, 0, FAILURE_EXEC_SETUP, -1, 0},
    };
    Once *t = *state;

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        if (i == 0) {
            run(t);
        } else {
            t->ends = 0;
            assert_return_code(start(t, UNIT), 0);
            fake_reply_job(t->manager, call(t, "StartTransientUnit"), 3);
            tell_running(t);
        }
        changed(t);
        tell(t, "loaded", "failed", 0, cases[i].result, cases[i].code, cases[i].status);
        assert_int_equal(t->ends, 0);
        fake_reply(t->manager, call(t, "ResetFailedUnit"), "");
        fake_settle(t->manager);
        assert_end(t, cases[i].failure, cases[i].exit_status, cases[i].signal);
        no_call(t);
    }
}

static void test_refused(void **state)
{
    Once *t = *state;
    sd_bus_message *m = begin(t);

    fake_reply_error(t->manager, m, SD_BUS_ERROR_ACCESS_DENIED, "you may not");
    fake_settle(t->manager);
    assert_unknown(t, "you may not");
    fake_forget(t->manager);
    no_call(t);
}

/* Of an earlier run of the daemon: it runs, or it has ended. */
static void test_adopted(void **state)
{
    Once *t = *state;
    sd_bus_message *m = begin(t);

    fake_forget(t->manager);
    fake_reply_error(t->manager, m, "org.freedesktop.systemd1.UnitExists", "is there");
    tell_running(t);
    no_call(t);
    changed(t);
    tell(t, "loaded", "failed", 0, "exit-code", CLD_EXITED, 1);
    fake_reply(t->manager, call(t, "ResetFailedUnit"), "");
    fake_settle(t->manager);
    assert_end(t, FAILURE_PROCESS_EXIT, 1, 0);
}

/* What changes while it is read is read again: the answer may be older. */
static void test_change_while_reading(void **state)
{
    Once *t = *state;
    sd_bus_message *m = begin(t);

    fake_forget(t->manager);
    fake_reply_job(t->manager, m, 3);
    fake_settle(t->manager);
    changed(t);
    tell_running(t);
    tell(t, "loaded", "active", 0, "success", CLD_EXITED, 0);
    call(t, "StopUnit");
}

static void test_removed_by_somebody_else(void **state)
{
    Once *t = *state;

    run(t);
    changed(t);
    tell_gone(t);
    assert_unknown(t, "somebody else");
    no_call(t);
}

static void test_cancel(void **state)
{
    Once *t = *state;

    run(t);
    assert_null(oneshot_cancel(t->o));
    fake_reply_job(t->manager, call(t, "StopUnit"), 4);
    tell(t, "loaded", "activating", 4, "success", 0, 0); /* the job is to begin */
    no_call(t);
    changed(t);
    tell(t, "loaded", "deactivating", 4, "success", 0, 0);
    changed(t);
    tell(t, "loaded", "failed", 0, "signal", CLD_KILLED, SIGTERM);
    fake_reply(t->manager, call(t, "ResetFailedUnit"), "");
    no_call(t);
    changed(t);
    no_call(t);
    assert_int_equal(t->ends, 0);
}

/* The stop goes out after the start, not beside it. */
static void test_cancel_while_it_starts(void **state)
{
    Once *t = *state;
    sd_bus_message *m = begin(t);

    fake_forget(t->manager);
    assert_null(oneshot_cancel(t->o));
    no_call(t);
    fake_reply_job(t->manager, m, 3);
    fake_reply_error(t->manager, call(t, "StopUnit"), "org.freedesktop.systemd1.NoSuchUnit", "no");
    no_call(t);
    assert_int_equal(t->ends, 0);
}

static void test_forget(void **state)
{
    Once *t = *state;

    run(t);
    assert_null(oneshot_forget(t->o));
    changed(t);
    no_call(t);
    assert_int_equal(t->ends, 0);
}

/* Executed anew while the start was on its way: it may have been carried out. */
static void test_lost_start(void **state)
{
    Once *t = *state;
    sd_bus_message *m = begin(t);

    fake_forget(t->manager);
    fake_reply_error(t->manager, m, SD_BUS_ERROR_NO_REPLY, "it has gone");
    m = call(t, "StartTransientUnit");
    fake_owner_changed(t->manager, "");
    fake_settle(t->manager);
    fake_reply_error(t->manager, m, SD_BUS_ERROR_SERVICE_UNKNOWN, "nobody there");
    no_call(t);
    fake_owner_changed(t->manager, ":1.9");
    fake_settle(t->manager);
    assert_int_equal(fake_count(t->manager, "Subscribe"), 1);
    m = fake_call(t->manager, "StartTransientUnit", 0);
    fake_forget(t->manager);
    fake_reply_error(t->manager, m, "org.freedesktop.systemd1.UnitExists", "is there");
    tell_running(t);
    assert_int_equal(t->ends, 0);
}

/* What it says while the service manager is away nobody hears: it is read afterwards. */
static void test_end_while_the_service_manager_is_away(void **state)
{
    Once *t = *state;

    run(t);
    fake_owner_changed(t->manager, "");
    no_call(t);
    fake_owner_changed(t->manager, ":1.9");
    fake_settle(t->manager);
    assert_int_equal(fake_count(t->manager, "Subscribe"), 1);
    assert_int_equal(fake_count(t->manager, NULL), 2);
    fake_reply(t->manager, fake_call(t->manager, "GetAll", 0), "a{sv}", 3, "ActiveState", "s",
               "failed", "ExecMainCode", "i", CLD_EXITED, "ExecMainStatus", "i", 2);
    fake_forget(t->manager);
    fake_reply_error(t->manager, call(t, "ResetFailedUnit"), SD_BUS_ERROR_NO_REPLY, "lost");
    fake_reply(t->manager, call(t, "ResetFailedUnit"), "");
    fake_settle(t->manager);
    assert_end(t, FAILURE_PROCESS_EXIT, 2, 0);
}

static void test_cancelled_while_the_service_manager_is_away(void **state)
{
    Once *t = *state;

    run(t);
    fake_owner_changed(t->manager, "");
    fake_settle(t->manager);
    assert_null(oneshot_cancel(t->o));
    no_call(t);
    /* This one was never heard of: there is nothing to stop. */
    assert_return_code(start(t, UNIT2), 0);
    assert_null(oneshot_cancel(t->o));
    fake_owner_changed(t->manager, ":1.9");
    fake_settle(t->manager);
    assert_int_equal(fake_count(t->manager, "Subscribe"), 1);
    assert_int_equal(fake_count(t->manager, "StopUnit"), 1);
    assert_int_equal(fake_count(t->manager, NULL), 2);
}

static void test_wrong_starts(void **state)
{
    Once *t = *state;

    assert_int_equal(start(t, "other@a.service"), -EINVAL);
    run(t);
    assert_int_equal(start(t, UNIT), -EEXIST);
    no_call(t);
}

static void test_connection_lost(void **state)
{
    Once *t = *state;

    run(t);
    changed(t);
    call(t, "GetAll");
    fake_hang_up(t->manager);
    assert_int_equal(t->ends, 1);
    assert_false(t->known);
}

static bool is_wanted(const char *unit, void *userdata)
{
    return streq(unit, "once@wanted:1.service");
}

#define ITEM(unit) \
    unit, "", "loaded", "active", "exited", "", "/org/freedesktop/systemd1/unit/x", 0, "", "/"

static void test_sweep(void **state)
{
    Once *t = *state;
    sd_bus_message *m;
    const char *unit;

    run(t);
    assert_return_code(oneshots_sweep(t->all, is_wanted, NULL), 0);
    fake_settle(t->manager);
    fake_reply_error(t->manager, fake_call(t->manager, "ListUnitsByPatterns", 0),
                     SD_BUS_ERROR_NO_REPLY, "lost");
    fake_forget(t->manager);
    fake_settle(t->manager);
    m = fake_call(t->manager, "ListUnitsByPatterns", 0);
    fake_forget(t->manager);
    fake_reply(t->manager, m, "a(ssssssouso)", 4, ITEM("once@wanted:1.service"), ITEM(UNIT),
               ITEM(UNIT2), ITEM("other.service"));
    fake_settle(t->manager);
    assert_int_equal(fake_count(t->manager, NULL), 1);
    m = fake_call(t->manager, "StopUnit", 0);
    assert_true(sd_bus_message_read(m, "s", &unit) > 0);
    assert_string_equal(unit, UNIT2);
    fake_forget(t->manager);
    fake_reply_job(t->manager, m, 8);
    fake_settle(t->manager);
    fake_reply(t->manager, fake_call(t->manager, "GetAll", 0), "a{sv}", 2, "LoadState", "s",
               "loaded", "ActiveState", "s", "failed");
    fake_settle(t->manager);
    assert_int_equal(t->ends, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_success),
            TEST(test_failures),
            TEST(test_refused),
            TEST(test_adopted),
            TEST(test_change_while_reading),
            TEST(test_removed_by_somebody_else),
            TEST(test_cancel),
            TEST(test_cancel_while_it_starts),
            TEST(test_forget),
            TEST(test_lost_start),
            TEST(test_end_while_the_service_manager_is_away),
            TEST(test_cancelled_while_the_service_manager_is_away),
            TEST(test_wrong_starts),
            TEST(test_connection_lost),
            TEST(test_sweep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
