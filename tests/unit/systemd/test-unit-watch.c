/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after those that it needs */
#include <cmocka.h>

#include "client-fixture.h"

static sd_bus_message *changed_new(Fixture *f, const char *path)
{
    return fake_signal_new(f->manager, path, "org.freedesktop.DBus.Properties",
                           "PropertiesChanged");
}

static void unit_changed(Fixture *f, const char *path, const char *active)
{
    sd_bus_message *m = changed_new(f, path);

    assert_true(sd_bus_message_append(m, "sa{sv}as", "org.freedesktop.systemd1.Unit", 1,
                                      "ActiveState", "s", active, 0) >= 0);
    fake_send(f->manager, m);
}

static void test_what_a_signal_carries_is_observed(void **state)
{
    sd_bus_message *m;
    Fixture *f = *state;
    const Seen *seen;

    fixture_attach(f);
    m = changed_new(f, PATH_B);
    assert_true(sd_bus_message_append(m, "sa{sv}as", "org.freedesktop.systemd1.Service", 4,
                                      "Result", "s", "signal", "ExecMainCode", "i", 2,
                                      "ExecMainStatus", "i", 9, "MainPID", "u", 0U, 0) >= 0);
    fake_send(f->manager, m);
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 1);
    seen = &f->seen[0];
    assert_string_equal(seen->name.pool_id, "b");
    assert_string_equal(seen->name.replica_id, "r0");
    assert_int_equal(seen->name.generation, 7);
    assert_int_equal(seen->u.fields, UNIT_FIELD_RESULT | UNIT_FIELD_EXEC_MAIN_CODE |
                                             UNIT_FIELD_EXEC_MAIN_STATUS | UNIT_FIELD_MAIN_PID);
    assert_int_equal(seen->u.result, UNIT_RESULT_SIGNAL);
    assert_int_equal(seen->u.exec_main_code, 2);
    assert_int_equal(seen->u.exec_main_status, 9);
    assert_int_equal(fake_count(f->manager, NULL), 0);
}

static void test_other_units_are_none_of_ours(void **state)
{
    static const char *const paths[] = {
            "/org/freedesktop/systemd1/unit/ssh_2eservice",
            "/org/freedesktop/systemd1/unit/pool_40a_2eservice",
            "/org/freedesktop/systemd1/unit/pool_40a_3ar0_3ag1_2eservice/more",
            "/org/freedesktop/systemd1/unit/pool_40a_3ar0_3ag1_2esocket",
            "/org/freedesktop/systemd1/unit",
    };
    Fixture *f = *state;

    fixture_attach(f);
    for (size_t i = 0; i < ELEMENTSOF(paths); i++)
        unit_changed(f, paths[i], "failed");
    fake_signal(f->manager, "UnitRemoved", "so", "ssh.service",
                "/org/freedesktop/systemd1/unit/ssh_2eservice");
    fake_job_removed(f->manager, 1, "ssh.service");
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 0);
    assert_int_equal(fake_count(f->manager, NULL), 0);
}

static void test_nothing_of_use_is_no_observation(void **state)
{
    Fixture *f = *state;
    sd_bus_message *m;

    fixture_attach(f);
    m = changed_new(f, PATH_A);
    assert_true(sd_bus_message_append(m, "sa{sv}as", "org.freedesktop.systemd1.Service", 2,
                                      "NRestarts", "u", 1U, "MainPID", "s", "of another type",
                                      0) >= 0);
    fake_send(f->manager, m);
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 0);
}

static void test_signals_of_another_shape_are_ignored(void **state)
{
    Fixture *f = *state;
    sd_bus_message *m;

    fixture_attach(f);
    m = changed_new(f, PATH_A);
    assert_true(sd_bus_message_append(m, "s", "org.freedesktop.systemd1.Unit") >= 0);
    fake_send(f->manager, m);
    m = changed_new(f, PATH_A);
    assert_true(sd_bus_message_append(m, "sa{ss}as", "x", 1, "ActiveState", "failed", 0) >= 0);
    fake_send(f->manager, m);
    m = changed_new(f, PATH_A);
    fake_send(f->manager, m);
    fake_signal(f->manager, "UnitRemoved", "u", 5U);
    fake_signal(f->manager, "JobRemoved", "s", UNIT_A);
    fake_signal(f->manager, "Reloading", "s", "yes");
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 0);
    assert_int_equal(fake_count(f->manager, NULL), 0);
    /* And all goes on. */
    unit_changed(f, PATH_A, "failed");
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 1);
    assert_int_equal(f->seen[0].u.active, UNIT_ACTIVE_FAILED);
}

