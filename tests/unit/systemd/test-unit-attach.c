/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after those that it needs */
#include <cmocka.h>

#include "client-fixture.h"

static void list_unit(sd_bus_message *reply, const char *unit, const char *active, uint32_t job)
{
    assert_true(sd_bus_message_append(reply, "(ssssssouso)", unit, "an engine", "loaded", active,
                                      "a-state", "", "/org/freedesktop/systemd1/unit/x", job, "",
                                      "/") >= 0);
}

/* Attaches up to the list, which is answered with these units, all in that state. */
static void attach_as(Fixture *f, const char *const *units, size_t n, const char *active,
                      uint32_t job)
{
    sd_bus_message *reply;

    assert_return_code(unit_client_attach(f->client), 0);
    fake_settle(f->manager);
    fake_reply(f->manager, fake_call(f->manager, "Subscribe", 0), "");
    fake_settle(f->manager);
    reply = fake_reply_new(f->manager, fake_call(f->manager, "ListUnitsByPatterns", 0));
    assert_true(sd_bus_message_open_container(reply, 'a', "(ssssssouso)") >= 0);
    for (size_t i = 0; i < n; i++)
        list_unit(reply, units[i], active, job);
    assert_true(sd_bus_message_close_container(reply) >= 0);
    fake_send(f->manager, reply);
    fake_settle(f->manager);
}

/* In a state in which they are read. */
static void attach_with(Fixture *f, const char *const *units, size_t n)
{
    attach_as(f, units, n, "activating", 0);
}

static void reply_active(Fixture *f, sd_bus_message *call)
{
    fake_reply(f->manager, call, "a{sv}", 2, "LoadState", "s", "loaded", "ActiveState", "s",
               "active");
    fake_settle(f->manager);
}

static void test_matches_come_before_the_subscription(void **state)
{
    static const char *const parts[] = {"PropertiesChanged", "JobRemoved", "UnitRemoved",
                                        "Reloading", "NameOwnerChanged"};
    Fixture *f = *state;
    const char *rule;

    assert_return_code(unit_client_attach(f->client), 0);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "AddMatch"), ELEMENTSOF(parts));
    for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
        assert_true(sd_bus_message_read(fake_call(f->manager, "AddMatch", i), "s", &rule) > 0);
        assert_non_null(strstr(rule, parts[i]));
    }
    /* Nothing but these and the subscription; the list waits for its reply. */
    assert_int_equal(fake_count(f->manager, NULL), 1);
    assert_int_equal(fake_count(f->manager, "Subscribe"), 1);
    assert_int_equal(unit_client_attach(f->client), -EALREADY);
}

static void test_one_match_covers_all_units(void **state)
{
    Fixture *f = *state;
    const char *rule;

    assert_return_code(unit_client_attach(f->client), 0);
    fake_settle(f->manager);
    assert_true(sd_bus_message_read(fake_call(f->manager, "AddMatch", 0), "s", &rule) > 0);
    assert_non_null(strstr(rule, "path_namespace='/org/freedesktop/systemd1/unit'"));
}

static void test_list_is_of_engine_units(void **state)
{
    const char *pattern;
    sd_bus_message *m;
    Fixture *f = *state;

    attach_with(f, NULL, 0);
    m = fake_call(f->manager, "ListUnitsByPatterns", 0);
    assert_true(sd_bus_message_skip(m, "as") > 0);
    assert_true(sd_bus_message_enter_container(m, 'a', "s") > 0);
    assert_true(sd_bus_message_read(m, "s", &pattern) > 0);
    assert_string_equal(pattern, "pool@*.service");
    assert_int_equal(f->n_seen, 1);
    assert_int_equal(fixture_last(f, SEEN_ATTACHED)->error, 0);
}

static void test_attached_comes_after_every_unit(void **state)
{
    static const char *const units[] = {UNIT_A, "pool@not-ours.service", UNIT_B};
    Fixture *f = *state;

    attach_with(f, units, ELEMENTSOF(units));
    assert_int_equal(fake_count(f->manager, "GetAll"), 2);
    assert_string_equal(sd_bus_message_get_path(fake_call(f->manager, "GetAll", 0)), PATH_A);
    assert_string_equal(sd_bus_message_get_path(fake_call(f->manager, "GetAll", 1)), PATH_B);
    reply_active(f, fake_call(f->manager, "GetAll", 1));
    assert_int_equal(f->n_seen, 1);
    assert_string_equal(f->seen[0].name.pool_id, "b");
    assert_int_equal(f->seen[0].name.generation, 7);
    reply_active(f, fake_call(f->manager, "GetAll", 0));
    assert_int_equal(f->n_seen, 3);
    assert_int_equal(f->seen[1].type, SEEN_OBSERVED);
    assert_int_equal(f->seen[1].u.active, UNIT_ACTIVE_ACTIVE);
    assert_int_equal(f->seen[2].type, SEEN_ATTACHED);
    assert_int_equal(f->seen[2].error, 0);
}

