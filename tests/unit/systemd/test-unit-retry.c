/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
/* after those that it needs */
#include <cmocka.h>

#include "client-fixture.h"

/* Calls that are made twice: because the first one may be lost, or with less in it. */

/* The service manager was executed anew: what it had not read by then is lost. */
static void lose(Fixture *f, sd_bus_message *call)
{
    fake_reply_error(f->manager, call, SD_BUS_ERROR_NO_REPLY,
                     "Message recipient disconnected from message bus without replying");
}

static void test_lost_calls_are_sent_again(void **state)
{
    static const char *const members[] = {"StartTransientUnit", "StopUnit", "KillUnit",
                                          "ResetFailedUnit"};
    Fixture *f = *state;
    const char *unit;
    sd_bus_message *m;

    fixture_attach(f);
    for (size_t i = 0; i < ELEMENTSOF(members); i++) {
        switch (i) {
        case 0:
            assert_return_code(fixture_start(f, UNIT_A), 0);
            break;
        case 1:
            assert_return_code(unit_client_stop(f->client, UNIT_A), 0);
            break;
        case 2:
            assert_return_code(unit_client_kill(f->client, UNIT_A, SIGKILL), 0);
            break;
        default:
            assert_return_code(unit_client_reset_failed(f->client, UNIT_A), 0);
            break;
        }
        for (int times = 0; times < 3; times++)
            lose(f, fixture_only_call(f, members[i]));
        m = fixture_only_call(f, members[i]);
        assert_true(sd_bus_message_read(m, "s", &unit) > 0);
        assert_string_equal(unit, UNIT_A);
        fake_reply_error(f->manager, m, SD_BUS_ERROR_FAILED, "no");
        fake_settle(f->manager);
        fake_forget(f->manager);
    }
    assert_int_equal(fixture_seen(f, SEEN_START_FAILED), 1);
    assert_int_equal(fixture_seen(f, SEEN_STOP_FAILED), 1);
}

/* A call that the service manager left unread goes out when it is back, not into the void. */
static void test_lost_calls_wait_for_the_service_manager(void **state)
{
    Fixture *f = *state;
    sd_bus_message *m;

    fixture_attach(f);
    assert_return_code(fixture_start(f, UNIT_A), 0);
    m = fixture_only_call(f, "StartTransientUnit");
    fake_owner_changed(f->manager, "");
    fake_settle(f->manager);
    fake_reply_error(f->manager, m, SD_BUS_ERROR_SERVICE_UNKNOWN, "nobody there");
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, NULL), 0);
    fake_owner_changed(f->manager, ":1.9");
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, "StartTransientUnit"), 1);
    assert_int_equal(f->n_seen, 0);
}

static void test_start_that_came_through_although_it_seemed_lost(void **state)
{
    Fixture *f = *state;

    fixture_attach(f);
    assert_return_code(fixture_start(f, UNIT_A), 0);
    lose(f, fixture_only_call(f, "StartTransientUnit"));
    fake_reply_error(f->manager, fixture_only_call(f, "StartTransientUnit"), ERROR_UNIT_EXISTS,
                     "exists");
    fake_reply(f->manager, fixture_only_call(f, "GetUnit"), "o", PATH_A);
    fixture_only_call(f, "GetAll");
    assert_int_equal(f->n_seen, 0);
}

/* It may run: taking it back from here is not enough. */
static void test_stop_of_a_start_that_seems_lost(void **state)
{
    Fixture *f = *state;
    sd_bus_message *m;

    fixture_attach(f);
    assert_return_code(fixture_start(f, UNIT_A), 0);
    m = fixture_only_call(f, "StartTransientUnit");
    fake_signal(f->manager, "Reloading", "b", true);
    lose(f, m);
    fake_settle(f->manager);
    assert_return_code(unit_client_stop(f->client, UNIT_A), 0);
    fake_signal(f->manager, "Reloading", "b", false);
    fixture_only_call(f, "StopUnit");
}

static void test_lost_start_that_is_to_stop_is_not_sent_again(void **state)
{
    Fixture *f = *state;
    sd_bus_message *m;

    fixture_attach(f);
    assert_return_code(fixture_start(f, UNIT_A), 0);
    m = fixture_only_call(f, "StartTransientUnit");
    assert_return_code(unit_client_stop(f->client, UNIT_A), 0);
    fixture_only_call(f, "StopUnit");
    lose(f, m);
    fixture_only_call(f, "GetUnit");
}

/* Starts a unit with two optional properties and one that is not. */
static int start_with_options(Fixture *f, const char *name)
{
    UnitProperty properties[] = {
            {.name = "NewThing", .type = UNIT_PROPERTY_BOOL, .optional = true, .boolean = true},
            {.name = "Type", .type = UNIT_PROPERTY_STRING, .string = (char[]){"exec"}},
            {.name = "NewThingMax", .type = UNIT_PROPERTY_U64, .optional = true, .number = 5},
    };
    UnitPlan plan = {.properties = properties, .count = ELEMENTSOF(properties)};

    (void)snprintf(plan.name, sizeof(plan.name), "%s", name);
    return unit_client_start(f->client, &plan);
}

