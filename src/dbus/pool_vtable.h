/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "manager/api.h"

/*
 * The vtable of the pools' interface: one property for each field of a status (core/status.h), the
 * ones that are on the bus only, and the methods. The userdata is a PoolView. Returns 0 and memory
 * that the caller frees, or -ENOMEM.
 */
int pool_vtable_new(sd_bus_vtable **ret);

/*
 * Whether PropertiesChanged tells of this field. Not of those that would change each time somebody
 * looks, or with each health check: whoever wants them reads them.
 */
bool pool_field_is_announced(const StatusValue *value);
