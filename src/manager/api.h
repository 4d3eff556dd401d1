/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"
#include "base/text.h"
#include "core/gpu.h"
#include "core/handoff.h"
#include "core/lease.h"
#include "core/operation.h"
#include "core/pool.h"
#include "core/pool_update.h"
#include "core/reload.h"
#include "core/resource.h"
#include "core/spec.h"
#include "core/status.h"
#include "json/status_text.h"

/* What the front ends (HTTP, D-Bus) see of the manager. Nothing here blocks. */

typedef struct Manager Manager;

/*
 * The registry lock (contract: registry.lock): whoever reads or changes pools on behalf of somebody
 * outside does so inside of these.
 */
typedef enum ManagerAccess {
    MANAGER_READ,  /* shared */
    MANAGER_WRITE, /* exclusive */
} ManagerAccess;

/* `error` NULL: the lock is held during the call. Else PM_ERROR_REGISTRY_LOCK: another process held
 * it all the time. */
typedef void (*AccessFunc)(const Error *error, void *userdata);
typedef struct AccessWaiter AccessWaiter;

/*
 * Calls `f` with the lock held. Returns 1 when that is done. Returns 0 when another process holds
 * the lock: `f` is called later, from the loop, within PM_LOCK_WAIT_MS, and *ret_waiter stands for
 * that until then. Returns -ENOMEM, with `f` not called.
 */
int manager_access(Manager *m, ManagerAccess access, AccessFunc f, void *userdata,
                   AccessWaiter **ret_waiter);
/* Stops waiting: `f` is not called. Takes NULL, returns NULL. */
AccessWaiter *access_waiter_free(AccessWaiter *w);

/* The same for those who cannot wait: takes the lock at once (0) or fails (-EAGAIN, with `error`
 * PM_ERROR_REGISTRY_LOCK). Not nested. */
int manager_lock(Manager *m, ManagerAccess access, Error *error);
void manager_unlock(Manager *m);

/* Those who read one after the other, without a return to the loop, may share one lock: in between,
 * it is kept, until somebody writes. */
void manager_begin_reads(Manager *m);
void manager_end_reads(Manager *m);

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

/* Starts the engine that the pool had, after stopping it where it runs. PM_ERROR_POOL_NOT_FOUND,
 * PM_ERROR_NO_ENGINE when there never was one. The answer is that of a preload. */
int manager_restart(Manager *m, const char *pool_id, const char *correlation_id,
                    Operation **ret_operation, Error *error);

/*
 * Stops the engine once its leases are back, or at the deadline; no new ones are granted meanwhile.
 * `deadline_ms` SPEC_UNSET: the configured one. PM_ERROR_POOL_NOT_FOUND, PM_ERROR_NO_ENGINE; a
 * second drain joins the first, whose deadline holds.
 */
int manager_drain(Manager *m, const char *pool_id, uint64_t deadline_ms, const char *correlation_id,
                  Operation **ret_operation, Error *error);

/*
 * Puts another engine in the place of the one that is ready (contract: reload), or the same engine
 * with another model, which the model provisioner turns into a file. When that fails, the engine
 * from before serves the pool again. `deadline_ms` as for a drain. *request is taken over on
 * success; `warnings` are copied for the answer. PM_ERROR_POOL_NOT_FOUND, PM_ERROR_NO_ENGINE,
 * PM_ERROR_BUSY, PM_ERROR_INVALID_FIELD for a spec with another mask or replica. A second reload of
 * the same reference joins the first.
 */
int manager_reload(Manager *m, const char *pool_id, ReloadRequest **request, uint64_t deadline_ms,
                   char *const *warnings, const char *correlation_id, Operation **ret_operation,
                   Error *error);

/*
 * Removes the pool. PM_ERROR_POOL_NOT_FOUND, or PM_ERROR_ALREADY_RUNNING while an engine runs,
 * unless `force`, which stops it before (an external one is left alone).
 */
int manager_deregister(Manager *m, const char *pool_id, bool force, const char *correlation_id,
                       Operation **ret_operation, Error *error);

/*
 * What is done at once. All return 0, or negative errno with `error` set and nothing changed.
 * *ret_new says whether the pool was not there before.
 */
int manager_register(Manager *m, const char *pool_id, const char *correlation_id, bool *ret_new,
                     Error *error);
