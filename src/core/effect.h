/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/classify.h"
#include "core/operation.h"

/* What should be done outside. Each is done in the order of the list; what comes back comes back as
 * an event. */
typedef enum EffectType {
    EFFECT_GATHER_FACTS, /* answers with EVENT_FACTS */
    EFFECT_SAVE,         /* write the state file */
    EFFECT_SAVE_LEASES,  /* write the file of its leases */
    EFFECT_FORGET,       /* remove the pool and its files; the last of the list */
    EFFECT_START_UNIT,   /* of the pool's spec and generation; save before */
    EFFECT_STOP_UNIT,    /* SIGTERM, grace, SIGKILL: by the service manager */
    EFFECT_KILL_UNIT,    /* SIGKILL to the whole cgroup, now */
    EFFECT_RESET_FAILED, /* read and done with: let the service manager forget it */
    EFFECT_QUERY_UNIT,   /* read all properties; answers with EVENT_UNIT */
    EFFECT_STAGE,        /* have the model of the reload provided; answers with EVENT_STAGED */
    EFFECT_CANCEL_STAGE, /* nobody waits for that any more */
    EFFECT_READ_OUTPUT,  /* of the engine that has ended; answers with EVENT_OUTPUT */
    EFFECT_WRITE_PID,
    EFFECT_REMOVE_PID,
    EFFECT_PROBE, /* one try; answers with EVENT_PROBE */
    EFFECT_CANCEL_PROBE,
    EFFECT_WRITE_HANDOFF,
    EFFECT_REMOVE_HANDOFF,
    EFFECT_EXCHANGE, /* the engines of the pool's two records have changed places; the first of the
                        list */
    EFFECT_END_OPERATION,
    EFFECT_LOG,
    EFFECT_MAX,
} EffectType;

/* What is worth a line in the log. Each has its own MESSAGE_ID (manager/log_catalog.c). */
typedef enum LogKind {
    LOG_PRELOAD_STARTED,
    LOG_ENGINE_STARTED,
    LOG_ENGINE_READY,
    LOG_PRELOAD_FAILED,
    LOG_HEALTH_TIMEOUT,
    LOG_ENGINE_UNHEALTHY,
    LOG_ENGINE_CRASHED,
    LOG_ENGINE_EXITED,
    LOG_STOP_STARTED,
    LOG_ENGINE_STOPPED,
    LOG_STOP_STUCK,
    LOG_ENGINE_ADOPTED,
    LOG_EXTERNAL_REGISTERED,
    LOG_EXTERNAL_LOST, /* its health checks fail */
    LOG_EXTERNAL_BACK,
    LOG_EXTERNAL_GONE, /* its handoff file was removed */
    LOG_LEASES_EXPIRED,
    LOG_DEREGISTERED,
    LOG_RESTART_SCHEDULED,
    LOG_RESTART_DUE,
    LOG_BREAKER_OPENED,
    LOG_BREAKER_HALF_OPEN,
    LOG_BREAKER_CLOSED,
    LOG_RESTART_STORM,
    LOG_OOM_STORM,
    LOG_DRAIN_STARTED,
    LOG_DRAIN_FORCED, /* the deadline is over, and leases are out */
    LOG_RELOAD_STARTED,
    LOG_RELOAD_STAGING,
    LOG_RELOADED,
    LOG_RELOAD_ABORTED, /* it failed with the engine from before untouched */
    LOG_RELOAD_FAILED,  /* the new engine did: the one from before is started again */
    LOG_ROLLED_BACK,
    LOG_RELOAD_BESIDE, /* the new engine is started beside the old one */
    LOG_RELOAD_PLAIN,  /* it cannot be: the old one goes first */
    LOG_DRIVER_FAULT,
    LOG_STALE_EVENT,
    LOG_KIND_MAX,
} LogKind;

typedef struct Effect {
    EffectType type;
    bool beside; /* of the engine beside: pool_beside() is the pool that is meant */
    union {
        OperationResult result; /* END_OPERATION */
        struct {
            LogKind kind;
            UnitEnd end; /* of the lines that tell of an end */
        } log;
    };
} Effect;

enum {
    EFFECTS_MAX = 32 /* of one step; the longest path needs fewer */
};

typedef struct Effects {
    Effect items[EFFECTS_MAX];
    size_t count;
} Effects;

/* The next free place, its type set. Overflow is a bug of the machine and aborts. */
Effect *effects_add(Effects *effects, EffectType type);
