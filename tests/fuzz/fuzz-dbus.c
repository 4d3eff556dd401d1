/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../unit/dbus/bus-fixture.h"
#include "base/strv.h"
#include "dbus/methods.h"
#include "fuzz.h"
#include "json/reader.h"

/*
 * Calls of the daemon's methods, over a message bus of their own. The input is calls with an empty
 * line between two: the method's name, then a line for each of its arguments. The manager is the
 * one of the unit tests.
 */

enum { CALLS_MAX = 4, OPERATIONS_MAX = 8 };

static BusFixture *fixture;

static void finish(void)
{
    void *state = fixture;

    (void)bus_fixture_teardown(&state);
}

static void use_manager(void)
{
    fake_manager_set_recovered(fixture->manager, true);
    (void)fake_manager_add_pool(fixture->manager, "p1");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    void *state = NULL;

    REQUIRE(bus_fixture_setup(&state) == 0);
    fixture = state;
    use_manager();
    REQUIRE(atexit(finish) == 0);
    return 0;
}

/* It keeps what it was asked for, and has room for so many operations only. */
static void renew_manager(void)
{
    dbus_server_free(fixture->server);
    fake_manager_free(fixture->manager);
    fixture->manager = fake_manager_new();
    REQUIRE(dbus_server_new(fixture->server_bus, fixture->manager, false, &fixture->server) >= 0);
    bus_fixture_request_name(fixture);
    use_manager();
}

/* Whether sd-bus took it: it refuses what is no UTF-8. */
static bool append_argument(sd_bus_message *call, char type, const char *value)
{
    uint64_t number = strtoull(value, NULL, 10);

    switch (type) {
    case 's':
        return sd_bus_message_append(call, "s", value) >= 0;
    case 't':
        return sd_bus_message_append(call, "t", value[0] == '-' ? UINT64_MAX : number) >= 0;
    case 'b':
        return sd_bus_message_append(call, "b", (int)(number & 1)) >= 0;
    default:
        return false;
    }
}

static sd_bus_message *make_call(const Method *method, char *arguments)
{
    sd_bus_message *call = bus_fixture_new_call(fixture, method->name);

    for (const char *type = method->in; *type; type++) {
        const char *value = arguments ? strsep(&arguments, "\n") : "";

        if (!append_argument(call, *type, value))
            return sd_bus_message_unref(call);
    }
    return call;
}

/* What is wrong with a call is the caller's fault, and a text says what. */
static void check_answer(const Method *method, sd_bus_message *answer)
{
    const sd_bus_error *error = sd_bus_message_get_error(answer);
    _cleanup_json_ json_object *value = NULL;
    const char *text;

    if (error) {
        REQUIRE(error->message && error->message[0]);
        REQUIRE(startswith(error->name, "org.llamaorch.PoolManager1.Error."));
        REQUIRE(!streq(error->name, pm_error_info(PM_ERROR_INTERNAL)->dbus_name));
    } else if (startswith(method->name, "Describe") || streq(method->name, "Plan")) {
        REQUIRE(sd_bus_message_read(answer, "s", &text) > 0);
        REQUIRE(strlen(text) > PM_BODY_MAX || json_read(text, strlen(text), &value, NULL) == 0);
    }
}

/* Nobody waits for what never ends. */
static void end_operations(size_t from)
{
    for (size_t i = from; i < fake_manager_count_operations(fixture->manager); i++)
        fake_manager_end(fixture->manager, fake_manager_operation(fixture->manager, i),
                         PM_ERROR_NONE, "");
}

static void do_call(char *text)
{
    const char *name = strsep(&text, "\n");
    const Method *method = method_find(name, false);
    size_t operations = fake_manager_count_operations(fixture->manager);
    sd_bus_message *call, *answer;
    Reply reply;

    call = method ? make_call(method, text) : NULL;
    if (!call)
        return;
    bus_fixture_send(fixture, call, &reply);
    while (!reply.message) {
        REQUIRE(sd_event_run(fixture->event, 20 * USEC_PER_SEC) > 0);
        end_operations(operations);
    }
    answer = reply.message;
    check_answer(method, answer);
    sd_bus_message_unref(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = fuzz_text(data, size);
    char *call = text;

    if (fake_manager_count_operations(fixture->manager) > OPERATIONS_MAX)
        renew_manager();
    for (unsigned i = 0; i < CALLS_MAX && call; i++) {
        char *end = strstr(call, "\n\n");

        if (end)
            *end = '\0';
        do_call(call);
        call = end ? end + 2 : NULL;
    }
    return 0;
}
