/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"
#include "base/usec.h"

typedef enum OperationKind {
    OPERATION_NONE,
    OPERATION_PRELOAD,
    OPERATION_STOP,
    OPERATION_RESTART,
    OPERATION_DEREGISTER,
    OPERATION_DRAIN,
    OPERATION_RELOAD,
    OPERATION_MAX,
    OPERATION_INVALID = -EINVAL,
} OperationKind;

/* "preload", "stop", "restart", "deregister", "drain", "reload"; NULL for NONE and values out of
 * range. */
const char *operation_kind_to_string(OperationKind kind);

enum {
    OPERATION_NOTE_MAX = 399, /* bytes */
    OPERATION_WARNING_MAX = 399,
};

/* How an operation ended. Every operation ends exactly once. */
typedef struct OperationResult {
    uint64_t id;
    OperationKind kind;
    Error error; /* code PM_ERROR_NONE: success */
    usec_t duration_usec;
    uint64_t generation; /* of the engine concerned; 0: none */
    bool force_stopped;  /* stop: SIGKILL was needed; drain: the deadline passed */
    uint64_t leases;     /* drain: those that were out when the engine was stopped */
    bool unchanged;      /* it was so already: nothing was touched */
    bool refused;        /* it never held the pool; `error` says why */
    /* What is not as it should be all the same; "": nothing. */
    char warning[OPERATION_WARNING_MAX + 1];
    bool rolled_back; /* reload: it failed, and the engine from before serves the pool */
    char note[OPERATION_NOTE_MAX + 1]; /* what whoever waits should know besides; "": nothing */
} OperationResult;
