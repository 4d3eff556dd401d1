/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "dbus/dbus_server.h"
#include "fake-manager.h"

/* A message bus of its own, the front end on it, and a client, all on one event loop. */
typedef struct BusFixture {
    char folder[32];
    char address[96];
    pid_t daemon;
    sd_event *event;
    sd_bus *server_bus;
    sd_bus *client;
    Manager *manager;
    DbusServer *server;
} BusFixture;

/* For cmocka: *state is the BusFixture. The front end has its name. */
int bus_fixture_setup(void **state);
int bus_fixture_teardown(void **state);

/* Gives a front end that the test made itself its name. */
void bus_fixture_request_name(const BusFixture *f);

/* Another connection to the bus, on the loop. */
sd_bus *bus_fixture_connect(const BusFixture *f);

/* A call of a method of the manager object. */
sd_bus_message *bus_fixture_new_call(const BusFixture *f, const char *member);

/* The same of a pool, or of what else stands at `path`. */
sd_bus_message *bus_fixture_new_call_at(const BusFixture *f, const char *path,
                                        const char *interface, const char *member);

/* An answer on its way. */
typedef struct Reply {
    sd_bus_message *message; /* NULL: not here yet */
} Reply;

/* Sends the call, of which the reference is taken. */
void bus_fixture_send(const BusFixture *f, sd_bus_message *call, Reply *reply);

/* Runs the loop until the answer is there. The caller drops it. */
sd_bus_message *bus_fixture_wait(const BusFixture *f, const Reply *reply);

/* Both. */
sd_bus_message *bus_fixture_call(const BusFixture *f, sd_bus_message *call);

/* Calls a method of the manager object with arguments as sd_bus_message_append() takes them. */
sd_bus_message *bus_fixture_ask(const BusFixture *f, const char *member, const char *types, ...);

/* Runs the loop until the front end has answered a ping: what it sent before is there then. */
void bus_fixture_settle(const BusFixture *f);

/* Runs the loop until there are `count` operations. */
void bus_fixture_wait_for_operations(const BusFixture *f, size_t count);

/* Drops the answer, which must be this number; this text. */
void assert_bus_number(sd_bus_message *reply, uint64_t expected);
void assert_bus_text(sd_bus_message *reply, const char *expected);

/* Drops the answer, which must be of this error. */
void assert_bus_error(sd_bus_message *reply, PmErrorCode code, const char *part);
