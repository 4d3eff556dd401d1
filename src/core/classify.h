/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/unit_observation.h"

/* Why an engine is not there (contract: last_error_class). The order is that of
 * failure_class_to_string(). */
typedef enum FailureClass {
    FAILURE_NONE,
    FAILURE_PROCESS_EXIT,
    FAILURE_SIGNAL,
    FAILURE_HEALTH_CHECK,
    FAILURE_CUDA,
    FAILURE_VRAM_OOM,
    FAILURE_OUT_OF_MEMORY,
    FAILURE_DRIVER_RESET,
    FAILURE_START_TIMEOUT,
    FAILURE_EXEC_SETUP,
    FAILURE_PREFLIGHT,
    FAILURE_PROVISION,
    FAILURE_DRAIN_TIMEOUT,
    FAILURE_MAX,
    FAILURE_INVALID = -EINVAL,
} FailureClass;

/* The wire name; NULL for FAILURE_NONE and values out of range. */
const char *failure_class_to_string(FailureClass c);

/* FAILURE_INVALID for a name that is none. */
FailureClass failure_class_from_string(const char *s);

typedef struct UnitEnd {
    FailureClass failure; /* FAILURE_NONE: exit status 0 */
    bool set_up;          /* it never ran: systemd could not execute it (statuses 200 to 243) */
    int exit_status;      /* -1: it did not exit */
    int signal;           /* 0: none */
} UnitEnd;

/* How a unit whose verdict is ENDED or GONE ended (contract: decision 7). */
UnitEnd unit_end_classify(const UnitObservation *u);

/*
 * One line for people: "exited with status 3", "was killed by signal SIGKILL", "could not be
 * executed: … (status 203)". Writes at most `size` bytes, NUL included.
 */
void unit_end_describe(const UnitEnd *end, char *buffer, size_t size);

/* "SIGKILL" for 9; "signal 77" style is never needed: unknown numbers give NULL. */
const char *signal_name(int signal);
