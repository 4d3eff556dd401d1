/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <poolmgr/limits.h>

#include "core/classify.h"
#include "core/gpu_trace.h"
#include "core/handoff.h"
#include "core/lease.h"
#include "core/operation.h"
#include "core/pool_update.h"
#include "core/reload.h"
#include "core/spec.h"
#include "core/supervision.h"
#include "core/unit_observation.h"

/* Contract: `state`. The order is that of pool_state_to_string(). */
typedef enum PoolState {
    POOL_OFF,
    POOL_PREFLIGHT,
    POOL_STARTING,
    POOL_WARMING,
    POOL_READY,
    POOL_DRAINING,
    POOL_STOPPING,
    POOL_BACKOFF,
    POOL_TRIPPED,
    POOL_FAILED,
    POOL_ADOPTING,
    POOL_EXTERNAL,
    POOL_STATE_MAX,
    POOL_STATE_INVALID = -EINVAL,
} PoolState;

const char *pool_state_to_string(PoolState state); /* NULL for values out of range */
PoolState pool_state_from_string(const char *s);   /* POOL_STATE_INVALID for none */

/* Why the engine is being stopped, which decides what comes after. */
typedef enum StopReason {
    STOP_NONE,
    STOP_REQUESTED,
    STOP_START_TIMEOUT, /* it never became healthy */
    STOP_UNHEALTHY,     /* it was ready, then failed its health checks */
    STOP_RESTART,       /* to be started again */
    STOP_RELOAD,        /* another one takes its place */
    STOP_DRIVER_FAULT,  /* its GPU fails */
    STOP_DRAIN,         /* its leases are back, or the drain's deadline is over */
} StopReason;

enum {
    POOL_STUCK_KILLS = 2, /* an engine that survives so many SIGKILLs of ours hangs in the kernel */
};

/* How the memory of an engine that has ended comes back. */
typedef struct Release {
    usec_t deadline;  /* of the wait for it */
    usec_t pause;     /* before the look after the next */
    bool asked;       /* a look is under way */
    GpuMemory memory; /* as the last look found it */
    char *held;       /* the same for people, NULL when it is back */
} Release;

/* The operation that holds the pool. */
typedef struct PoolOperation {
    OperationKind kind;
    uint64_t id;
    Instant started;
} PoolOperation;

/* Which of a pool's engines a record is about: a blue-green reload has two for a while. */
typedef enum PoolRole {
    ROLE_SERVING,  /* the pool's own record, the only one that the registry has */
    ROLE_ARRIVING, /* the new engine, until it is ready */
    ROLE_LEAVING,  /* the one that is not to serve the pool (any more), until it is gone */
    ROLE_MAX,
    ROLE_INVALID = -EINVAL,
} PoolRole;

const char *pool_role_to_string(PoolRole role); /* NULL for values out of range */

