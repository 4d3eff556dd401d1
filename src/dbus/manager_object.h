/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dbus/dbus_server.h"

/* The object that stands for the daemon: PM_OBJECT_PATH, PM_MANAGER_INTERFACE. */

/* Returns 0 or negative errno. */
int manager_object_add(DbusServer *s);

/*
 * The signals. That one cannot be sent is no error that anybody could act on: memory is out, or the
 * bus is gone and the daemon with it.
 */
void manager_object_emit_pool(DbusServer *s, const char *signal, const Pool *pool,
                              const char *path);
void manager_object_emit_operation_ended(DbusServer *s, const OperationResult *result,
                                         const char *pool_id);
void manager_object_emit_event(DbusServer *s, const ManagerEvent *event);