/* Adds sentences about what takes effect later to *warnings (NULL allowed). */
int manager_update(Manager *m, const char *pool_id, const PoolUpdate *update,
                   const char *correlation_id, bool *ret_new, char ***warnings, Error *error);
/* Takes *handoff over on success. PM_ERROR_ALREADY_RUNNING when the pool has an engine of ours. */
int manager_register_handoff(Manager *m, Handoff **handoff, const char *correlation_id,
                             bool *ret_new, Error *error);
/* `timestamp_ms` SPEC_UNSET: now. *ret_ms is what was recorded. */
int manager_heartbeat(Manager *m, const char *pool_id, uint64_t timestamp_ms, uint64_t *ret_ms,
                      Error *error);
/* Of the engine that runs and of those after it. PM_ERROR_POOL_NOT_FOUND, PM_ERROR_NO_ENGINE,
 * PM_ERROR_BUSY during a reload. */
int manager_set_resources(Manager *m, const char *pool_id, const ResourceUpdate *update,
                          const char *correlation_id, Error *error);
/* Both start a pool that waits for its restart at once: the first closes the breaker, the second
 * fails with PM_ERROR_BREAKER_CLOSED when the pool is not tripped. */
int manager_reset_breaker(Manager *m, const char *pool_id, const char *correlation_id,
                          Error *error);
int manager_allow_restart(Manager *m, const char *pool_id, const char *correlation_id,
                          Error *error);

typedef struct LeaseGrant {
    char id[LEASE_ID_MAX + 1];
    uint64_t active_leases; /* with this one */
    uint64_t generation;
} LeaseGrant;

/* The errors of lease_acquire(), or PM_ERROR_POOL_NOT_FOUND. */
int manager_acquire_lease(Manager *m, const char *pool_id, const LeaseRequest *request,
                          LeaseGrant *ret, Error *error);
/* PM_ERROR_LEASE_NOT_FOUND when there is no such lease (any more). */
int manager_release_lease(Manager *m, const char *pool_id, const char *lease_id,
                          uint64_t *ret_active, Error *error);
/* Never fails for want of a lease: the count stays 0 then. */
int manager_release_anonymous_lease(Manager *m, const char *pool_id, uint64_t *ret_active,
                                    Error *error);
/* The connection to the bus that held leases is gone. */
void manager_release_holder(Manager *m, const char *holder);

/*
 * Opens the output of the pool's engines for reading: *ret_fd is a non-blocking pipe that ends when
 * all is said; closing it stops the rest. PM_ERROR_POOL_NOT_FOUND; PM_ERROR_UNAVAILABLE when too
 * many are open.
 */
typedef struct LogQuery {
    uint64_t lines;      /* the last so many, of those there are; LOG_LINES_ALL: all */
    uint64_t generation; /* 0: every one */
    bool follow;         /* and what comes from now on, until the reader closes */
    bool json;           /* one JSON object a line, else text */
} LogQuery;
#define LOG_LINES_ALL UINT64_MAX
int manager_open_logs(Manager *m, const char *pool_id, const LogQuery *query, int *ret_fd,
                      Error *error);

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
/* All of them, sorted by id, as a list; the same in pieces: json_write_pools(). */
int manager_describe_pools(const Manager *m, char **ret_text, size_t *ret_length);
bool manager_write_pools(const Manager *m, PoolsCursor *cursor, size_t size, Text *text);

/* {live, ready, draining, last_error, metrics}. Returns 0, -ENOENT or -ENOMEM. */
int manager_describe_health(const Manager *m, const char *pool_id, char **ret_text,
                            size_t *ret_length);

/* {id, kind, pool_id, phase, percent, started_ms, result?}: those that run, and those that ended at
 * most ten minutes ago. Returns 0, -ENOENT or -ENOMEM. */
int manager_describe_operation(const Manager *m, uint64_t id, char **ret_text, size_t *ret_length);

/* The settings and where they come from, as JSON text: settings_describe(). Returns 0 or -ENOMEM.
 */
int manager_describe_configuration(const Manager *m, char **ret_text, size_t *ret_length);

/* How far the writing of metrics is. A zeroed one is at the beginning. */
typedef struct MetricsCursor {
    bool begun;
    size_t name;                 /* that is written now: of pool_metrics_names() */
    char pool_id[PM_ID_MAX + 1]; /* the last one whose samples of it are written; "": none yet */
} MetricsCursor;

