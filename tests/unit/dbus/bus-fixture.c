/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bus-fixture.h"

#include <errno.h>
#include <poolmgr/names.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char configuration[] = "<busconfig>\n"
                                    "  <listen>unix:path=%s/bus</listen>\n"
                                    "  <auth>EXTERNAL</auth>\n"
                                    "  <policy context=\"default\">\n"
                                    "    <allow user=\"*\"/>\n"
                                    "    <allow own=\"*\"/>\n"
                                    "    <allow send_destination=\"*\"/>\n"
                                    "    <allow receive_type=\"method_call\"/>\n"
                                    "    <allow receive_type=\"method_return\"/>\n"
                                    "    <allow receive_type=\"error\"/>\n"
                                    "    <allow receive_type=\"signal\"/>\n"
                                    "  </policy>\n"
                                    "  <limit name=\"max_replies_per_connection\">1000</limit>\n"
                                    "</busconfig>\n";

static void write_configuration(const BusFixture *f, char *path, size_t size)
{
    FILE *file;

    assert_true(snprintf(path, size, "%s/bus.conf", f->folder) < (int)size);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fprintf(file, configuration, f->folder) > 0);
    assert_int_equal(fclose(file), 0);
}

static void run_daemon(const char *configuration_path, int ready)
{
    char option[128], descriptor[32];

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)snprintf(option, sizeof(option), "--config-file=%s", configuration_path);
    (void)snprintf(descriptor, sizeof(descriptor), "--print-address=%d", ready);
    execlp("dbus-daemon", "dbus-daemon", "--nofork", "--nopidfile", "--nosyslog", option,
           descriptor, NULL);
    perror("dbus-daemon");
    _exit(127);
}

static void start_daemon(BusFixture *f)
{
    char path[64], line[256];
    int ready[2];

    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/test-bus-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    assert_int_equal(chmod(f->folder, 0755), 0);
    write_configuration(f, path, sizeof(path));
    assert_int_equal(pipe(ready), 0);
    f->daemon = fork();
    assert_true(f->daemon >= 0);
    if (f->daemon == 0)
        run_daemon(path, ready[1]);
    close(ready[1]);
    assert_true(read(ready[0], line, sizeof(line)) > 0); /* it listens */
    close(ready[0]);
    (void)snprintf(f->address, sizeof(f->address), "unix:path=%s/bus", f->folder);
}

sd_bus *bus_fixture_connect(const BusFixture *f)
{
    sd_bus *bus;

    assert_true(sd_bus_new(&bus) >= 0);
    assert_true(sd_bus_set_address(bus, f->address) >= 0);
    assert_true(sd_bus_set_bus_client(bus, true) >= 0);
    assert_true(sd_bus_start(bus) >= 0);
    assert_true(sd_bus_attach_event(bus, f->event, SD_EVENT_PRIORITY_NORMAL) >= 0);
    return bus;
}

static void on_name(int error, const char *error_text, void *userdata)
{
    bool *done = userdata;

    assert_int_equal(error, 0);
    assert_null(error_text);
    *done = true;
}

void bus_fixture_request_name(const BusFixture *f)
{
    bool named = false;

    assert_true(dbus_server_request_name(f->server, on_name, &named) >= 0);
    while (!named)
        assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
}

int bus_fixture_setup(void **state)
{
    BusFixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    start_daemon(f);
    assert_true(sd_event_new(&f->event) >= 0);
    f->server_bus = bus_fixture_connect(f);
    f->client = bus_fixture_connect(f);
    f->manager = fake_manager_new();
    assert_true(dbus_server_new(f->server_bus, f->manager, false, &f->server) >= 0);
    bus_fixture_request_name(f);
    *state = f;
    return 0;
}