static void assert_property(sd_bus_message *call, const char *interface, const char *property)
{
    const char *a, *b;

    assert_true(sd_bus_message_read(call, "ss", &a, &b) > 0);
    assert_string_equal(a, interface);
    assert_string_equal(b, property);
    assert_string_equal(sd_bus_message_get_path(call), PATH_A);
}

/* Reading all of a unit costs the service manager too much where there are many. */
static void test_of_a_running_unit_two_properties_are_read(void **state)
{
    static const char *const units[] = {UNIT_A};
    Fixture *f = *state;
    sd_bus_message *m;

    attach_as(f, units, 1, "active", 0);
    assert_int_equal(f->n_seen, 1);
    assert_int_equal(f->seen[0].u.fields, UNIT_FIELD_LOAD | UNIT_FIELD_ACTIVE | UNIT_FIELD_JOB);
    assert_int_equal(f->seen[0].u.active, UNIT_ACTIVE_ACTIVE);
    m = fake_call(f->manager, "Get", 0);
    assert_property(m, "org.freedesktop.systemd1.Service", "MainPID");
    fake_reply(f->manager, m, "v", "u", 77U);
    fake_settle(f->manager);
    assert_int_equal(fixture_last(f, SEEN_OBSERVED)->u.fields, UNIT_FIELD_MAIN_PID);
    assert_int_equal(fixture_last(f, SEEN_OBSERVED)->u.main_pid, 77);
    assert_int_equal(fixture_seen(f, SEEN_ATTACHED), 0);
    m = fake_call(f->manager, "Get", 1);
    assert_property(m, "org.freedesktop.systemd1.Unit", "InvocationID");
    fake_reply(f->manager, m, "v", "ay", 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
    fake_settle(f->manager);
    assert_string_equal(fixture_last(f, SEEN_OBSERVED)->u.invocation_id,
                        "0102030405060708090a0b0c0d0e0f10");
    assert_int_equal(fixture_seen(f, SEEN_ATTACHED), 1);
    assert_int_equal(fake_count(f->manager, "GetAll"), 0);
}

static void test_a_running_unit_with_a_job_is_read(void **state)
{
    static const char *const units[] = {UNIT_A};
    Fixture *f = *state;

    attach_as(f, units, 1, "active", 5);
    assert_int_equal(f->n_seen, 0);
    assert_int_equal(fake_count(f->manager, "GetAll"), 1);
}

/* What is no number of a process is no answer: then everything is read. */
static void test_an_odd_property_is_read_with_all_others(void **state)
{
    static const char *const units[] = {UNIT_A};
    Fixture *f = *state;

    attach_as(f, units, 1, "active", 0);
    fake_reply(f->manager, fake_call(f->manager, "Get", 0), "v", "s", "many");
    fake_settle(f->manager);
    reply_active(f, fake_call(f->manager, "GetAll", 0));
    assert_int_equal(fixture_seen(f, SEEN_OBSERVED), 2);
    assert_int_equal(fixture_seen(f, SEEN_ATTACHED), 1);
}

/* Somebody asks for all while the two wait for their turn. */
static void test_a_query_meanwhile_is_of_all(void **state)
{
    static char names[UNIT_CLIENT_READS + 1][64];
    const char *units[ELEMENTSOF(names)];
    Fixture *f = *state;

    for (unsigned i = 0; i < ELEMENTSOF(names); i++)
        units[i] = unit_number(names[i], i);
    attach_as(f, units, ELEMENTSOF(units), "active", 0);
    assert_int_equal(fake_count(f->manager, "Get"), UNIT_CLIENT_READS);
    assert_return_code(unit_client_query(f->client, units[UNIT_CLIENT_READS]), 0);
    fake_reply_error(f->manager, fake_call(f->manager, "Get", 0), ERROR_NO_SUCH_UNIT, "gone");
    fake_settle(f->manager);
    fake_reply(f->manager, fake_call(f->manager, "Get", UNIT_CLIENT_READS), "v", "u", 77U);
    fake_settle(f->manager);
    fake_reply(f->manager, fake_call(f->manager, "Get", UNIT_CLIENT_READS + 1), "v", "ay", 0);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "GetAll"), 1);
}

