/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

/* Transient units, started by nothing but one call of the service manager. What cannot be done ends
 * the program. */

/* The call that starts `argv` as unit `name`, which is told nothing else. */
sd_bus_message *unit_bare(sd_bus *bus, const char *name, char **argv);

/* The call by which pool-managerd would start the engine that the text of a preload describes, as
 * unit `name`; but for the properties named in `without`. */
sd_bus_message *unit_as_engine(sd_bus *bus, const char *name, const char *preload,
                               char *const *without);

/* Sends it and does not wait. */
void unit_start(sd_bus *bus, sd_bus_message *call);

/* Reads the answer, if it is there: an error ends the program. */
void unit_check_answer(sd_bus *bus);
