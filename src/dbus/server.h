/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dbus/command.h"
#include "dbus/dbus_server.h"
#include "dbus/holders.h"
#include "dbus/pool_object.h"
#include "dbus/pool_seen.h"

/* What the files of this folder share. */
struct DbusServer {
    sd_bus *bus;
    Manager *manager;
    bool user_mode;
    bool announced; /* the name is ours, so that somebody may listen */

    ManagerListener listener;
    sd_bus_slot *object_manager_slot;
    sd_bus_slot *manager_slot;
    sd_bus_slot *pool_slot;
    sd_bus_slot *pool_nodes_slot;

    sd_bus_slot *name_slot;
    DbusNameFunc name_func;
    void *name_userdata;

    sd_bus_vtable *manager_vtable;
    sd_bus_vtable *pool_vtable;
    PoolView view;
    PoolSeen *seen;
    const Pool *told; /* the bus is being told about it by us: it is read without the lock */

    Holders *holders;
    Command *commands;
    size_t n_commands;
};
