/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "agenda.h"
#include "core/machine.h"
#include "core/probe_schedule.h"
#include "core/registry.h"
#include "core/turns.h"
#include "coverage.h"
#include "prng.h"
#include "trace.h"

/*
 * A host in small: the machine of src/core between a service manager, a prober, files and clients
 * that are all made up, on a clock of its own. Everything that happens is drawn from one seed.
 */

enum {
    SIM_CLIENT_POOLS = 3,
    SIM_GHOST = SIM_CLIENT_POOLS, /* the pool of a unit that nobody here has started */
    SIM_POOLS,
    SIM_UNITS = 64,
    SIM_LEASES = 8, /* of one pool */
    SIM_MODELS = 4,
    SIM_ENGINES = 8, /* of one pool that are looked at; a generation's place is its remainder */
};

/* What an engine does, drawn when its spec is. Spans count from the moment that they name. */
typedef struct Behaviour {
    bool refuse_start; /* the service manager does not take the unit */
    bool refuse_stop;  /* nor stop it, the first time */
    bool exec_fails;   /* status 203 */
    usec_t queue_usec; /* its start job waits */
    usec_t exec_usec;  /* from fork to exec */
    usec_t exit_usec;  /* from exec to its end by itself; USEC_INFINITY: runs on */
    int exit_code;     /* CLD_* */
    int exit_status;
    UnitResult exit_result;
    usec_t healthy_usec;   /* from exec; USEC_INFINITY: never */
    usec_t unhealthy_usec; /* from exec; USEC_INFINITY: never again */
    uint64_t flaky;        /* one probe in so many fails; 0: none */
    usec_t term_usec;      /* from SIGTERM to its end; USEC_INFINITY: ignores it */
    bool term_exits;       /* with status 0, not by the signal */
    usec_t kill_usec;      /* from SIGKILL to its end; long when it hangs in the kernel */
    usec_t children_usec;  /* others of its cgroup outlive it; long when they hang in the kernel */
} Behaviour;

/* How far a unit is, in systemd's terms. */
typedef enum UnitPhase {
    UNIT_QUEUED,
    UNIT_ACTIVATING,
    UNIT_ACTIVE,
    UNIT_STOP_SIGTERM,
    UNIT_STOP_SIGKILL,
    UNIT_FINAL_SIGTERM,
    UNIT_FINAL_SIGKILL,
    UNIT_INACTIVE,
    UNIT_FAILED,
} UnitPhase;

typedef struct Unit {
    bool exists;
    UnitRef ref;
    uint64_t serial; /* tells it from others that had its place */
    uint64_t stage;  /* tells its stop timers apart */
    UnitPhase phase;
    UnitObservation truth; /* what a query answers */
    Behaviour behaviour;
    usec_t grace_usec;
    usec_t executed;
    bool process; /* the main process lives */
    bool others;  /* so do others of its cgroup, which matters once that has ended */
    bool dying;   /* its end is on the agenda */
} Unit;

typedef struct ServiceManager {
    Unit units[SIM_UNITS];
    uint64_t serial;
    uint32_t job;
    pid_t pid;
    uint64_t subscriber; /* incarnation of the manager that hears the signals; 0: none */
    usec_t busy_until;   /* reloads its configuration */
    usec_t calls_until;  /* calls arrive in the order in which they were sent */
    usec_t news_until;   /* so does what it sends */
} ServiceManager;

/* All that tells one spec from another here, and from which it can be made again. */
typedef struct SpecId {
    uint64_t seed; /* 0: there is none */
    uint64_t model;
    unsigned replica;
    unsigned mask;
    uint16_t port; /* says nothing of which spec it is: a reload may have changed it */
} SpecId;

