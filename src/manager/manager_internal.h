/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/machine.h"
#include "core/pool_metrics.h"
#include "core/ports.h"
#include "core/registry.h"
#include "core/start_facts.h"
#include "core/turns.h"
#include "core/unit_name.h"
#include "core/unit_plan.h"
#include "manager/manager.h"
#include "probe/load_model_size.h"
#include "probe/probe.h"
#include "store/handoff_watch.h"
#include "store/registry_lock.h"
#include "systemd/oneshot.h"
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

/* What is kept of how an operation has ended: thousands are remembered for a while, and hardly any
 * has all the texts of a result. */
typedef struct OperationOutcome {
    Error *error; /* NULL: success */
    usec_t duration_usec;
    uint64_t generation, leases;
    bool force_stopped, unchanged, refused, rolled_back;
} OperationOutcome;

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
    OperationOutcome outcome;
    int http_status;
    char *answer; /* the JSON text that HTTP answers with */
    size_t answer_length;
    OperationWaiter *waiters;
};

/* What is found out about a start before it is made; facts.c. */
typedef struct Facts Facts;

/* What belongs to a pool outside the policy: pool->userdata. */
typedef struct PoolShell {
    Manager *manager;
    Pool *pool;
    sd_event_source *timer;
    usec_t timer_usec;       /* what it is set to */
    usec_t timer_slack_usec; /* by how much it may be late */
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
    struct Staging *staging;        /* of a reload; NULL: none */
    struct GpuRelease *gpu_release; /* what its engine has on GPUs; NULL: nothing is known */
    struct OutputReading *output;   /* of the engine that has ended; NULL: none */
    uint64_t output_start;    /* with EngineLog=file: what of the file is from before this engine */
    char *last_output;        /* that was read, until it is logged; NULL: none */
    unsigned circuit_told;    /* 1 + the CircuitState that was logged last; 0: none yet */
    UnitObservation found;    /* during recovery: what the bus says of its unit */
    struct PoolKept *kept;    /* what outlives a reboot; NULL: it was never ready */
    uint64_t kept_generation; /* of the engine that was ready last */
    uint64_t leases_counted;  /* in the manager's leases_out */
    Turn turn;                /* of its start */
    bool takes_turn;          /* it is in the manager's list */
    PortUser port;            /* where its engine listens */
    Facts *facts;             /* of the start whose turn it is, being gathered; NULL: none */
    char *tensor_split;       /* of the engine that is to be started; NULL: none */
    PoolMetrics metrics;
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
    SAVE_PID = 1 << 2,
    SAVE_HANDOFF = 1 << 3,
} SaveWhat;

/* A pool that is not there any more, and files of which are. */
typedef struct LeftFiles {
    struct LeftFiles *next;
    char pool_id[PM_ID_MAX + 1];
    char replica_id[PM_ID_MAX + 1]; /* "": it never had an engine */
} LeftFiles;

struct Manager {
    sd_event *event;
    RuntimeDir *runtime;
    bool user_mode;
    usec_t started_real; /* when the daemon was */

    RegistryLock *lock;
    bool locked; /* through manager_lock() */
    ManagerAccess locked_access;
    bool keeps_lock;              /* between manager_begin_reads() and manager_end_reads() */
    bool lock_kept;               /* for reading, by nobody, for the next one who reads */
    AccessWaiter *access_waiters; /* the oldest first */
    sd_event_source *access_timer;

    PoolShell *unsaved;
    LeftFiles *left_files;
    sd_event_source *save_timer;
    RegistryNumbers numbers;
    bool numbers_unsaved;
    bool storage_fails; /* something could not be written, and not all of that is written since */

    struct Memory *memory; /* NULL: there is no state directory */
    struct DeclaredPools *declared;

    HandoffWatch *handoffs;
    sd_event_source *renew_timer;
    bool renew_told; /* that it cannot be made */
    HandoffFile *handoff_files;
    bool gpu_required;
    struct DriverFaults *driver_faults;
    struct Devices *devices;
    SplitHeadroom headroom;
    Turns turns;     /* of the engines that are to start */
    Ports ports;     /* of all engines */
    bool turns_open; /* nobody's turn comes before it is known what starts already */
    usec_t gpu_refresh_usec;
    usec_t gpu_answer_usec;
    usec_t drain_deadline_usec; /* when the caller gives none */