/* The names of the properties in a start, joined with spaces; the values must be what was given. */
static void assert_properties(sd_bus_message *m, const char *expected)
{
    char names[128] = "";
    const char *name, *text;
    uint64_t number;
    int boolean, r;

    assert_true(sd_bus_message_skip(m, "ss") > 0);
    assert_true(sd_bus_message_enter_container(m, 'a', "(sv)") >= 0);
    while ((r = sd_bus_message_enter_container(m, 'r', "sv")) > 0) {
        assert_true(sd_bus_message_read(m, "s", &name) > 0);
        (void)snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
                       names[0] ? " " : "", name);
        if (streq(name, "Type")) {
            assert_true(sd_bus_message_read(m, "v", "s", &text) > 0);
            assert_string_equal(text, "exec");
        } else if (streq(name, "NewThing")) {
            assert_true(sd_bus_message_read(m, "v", "b", &boolean) > 0);
            assert_true(boolean);
        } else {
            assert_true(sd_bus_message_read(m, "v", "t", &number) > 0);
            assert_int_equal(number, 5);
        }
        assert_true(sd_bus_message_exit_container(m) > 0);
    }
    assert_int_equal(r, 0);
    assert_true(sd_bus_message_exit_container(m) > 0);
    assert_true(sd_bus_message_enter_container(m, 'a', "(sa(sv))") >= 0);
    assert_true(sd_bus_message_at_end(m, false) > 0);
    assert_string_equal(names, expected);
}

static void refuse_property(Fixture *f, sd_bus_message *call, const char *error, const char *name)
{
    char text[128];

    (void)snprintf(text, sizeof(text), "Cannot set property %s, or unknown property.", name);
    fake_reply_error(f->manager, call, error, text);
}

static void test_unknown_property_is_left_out_and_remembered(void **state)
{
    Fixture *f = *state;
    sd_bus_message *m;

    fixture_attach(f);
    assert_return_code(start_with_options(f, UNIT_A), 0);
    m = fixture_only_call(f, "StartTransientUnit");
    assert_properties(m, "NewThing Type NewThingMax");
    refuse_property(f, m, SD_BUS_ERROR_PROPERTY_READ_ONLY, "NewThingMax");
    m = fixture_only_call(f, "StartTransientUnit");
    assert_properties(m, "NewThing Type");
    fake_reply_job(f->manager, m, 1);
    fake_settle(f->manager);
    assert_return_code(start_with_options(f, UNIT_B), 0);
    assert_properties(fixture_only_call(f, "StartTransientUnit"), "NewThing Type");
    assert_int_equal(f->n_seen, 0);
}

static void test_each_unknown_property_is_found(void **state)
{
    Fixture *f = *state;
    sd_bus_message *m;

    fixture_attach(f);
    assert_return_code(start_with_options(f, UNIT_A), 0);
    refuse_property(f, fixture_only_call(f, "StartTransientUnit"), SD_BUS_ERROR_PROPERTY_READ_ONLY,
                    "NewThing");
    refuse_property(f, fixture_only_call(f, "StartTransientUnit"), SD_BUS_ERROR_PROPERTY_READ_ONLY,
                    "NewThingMax");
    m = fixture_only_call(f, "StartTransientUnit");
    assert_properties(m, "Type");
    /* What is not optional is not given up, and there is no third try. */
    refuse_property(f, m, SD_BUS_ERROR_PROPERTY_READ_ONLY, "Type");
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, NULL), 0);
    assert_int_equal(fixture_seen(f, SEEN_START_FAILED), 1);
    assert_string_equal(fixture_last(f, SEEN_START_FAILED)->text,
                        "Cannot set property Type, or unknown property.");
}

/* A value that this pool brings says nothing about the next one. */
static void test_invalid_value_is_left_out_once(void **state)
{
    Fixture *f = *state;
    sd_bus_message *m;

    fixture_attach(f);
    assert_return_code(start_with_options(f, UNIT_A), 0);
    m = fixture_only_call(f, "StartTransientUnit");
    fake_reply_error(f->manager, m, SD_BUS_ERROR_INVALID_ARGS, "something is wrong");
    assert_properties(fixture_only_call(f, "StartTransientUnit"), "Type");
    assert_return_code(start_with_options(f, UNIT_B), 0);
    assert_properties(fixture_only_call(f, "StartTransientUnit"), "NewThing Type NewThingMax");
}

static void test_stopped_start_is_not_tried_again(void **state)
{
    Fixture *f = *state;
    sd_bus_message *m;

    fixture_attach(f);
    assert_return_code(start_with_options(f, UNIT_A), 0);
    m = fixture_only_call(f, "StartTransientUnit");
    assert_return_code(unit_client_stop(f->client, UNIT_A), 0);
    refuse_property(f, m, SD_BUS_ERROR_PROPERTY_READ_ONLY, "NewThing");
    fake_reply_error(f->manager, fixture_only_call(f, "StopUnit"), ERROR_NO_SUCH_UNIT, "none");
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, NULL), 0);
    assert_int_equal(f->n_seen, 2);
    assert_int_equal(f->seen[0].type, SEEN_START_FAILED);
    assert_gone(&f->seen[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_lost_calls_are_sent_again),
            TEST(test_lost_calls_wait_for_the_service_manager),
            TEST(test_start_that_came_through_although_it_seemed_lost),
            TEST(test_stop_of_a_start_that_seems_lost),
            TEST(test_lost_start_that_is_to_stop_is_not_sent_again),
            TEST(test_unknown_property_is_left_out_and_remembered),
            TEST(test_each_unknown_property_is_found),
            TEST(test_invalid_value_is_left_out_once),
            TEST(test_stopped_start_is_not_tried_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