static void test_invalidated_properties_are_read(void **state)
{
    Fixture *f = *state;
    sd_bus_message *m;

    fixture_attach(f);
    m = changed_new(f, PATH_A);
    assert_true(sd_bus_message_append(m, "sa{sv}as", "org.freedesktop.systemd1.Service", 0, 1,
                                      "NRestarts") >= 0);
    fake_send(f->manager, m);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, NULL), 0);
    m = changed_new(f, PATH_A);
    assert_true(sd_bus_message_append(m, "sa{sv}as", "org.freedesktop.systemd1.Service", 0, 2,
                                      "NRestarts", "MainPID") >= 0);
    fake_send(f->manager, m);
    fixture_only_call(f, "GetUnit");
    assert_int_equal(f->n_seen, 0);
}

static void test_a_query_finds_then_reads(void **state)
{
    Fixture *f = *state;
    sd_bus_message *m;
    const char *interface;

    fixture_attach(f);
    m = fixture_read_call(f, UNIT_A);
    assert_string_equal(sd_bus_message_get_path(m), PATH_A);
    assert_string_equal(sd_bus_message_get_interface(m), "org.freedesktop.DBus.Properties");
    assert_true(sd_bus_message_read(m, "s", &interface) > 0);
    assert_string_equal(interface, "");
    fake_reply(f->manager, m, "a{sv}", 3, "LoadState", "s", "loaded", "Job", "(uo)", 4U,
               "/org/freedesktop/systemd1/job/4", "ActiveState", "s", "activating");
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 1);
    assert_int_equal(f->seen[0].u.fields, UNIT_FIELD_LOAD | UNIT_FIELD_JOB | UNIT_FIELD_ACTIVE);
    assert_int_equal(f->seen[0].u.job, 4);
    assert_int_equal(f->seen[0].u.active, UNIT_ACTIVE_ACTIVATING);
}

static void test_query_of_a_unit_that_does_not_exist(void **state)
{
    Fixture *f = *state;

    fixture_attach(f);
    assert_return_code(unit_client_query(f->client, UNIT_A), 0);
    fake_reply_error(f->manager, fixture_only_call(f, "GetUnit"), ERROR_NO_SUCH_UNIT, "none");
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 1);
    assert_gone(&f->seen[0]);
    /* In particular it is not read, which would load and remove it, and so on for ever. */
    assert_int_equal(fake_count(f->manager, NULL), 0);
}

/* It went between the two halves of the query. */
static void test_unit_read_when_gone_says_nothing_of_its_end(void **state)
{
    Fixture *f = *state;

    fixture_attach(f);
    fake_reply(f->manager, fixture_read_call(f, UNIT_A), "a{sv}", 5, "LoadState", "s", "not-found",
               "ActiveState", "s", "inactive", "Result", "s", "success", "ExecMainCode", "i", 0,
               "Job", "(uo)", 0U, "/");
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 1);
    assert_gone(&f->seen[0]);
}

/* The file of a transient unit is lost, its process is not. */
static void test_unit_that_runs_is_not_gone(void **state)
{
    Fixture *f = *state;

    fixture_attach(f);
    fake_reply(f->manager, fixture_read_call(f, UNIT_A), "a{sv}", 3, "LoadState", "s", "not-found",
               "ActiveState", "s", "active", "MainPID", "u", 77U);
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 1);
    assert_int_equal(f->seen[0].u.active, UNIT_ACTIVE_ACTIVE);
    assert_int_equal(f->seen[0].u.main_pid, 77);
}

static void test_refused_queries_end(void **state)
{
    Fixture *f = *state;

    fixture_attach(f);
    assert_return_code(unit_client_query(f->client, UNIT_A), 0);
    fake_reply_error(f->manager, fixture_only_call(f, "GetUnit"), SD_BUS_ERROR_ACCESS_DENIED, "no");
    fake_reply(f->manager, fixture_read_call(f, UNIT_A), "s", "not a dictionary");
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 0);
    assert_int_equal(fake_count(f->manager, NULL), 0);
}