/* What lies on disk of an engine. */
typedef struct SavedEngine {
    PoolRole role;
    PoolState state;
    uint64_t generation;
    StopReason stop_reason;
    Instant started;
    bool was_ready;
    char last_error[PM_ERROR_TEXT_MAX + 1];
    FailureClass last_error_class;
    usec_t last_heartbeat_real;
    uint64_t crash_count;
    SpecId spec;
    bool judging;
    bool releasing;
    uint64_t held_pid;
    usec_t ready_since;
    usec_t drain_deadline;
    bool drain_forced;
    uint64_t drain_leases;
} SavedEngine;

/* What lies on disk and survives the manager. */
typedef struct Saved {
    SavedEngine engine, beside; /* without a generation there is none beside */
    uint64_t last_generation;
    PoolOperation operation;
    ReloadStrategy reload_strategy;
    uint16_t reload_port;
    usec_t reload_within;
    ReloadPhase reload_phase;
    uint64_t reload_model; /* of its reference */
    SpecId reload_next, reload_previous;
    char reload_error[PM_ERROR_TEXT_MAX + 1];
    FailureClass reload_failure;
    Supervision supervision;
    bool automatic;
    bool registered;
    unsigned external; /* which engine of somebody else: its url; 0: none */
    bool external_is_file;
} Saved;

typedef struct SavedLeases {
    uint64_t generation;
    uint64_t last_number;
    size_t n;
    struct {
        uint64_t number;
        usec_t expires;
    } list[SIM_LEASES];
} SavedLeases;

typedef struct Files {
    bool exists; /* the state file */
    Saved saved;
    SavedLeases leases[2]; /* of the engine that serves, and of the one beside */
    bool stale;            /* a later save failed */
    unsigned dropped;      /* a handoff file of somebody else; 0: none */
    bool pid;
    bool handoff;
} Files;

/* The calls of the manager wait for their turn in a queue of their kind. */
typedef enum CallKind {
    CALL_START,
    CALL_STOP,
    CALL_KILL,
    CALL_RESET_FAILED,
    CALL_QUERY,
    CALL_ATTACH,
    CALL_KIND_MAX,
} CallKind;

/* What the service manager sends. */
typedef enum NewsKind {
    NEWS_OBSERVED,
    NEWS_ANSWER,  /* of a query */
    NEWS_CHANGED, /* a job or a unit was removed: time to ask */
    NEWS_START_FAILED,
    NEWS_STOP_FAILED,
    NEWS_LISTED,
    NEWS_LIST_END,
} NewsKind;

typedef struct PoolSlot {
    usec_t armed;
    uint64_t timer;
    uint64_t probe; /* outstanding; 0: none */
    UnitObservation found;
    bool save_failed;
    bool from_stale;                     /* recovered from a state file that was not the last one */
    uint64_t start_waiting[SIM_ENGINES]; /* generations of starts that are not yet sent */
    bool forget;
    uint64_t staging;   /* the operation that waits for its model; 0: none */
    uint64_t gpu_look;  /* outstanding; 0: none */
    usec_t judge_until; /* of a pool that is to be judged */
} PoolSlot;

/* A run of the model provisioner, which outlives the manager. */
typedef struct Staging {
    uint64_t operation; /* 0: none */
    usec_t until;
    bool good;
    uint64_t model;
} Staging;

/* What a reload was asked to do, and what from. */
typedef struct ReloadWatch {
    uint64_t operation; /* the last one that held the pool */
    SpecId from;
    SpecId to;      /* without a seed: `from` with another model */
    uint64_t model; /* what was staged last */
} ReloadWatch;

typedef struct FakeManager {
    uint64_t incarnation; /* 0: not running */
    uint64_t incarnations;
    bool attached;
    size_t attach_left;
    Registry registry;
    PoolSlot slots[SIM_POOLS];
    uint64_t forgotten[SIM_POOLS]; /* how many pools of that name were */
    PoolSlot besides[SIM_POOLS];   /* of the engines beside: only what belongs to an engine */
    Turns turns;
    bool turns_open;
    Turn turn[2 * SIM_POOLS]; /* of the pools, then of the engines beside */
    bool takes_turn[2 * SIM_POOLS];
    usec_t queue_until[CALL_KIND_MAX];
    UnitRef unknown[SIM_UNITS];
    size_t n_unknown;
    uint64_t probes;
    uint64_t looks;
} FakeManager;

