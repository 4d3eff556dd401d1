/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
/* after those that it needs */
#include <cmocka.h>

#include "client-fixture.h"

static void start_many(Fixture *f, unsigned n)
{
    char unit[64];

    for (unsigned i = 0; i < n; i++)
        assert_return_code(fixture_start(f, unit_number(unit, i)), 0);
    fake_settle(f->manager);
}

static void test_start_is_sent_and_its_job_awaited(void **state)
{
    Fixture *f = *state;
    const char *unit, *mode;
    sd_bus_message *m;

    fixture_attach(f);
    assert_return_code(fixture_start(f, UNIT_A), 0);
    m = fixture_only_call(f, "StartTransientUnit");
    assert_true(sd_bus_message_read(m, "ss", &unit, &mode) > 0);
    assert_string_equal(unit, UNIT_A);
    assert_string_equal(mode, "fail");
    fake_reply_job(f->manager, m, 17);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, NULL), 0);
    /* The end of the job says nothing by itself: the unit is read. */
    fake_job_removed(f->manager, 17, UNIT_A);
    fake_reply(f->manager, fixture_only_call(f, "GetUnit"), "o", PATH_A);
    assert_string_equal(sd_bus_message_get_path(fixture_only_call(f, "GetAll")), PATH_A);
    assert_int_equal(f->n_seen, 0);
}

static void test_starts_in_flight_are_capped_until_their_jobs_are_gone(void **state)
{
    Fixture *f = *state;
    char unit[64];

    fixture_attach(f);
    start_many(f, 100);
    assert_int_equal(fake_count(f->manager, "StartTransientUnit"), UNIT_CLIENT_JOBS);
    for (uint32_t i = 0; i < UNIT_CLIENT_JOBS; i++)
        fake_reply_job(f->manager, fake_call(f->manager, "StartTransientUnit", i), 1000 + i);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "StartTransientUnit"), UNIT_CLIENT_JOBS);
    for (uint32_t i = 0; i < 5; i++)
        fake_job_removed(f->manager, 1000 + i, unit_number(unit, i));
    /* A job of others frees no place. */
    fake_job_removed(f->manager, 5, "ssh.service");
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "StartTransientUnit"), UNIT_CLIENT_JOBS + 5);
}

static void test_refused_starts_free_their_places(void **state)
{
    Fixture *f = *state;

    fixture_attach(f);
    fake_refuse(f->manager, "StartTransientUnit", ERROR_UNIT_EXISTS);
    start_many(f, 100);
    assert_int_equal(fake_count(f->manager, "StartTransientUnit"), 100);
    assert_int_equal(fixture_seen(f, SEEN_START_FAILED), 100);
}

static void test_starts_keep_their_order(void **state)
{
    Fixture *f = *state;
    const char *sent;
    char unit[64];

    fixture_attach(f);
    start_many(f, 40);
    for (uint32_t i = 0; i < 40; i++) {
        sd_bus_message *m = fake_call(f->manager, "StartTransientUnit", i);

        assert_true(sd_bus_message_read(m, "s", &sent) > 0);
        assert_string_equal(sent, unit_number(unit, i));
        fake_reply_job(f->manager, m, i + 1);
        fake_job_removed(f->manager, i + 1, unit);
        fake_settle(f->manager);
    }
}

/* dbus-daemon drops a connection's calls past 128 unanswered ones. */
static void test_unanswered_calls_stay_below_the_limit_of_the_bus(void **state)
{
    Fixture *f = *state;
    char unit[64];

    fixture_attach(f);
    start_many(f, 200);
    for (unsigned i = 1000; i < 1200; i++) {
        assert_return_code(unit_client_stop(f->client, unit_number(unit, i)), 0);
        assert_return_code(unit_client_kill(f->client, unit, SIGKILL), 0);
        assert_return_code(unit_client_reset_failed(f->client, unit), 0);
        assert_return_code(unit_client_query(f->client, unit), 0);
    }
    fake_settle(f->manager);
    assert_true(fake_unanswered(f->manager) >= 3 * 32);
    assert_true(fake_unanswered(f->manager) <= 112);
    /* A kill waits for no job. */
    assert_true(fake_count(f->manager, "KillUnit") > 0);
}