static void test_queries_are_capped_and_coalesced(void **state)
{
    Fixture *f = *state;
    char unit[64];

    fixture_attach(f);
    for (int times = 0; times < 3; times++)
        for (unsigned i = 0; i < 50; i++)
            assert_return_code(unit_client_query(f->client, unit_number(unit, i)), 0);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "GetUnit"), UNIT_CLIENT_READS);
    fake_refuse(f->manager, "GetUnit", ERROR_NO_SUCH_UNIT);
    for (uint32_t i = 0; i < UNIT_CLIENT_READS; i++)
        fake_reply_error(f->manager, fake_call(f->manager, "GetUnit", i), ERROR_NO_SUCH_UNIT, "");
    fake_settle(f->manager);
    /* Those in flight may have been answered before the second query: they are asked for once more,
     * the waiting ones are not. */
    assert_int_equal(fake_count(f->manager, "GetUnit"), 50 + UNIT_CLIENT_READS);
    assert_int_equal(fixture_seen(f, SEEN_OBSERVED), 50 + UNIT_CLIENT_READS);
}

static void test_removed_unit_is_asked_for(void **state)
{
    Fixture *f = *state;
    const char *unit;
    sd_bus_message *m;

    fixture_attach(f);
    fake_signal(f->manager, "UnitRemoved", "so", UNIT_A, PATH_A);
    m = fixture_only_call(f, "GetUnit");
    assert_true(sd_bus_message_read(m, "s", &unit) > 0);
    assert_string_equal(unit, UNIT_A);
    assert_int_equal(f->n_seen, 0);
    /* While that is under way it may be removed again. */
    fake_signal(f->manager, "UnitRemoved", "so", UNIT_A, PATH_A);
    fake_reply(f->manager, m, "o", PATH_A);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "GetUnit"), 1);
    assert_int_equal(fake_count(f->manager, "GetAll"), 1);
}

/* The signals of a start have said it all. */
static void test_known_units_are_not_read_when_their_job_is_gone(void **state)
{
    Fixture *f = *state;

    fixture_attach(f);
    f->known = UNIT_KNOWN_RUNNING;
    fake_job_removed(f->manager, 5, UNIT_A);
    f->known = UNIT_KNOWN_ENDED;
    fake_job_removed(f->manager, 6, UNIT_A);
    fake_signal(f->manager, "UnitRemoved", "so", UNIT_A, PATH_A);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, NULL), 0);
    f->known = UNIT_KNOWN_LITTLE;
    fake_job_removed(f->manager, 7, UNIT_A);
    fixture_only_call(f, "GetUnit");
}

/* After a reload of the service manager each of them is said to be removed. */
static void test_a_running_unit_is_asked_whether_it_still_runs(void **state)
{
    Fixture *f = *state;

    fixture_attach(f);
    f->known = UNIT_KNOWN_RUNNING;
    for (int i = 0; i < 2; i++) {
        fake_signal(f->manager, "UnitRemoved", "so", UNIT_A, PATH_A);
        fake_reply(f->manager, fixture_only_call(f, "GetUnit"), "o", PATH_A);
        fake_reply(f->manager, fixture_only_call(f, "Get"), "v", "s", i == 0 ? "active" : "failed");
        fake_settle(f->manager);
    }
    assert_int_equal(f->n_seen, 1);
    assert_int_equal(f->seen[0].u.fields, UNIT_FIELD_ACTIVE);
    assert_int_equal(f->seen[0].u.active, UNIT_ACTIVE_ACTIVE);
    /* How it has ended is read at once. */
    fake_reply(f->manager, fixture_only_call(f, "GetAll"), "a{sv}", 2, "ActiveState", "s", "failed",
               "Result", "s", "signal");
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 2);
    assert_int_equal(f->seen[1].u.result, UNIT_RESULT_SIGNAL);
}

static void test_nothing_is_sent_while_the_service_manager_reloads(void **state)
{
    Fixture *f = *state;

    fixture_attach(f);
    fake_signal(f->manager, "Reloading", "b", true);
    fake_signal(f->manager, "UnitRemoved", "so", UNIT_A, PATH_A);
    fake_signal(f->manager, "UnitRemoved", "so", UNIT_B, PATH_B);
    fake_signal(f->manager, "UnitNew", "so", UNIT_A, PATH_A);
    fake_settle(f->manager);
    assert_return_code(unit_client_query(f->client, UNIT_A), 0);
    assert_return_code(fixture_start(f, "pool@c:r0:g1.service"), 0);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, NULL), 0);
    /* Signals go through. */
    unit_changed(f, PATH_A, "active");
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 1);
    fake_signal(f->manager, "Reloading", "b", false);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "GetUnit"), 2);
    assert_int_equal(fake_count(f->manager, "StartTransientUnit"), 1);
}