    struct Inhibitor *inhibitor; /* NULL: the user's daemon has none */
    bool inhibit_shutdown;       /* the setting */
    uint64_t leases_out;         /* of our engines, of all pools together */
    usec_t shutdown_deadline;    /* of the drains; USEC_INFINITY: the host stays up */
    sd_event_source *linger_timer;

    char run_id[RUN_ID_LENGTH + 1];
    RingEvent *ring; /* EVENTS_MAX of them, the event of id n at n % EVENTS_MAX */
    uint64_t last_event;
    UnitClient *units;
    Oneshots *provisioners;
    char *model_provisioner; /* absolute path; "": none */
    char *configuration;     /* the settings, as JSON text */
    Prober *prober;
    PolicySettings policy;
    char *health_path; /* what policy.health_path points to */
    char **addresses;  /* what policy.addresses is */
    char **container;  /* what policy.container_… point to: podman, seccomp, images */
    SandboxRelax sandbox_relax;
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
/* Something that has happened is lost for want of memory: ends the loop. What is on disk, and what
 * the service manager says, tells the next daemon of it. */
void manager_out_of_memory(Manager *m);
int manager_ensure_pool(Manager *m, const char *pool_id, Pool **ret, bool *ret_new, Error *error);
/* Removes the pool, its files, and what belongs to it. */
void manager_forget_pool(Manager *m, PoolShell *shell);
/* The pool, or PM_ERROR_POOL_NOT_FOUND; before recovery PM_ERROR_UNAVAILABLE. */
int manager_find_pool(const Manager *m, const char *pool_id, Pool **ret, Error *error);
int manager_refuse_unrecovered(const Manager *m, Error *error);
void manager_set_correlation_id(Pool *pool, const char *id);

/* access.c */
int access_new(Manager *m);
void access_done(Manager *m);
/* Before the lock is taken without manager_access() and manager_lock(). */
void access_drop_kept(Manager *m);

/* persist.c: each returns 0, or negative errno: then what the pool is by then is tried again until
 * it is written. -EAGAIN: another process holds the registry lock. */
int persist_state(PoolShell *shell);
int persist_leases(PoolShell *shell);
/* The files that say that an engine runs, and that it serves: written, or removed. What fails is
 * tried again, as the pool is by then. */
void persist_pid(PoolShell *shell, bool runs);
void persist_handoff(PoolShell *shell, bool serves);
/* Removes all files of a pool that is to be forgotten. */
void persist_forget(PoolShell *shell);
/* Writes m->numbers, now or as soon as that can be done. */
void persist_numbers(Manager *m);
int persist_read_numbers(Manager *m);
void persist_drop(PoolShell *shell);
/* The last try to write what could not be written yet. */
void persist_flush(Manager *m);
void persist_done(Manager *m);

/* memory.c: what outlives a reboot, in the state directory `path` ("": nothing does). */
int memory_start(Manager *m, const char *path);
void memory_done(Manager *m);         /* waits for the disk, 2 s at most */
void memory_recover(Manager *m);      /* brings back the pools that nothing else tells of */
void memory_keep(PoolShell *shell);   /* the pool may have changed: writes what has to be written */
void memory_forget(PoolShell *shell); /* the pool is deregistered */
void memory_drop(PoolShell *shell);

/* declared.c: the pools that files declare. */
int declared_start(Manager *m, const Settings *settings);
void declared_done(Manager *m); /* waits for the disk, 2 s at most */
/* Something may have happened to the pool. */
void declared_look(Manager *m, const char *pool_id);
/* {declared: [{pool_id, file, autostart, state, problem, warnings}], declared_problems: [text]} is
 * added to `object`. Returns 0 or -ENOMEM. */
int declared_describe(const Manager *m, json_object *object);

/* commands.c: a preload that nobody waits for: the supervision tries again when it fails. */
int manager_start_unattended(Manager *m, EngineSpec **spec, char *const *warnings,
                             Operation **ret_operation, Error *error);

/* events.c */
int events_new(Manager *m);
void events_done(Manager *m);
/* Takes `data` over; NULL, out of memory, is an event that is lost. */
void events_add(Manager *m, const char *type, const char *pool_id, json_object *data);

/* external.c */
/* Compares the handoff files with the pools that the last run left, and watches them from then on.
 */
void external_start(Manager *m);
/* renew.c: the runtime directory, or a folder of it, was deleted under our feet: it is made again,
 * and all that belongs there is written again. */
void renew_begin(Manager *m);
void renew_done(Manager *m);
void external_done(Manager *m);
/* A pool may have become free for a file that waits for it. */
void external_retry(Manager *m);

/* load.c: begins or ends to watch how the pool's engine loads its model. */
void load_watch(PoolShell *shell);
void load_done(PoolShell *shell);

/* staging.c: the model provisioner of the pool's reload. It answers with EVENT_STAGED; one that a
 * run of the daemon before this one has started is waited for, not started again. */
void staging_begin(PoolShell *shell);
void staging_cancel(PoolShell *shell); /* stops it; there may be none */
void staging_done(PoolShell *shell);   /* lets it run on, for the next run of the daemon */
/* Stops those that an earlier run of the daemon has left and no pool waits for. */
void staging_sweep(Manager *m);
/* How far it is, in percent; SPEC_UNSET: not known, or none runs. */
uint64_t staging_percent(const PoolShell *shell);

/* output.c: the last lines of the engine that has just ended: one line in the log, and
 * EVENT_OUTPUT.
 */
void output_begin(PoolShell *shell); /* an engine is about to be started */
void output_read(PoolShell *shell);
void output_done(PoolShell *shell); /* nobody waits any more */
void output_exchange(PoolShell *a, PoolShell *b);

/* gpu_release.c: whether the memory of an engine that has ended is free again. */
void gpu_release_begin(PoolShell *shell);                 /* an engine is about to be started */
void gpu_release_add_pid(PoolShell *shell, uint64_t pid); /* one of its engine; 0: none */
/* The GPUs were looked at: what the engines that run have there is noted. */
void gpu_release_see(Manager *m, const GpuInventory *now);
/* Whether the engine (NULL: none) has, or had, something on a GPU, as far as is known. */
bool gpu_release_concerns(const Manager *m, const Pool *engine);
void gpu_release_check(PoolShell *shell); /* looks at the GPUs; answers with EVENT_GPU_MEMORY */
void gpu_release_exchange(PoolShell *a, PoolShell *b);
void gpu_release_done(PoolShell *shell);

/* driver_fault.c: what the driver logs of the GPUs; `path` is the kernel's log, "" for none. */
int driver_fault_start(Manager *m, const char *path);
void driver_fault_done(Manager *m);
/* The GPUs were looked at: those with a fault are marked, unless they are well again. */
void driver_fault_see(Manager *m, GpuInventory *now);
/* An engine of the pool is ready: the GPUs of its mask are well. */
void driver_fault_ready(Manager *m, const Pool *pool);
void driver_fault_write_metrics(const Manager *m, Text *t);

/* devices.c: the first look at the GPUs is made at once, from the loop. */
int devices_start(Manager *m, const char *nvml_library);
/* What is known of the memory of the GPUs is not true any more, however young it is. */
void devices_expire(Manager *m);
/* The memory of the GPUs; nothing while their drivers do not answer. */
void devices_write_metrics(const Manager *m, Text *t);
void devices_done(Manager *m);
/*
 * As manager_refresh_devices(), with a look that begins from now on. `f` is never called from
 * within, and once there is one, or none in time: see devices_answer(). Returns 0, -EBUSY when they
 * do not answer, or -ENOMEM.
 */
int devices_look(Manager *m, DevicesFunc f, void *userdata, DevicesWaiter **ret_waiter);
bool devices_answer(const Manager *m); /* the drivers do, as far as they were asked */
/* An engine has become ready, and has its memory by now: who has what is looked at soon. */
void devices_notice(Manager *m);
void devices_remark(Manager *m); /* the faults of GPUs have changed */

/* describe.c */
json_object *describe_operation(const Manager *m, const Operation *o);

/* pool_shell.c */
int pool_shell_attach(Manager *m, Pool *pool);
/* The engine beside has a shell of its own, of which only what belongs to an engine is used.
 * Without memory it has none, and is not started. */
void pool_shell_attach_beside(PoolShell *shell);
/* Before and after the effects of a step: where the pool's engines listen may be another place. */
void pool_shell_follow_ports(PoolShell *shell);
/* After the effects of a step: what is no longer beside goes. */
void pool_shell_bury(PoolShell *shell);
/* The engines of two shells have changed places. */
void pool_shell_exchange(PoolShell *a, PoolShell *b);
void pool_shell_detach(Pool *pool);
PoolShell *pool_shell(const Pool *pool);
/* Sets the pool's timer to its next deadline. */
void pool_shell_arm(PoolShell *shell);

/* room.c: whether the pool's engine finds the memory that it needs: fills *ret but for its error.
 * Returns what fit_check() does. */
int room_check(const Manager *m, const Pool *pool, StartFacts *ret, Error *error);

/*
 * facts.c: whether the pool's engine may be started now, by what is known: ret->model_bytes is
 * given, the rest is filled. The pool need not be one of the registry's.
 */
void facts_gather(const Manager *m, const Pool *pool, StartFacts *ret);

/*
 * The same once what is not known, or no longer true, was found out: the memory of the GPUs, the
 * size of the model. Takes as long as their drivers, or the model's file system, but not longer
 * than [GPU] AnswerSec=. `f` is called once, and the gathering is gone when it returns: do not free
 * it. Returns 1 when that has happened already; 0, with *ret; or -ENOMEM.
 */
typedef void (*FactsFunc)(const StartFacts *found, void *userdata);
int facts_begin(Manager *m, const Pool *pool, FactsFunc f, void *userdata, Facts **ret);
/* Cancels: the function is not called. Takes NULL, returns NULL. */
Facts *facts_free(Facts *f);

/* turn.c: starts that share a GPU come one after the other. */
/* Gathers the facts of the pool's start when it is its turn, and answers with EVENT_FACTS. */
void turn_ask(PoolShell *shell);
/* The pool may have changed its state: an engine that is ready or gone gives its turn to others. */
void turn_follow(PoolShell *shell);
void turn_done(PoolShell *shell);
/* The engines of two shells have changed places. */
void turn_exchange(PoolShell *a, PoolShell *b);
/* The GPUs that the pool's start would use, as core/turns.h has them. */
uint64_t turn_gpus(const Manager *m, const Pool *pool);
/* What starts already is known. */
void turns_begin(Manager *m);
/* The pool that it waits for; NULL: it does not wait. */
const char *turn_waits_for(const Manager *m, const PoolShell *shell);

/* effects.c */
void effects_apply(Manager *m, PoolShell *shell, const Effects *effects);
void effects_start_unit(Manager *m, const Pool *pool);
/* The unit of the pool's engine; `tensor_split` as in UnitPlanContext. Returns 0 or negative errno.
 */
int effects_make_plan(Manager *m, const Pool *pool, const char *tensor_split, UnitPlan **ret);

/* operations.c */
int operation_new(Manager *m, OperationKind kind, const char *pool_id, char *const *warnings,
                  Operation **ret);
/* Something to be said in the answer of the operation that holds the pool. */
void operation_warn(Manager *m, const Pool *pool, const char *text);
/* One that an earlier run of the daemon began. */
int operation_restore(Manager *m, const Pool *pool);
void operation_end(Manager *m, const Pool *pool, const OperationResult *result);
void operations_tell(Manager *m);
void operations_free(Manager *m);
Operation *operation_find(const Manager *m, uint64_t id);

/* shutdown.c: the host waits with its shutdown until the pools are drained. */
int shutdown_new(Manager *m, sd_bus *bus);
void shutdown_done(Manager *m);
void shutdown_settings_changed(Manager *m);
/* Something has happened to the pool: its leases are counted again. */
void shutdown_count(PoolShell *shell);

/* notify.c */
int notify_new(Manager *m);
void notify_pool_changed(PoolShell *shell);
void notify_pool_removed(PoolShell *shell);
void notify_arm(Manager *m);

/* recover.c */
int recover_read_states(Manager *m);
/* A file of a pool that cannot be used is to be set aside, logged here: -EBADMSG. */
int recover_reject_file(const char *folder, const char *pool_id, const char *why);
/* What is to be done with a file that could not be taken over for the error `r`: 0 leaves it where
 * it is. */
int recover_judge_file(const char *folder, const char *pool_id, int r, const Error *e);
void recover_observed(Manager *m, const UnitName *name, const UnitObservation *u);
void recover_attached(Manager *m, int error, const char *error_text);
void recover_check_done(Manager *m);
void recover_free(Manager *m);