static void test_a_start_that_waits_twice_is_refused(void **state)
{
    Fixture *f = *state;
    char unit[64];

    fixture_attach(f);
    start_many(f, 33);
    assert_int_equal(fixture_start(f, unit_number(unit, 32)), -EEXIST);
}

static void test_names_of_others_are_refused(void **state)
{
    static const char *const names[] = {"", "ssh.service", "pool@a:r0:g0.service",
                                        "pool@a:r0:g1.scope", "pool@../x:r0:g1.service"};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(names); i++) {
        assert_int_equal(fixture_start(f, names[i]), -EINVAL);
        assert_int_equal(unit_client_stop(f->client, names[i]), -EINVAL);
        assert_int_equal(unit_client_kill(f->client, names[i], SIGKILL), -EINVAL);
        assert_int_equal(unit_client_reset_failed(f->client, names[i]), -EINVAL);
        assert_int_equal(unit_client_query(f->client, names[i]), -EINVAL);
    }
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, NULL), 0);
}

static void test_refused_start_is_told_with_its_text(void **state)
{
    Fixture *f = *state;

    fixture_attach(f);
    assert_return_code(fixture_start(f, UNIT_A), 0);
    fake_reply_error(f->manager, fixture_only_call(f, "StartTransientUnit"), ERROR_UNIT_EXISTS,
                     "Unit " UNIT_A " already exists.");
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 1);
    assert_int_equal(f->seen[0].type, SEEN_START_FAILED);
    assert_string_equal(f->seen[0].name.pool_id, "a");
    assert_int_equal(f->seen[0].name.generation, 1);
    assert_string_equal(f->seen[0].text, "Unit " UNIT_A " already exists.");
}

static void test_start_that_waits_is_taken_back(void **state)
{
    Fixture *f = *state;
    const char *sent;
    char unit[64];

    fixture_attach(f);
    start_many(f, UNIT_CLIENT_JOBS + 2);
    assert_return_code(unit_client_stop(f->client, unit_number(unit, UNIT_CLIENT_JOBS)), 0);
    assert_return_code(
            unit_client_kill(f->client, unit_number(unit, UNIT_CLIENT_JOBS + 1), SIGKILL), 0);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "StopUnit"), 0);
    assert_int_equal(fake_count(f->manager, "KillUnit"), 0);
    for (size_t i = 0; i < 2; i++) {
        sd_bus_message *m = fake_call(f->manager, "GetUnit", i);

        assert_true(sd_bus_message_read(m, "s", &sent) > 0);
        assert_string_equal(sent, unit_number(unit, UNIT_CLIENT_JOBS + (unsigned)i));
        fake_reply_error(f->manager, m, ERROR_NO_SUCH_UNIT, "not loaded");
        fake_settle(f->manager);
        assert_gone(fixture_last(f, SEEN_OBSERVED));
    }
    for (uint32_t i = 0; i < UNIT_CLIENT_JOBS; i++)
        fake_reply_error(f->manager, fake_call(f->manager, "StartTransientUnit", i),
                         SD_BUS_ERROR_FAILED, "no");
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "StartTransientUnit"), UNIT_CLIENT_JOBS);
}

static void test_query_of_a_start_that_waits_is_the_start(void **state)
{
    Fixture *f = *state;
    char unit[64];

    fixture_attach(f);
    start_many(f, UNIT_CLIENT_JOBS + 1);
    assert_return_code(unit_client_query(f->client, unit_number(unit, UNIT_CLIENT_JOBS)), 0);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "GetUnit"), 0);
}

static void test_stop(void **state)
{
    Fixture *f = *state;
    const char *unit, *mode;
    sd_bus_message *m;

    fixture_attach(f);
    assert_return_code(unit_client_stop(f->client, UNIT_A), 0);
    m = fixture_only_call(f, "StopUnit");
    assert_true(sd_bus_message_read(m, "ss", &unit, &mode) > 0);
    assert_string_equal(unit, UNIT_A);
    assert_string_equal(mode, "replace");
    fake_reply_job(f->manager, m, 3);
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 0);
}

