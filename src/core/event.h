/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"
#include "core/classify.h"
#include "core/gpu_trace.h"
#include "core/handoff.h"
#include "core/operation.h"
#include "core/reload.h"
#include "core/spec.h"
#include "core/unit_observation.h"

enum {
    OUTPUT_LINE_MAX = 255, /* bytes of an engine's output in an error */
};

/* What can happen to a pool. Everything but commands and facts belongs to a generation. */
typedef enum EventType {
    EVENT_PRELOAD,    /* command: start this spec */
    EVENT_STOP,       /* command: stop the engine */
    EVENT_RESTART,    /* command: start the last spec again, after a stop where it runs */
    EVENT_DEREGISTER, /* command: stop the engine where it runs, and forget the pool */
    EVENT_DRAIN,      /* command: stop the engine once its leases are back, or at a deadline */
    EVENT_RELOAD,     /* command: another model in the engine's place, or the same engine again */
    EVENT_BREAKER_RESET, /* command: close the circuit breaker */
    EVENT_BREAKER_ALLOW, /* command: one restart in spite of it */
    EVENT_LEASES,        /* leases were released */
    EVENT_HANDOFF,       /* somebody else runs an engine for the pool */
    EVENT_HANDOFF_GONE,  /* its handoff file was removed */
    EVENT_LOAD,          /* how much of the model a starting engine has read */
    EVENT_STAGED,        /* the model provisioner of a reload has ended */
    EVENT_OUTPUT,        /* what the output of an engine that ended tells of the reason */
    EVENT_GPU_MEMORY,    /* whether the memory of the engine that has ended is back */
    EVENT_DRIVER_FAULT,  /* the driver reports that a GPU of the pool fails */
    EVENT_FACTS,         /* the facts for a start are there */
    EVENT_START_FAILED,  /* the service manager refused the unit, or we could not ask */
    EVENT_STOP_FAILED,   /* the service manager refused to stop the unit */
    EVENT_UNIT,          /* something about the unit is known */
    EVENT_PROBE,         /* a health check ended */
    EVENT_TIMER,         /* pool_next_deadline() is over */
    EVENT_RECOVER,       /* we have restarted: what the pool was, and its unit as it is now */
    EVENT_MAX,
} EventType;

typedef struct Event {
    EventType type;
    uint64_t generation; /* 0: of commands and facts */
    bool uses_gpu;       /* UNIT, RECOVER: the engine has, or had, memory of a GPU */
    union {
        struct {
            uint64_t operation;
            EngineSpec *spec;      /* preload: taken over by pool_step() */
            ReloadRequest *reload; /* reload: taken over by pool_step() */
            usec_t within_usec;    /* drain, reload: how long leases are waited for */
            bool unattended;       /* preload: nobody decides about a failure but the supervision */
        } command;
        struct {
            Handoff *handoff; /* taken over by pool_step() */
            bool is_file;     /* it came as a file of the handoff directory */
        } handoff;
        struct {
            uint64_t read_bytes; /* SPEC_UNSET: not known */
            uint64_t model_bytes;
        } load;
        struct {
            uint64_t operation;
            char *model_path; /* taken over by pool_step(); NULL: it failed */
            char error[PM_ERROR_TEXT_MAX + 1];
        } staged;
        struct {
            FailureClass failure;           /* FAILURE_NONE: it tells of none */
            char line[OUTPUT_LINE_MAX + 1]; /* the line that tells most; "": there was none */
        } output;
        GpuMemoryAnswer gpu_memory;
        struct {
            uint64_t attempt; /* pool->attempt of the EFFECT_GATHER_FACTS */
            Error error;      /* code PM_ERROR_NONE: all is well */
        } facts;
        char failure[PM_ERROR_TEXT_MAX + 1]; /* START_FAILED, STOP_FAILED, DRIVER_FAULT: why, for
                                                people */
        UnitObservation unit;                /* UNIT, RECOVER */
        struct {
            bool good;
            bool not_made; /* for want of our own: it says nothing of the engine */
            char error[PM_ERROR_TEXT_MAX + 1];
        } probe;
    };
} Event;
