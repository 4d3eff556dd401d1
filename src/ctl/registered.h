/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "ctl/options.h"

/*
 * Tells that a pool is in the registry now. `reply` says whether it is new, and, where `warns`,
 * what was odd in the request; `otherwise` is what happened to one that is not new. Returns the
 * exit status.
 */
int registered_report(const Options *options, const char *pool_id, sd_bus_message *reply,
                      bool warns, const char *otherwise);