static void test_stops_in_flight_are_capped_and_coalesced(void **state)
{
    Fixture *f = *state;
    char unit[64];

    fixture_attach(f);
    for (int twice = 0; twice < 2; twice++)
        for (unsigned i = 0; i < 50; i++)
            assert_return_code(unit_client_stop(f->client, unit_number(unit, i)), 0);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "StopUnit"), UNIT_CLIENT_JOBS);
    fake_refuse(f->manager, "StopUnit", ERROR_NO_SUCH_UNIT);
    for (uint32_t i = 0; i < UNIT_CLIENT_JOBS; i++)
        fake_reply_job(f->manager, fake_call(f->manager, "StopUnit", i), i + 1);
    for (uint32_t i = 0; i < UNIT_CLIENT_JOBS; i++)
        fake_job_removed(f->manager, i + 1, unit_number(unit, i));
    fake_settle(f->manager);
    /* 32 in flight, 18 that waited, and the second ones of the first 32. */
    assert_int_equal(fake_count(f->manager, "StopUnit"), 50 + UNIT_CLIENT_JOBS);
}

/* Two stops of one unit get the same job. */
static void test_a_job_may_be_that_of_two_calls(void **state)
{
    Fixture *f = *state;
    char unit[64];

    fixture_attach(f);
    for (unsigned i = 0; i < UNIT_CLIENT_JOBS; i++) {
        assert_return_code(unit_client_stop(f->client, UNIT_A), 0);
        fake_settle(f->manager);
        fake_reply_job(f->manager, fake_call(f->manager, "StopUnit", i), 9);
    }
    fake_settle(f->manager);
    assert_return_code(unit_client_stop(f->client, unit_number(unit, 1)), 0);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "StopUnit"), UNIT_CLIENT_JOBS);
    fake_job_removed(f->manager, 9, UNIT_A);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "StopUnit"), UNIT_CLIENT_JOBS + 1);
}

static void test_stop_of_a_unit_that_is_gone(void **state)
{
    Fixture *f = *state;

    fixture_attach(f);
    assert_return_code(unit_client_stop(f->client, UNIT_A), 0);
    fake_reply_error(f->manager, fixture_only_call(f, "StopUnit"), ERROR_NO_SUCH_UNIT,
                     "Unit " UNIT_A " not loaded.");
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 1);
    assert_gone(&f->seen[0]);
    assert_string_equal(f->seen[0].name.pool_id, "a");
}

static void test_refused_stop_is_told(void **state)
{
    Fixture *f = *state;

    fixture_attach(f);
    assert_return_code(unit_client_stop(f->client, UNIT_B), 0);
    fake_reply_error(f->manager, fixture_only_call(f, "StopUnit"), SD_BUS_ERROR_ACCESS_DENIED,
                     "Access denied");
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 1);
    assert_int_equal(f->seen[0].type, SEEN_STOP_FAILED);
    assert_string_equal(f->seen[0].name.pool_id, "b");
    assert_string_equal(f->seen[0].text, "Access denied");
}

static void test_kill_is_of_the_whole_cgroup(void **state)
{
    Fixture *f = *state;
    const char *unit, *whom;
    sd_bus_message *m;
    int number;

    fixture_attach(f);
    assert_return_code(unit_client_kill(f->client, UNIT_A, SIGKILL), 0);
    m = fixture_only_call(f, "KillUnit");
    assert_true(sd_bus_message_read(m, "ssi", &unit, &whom, &number) > 0);
    assert_string_equal(unit, UNIT_A);
    assert_string_equal(whom, "all");
    assert_int_equal(number, SIGKILL);
    fake_reply(f->manager, m, "");
    assert_return_code(unit_client_kill(f->client, UNIT_A, SIGKILL), 0);
    fake_reply_error(f->manager, fixture_only_call(f, "KillUnit"), ERROR_NO_SUCH_UNIT, "gone");
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 1);
    assert_gone(&f->seen[0]);
    /* Any other refusal: what is the matter with the unit? */
    assert_return_code(unit_client_kill(f->client, UNIT_A, SIGKILL), 0);
    fake_reply_error(f->manager, fixture_only_call(f, "KillUnit"), SD_BUS_ERROR_FAILED, "no");
    fixture_only_call(f, "GetUnit");
}

