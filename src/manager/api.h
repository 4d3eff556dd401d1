/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"
#include "core/operation.h"
#include "core/pool.h"
#include "core/spec.h"
#include "core/status.h"

/* What the front ends (HTTP, D-Bus) see of the manager. Nothing here blocks. */

typedef struct Manager Manager;

/* A command under way, or one that ended. Belongs to the manager; valid until the front end returns
 * to the loop, unless waited for. */
typedef struct Operation Operation;

uint64_t operation_id(const Operation *o);

/*
 * Starts a command. On success *ret_operation may already have ended; wait for it with
 * operation_wait(), which copes. `correlation_id` (NULL: none) stands in the log lines of what
 * follows. Returns 0, or negative errno with `error` set and nothing changed.
 *
 * manager_preload() takes *spec over on success (sets it to NULL) and copies `warnings` for the
 * answer. manager_stop() fails with PM_ERROR_POOL_NOT_FOUND or PM_ERROR_NO_ENGINE; a second stop
 * joins the first.
 */
int manager_preload(Manager *m, EngineSpec **spec, char *const *warnings,
                    const char *correlation_id, Operation **ret_operation, Error *error);
int manager_stop(Manager *m, const char *pool_id, const char *correlation_id,
                 Operation **ret_operation, Error *error);

/* Called once, when the operation has ended: from the loop, never from within operation_wait(). */
typedef void (*OperationFunc)(const OperationResult *result, const char *pool_id, void *userdata);
typedef struct OperationWaiter OperationWaiter;

int operation_wait(Operation *o, OperationFunc f, void *userdata, OperationWaiter **ret);
/* Stops waiting; the operation goes on. Must not be called once the function was. Returns NULL. */
OperationWaiter *operation_waiter_free(OperationWaiter *w);

/*
 * The answer of an operation that ended, as one-line JSON text: what HTTP answers with, error
 * object included; *ret_http_status is 200 or that of the error. Returns 0 or -ENOMEM.
 */
int manager_operation_answer(Manager *m, const OperationResult *result, const char *pool_id,
                             int *ret_http_status, char **ret_text, size_t *ret_length);

/* Reading. The pool is NULL when there is none. Pools are sorted by id. */
const Pool *manager_get_pool(const Manager *m, const char *pool_id);
size_t manager_count_pools(const Manager *m);
const Pool *manager_pool_at(const Manager *m, size_t index);

/* The time that statuses are made with. */
Instant manager_now(const Manager *m);

/* The status as JSON text, by the one encoder. Returns 0, -ENOENT or -ENOMEM. */
int manager_describe_pool(const Manager *m, const char *pool_id, char **ret_text,
                          size_t *ret_length);
int manager_describe_pools(const Manager *m, char **ret_text, size_t *ret_length);

/* Whether start-up recovery is done. */
bool manager_is_recovered(const Manager *m);

/* What the outside is told, once the queue of events is empty. Pointers are valid during the call.
 */
typedef struct ManagerListener {
    void (*pool_added)(const Pool *pool, void *userdata);
    void (*pool_changed)(const Pool *pool, void *userdata);
    void (*operation_ended)(const OperationResult *result, const char *pool_id, void *userdata);
    void *userdata;
} ManagerListener;

/* At most 8; `listener` must live as long as the manager. Returns 0 or -E2BIG. */
int manager_add_listener(Manager *m, const ManagerListener *listener);