/*
 * Appends what is to be known in numbers, of the pools and of the process, as lines of
 * base/exposition.h. Before recovery is done, those pools that are known by then. Stops when `text`
 * has `size` bytes, or a few lines more: thousands of pools have megabytes, for which the loop is
 * not held up; pools may come and go in between. Returns whether that was all.
 */
bool manager_write_metrics(const Manager *m, MetricsCursor *cursor, size_t size, Text *text);

/*
 * The GPUs of the host. They are looked for again and again; whoever wants them as they are now has
 * that done: calls `f` when it is done, or at once when what is known is not a second old, or when
 * the drivers have not answered in time. Returns 1 when that was at once; 0: `f` is called later,
 * from the loop, and *ret_waiter stands for that until then; -ENOMEM.
 */
typedef void (*DevicesFunc)(void *userdata);
typedef struct DevicesWaiter DevicesWaiter;
int manager_refresh_devices(Manager *m, DevicesFunc f, void *userdata, DevicesWaiter **ret_waiter);
/* Stops waiting: `f` is not called. Takes NULL, returns NULL. */
DevicesWaiter *devices_waiter_free(DevicesWaiter *w);

/* What is known; NULL: nothing yet. Valid until the caller returns to the loop. */
const GpuInventory *manager_devices(const Manager *m, usec_t *ret_age);
/* The same as JSON text, with whether the drivers answer. Returns 0 or -ENOMEM. */
int manager_describe_devices(const Manager *m, char **ret_text, size_t *ret_length);

/*
 * A dry run of a start: whether the engine would be started now, on which GPUs, with what memory,
 * and as what unit; as JSON text (json/plan.h). Nothing is changed. Takes as long as the drivers of
 * the GPUs and the model's file system, but not longer than [GPU] AnswerSec=. *spec is taken over
 * on success; `warnings` are copied for the answer. `f` is called once, with `text` NULL when out
 * of memory, else taken over. Returns 1 when that has happened already; 0: `f` is called later,
 * from the loop, and *ret_waiter stands for that until then; or negative errno with `error` set.
 */
typedef void (*PlanFunc)(char *text, size_t length, void *userdata);
typedef struct PlanWaiter PlanWaiter;
int manager_plan(Manager *m, EngineSpec **spec, char *const *warnings, PlanFunc f, void *userdata,
                 PlanWaiter **ret_waiter, Error *error);
/* Stops waiting: `f` is not called. Takes NULL, returns NULL. */
PlanWaiter *plan_waiter_free(PlanWaiter *w);

/*
 * The events: what listeners of event streams are told, kept in a ring. Ids count up by one; after
 * a restart of the daemon the run's id is another one.
 */
typedef struct ManagerEvent {
    uint64_t id;
    const char *type; /* "pool": the status; "pool_removed"; "operation" */
    const char *pool_id;
    const char *data; /* one line of JSON, without its end */
    size_t length;
} ManagerEvent;

const char *manager_run_id(const Manager *m); /* 16 hex digits */
/* Of the last event, 0 for none yet; and of the oldest one that is still kept. */
uint64_t manager_last_event(const Manager *m);
uint64_t manager_first_event(const Manager *m);
/* Returns false when it is not kept (any more). Valid until the caller returns to the loop. */
bool manager_get_event(const Manager *m, uint64_t id, ManagerEvent *ret);

/* Whether start-up recovery is done. */
bool manager_is_recovered(const Manager *m);

/* What the outside is told, once the queue of events is empty. Pointers are valid during the call.
 */
typedef struct ManagerListener {
    void (*pool_added)(const Pool *pool, void *userdata);
    void (*pool_changed)(const Pool *pool, void *userdata);
    void (*pool_removed)(
            const Pool *pool,
            void *userdata); /* the last call that sees it; it is not in the registry any more */
    void (*event_added)(const ManagerEvent *event, void *userdata);
    /* The runtime directory was deleted, and made again: whatever the listener had there is gone.
     */
    void (*runtime_renewed)(void *userdata);
    void (*operation_ended)(const OperationResult *result, const char *pool_id, void *userdata);
    void *userdata;
} ManagerListener;

/* At most 8; `listener` must live as long as the manager. Returns 0 or -E2BIG. */
int manager_add_listener(Manager *m, const ManagerListener *listener);