static void test_many_units_are_read_a_few_at_a_time(void **state)
{
    static char names[100][64];
    const char *units[ELEMENTSOF(names)];
    Fixture *f = *state;

    for (unsigned i = 0; i < ELEMENTSOF(names); i++)
        units[i] = unit_number(names[i], i);
    attach_with(f, units, ELEMENTSOF(units));
    assert_int_equal(fake_count(f->manager, "GetAll"), UNIT_CLIENT_READS);
    for (size_t i = 0; i < ELEMENTSOF(names); i++) {
        assert_int_equal(fixture_seen(f, SEEN_ATTACHED), 0);
        reply_active(f, fake_call(f->manager, "GetAll", i));
    }
    assert_int_equal(fixture_seen(f, SEEN_OBSERVED), ELEMENTSOF(names));
    assert_int_equal(fixture_seen(f, SEEN_ATTACHED), 1);
}

static void test_a_unit_that_went_meanwhile_counts(void **state)
{
    static const char *const units[] = {UNIT_A};
    Fixture *f = *state;

    attach_with(f, units, 1);
    fake_reply_error(f->manager, fake_call(f->manager, "GetAll", 0), ERROR_NO_SUCH_UNIT, "gone");
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 2);
    assert_gone(&f->seen[0]);
    assert_int_equal(f->seen[1].error, 0);
}

static void test_an_unreadable_unit_fails_it_once(void **state)
{
    static const char *const units[] = {UNIT_A, UNIT_B};
    Fixture *f = *state;

    attach_with(f, units, 2);
    for (size_t i = 0; i < 2; i++) {
        fake_reply_error(f->manager, fake_call(f->manager, "GetAll", i), SD_BUS_ERROR_ACCESS_DENIED,
                         "not for you");
        fake_settle(f->manager);
    }
    assert_int_equal(f->n_seen, 1);
    assert_int_equal(f->seen[0].type, SEEN_ATTACHED);
    assert_int_equal(f->seen[0].error, -EACCES);
    assert_string_equal(f->seen[0].text, "not for you");
}

static void test_a_reply_that_does_not_come_is_asked_for_again(void **state)
{
    static const char *const units[] = {UNIT_A};
    Fixture *f = *state;

    attach_with(f, units, 1);
    fake_reply_error(f->manager, fake_call(f->manager, "GetAll", 0), SD_BUS_ERROR_NO_REPLY, "late");
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 0);
    fake_reply(f->manager, fake_call(f->manager, "GetUnit", 0), "o", PATH_A);
    fake_settle(f->manager);
    reply_active(f, fake_call(f->manager, "GetAll", 1));
    assert_int_equal(f->n_seen, 2);
    assert_int_equal(f->seen[1].type, SEEN_ATTACHED);
    assert_int_equal(f->seen[1].error, 0);
}

static void test_already_subscribed_is_no_error(void **state)
{
    Fixture *f = *state;

    fake_refuse(f->manager, "Subscribe", "org.freedesktop.systemd1.AlreadySubscribed");
    assert_return_code(unit_client_attach(f->client), 0);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "ListUnitsByPatterns"), 1);
}

static void refused(Fixture *f, const char *member, const char *error, int expected)
{
    fake_refuse(f->manager, member, error);
    assert_return_code(unit_client_attach(f->client), 0);
    fake_settle(f->manager);
    if (streq(member, "ListUnitsByPatterns")) {
        fake_reply(f->manager, fake_call(f->manager, "Subscribe", 0), "");
        fake_settle(f->manager);
    }
    assert_int_equal(f->n_seen, 1);
    assert_int_equal(f->seen[0].type, SEEN_ATTACHED);
    assert_int_equal(f->seen[0].error, expected);
    assert_string_equal(f->seen[0].text, "refused by the test");
}

static void test_refused_match(void **state)
{
    refused(*state, "AddMatch", SD_BUS_ERROR_LIMITS_EXCEEDED, -ENOBUFS);
}

static void test_refused_subscription(void **state)
{
    refused(*state, "Subscribe", SD_BUS_ERROR_ACCESS_DENIED, -EACCES);
}

static void test_refused_list(void **state)
{
    refused(*state, "ListUnitsByPatterns", SD_BUS_ERROR_ACCESS_DENIED, -EACCES);
}

