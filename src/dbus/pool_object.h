/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "dbus/dbus_server.h"
#include "manager/api.h"

/* The objects that stand for pools: PM_POOL_OBJECT_PATH/<encoded id>, PM_POOL_INTERFACE. */

/*
 * A pool as the bus shows it. There is one, filled anew each time that sd-bus asks for an object
 * and read before it asks for the next; the vtable's offsets lead to its members.
 */
typedef struct PoolView {
    DbusServer *server;
    const Pool *pool;
    PoolStatus status;
} PoolView;

/* Returns 0 or negative errno. */
int pool_object_add(DbusServer *s);

/* The path of the pool's object. Returns 0 or -ENOMEM. */
int pool_object_path(const char *pool_id, char **ret);

/*
 * For those who read what the registry holds and cannot wait. Returns 0, or negative with
 * `ret_error` set when another process holds the registry lock.
 */
int pool_object_check_lock(DbusServer *s, sd_bus_error *ret_error);

/* A pool is there for the first time; for the last time. */
void pool_object_added(DbusServer *s, const Pool *pool);
void pool_object_removed(DbusServer *s, const Pool *pool);

/* Something about a pool may have changed: says on the bus what has. */
void pool_object_changed(DbusServer *s, const Pool *pool);
