/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"
#include "core/operation.h"
#include "core/spec.h"
#include "core/unit_observation.h"

/* What can happen to a pool. Everything but commands and facts belongs to a generation. */
typedef enum EventType {
    EVENT_PRELOAD,      /* command: start this spec */
    EVENT_STOP,         /* command: stop the engine */
    EVENT_FACTS,        /* the facts for a start are there */
    EVENT_START_FAILED, /* the service manager refused the unit, or we could not ask */
    EVENT_STOP_FAILED,  /* the service manager refused to stop the unit */
    EVENT_UNIT,         /* something about the unit is known */
    EVENT_PROBE,        /* a health check ended */
    EVENT_TIMER,        /* pool_next_deadline() is over */
    EVENT_RECOVER,      /* we have restarted: what the pool was, and its unit as it is now */
    EVENT_MAX,
} EventType;

typedef struct Event {
    EventType type;
    uint64_t generation; /* 0: of commands and facts */
    union {
        struct {
            uint64_t operation;
            EngineSpec *spec; /* preload: taken over by pool_step() */
        } command;
        struct {
            uint64_t attempt; /* pool->attempt of the EFFECT_GATHER_FACTS */
            Error error;      /* code PM_ERROR_NONE: all is well */
        } facts;
        char failure[PM_ERROR_TEXT_MAX + 1]; /* START_FAILED, STOP_FAILED: why, for people */
        UnitObservation unit;                /* UNIT, RECOVER */
        struct {
            bool good;
            char error[PM_ERROR_TEXT_MAX + 1];
        } probe;
    };
} Event;
