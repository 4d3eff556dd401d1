/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "base/macros.h"
#include "manager/api.h"

/*
 * The D-Bus front end: the manager object with its methods, one object for each pool with a
 * property for each field of its status, and the signals about both (contract: names, status).
 *
 * On the bus a string that is unset is "", a number that is unset is UINT64_MAX, and an object is
 * its JSON text.
 */
typedef struct DbusServer DbusServer;

/*
 * Adds the objects to `bus` and listens to the manager. Both must outlive the server; the manager
 * must not run any more once the server is freed. `user_mode` says that this is the bus of a user.
 * The name is not requested yet. Returns 0 or negative errno.
 */
int dbus_server_new(sd_bus *bus, Manager *manager, bool user_mode, DbusServer **ret);

/* Calls that wait are dropped without an answer; the bus tells their callers when we leave it.
 * Returns NULL. */
DbusServer *dbus_server_free(DbusServer *s);

/*
 * `error` 0: the name is ours. -EEXIST: somebody else owns it. Other negative errno: the bus
 * refused. `error_text` says
 * why, for people.
 */
typedef void (*DbusNameFunc)(int error, const char *error_text, void *userdata);

/* Once the manager has recovered: looks for holders of leases that are gone, and asks for the bus
 * name; `f` is called once, from the loop. Returns 0 or negative errno. */
int dbus_server_request_name(DbusServer *s, DbusNameFunc f, void *userdata);

DEFINE_CLEANUP(DbusServer *, dbus_server_free)
