/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/machine.h"
#include "core/registry.h"
#include "core/unit_name.h"
#include "manager/manager.h"
#include "probe/load_model_size.h"
#include "probe/probe.h"
#include "store/handoff_watch.h"
#include "store/registry_lock.h"
#include "systemd/unit_client.h"
#include "json/registry_file.h"

enum {
    LISTENERS_MAX = 8,
    OPERATIONS_MAX = 4096, /* ended ones that are remembered */
    OPERATIONS_PURGE_STEP = 64,
    EVENTS_MAX = 1024, /* that are kept for those who come back */
    RUN_ID_LENGTH = 16,
};

/* An event in the queue. */
typedef struct QueuedEvent {
    struct QueuedEvent *next;
    char pool_id[PM_ID_MAX + 1];
    Event event;
} QueuedEvent;

struct OperationWaiter {
    OperationWaiter *next;
    Operation *operation;
    OperationFunc f;
    void *userdata;
};

struct Operation {
    Operation *next; /* older */
    Manager *manager;
    uint64_t id;
    OperationKind kind;
    char pool_id[PM_ID_MAX + 1];
    char **warnings;
    usec_t started_real;
    bool ended;
    bool announced; /* the listeners know the end */
    usec_t ended_usec;
    OperationResult result;
    int http_status;
    char *answer; /* the JSON text that HTTP answers with */
    size_t answer_length;
    OperationWaiter *waiters;
};

/* What belongs to a pool outside the policy: pool->userdata. */
typedef struct PoolShell {
    Manager *manager;
    Pool *pool;
    sd_event_source *timer;
    usec_t timer_usec; /* what it is set to */
    Probe *probe;
    uint64_t probe_generation;
    bool is_new;   /* not yet announced */
    uint64_t told; /* digest of the status that the last event told of */
    bool changed;  /* in the manager's list of those to tell of */
    struct PoolShell *changed_next;
    unsigned unsaved; /* of SaveWhat: what could not be written yet */
    int save_error;   /* why the state file could not */
    struct PoolShell *unsaved_next;
    uint64_t start_waiting;   /* generation of a start that waits for its state file; 0: none */
    bool forget;              /* EFFECT_FORGET was among the effects */
    uint64_t load_generation; /* whose load is watched; 0: none */
    ModelSize *model_size;    /* being looked up */
    uint64_t model_bytes;     /* SPEC_UNSET: not known */
    uint64_t load_percent;    /* as last told */
    sd_event_source *load_timer;
    UnitObservation found; /* during recovery: what the bus says of its unit */
    char correlation_id[PM_CORRELATION_ID_MAX + 1];
} PoolShell;

/* A unit that was found running and that no state file knows. */
typedef struct UnknownUnit {
    struct UnknownUnit *next;
    char name[PM_UNIT_NAME_MAX + 1];
} UnknownUnit;

/* A handoff file of somebody else, and the pool that it has made external. */
typedef struct HandoffFile {
    struct HandoffFile *next;
    bool waits; /* the pool is somebody else's as yet */
    char pool_id[PM_ID_MAX + 1];
    char name[]; /* in the folder */
} HandoffFile;

typedef struct RingEvent {
    uint64_t id;
    const char *type;
    char pool_id[PM_ID_MAX + 1];
    char *data;
    size_t length;
} RingEvent;

typedef enum SaveWhat {
    SAVE_STATE = 1 << 0,
    SAVE_LEASES = 1 << 1,
} SaveWhat;

struct Manager {
    sd_event *event;
    RuntimeDir *runtime;
    bool user_mode;

    RegistryLock *lock;
    bool locked; /* through manager_lock() */
    ManagerAccess locked_access;
    AccessWaiter *access_waiters; /* the oldest first */
    sd_event_source *access_timer;
    usec_t lock_logged; /* when a failure was logged last, monotonic */

    PoolShell *unsaved;
    sd_event_source *save_timer;
    RegistryNumbers numbers;
    bool numbers_unsaved;

    HandoffWatch *handoffs;
    HandoffFile *handoff_files;
    bool gpu_required;
    usec_t drain_deadline_usec; /* when the caller gives none */

    char run_id[RUN_ID_LENGTH + 1];
    RingEvent *ring; /* EVENTS_MAX of them, the event of id n at n % EVENTS_MAX */
    uint64_t last_event;
    UnitClient *units;
    Prober *prober;
    PolicySettings policy;
    char *health_path; /* what policy.health_path points to */
    usec_t unknown_unit_grace_usec;
    Registry registry;

