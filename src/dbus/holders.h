/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "base/macros.h"

/*
 * Who holds leases over the bus. A lease ends with the connection that took it; its holder is the
 * connection's name with the bus it is on, since another bus gives the same names to others.
 *
 * That a connection ends is heard from one match for all of them, made before the first call can
 * arrive: what the bus delivers of a caller, it delivers before it tells that the caller is gone.
 * So no lease is granted to one that is gone already.
 */
struct DbusServer;
typedef struct Holders Holders;

/* Returns 0 or negative errno. */
int holders_new(struct DbusServer *s, Holders **ret);
Holders *holders_free(Holders *h);

/*
 * Before a lease is granted to the sender of `call`: makes sure that its end will be noticed, and
 * gives the text to be stored with the lease, which the caller frees. Returns 0 or negative errno.
 */
int holders_note(Holders *h, sd_bus_message *call, char **ret_holder);

/* Whether the lease of that id is held by the sender of `call`. */
bool holds_lease(struct DbusServer *s, sd_bus_message *call, const char *pool_id,
                 const char *lease_id);

/*
 * After a restart of the daemon: finds out which holders of the leases are still there, and
 * releases the leases of the others. Returns 0 or negative errno.
 */
int holders_recover(Holders *h);

DEFINE_CLEANUP(Holders *, holders_free)
