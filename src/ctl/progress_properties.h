/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "ctl/progress_text.h"

/* Takes in properties of the pool: a{sv}, at which `m` stands. Returns 0 or negative errno. */
int progress_properties_read(PoolProgress *p, sd_bus_message *m);
