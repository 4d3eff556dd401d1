/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* Bounds on what comes from outside. Anything larger is refused, not cut. */

enum {
    PM_ID_MAX = 64,              /* characters of a pool or replica id */
    PM_UNIT_NAME_MAX = 255,      /* characters of a unit name, systemd.unit(5) */
    PM_BODY_MAX = 1024 * 1024,   /* bytes of a request body or a runtime file */
    PM_JSON_DEPTH_MAX = 16,      /* nesting of a JSON text */
    PM_STRING_MAX = 4096,        /* bytes of one string field; a path is PATH_MAX at most */
    PM_FLAG_MAX = 64 * 1024,     /* bytes of one argv item; the kernel allows 128 KiB */
    PM_FLAGS_MAX = 1024,         /* items of argv */
    PM_ENV_MAX = 256,            /* environment variables */
    PM_CREDENTIALS_MAX = 64,     /* credentials */
    PM_WARNINGS_MAX = 32,        /* unknown fields that are named one by one */
    PM_ERROR_FIELD_MAX = 96,     /* bytes of a field's name in an error */
    PM_ERROR_TEXT_MAX = 512,     /* bytes of an error's text */
    PM_CORRELATION_ID_MAX = 128, /* bytes of X-Correlation-Id */
    PM_LEASES_MAX = 2048,        /* leases of one pool */
    PM_LEASE_OWNER_MAX = 128,    /* bytes of a lease's owner */
    PM_LOCK_WAIT_MS = 100,       /* how long a request waits for the registry lock */
    PM_POOLS_MAX = 16384,        /* pools on one host */
};
