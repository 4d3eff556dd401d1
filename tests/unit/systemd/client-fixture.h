/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

#include "fake-manager.h"
#include "systemd/unit_client.h"

#define UNIT_A "pool@a:r0:g1.service"
#define UNIT_B "pool@b:r0:g7.service"
#define PATH_A "/org/freedesktop/systemd1/unit/pool_40a_3ar0_3ag1_2eservice"
#define PATH_B "/org/freedesktop/systemd1/unit/pool_40b_3ar0_3ag7_2eservice"

#define ERROR_NO_SUCH_UNIT "org.freedesktop.systemd1.NoSuchUnit"
#define ERROR_UNIT_EXISTS  "org.freedesktop.systemd1.UnitExists"

typedef enum SeenType {
    SEEN_OBSERVED,
    SEEN_START_FAILED,
    SEEN_STOP_FAILED,
    SEEN_ATTACHED,
} SeenType;

/* One callback. */
typedef struct Seen {
    SeenType type;
    UnitName name;
    UnitObservation u;
    int error;
    char text[256];
} Seen;

typedef struct Fixture {
    FakeManager *manager;
    UnitClient *client;
    Seen seen[4096];
    size_t n_seen;
    UnitKnown known; /* of each unit */
} Fixture;

/* For cmocka: *state is a Fixture, its client not attached. */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

/* Attaches to a service manager without engine units, and forgets how. */
void fixture_attach(Fixture *f);

/* How many callbacks of this type have come; the last of them. */
size_t fixture_seen(const Fixture *f, SeenType type);
const Seen *fixture_last(const Fixture *f, SeenType type);
void fixture_forget(Fixture *f);

/* The call must be the only one of `member`; settled, forgotten, and returned. */
sd_bus_message *fixture_only_call(Fixture *f, const char *member);

/* Queries `unit` up to the call that reads it, which is returned. */
sd_bus_message *fixture_read_call(Fixture *f, const char *unit);

/* A plan without properties. */
int fixture_start(Fixture *f, const char *unit);

/* Whether the observation is the one of a unit that does not exist. */
void assert_gone(const Seen *seen);

/* The nth of many units. */
const char *unit_number(char buffer[static 64], unsigned n);