int bus_fixture_teardown(void **state)
{
    BusFixture *f = *state;
    char path[64];

    dbus_server_free(f->server);
    fake_manager_free(f->manager);
    sd_bus_flush_close_unref(f->client);
    sd_bus_flush_close_unref(f->server_bus);
    sd_event_unref(f->event);
    assert_int_equal(kill(f->daemon, SIGTERM), 0);
    assert_int_equal(waitpid(f->daemon, NULL, 0), f->daemon);
    (void)snprintf(path, sizeof(path), "%s/bus.conf", f->folder);
    assert_int_equal(unlink(path), 0);
    (void)snprintf(path, sizeof(path), "%s/bus", f->folder);
    (void)unlink(path); /* the daemon may have done so */
    assert_int_equal(rmdir(f->folder), 0);
    free(f);
    return 0;
}

sd_bus_message *bus_fixture_new_call_at(const BusFixture *f, const char *path,
                                        const char *interface, const char *member)
{
    sd_bus_message *call;

    assert_true(sd_bus_message_new_method_call(f->client, &call, PM_BUS_NAME, path, interface,
                                               member) >= 0);
    return call;
}

sd_bus_message *bus_fixture_new_call(const BusFixture *f, const char *member)
{
    return bus_fixture_new_call_at(f, PM_OBJECT_PATH, PM_MANAGER_INTERFACE, member);
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Reply *reply = userdata;

    reply->message = sd_bus_message_ref(m);
    return 0;
}

void bus_fixture_send(const BusFixture *f, sd_bus_message *call, Reply *reply)
{
    reply->message = NULL;
    assert_true(sd_bus_call_async(f->client, NULL, call, on_reply, reply, UINT64_MAX) >= 0);
    sd_bus_message_unref(call);
}

sd_bus_message *bus_fixture_wait(const BusFixture *f, const Reply *reply)
{
    while (!reply->message)
        assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
    return reply->message;
}

sd_bus_message *bus_fixture_call(const BusFixture *f, sd_bus_message *call)
{
    Reply reply;

    bus_fixture_send(f, call, &reply);
    return bus_fixture_wait(f, &reply);
}

sd_bus_message *bus_fixture_ask(const BusFixture *f, const char *member, const char *types, ...)
{
    sd_bus_message *call = bus_fixture_new_call(f, member);
    va_list arguments;

    va_start(arguments, types);
    assert_true(sd_bus_message_appendv(call, types, arguments) >= 0);
    va_end(arguments);
    return bus_fixture_call(f, call);
}

void bus_fixture_settle(const BusFixture *f)
{
    sd_bus_message *call, *answer;

    assert_true(sd_bus_message_new_method_call(f->client, &call, PM_BUS_NAME, PM_OBJECT_PATH,
                                               "org.freedesktop.DBus.Peer", "Ping") >= 0);
    answer = bus_fixture_call(f, call);
    assert_false(sd_bus_message_is_method_error(answer, NULL));
    sd_bus_message_unref(answer);
}

void bus_fixture_wait_for_operations(const BusFixture *f, size_t count)
{
    while (fake_manager_count_operations(f->manager) < count)
        assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
}

void assert_bus_error(sd_bus_message *reply, PmErrorCode code, const char *part)
{
    const sd_bus_error *error = sd_bus_message_get_error(reply);

    assert_non_null(error);
    assert_string_equal(error->name, pm_error_info(code)->dbus_name);
    if (!strstr(error->message, part))
        fail_msg("\"%s\" does not say \"%s\"", error->message, part);
    sd_bus_message_unref(reply);
}

static void assert_good(sd_bus_message *reply)
{
    const sd_bus_error *error = sd_bus_message_get_error(reply);

    if (error)
        fail_msg("%s: %s", error->name, error->message);
}

void assert_bus_number(sd_bus_message *reply, uint64_t expected)
{
    uint64_t number;

    assert_good(reply);
    assert_true(sd_bus_message_read(reply, "t", &number) >= 0);
    assert_int_equal(number, expected);
    sd_bus_message_unref(reply);
}

void assert_bus_text(sd_bus_message *reply, const char *expected)
{
    const char *text;

    assert_good(reply);
    assert_true(sd_bus_message_read(reply, "s", &text) >= 0);
    assert_string_equal(text, expected);
    sd_bus_message_unref(reply);
}