/* Texts are NULL when there is none, or was no memory for it: see error_text_set(). */
typedef struct Pool {
    char id[PM_ID_MAX + 1];
    PoolState state;
    EngineSpec *spec;         /* of the engine that runs or ran last; NULL: never one */
    uint64_t generation;      /* of that engine; counts starts, never repeats */
    uint64_t last_generation; /* the highest that was given to one that had to go; see
                                 pool_last_generation() */
    PoolOperation operation;
    char *operation_note; /* of its result */
    uint64_t attempt;     /* counts the entries into preflight: tells old facts from new ones */

    StopReason stop_reason;
    unsigned kills;       /* stopping: how often, beyond systemd's own SIGKILL, we sent ours */
    UnitObservation unit; /* of this generation */
    Instant started;      /* when this generation's unit was asked for */
    bool was_ready;       /* this generation has been ready */

    Supervision supervision;
    bool automatic;     /* this start, or the one that is to come, is the supervision's */
    usec_t ready_since; /* of a ready engine, on the monotonic clock */
    usec_t stable_at;   /* when a stable run changes the supervision next; USEC_INFINITY: not */

    PoolMeta meta;
    LeaseList leases;

    /* Of the drain that holds the pool. */
    usec_t drain_deadline; /* on the monotonic clock */
    bool drain_forced;     /* it is over */
    uint64_t drain_leases; /* those out when the engine was stopped */

    Reload reload;

    /* The engine has ended and is to be judged once its output was read (state failed). */
    bool judging;
    UnitEnd end;

    /* State stopping: the engine has ended, and had a GPU, whose memory is waited for. */
    bool releasing;
    Release release;
    uint64_t held_pid; /* that still has some; 0: none */
    char *gpu_warning; /* that it did not come back, for the operation's answer */

    /* State external: the engine that somebody else started. */
    Handoff *external;
    bool external_is_file; /* its handoff lies in the directory, and it goes with it */
    bool external_is_lost; /* its health checks fail */
    bool registered;       /* the entry is more than its handoff: it stays when that goes */

    bool declared; /* made by the file that declares it: it goes with that */

    /* How much of the model a starting engine has read; SPEC_UNSET: not known. */
    uint64_t load_read_bytes;
    uint64_t load_model_bytes;

    bool probe_running;
    uint64_t probe_failures; /* in a row, of a ready engine */
    char *probe_error;       /* of the last try, NULL after a good one */

    /* Deadlines on the monotonic clock, USEC_INFINITY: none. pool_next_deadline() is the earliest.
     */
    usec_t phase_deadline; /* of the state: warming, adopting, stopping */
    usec_t probe_at;       /* the next try */

    char *last_error;
    FailureClass last_error_class;
    usec_t last_heartbeat_real; /* 0: never */
    uint64_t crash_count;
    char correlation_id[PM_CORRELATION_ID_MAX + 1]; /* of the request that was obeyed last; "" */

    PoolRole role;
    /* The pool's second engine, a record of its own: of it count only what belongs to an engine,
     * and its drain. NULL: there is none. */
    struct Pool *beside;
    struct Pool *gone; /* was beside in this step, and is done with: see pool_bury() */

    void *userdata; /* of whoever runs the machine; not looked at here */
} Pool;

/* Returns 0 and a pool in state off, or -ENOMEM. `id` must be valid. */
int pool_new(const char *id, Pool **ret);
Pool *pool_free(Pool *pool);

/* The name of its state for people and programs: an engine that has ended is not done with before
 * it is judged, so `failed` and `off` are said when they are meant. */
const char *pool_state_shown(const Pool *pool);

/* Makes `pool` what `from` is, which is empty then; only userdata stays. */
void pool_take(Pool *pool, Pool *from);

/* The record of the pool's engine of that generation, `pool` itself or the one beside it; NULL: it
 * has none. */
Pool *pool_engine(Pool *pool, uint64_t generation);

/* The highest generation that any engine of the pool has had. */
uint64_t pool_last_generation(const Pool *pool);

/* The record that an effect with `beside` is about. */
Pool *pool_beside(const Pool *pool);

/* Forgets the one that is done with, once the effects of the step are. */
void pool_bury(Pool *pool);

/* What belongs to an engine, the spec included, changes places between the two records. */
void pool_exchange_engines(Pool *a, Pool *b);

/* Whether the engine's process runs as far as we know (status: live). */
bool pool_is_live(const Pool *pool);

/* Whether the last health check passed and the pool takes work (status: ready). */
bool pool_is_ready(const Pool *pool);

/* Whether it grants no leases because it is to be stopped (status: draining). */
bool pool_is_draining(const Pool *pool);

/* Whether the handoff file of the pool exists when all is well. */
bool pool_has_handoff(const Pool *pool);

/* Whether a unit of the current generation may exist. */
bool pool_has_engine(const Pool *pool);

/* Whether its engine starts, or is being stopped without having been ready: what memory it has of
 * its GPUs is not settled. One that survives SIGKILL has what it has. */
bool pool_is_coming(const Pool *pool);

/* Where its engine listens, and its replica. NULL and 0 when there never was an engine. */
const char *pool_host(const Pool *pool);
uint16_t pool_port(const Pool *pool);
const char *pool_replica(const Pool *pool);

usec_t pool_next_deadline(const Pool *pool); /* of its engines together */

/* By how much that deadline may be missed: `most`, which is what probe_liveness_slack() says, where
 * it is that of the next health check of an engine that is ready, and no other comes meanwhile; 0
 * for every other deadline. */
usec_t pool_deadline_slack(const Pool *pool, usec_t most);

DEFINE_CLEANUP(Pool *, pool_free)