typedef struct OpenOperation {
    uint64_t id;
    OperationKind kind;
    size_t pool;
} OpenOperation;

/* What is known from outside about an engine, over all lives of the manager. */
typedef struct EngineLedger {
    uint64_t generation;
    bool started;
    bool ended;
    uint64_t ended_incarnation; /* who has handled its end */
    bool end_saved;             /* and that is on disk */
    bool probe_good;            /* the last probe */
} EngineLedger;

/* The same about a pool. */
typedef struct Ledger {
    uint64_t started; /* the last generation that was to be started */
    EngineLedger engines[SIM_ENGINES];
} Ledger;

enum { OPEN_OPERATIONS_MAX = 64 };

struct World {
    uint64_t seed;
    uint64_t steps;
    uint64_t max_steps;
    uint64_t items;
    bool calm; /* nothing is lost or killed any more, nobody asks for anything */
    usec_t calm_since;
    usec_t now;
    Prng prng;
    PolicySettings settings;
    Agenda agenda;
    Trace trace;
    Coverage *coverage;
    ServiceManager sm;
    FakeManager manager;
    Files files[SIM_POOLS];
    Ledger ledger[SIM_POOLS];
    Staging staging[SIM_POOLS];
    ReloadWatch watch[SIM_POOLS];
    OpenOperation open[OPEN_OPERATIONS_MAX];
    size_t n_open;
    uint64_t operations;
    uint64_t generation_floor; /* on disk: new pools begin above it */
};

/* world.c */
void world_run(uint64_t seed, uint64_t steps, bool verbose, Coverage *coverage);
Instant world_now(const World *w);
const char *pool_name(size_t pool);
size_t pool_index(const char *name);
/* True once in `n` times, never once the world is calm. */
bool world_mischief(World *w, uint64_t n);
usec_t world_span(World *w, usec_t min, usec_t max);
/* A short delay, now and then a long one. */
usec_t world_latency(World *w);
void world_note(World *w, const char *who, const char *what, size_t pool, uint64_t generation,
                int64_t number, const char *detail);
/* An invariant does not hold: says which, how to see it again, what happened before, and exits. */
_Noreturn void world_fail(const World *w, const char *format, ...) _printf_(2, 3);

/* engine.c */
/* The id of a spec that the seed decides, with the model of that number. */
SpecId spec_draw(uint64_t seed, uint64_t model);
EngineSpec *spec_make(size_t pool, SpecId id); /* NULL for a seed of 0 */
SpecId spec_id(const EngineSpec *spec);
bool spec_id_equal(SpecId a, SpecId b);
const char *model_path(uint64_t model);
unsigned spec_replica(const EngineSpec *spec);
/* What decides the behaviour of its engine. */
uint64_t spec_behaviour(const EngineSpec *spec);
void behaviour_draw(uint64_t seed, Behaviour *ret);
bool engine_answers(World *w, const Unit *u);

/* bus.c: calls of the manager, news of the service manager */
void call_send(World *w, CallKind kind, const Pool *pool);
void call_send_ref(World *w, CallKind kind, UnitRef ref, bool counted);
void news_send(World *w, const Item *news);
/* News that the manager will ask about, after `delay` and in no order with the others. */
void news_changed(World *w, UnitRef ref, usec_t delay);

/* service_manager.c */
void service_manager_call(World *w, const Item *call);
void service_manager_reload(World *w);
void service_manager_ghost(World *w);
Unit *unit_find(World *w, UnitRef ref);
/* Whether it runs, or is about to, or has left a process behind. */
bool unit_is_live(const Unit *u);
/* What the kernel says: whether there are processes in the unit's cgroup. */
bool unit_is_populated(World *w, UnitRef ref);
/* What somebody at a terminal may do to a unit. */
void service_manager_outsider(World *w);