/* Two that wait are both sent: they may set different things. */
static void test_set(void **state)
{
    static const UnitNumber weight = {"CPUWeight", 300};
    Fixture *f = *state;
    const char *unit, *name;
    uint64_t value;
    int runtime;
    sd_bus_message *m;

    fixture_attach(f);
    assert_return_code(unit_client_set(f->client, UNIT_A, &weight, 1), 0);
    m = fixture_only_call(f, "SetUnitProperties");
    assert_true(sd_bus_message_read(m, "sb", &unit, &runtime) > 0);
    assert_string_equal(unit, UNIT_A);
    assert_int_equal(runtime, true);
    assert_true(sd_bus_message_read(m, "a(sv)", 1, &name, "t", &value) > 0);
    assert_string_equal(name, "CPUWeight");
    assert_int_equal(value, 300);
    fake_reply_error(f->manager, m, SD_BUS_ERROR_ACCESS_DENIED, "refused");
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 0);
    assert_int_equal(unit_client_set(f->client, "a.service", &weight, 1), -EINVAL);
}

static void test_reset_failed(void **state)
{
    static const char *const errors[] = {ERROR_NO_SUCH_UNIT, SD_BUS_ERROR_ACCESS_DENIED};
    Fixture *f = *state;
    const char *unit;
    sd_bus_message *m;

    fixture_attach(f);
    for (size_t i = 0; i < ELEMENTSOF(errors); i++) {
        assert_return_code(unit_client_reset_failed(f->client, UNIT_A), 0);
        m = fixture_only_call(f, "ResetFailedUnit");
        assert_true(sd_bus_message_read(m, "s", &unit) > 0);
        assert_string_equal(unit, UNIT_A);
        fake_reply_error(f->manager, m, errors[i], "refused");
        fake_settle(f->manager);
    }
    assert_int_equal(f->n_seen, 0);
    assert_int_equal(fake_count(f->manager, NULL), 0);
}

static void test_nothing_comes_after_free(void **state)
{
    Fixture *f = *state;
    sd_bus_message *m;
    char unit[64];

    fixture_attach(f);
    start_many(f, 40);
    for (unsigned i = 100; i < 140; i++) {
        assert_return_code(unit_client_stop(f->client, unit_number(unit, i)), 0);
        assert_return_code(unit_client_kill(f->client, unit, SIGKILL), 0);
        assert_return_code(unit_client_query(f->client, unit), 0);
    }
    fake_settle(f->manager);
    f->client = unit_client_free(f->client);
    for (size_t i = 0; i < 32; i++)
        fake_reply_error(f->manager, fake_call(f->manager, "StartTransientUnit", i),
                         SD_BUS_ERROR_FAILED, "no");
    m = fake_signal_new(f->manager, PATH_A, "org.freedesktop.DBus.Properties", "PropertiesChanged");
    assert_true(sd_bus_message_append(m, "sa{sv}as", "org.freedesktop.systemd1.Unit", 1,
                                      "ActiveState", "s", "failed", 0) >= 0);
    fake_send(f->manager, m);
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 0);
}

/* The daemon ends with its connection. Whether the calls were carried out the next one finds out.
 */
static void test_lost_bus_says_nothing_of_units(void **state)
{
    Fixture *f = *state;

    fixture_attach(f);
    start_many(f, 40);
    assert_return_code(unit_client_stop(f->client, UNIT_A), 0);
    fake_settle(f->manager);
    fake_hang_up(f->manager);
    assert_int_equal(fixture_seen(f, SEEN_START_FAILED), 0);
    assert_int_equal(fixture_seen(f, SEEN_STOP_FAILED), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_start_is_sent_and_its_job_awaited),
            TEST(test_starts_in_flight_are_capped_until_their_jobs_are_gone),
            TEST(test_refused_starts_free_their_places),
            TEST(test_starts_keep_their_order),
            TEST(test_unanswered_calls_stay_below_the_limit_of_the_bus),
            TEST(test_a_start_that_waits_twice_is_refused),
            TEST(test_names_of_others_are_refused),
            TEST(test_refused_start_is_told_with_its_text),
            TEST(test_start_that_waits_is_taken_back),
            TEST(test_query_of_a_start_that_waits_is_the_start),
            TEST(test_stop),
            TEST(test_stops_in_flight_are_capped_and_coalesced),
            TEST(test_a_job_may_be_that_of_two_calls),
            TEST(test_stop_of_a_unit_that_is_gone),
            TEST(test_refused_stop_is_told),
            TEST(test_kill_is_of_the_whole_cgroup),
            TEST(test_set),
            TEST(test_reset_failed),
            TEST(test_nothing_comes_after_free),
            TEST(test_lost_bus_says_nothing_of_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