    QueuedEvent *queue, **queue_end;
    bool dispatching;

    Operation *operations; /* the newest first */
    size_t operations_count;
    size_t operations_purge_at; /* how many there are when the old ones are forgotten next */
    size_t operations_untold;   /* ended, and somebody is to be told */
    uint64_t last_operation_id;

    sd_event_source *notify; /* deferred: tells the outside once the queue is empty */
    const ManagerListener *listeners[LISTENERS_MAX];
    size_t n_listeners;
    PoolShell *changed; /* pools to tell of */

    bool attached;
    bool recovered;
    ManagerRecoveredFunc recovered_func;
    void *recovered_userdata;
    UnknownUnit *unknown;
    sd_event_source *unknown_timer;
};

/* manager.c: puts the event (whose pointers are taken over) into the queue and, unless that is
 * under way, works the queue off. */
int manager_post(Manager *m, const char *pool_id, Event *event);
int manager_ensure_pool(Manager *m, const char *pool_id, Pool **ret, bool *ret_new, Error *error);
/* Removes the pool, its files, and what belongs to it. */
void manager_forget_pool(Manager *m, PoolShell *shell);
/* The pool, or PM_ERROR_POOL_NOT_FOUND; before recovery PM_ERROR_UNAVAILABLE. */
int manager_find_pool(const Manager *m, const char *pool_id, Pool **ret, Error *error);
int manager_refuse_unrecovered(const Manager *m, Error *error);
void manager_set_correlation_id(const Pool *pool, const char *id);

/* access.c */
int access_new(Manager *m);
void access_done(Manager *m);

/* persist.c: each returns 0, or negative errno: then what the pool is by then is tried again until
 * it is written. -EAGAIN: another process holds the registry lock. */
int persist_state(PoolShell *shell);
int persist_leases(PoolShell *shell);
/* Writes m->numbers, now or as soon as that can be done. */
void persist_numbers(Manager *m);
int persist_read_numbers(Manager *m);
void persist_drop(PoolShell *shell);
void persist_done(Manager *m);

/* events.c */
int events_new(Manager *m);
void events_done(Manager *m);
/* Takes `data` over; NULL, out of memory, is an event that is lost. */
void events_add(Manager *m, const char *type, const char *pool_id, json_object *data);

/* external.c */
/* Compares the handoff files with the pools that the last run left, and watches them from then on.
 */
void external_start(Manager *m);
void external_done(Manager *m);
/* A pool may have become free for a file that waits for it. */
void external_retry(Manager *m);

/* load.c: begins or ends to watch how the pool's engine loads its model. */
void load_watch(PoolShell *shell);
void load_done(PoolShell *shell);

/* describe.c */
json_object *describe_operation(const Manager *m, const Operation *o);

/* pool_shell.c */
int pool_shell_attach(Manager *m, Pool *pool);
void pool_shell_detach(Pool *pool);
PoolShell *pool_shell(const Pool *pool);
/* Sets the pool's timer to its next deadline. */
void pool_shell_arm(PoolShell *shell);

/* facts.c: whether the pool's engine may be started now. */
void facts_gather(Manager *m, const Pool *pool, Error *ret);

/* effects.c */
void effects_apply(Manager *m, PoolShell *shell, const Effects *effects);
void effects_start_unit(Manager *m, const Pool *pool);

/* operations.c */
int operation_new(Manager *m, OperationKind kind, const char *pool_id, char *const *warnings,
                  Operation **ret);
/* One that an earlier run of the daemon began. */
int operation_restore(Manager *m, const Pool *pool);
void operation_end(Manager *m, const Pool *pool, const OperationResult *result);
void operations_tell(Manager *m);
void operations_free(Manager *m);
Operation *operation_find(const Manager *m, uint64_t id);

/* notify.c */
int notify_new(Manager *m);
void notify_pool_changed(PoolShell *shell);
void notify_pool_removed(PoolShell *shell);
void notify_arm(Manager *m);

/* recover.c */
int recover_read_states(Manager *m);
void recover_observed(Manager *m, const UnitName *name, const UnitObservation *u);
void recover_attached(Manager *m, int error, const char *error_text);
void recover_check_done(Manager *m);
void recover_free(Manager *m);
