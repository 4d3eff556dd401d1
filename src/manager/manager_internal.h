/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/machine.h"
#include "core/registry.h"
#include "core/unit_name.h"
#include "manager/manager.h"
#include "probe/probe.h"
#include "systemd/unit_client.h"

enum {
    LISTENERS_MAX = 8,
    OPERATIONS_MAX = 4096, /* ended ones that are remembered */
    OPERATIONS_PURGE_STEP = 64,
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
    bool is_new;  /* not yet announced */
    bool changed; /* in the manager's list of those to tell of */
    struct PoolShell *changed_next;
    int save_error;        /* of the last EFFECT_SAVE */
    UnitObservation found; /* during recovery: what the bus says of its unit */
    char correlation_id[PM_CORRELATION_ID_MAX + 1];
} PoolShell;

/* A unit that was found running and that no state file knows. */
typedef struct UnknownUnit {
    struct UnknownUnit *next;
    char name[PM_UNIT_NAME_MAX + 1];
} UnknownUnit;

struct Manager {
    sd_event *event;
    RuntimeDir *runtime;
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
int manager_ensure_pool(Manager *m, const char *pool_id, Pool **ret, Error *error);

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

/* operations.c */
int operation_new(Manager *m, OperationKind kind, const char *pool_id, char *const *warnings,
                  Operation **ret);
void operation_end(Manager *m, const Pool *pool, const OperationResult *result);
void operations_tell(Manager *m);
void operations_free(Manager *m);
Operation *operation_find(const Manager *m, uint64_t id);

/* notify.c */
int notify_new(Manager *m);
void notify_pool_changed(PoolShell *shell);
void notify_arm(Manager *m);

/* recover.c */
int recover_read_states(Manager *m);
void recover_observed(Manager *m, const UnitName *name, const UnitObservation *u);
void recover_attached(Manager *m, int error, const char *error_text);
void recover_check_done(Manager *m);
void recover_free(Manager *m);
