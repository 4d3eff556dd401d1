/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "systemd/call_queue.h"

/* What the service manager answers to each kind of call; a call_answered_t whose userdata is the
 * UnitClient. */
void unit_client_answered(Call *call, sd_bus_message *reply, const sd_bus_error *error,
                          void *userdata);
