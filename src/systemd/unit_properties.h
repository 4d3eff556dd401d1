/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "core/unit_observation.h"

/*
 * Reads a dictionary of properties, a{sv}, of org.freedesktop.systemd1.Unit and .Service from `m`.
 * Properties that we have no use for, values of another type than documented and values out of
 * range are skipped. Returns 0, or negative errno when there is no dictionary.
 */
int unit_properties_read(sd_bus_message *m, UnitObservation *ret);

/* Reads one value, a variant, of the property of that name: as above. Returns 0, or negative errno
 * when there is no variant. */
int unit_property_read(sd_bus_message *m, const char *name, UnitObservation *ret);

/* Reads what follows the dictionary in PropertiesChanged, the names of properties that changed to
 * an unsaid value. Returns 1 when we have use for one of them, 0 when not, or negative errno. */
int unit_properties_read_invalidated(sd_bus_message *m);

/* What is known of a unit that the service manager does not have: how it ended is not part of it.
 */
UnitObservation unit_observation_gone(void);