/* unit_life.c */
void unit_start(World *w, UnitRef ref, uint64_t seed, usec_t grace);
void unit_stop(World *w, Unit *u);
void unit_kill(World *w, Unit *u);
void unit_remove(World *w, Unit *u);
void unit_reset_failed(World *w, Unit *u);
void unit_changed(World *w, Unit *u);
void units_unhang(World *w);

/* manager.c */
void manager_step(World *w, size_t pool, Event *event);
void manager_news(World *w, const Item *news);
Pool *manager_pool(const World *w, size_t pool);
Pool *manager_ensure(World *w, size_t pool);
/* Of one of its engines. */
PoolSlot *manager_slot(World *w, const Pool *engine);
/* Sets the pool's timer. */
void manager_arm(World *w, const Pool *pool);
bool manager_knows(const World *w, UnitRef ref);

/* effects.c: returns false when the manager was killed on the way */
bool manager_apply(World *w, Pool *pool, const Effects *effects);
void effects_gather_facts(World *w, const Pool *pool);
void effects_save(World *w, Pool *pool);

/* turns.c: whose turn it is to start an engine */
void turns_ask(World *w, const Pool *pool);
void turns_follow(World *w, const Pool *pool);
void turns_forget(World *w, size_t number);
/* The engines of the pool and of the one beside have changed places. */
void turns_exchange(World *w, const Pool *pool);
void turns_begin(World *w);
/* The pool's engine starts: no other one does on a GPU of it. */
void turns_check_start(const World *w, const Pool *pool);

/* external.c: engines of somebody else, and who has leases */
Handoff *handoff_make(size_t pool, unsigned which);
unsigned handoff_which(const Handoff *handoff);
void files_drop_handoff(World *w, size_t pool);
void external_scan(World *w);
void lease_client(World *w, size_t number);
void leases_save(World *w, const Pool *pool);
void leases_load(World *w, Pool *pool);

/* reload.c: the client that reloads, the provisioner, and who reads the output of dead engines */
void reload_client(World *w, size_t any);
uint64_t reload_model(const Pool *pool); /* that its reload wants */
void reload_stage(World *w, const Pool *pool);
void reload_cancel_stage(World *w, const Pool *pool);
void reload_read_output(World *w, const Pool *pool);
/* Says that the GPUs of some pools fail. */
void reload_driver_fault(World *w);
/* The pool is as the end of its reload says that it is. */
void reload_check_result(World *w, const Pool *pool, const OperationResult *result);
/* The pool and its reload agree. */
void reload_check(World *w, const Pool *pool);

/* gpu.c: the memory that engines leave behind on GPUs */
/* Whether the pool's engine has some: it does when it was started with a mask. */
bool gpu_uses(const Pool *engine);
bool gpu_unit_uses(const World *w, UnitRef ref);
void gpu_check(World *w, const Pool *engine);
/* A pool waits for its memory, no longer than it may, and nothing else begins meanwhile. */
void gpu_check_step(World *w, const Pool *before, const Pool *pool, const Event *event);

/* recovery.c */
void manager_start(World *w, const Item *item);
void manager_kill(World *w);
void manager_found(World *w, UnitRef unit, const UnitObservation *found);
void manager_attach_progress(World *w);
bool manager_is_recovered(const World *w);

/* clients.c */
void clients_start(World *w);
uint64_t operation_open(World *w, OperationKind kind, size_t pool);

/* check.c */
/* The pool and the one beside as they were, without what they point to. */
typedef struct Before {
    Pool pool, beside;
    SpecId spec;
} Before;

EngineLedger *ledger_of(World *w, size_t pool, uint64_t generation);
void check_step(World *w, const Before *before, Pool *pool, const Event *event,
                const Effects *effects);
void check_effect(World *w, const Pool *pool, const Pool *engine, const Effect *e);
void check_files(World *w, const Pool *pool);
void check_start(World *w, UnitRef ref);
/* What is not yet as it has to be in the end, and of which pool; NULL when all is well. */
const char *world_unsettled(World *w, size_t *ret_pool);
