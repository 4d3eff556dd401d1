/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * MESSAGE_IDs of what the daemon logs, but for what happens to a pool, whose are in
 * src/manager/log_catalog.c. Stable: alerts are keyed by them, and units/pool-managerd.catalog
 * explains each.
 */

/* The daemon. */
#define PM_MESSAGE_DAEMON_READY        "e1c0c1f25e0b4b0f9a3d52c86d7b4e50"
#define PM_MESSAGE_DAEMON_STOPPING     "3f6d0a94b7124c1d8e55a0c97be2d151"
#define PM_MESSAGE_DAEMON_FAILED       "a84c2e7d19f64b3c95d0617be8f3c252"
#define PM_MESSAGE_CONFIGURATION_READ  "7be1943c60d24f5fa8c6d20b95e7f353"
#define PM_MESSAGE_CONFIGURATION_WAITS "c29f5b08e3a74d61b7408d1f6ca2e454"
#define PM_MESSAGE_CONFIGURATION_DOUBT "58d3a1c6f0be4927964fe7b205c8d555"
#define PM_MESSAGE_CONFIGURATION_BAD   "1d70e8b4529c4ea38b2fc6a9740de656"
#define PM_MESSAGE_LOG_SUPPRESSED      "94b6f3d20c8e4175a0d97e1c5b3af757"
#define PM_MESSAGE_LOG_LOST            "06ea5d9c7f314b82bc48a3e61d90f858"

/* Pools. */
#define PM_MESSAGE_OPERATION_ENDED "70b9e63d1a5f4c848d2e97c05fb1a673"
#define PM_MESSAGE_POOL_TROUBLE    "e5f6a7b8c9d04e1f8a2b3c4d5e6f7a14"

/* What it keeps. */
#define PM_MESSAGE_FILE_SET_ASIDE     "0a9b8c7d6e5f4a3b8c2d1e0f9a8b7c15"
#define PM_MESSAGE_STORAGE_FAILS      "b3581fa7d6c04e29875c0e94d2b1a959"
#define PM_MESSAGE_STORAGE_WORKS      "4ca9e02d8b75436fa17d5b80e6f3ca60"
#define PM_MESSAGE_POOLS_BROUGHT_BACK "f07d64b1c2a84e9d90b35ca7168edb61"
#define PM_MESSAGE_REGISTRY_LOCK      "6c3d1f0a9b584e27a6d5c4b3a2910f16"
#define PM_MESSAGE_HANDOFF_IGNORED    "7d2e4f6a8b0c4d1e9f3a5b7c9d1e3f17"
#define PM_MESSAGE_HANDOFFS_UNWATCHED "82c50f9eb6d3471aa94e7d03f1b8ec62"

/* The service manager and its units. */
#define PM_MESSAGE_SERVICE_MANAGER      "d964e7a03b1f4c58b20c8f5e97a1fd63"
#define PM_MESSAGE_SERVICE_MANAGER_BACK "2eb7085cd1964fa3867de0b4c35f0e64"
#define PM_MESSAGE_UNIT_REFUSED         "9150cd4ab8e74d2f93f86b27e0ac1f65"
#define PM_MESSAGE_UNIT_UNKNOWN         "67f8a2be04dc4935be1a90d8c65b2066"
#define PM_MESSAGE_OUTPUT_UNREADABLE    "cb0391e76a5d4f8c82d7f40e1b963167"
#define PM_MESSAGE_PROVISIONER_SAID     "38ae6cf1d2074b9ea5b804c7f9d34268"
#define PM_MESSAGE_PROVISIONER_LEFT     "fd12b70a94e84c65914c6fe3085d5369"

/* The host. */
#define PM_MESSAGE_SHUTDOWN             "d3a9471e5c2840b6b7f08e21c6954a13"
#define PM_MESSAGE_SHUTDOWN_CANCELLED   "47c0e8b2f61d4d95a03b9c7e5d1f82a6"
#define PM_MESSAGE_SHUTDOWN_NOT_DRAINED "5b8e9d24c07a4163ad9f10e6d7f46470"
#define PM_MESSAGE_NO_INHIBITOR         "6f1b0c3e9d7a4b52a8e4f6d2c1b09735"
#define PM_MESSAGE_GPU_COUNT            "a6d5107bfc394e82a8be63d1094f7571"
#define PM_MESSAGE_GPU_PROBLEM          "2a6c8e0f4b1d4c7e9f3a5b7d9e1f3c43"
#define PM_MESSAGE_GPU_SILENT           "4d2f6b8a1c3e4f5d9a7b0c2e4f6a8d41"
#define PM_MESSAGE_GPU_ANSWERS          "8c0e2a4d6f1b4e3c9d5a7b9f1c3e5a42"
#define PM_MESSAGE_GPU_FAULT            "6f1d3b5a7c9e4e2f8a0b2c4d6e8f1a40"
#define PM_MESSAGE_GPU_FAULTS_UNSEEN    "0fc48b92e5d64a17be70d9c3a1e58672"
