/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/usec.h"
#include <stdbool.h>

#include "core/supervision.h"

/* The numbers of the policy (contract: defaults). Filled from the one table in
 * manager/config_table.c. */

typedef enum EngineLog {
    ENGINE_LOG_JOURNAL,
    ENGINE_LOG_FILE,
    ENGINE_LOG_MAX,
} EngineLog;

typedef struct PolicySettings {
    usec_t health_interval_usec;    /* pause between tries of a starting engine, at most */
    bool health_ramp;               /* shorter pauses first, see probe_pause() */
    usec_t health_timeout_usec;     /* for all tries of a start together */
    usec_t health_try_timeout_usec; /* for one try */
    const char *health_path;
    usec_t liveness_interval_usec; /* pause between probes of a ready engine */
    uint64_t liveness_failures;    /* bad ones in a row that end it */
    usec_t stop_grace_usec;        /* from SIGTERM to SIGKILL */
    usec_t gpu_release_usec; /* for memory of GPUs to come back after an end; 0: not looked at */
    SupervisionSettings supervision;
    bool retry_no_fit; /* a start by hand that does not fit is tried again */
    EngineLog engine_log;
    usec_t engine_log_interval_usec; /* in which journald takes as many lines of an engine's … */
    uint64_t engine_log_burst;       /* … as this; 0: as it thinks right */
    char *const *addresses;          /* that every engine may talk to, besides this host */
    const char *container_podman;    /* absolute path */
    const char *container_seccomp;   /* the profile of containers, absolute path */
    bool user_mode; /* the user's service manager: no dynamic user, no system slice */
} PolicySettings;
