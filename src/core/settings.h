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
    SupervisionSettings supervision;
    EngineLog engine_log;
    char *const *addresses;        /* that every engine may talk to, besides this host */
    const char *container_podman;  /* absolute path */
    const char *container_seccomp; /* the profile of containers, absolute path */
    const char *container_images;  /* a store of images for all; "": none */
    bool user_mode; /* the user's service manager: no dynamic user, no system slice */
} PolicySettings;