static void fill_with_jobs(Fixture *f)
{
    char unit[64];

    for (unsigned i = 0; i < UNIT_CLIENT_JOBS + 1; i++)
        assert_return_code(fixture_start(f, unit_number(unit, i)), 0);
    fake_settle(f->manager);
    for (uint32_t i = 0; i < UNIT_CLIENT_JOBS; i++)
        fake_reply_job(f->manager, fake_call(f->manager, "StartTransientUnit", i), 100 + i);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, NULL), UNIT_CLIENT_JOBS);
    fake_forget(f->manager);
}

/* JobRemoved is lost when the service manager is executed anew at that moment. */
static void test_lost_jobs_are_found_after_a_reload(void **state)
{
    Fixture *f = *state;
    sd_bus_message *m;

    fixture_attach(f);
    fill_with_jobs(f);
    fake_signal(f->manager, "Reloading", "b", true);
    fake_signal(f->manager, "Reloading", "b", false);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "GetUnit"), UNIT_CLIENT_JOBS);
    assert_int_equal(fake_count(f->manager, "StartTransientUnit"), 0);
    /* The first one's job is still there, the second one's is gone, the third one is gone
     * altogether. */
    fake_reply(f->manager, fake_call(f->manager, "GetUnit", 0), "o", PATH_A);
    fake_settle(f->manager);
    m = fake_call(f->manager, "GetAll", 0);
    fake_reply(f->manager, m, "a{sv}", 2, "LoadState", "s", "loaded", "Job", "(uo)", 100U,
               "/org/freedesktop/systemd1/job/100");
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "StartTransientUnit"), 0);
    fake_reply(f->manager, fake_call(f->manager, "GetUnit", 1), "o", PATH_A);
    fake_settle(f->manager);
    m = fake_call(f->manager, "GetAll", 1);
    fake_reply(f->manager, m, "a{sv}", 2, "LoadState", "s", "loaded", "Job", "(uo)", 0U, "/");
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "StartTransientUnit"), 1);
    assert_return_code(fixture_start(f, UNIT_A), 0);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "StartTransientUnit"), 1);
    fake_reply_error(f->manager, fake_call(f->manager, "GetUnit", 2), ERROR_NO_SUCH_UNIT, "none");
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "StartTransientUnit"), 2);
}

/* What signals say before the job's reply is about the time before the job. */
static void test_a_job_in_flight_is_not_ended_by_its_own_signals(void **state)
{
    Fixture *f = *state;
    sd_bus_message *m;

    fixture_attach(f);
    fill_with_jobs(f);
    m = changed_new(f, "/org/freedesktop/systemd1/unit/pool_40p0_3ar0_3ag1_2eservice");
    assert_true(sd_bus_message_append(m, "sa{sv}as", "org.freedesktop.systemd1.Unit", 2, "Job",
                                      "(uo)", 100U, "/org/freedesktop/systemd1/job/100",
                                      "ActiveState", "s", "inactive", 0) >= 0);
    fake_send(f->manager, m);
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 1);
    assert_int_equal(f->seen[0].u.job, 100);
    assert_int_equal(fake_count(f->manager, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_what_a_signal_carries_is_observed),
            TEST(test_other_units_are_none_of_ours),
            TEST(test_nothing_of_use_is_no_observation),
            TEST(test_signals_of_another_shape_are_ignored),
            TEST(test_invalidated_properties_are_read),
            TEST(test_a_query_finds_then_reads),
            TEST(test_query_of_a_unit_that_does_not_exist),
            TEST(test_unit_read_when_gone_says_nothing_of_its_end),
            TEST(test_unit_that_runs_is_not_gone),
            TEST(test_refused_queries_end),
            TEST(test_queries_are_capped_and_coalesced),
            TEST(test_removed_unit_is_asked_for),
            TEST(test_known_units_are_not_read_when_their_job_is_gone),
            TEST(test_a_running_unit_is_asked_whether_it_still_runs),
            TEST(test_nothing_is_sent_while_the_service_manager_reloads),
            TEST(test_lost_jobs_are_found_after_a_reload),
            TEST(test_a_job_in_flight_is_not_ended_by_its_own_signals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
