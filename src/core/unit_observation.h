/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/usec.h"

typedef enum UnitLoad {
    UNIT_LOAD_UNKNOWN,
    UNIT_LOAD_LOADED,
    UNIT_LOAD_NOT_FOUND, /* and everything else that is not "loaded" */
} UnitLoad;

typedef enum UnitActive {
    UNIT_ACTIVE_UNKNOWN,
    UNIT_ACTIVE_INACTIVE,
    UNIT_ACTIVE_ACTIVATING,
    UNIT_ACTIVE_ACTIVE, /* "reloading", "refreshing" and "maintenance" too */
    UNIT_ACTIVE_DEACTIVATING,
    UNIT_ACTIVE_FAILED,
} UnitActive;

/* Service results, org.freedesktop.systemd1(5). */
typedef enum UnitResult {
    UNIT_RESULT_UNKNOWN,
    UNIT_RESULT_SUCCESS,
    UNIT_RESULT_EXIT_CODE,
    UNIT_RESULT_SIGNAL,
    UNIT_RESULT_CORE_DUMP,
    UNIT_RESULT_TIMEOUT,
    UNIT_RESULT_OOM_KILL,
    UNIT_RESULT_RESOURCES,
    UNIT_RESULT_OTHER, /* one that we have no use for: start-limit-hit, watchdog, protocol, … */
} UnitResult;

/* Which members of an observation carry something. */
typedef enum UnitField {
    UNIT_FIELD_LOAD = 1 << 0,
    UNIT_FIELD_ACTIVE = 1 << 1,
    UNIT_FIELD_JOB = 1 << 2,
    UNIT_FIELD_RESULT = 1 << 3,
    UNIT_FIELD_MAIN_PID = 1 << 4,
    UNIT_FIELD_EXEC_MAIN_PID = 1 << 5,
    UNIT_FIELD_EXEC_MAIN_CODE = 1 << 6,
    UNIT_FIELD_EXEC_MAIN_STATUS = 1 << 7,
    UNIT_FIELD_INVOCATION_ID = 1 << 8,
    UNIT_FIELD_ACTIVE_ENTER = 1 << 9,
    UNIT_FIELD_POPULATED = 1 << 10,
} UnitField;

/* What the bus has said about a unit so far, or in one message. */
typedef struct UnitObservation {
    unsigned fields; /* of UnitField */
    UnitLoad load;
    UnitActive active;
    uint32_t job; /* 0: none */
    UnitResult result;
    pid_t main_pid;           /* 0: none now */
    pid_t exec_main_pid;      /* stays after the end */
    int32_t exec_main_code;   /* CLD_* of waitid(2); 0: nothing recorded yet */
    int32_t exec_main_status; /* exit status or signal number */
    char invocation_id[33];   /* 32 hex digits, or "" */
    usec_t active_enter_real_usec;
    bool populated; /* it has ended, and processes are left in its cgroup: */
    pid_t left_pid; /* one of them, 0: not known */
} UnitObservation;

/* Lays what `news` carries over `u`. Returns whether that changed anything. */
bool unit_observation_merge(UnitObservation *u, const UnitObservation *news);

typedef enum UnitVerdict {
    UNIT_VERDICT_UNDECIDED, /* not enough is known, or a job is under way */
    UNIT_VERDICT_STARTING,
    UNIT_VERDICT_RUNNING,
    UNIT_VERDICT_STOPPING,
    UNIT_VERDICT_ABANDONED, /* the service manager gave up stopping it: a process is left */
    UNIT_VERDICT_ENDED,     /* it ran, or tried to, and how it ended is recorded */
    UNIT_VERDICT_GONE,      /* the service manager knows no such unit: how it ended is lost */
} UnitVerdict;

/*
 * What it all means together (platform facts: a signal alone is never an end; `inactive` with a job
 * pending is a start; ExecMainCode 0 with a successful result is nothing yet).
 */
UnitVerdict unit_observation_verdict(const UnitObservation *u);

/* Whether a unit that is inactive or failed may have left processes behind: its stop took longer
 * than the service manager waits, which is not on record any more once its failure was reset. */
bool unit_observation_is_doubtful(const UnitObservation *u);