static void test_new_service_manager_is_subscribed_to_and_read(void **state)
{
    Fixture *f = *state;
    sd_bus_message *reply;

    fixture_attach(f);
    fake_owner_changed(f->manager, "");
    fake_settle(f->manager);
    assert_return_code(unit_client_query(f->client, UNIT_A), 0);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, NULL), 0);
    fake_owner_changed(f->manager, ":1.9");
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "GetUnit"), 1);
    fake_reply(f->manager, fake_call(f->manager, "Subscribe", 0), "");
    fake_settle(f->manager);
    reply = fake_reply_new(f->manager, fake_call(f->manager, "ListUnitsByPatterns", 0));
    assert_true(sd_bus_message_open_container(reply, 'a', "(ssssssouso)") >= 0);
    list_unit(reply, UNIT_B, "failed", 0);
    assert_true(sd_bus_message_close_container(reply) >= 0);
    fake_send(f->manager, reply);
    fake_settle(f->manager);
    reply_active(f, fake_call(f->manager, "GetAll", 0));
    assert_int_equal(f->n_seen, 1);
    assert_string_equal(f->seen[0].name.pool_id, "b");
}

/* Without a subscription it would never learn of an engine's end. */
static void test_new_service_manager_that_refuses(void **state)
{
    Fixture *f = *state;

    fixture_attach(f);
    fake_owner_changed(f->manager, "");
    fake_settle(f->manager);
    fake_refuse(f->manager, "Subscribe", SD_BUS_ERROR_ACCESS_DENIED);
    fake_owner_changed(f->manager, ":1.9");
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 1);
    assert_int_equal(f->seen[0].type, SEEN_ATTACHED);
    assert_int_equal(f->seen[0].error, -EACCES);
}

/* As long as the service manager does not say no. */
static void test_attaching_does_not_give_up(void **state)
{
    Fixture *f = *state;

    assert_return_code(unit_client_attach(f->client), 0);
    fake_settle(f->manager);
    fake_reply_error(f->manager, fake_call(f->manager, "Subscribe", 0), SD_BUS_ERROR_NO_REPLY, "?");
    fake_settle(f->manager);
    fake_reply(f->manager, fake_call(f->manager, "Subscribe", 1), "");
    fake_settle(f->manager);
    fake_owner_changed(f->manager, "");
    fake_reply_error(f->manager, fake_call(f->manager, "ListUnitsByPatterns", 0),
                     SD_BUS_ERROR_NO_REPLY, "?");
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "Subscribe"), 2);
    fake_owner_changed(f->manager, ":1.9");
    fake_settle(f->manager);
    fake_reply(f->manager, fake_call(f->manager, "Subscribe", 2), "");
    fake_settle(f->manager);
    fake_reply(f->manager, fake_call(f->manager, "ListUnitsByPatterns", 1), "a(ssssssouso)", 0);
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 1);
    assert_int_equal(f->seen[0].error, 0);
}

/* The service manager leaves and comes back before the list is there. */
static void test_attaching_survives_a_new_service_manager(void **state)
{
    Fixture *f = *state;

    assert_return_code(unit_client_attach(f->client), 0);
    fake_settle(f->manager);
    fake_owner_changed(f->manager, ":1.9");
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "Subscribe"), 2);
    /* The reply to the first is not of interest any more. */
    fake_reply(f->manager, fake_call(f->manager, "Subscribe", 0), "");
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "ListUnitsByPatterns"), 0);
    fake_reply(f->manager, fake_call(f->manager, "Subscribe", 1), "");
    fake_settle(f->manager);
    fake_reply(f->manager, fake_call(f->manager, "ListUnitsByPatterns", 0), "a(ssssssouso)", 0);
    fake_settle(f->manager);
    assert_int_equal(f->n_seen, 1);
    assert_int_equal(f->seen[0].error, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_matches_come_before_the_subscription),
            TEST(test_one_match_covers_all_units),
            TEST(test_list_is_of_engine_units),
            TEST(test_attached_comes_after_every_unit),
            TEST(test_of_a_running_unit_two_properties_are_read),
            TEST(test_a_running_unit_with_a_job_is_read),
            TEST(test_an_odd_property_is_read_with_all_others),
            TEST(test_a_query_meanwhile_is_of_all),
            TEST(test_many_units_are_read_a_few_at_a_time),
            TEST(test_a_unit_that_went_meanwhile_counts),
            TEST(test_an_unreadable_unit_fails_it_once),
            TEST(test_a_reply_that_does_not_come_is_asked_for_again),
            TEST(test_already_subscribed_is_no_error),
            TEST(test_refused_match),
            TEST(test_refused_subscription),
            TEST(test_refused_list),
            TEST(test_new_service_manager_is_subscribed_to_and_read),
            TEST(test_new_service_manager_that_refuses),
            TEST(test_attaching_does_not_give_up),
            TEST(test_attaching_survives_a_new_service_manager),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
