/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "core/unit_plan.h"

/* Messages to the service manager, org.freedesktop.systemd1(5). */

#define SYSTEMD_NAME              "org.freedesktop.systemd1"
#define SYSTEMD_PATH              "/org/freedesktop/systemd1"
#define SYSTEMD_UNIT_PATH         "/org/freedesktop/systemd1/unit"
#define SYSTEMD_JOB_PATH          "/org/freedesktop/systemd1/job"
#define SYSTEMD_MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"
#define BUS_PROPERTIES_INTERFACE  "org.freedesktop.DBus.Properties"

/* What an error says, for people: its text, or its name when it has none. */
const char *bus_error_text(const sd_bus_error *error);

/* A call of a Manager method with arguments of the basic types in `types`. Returns 0 or negative
 * errno of sd-bus. */
int manager_message_new(sd_bus *bus, sd_bus_message **ret, const char *method, const char *types,
                        ...);

/*
 * The StartTransientUnit call for `plan`, leaving out the properties named in `without` (NULL:
 * none). Returns 0, or negative errno: -EINVAL for a property whose list has a wrong number of
 * items, -ENOMEM, or what sd-bus says.
 */
int start_message_new(sd_bus *bus, const UnitPlan *plan, char *const *without,
                      sd_bus_message **ret);

/* A copy of such a call that has been sent, leaving out the properties named in `without`. */
int start_message_new_without(sd_bus *bus, sd_bus_message *sent, char *const *without,
                              sd_bus_message **ret);

/* The call that sets properties of `unit`, until it ends. */
struct UnitNumber;
int set_message_new(sd_bus *bus, const char *unit, const struct UnitNumber *numbers, size_t n,
                    sd_bus_message **ret);

/* The same call once more, to be sent as a message of its own. */
int message_new_again(sd_bus *bus, sd_bus_message *sent, sd_bus_message **ret);

/* What a list of units says of one; the strings live as long as the message. */
typedef struct ListedUnit {
    const char *name, *load, *active;
    uint32_t job; /* 0: none */
} ListedUnit;

/* Reads the next (ssssssouso) of a list of units. Returns 1, 0 at the end of the list, or negative
 * errno. */
int unit_list_next(sd_bus_message *m, ListedUnit *ret);

/* The call that reads all properties of `unit`. */
int read_message_new(sd_bus *bus, const char *unit, sd_bus_message **ret);

/* The call that reads one; `interface`: "Unit" or "Service". */
int read_one_message_new(sd_bus *bus, const char *unit, const char *interface, const char *property,
                         sd_bus_message **ret);
