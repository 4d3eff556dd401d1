/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "base/error.h"

/*
 * Whether the sender of a call may do what it asks for. Reading is open to all, as it is for
 * systemd's units; verbs that act are for root and for the user that the daemon runs as. Who the
 * sender is, the bus is asked, without waiting.
 */
typedef struct Authorization Authorization;

/* The outcome: `error` NULL is yes. Called once, from the loop; the authorization is gone then. */
typedef void (*AuthorizationFunc)(const Error *error, void *userdata);

/*
 * Asks about `call`, of which a reference is kept. `verb` ("preload") and `pool_id` stand in a
 * refusal; both must live as long as the authorization. Returns 0 or negative errno.
 */
int authorization_start(sd_bus_message *call, const char *verb, const char *pool_id,
                        AuthorizationFunc f, void *userdata, Authorization **ret);

/* Stops asking: the function is not called. Returns NULL. */
Authorization *authorization_free(Authorization *a);
