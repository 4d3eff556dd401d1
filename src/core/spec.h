/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "base/strv.h"
#include "base/usec.h"
#include "core/sandbox.h"
#include "core/split_plan.h"
#include "core/supervision.h"

#define SPEC_UNSET UINT64_MAX /* of the numbers below: not given */

/* Whether the supervision starts the engine again when it has failed. */
typedef enum RestartPolicy {
    RESTART_UNSET, /* as on failure */
    RESTART_ON_FAILURE,
    RESTART_NO,
    RESTART_MAX,
} RestartPolicy;

/* "on-failure", "no"; NULL for RESTART_UNSET and values out of range. */
const char *restart_policy_to_string(RestartPolicy policy);

/* How the model is to lie on the GPUs of the mask. */
typedef struct SpecSplit {
    SplitMode mode;
    size_t count;     /* SPLIT_RATIOS: of the ratios */
    uint64_t *ratios; /* the largest is SPLIT_WHOLE; NULL for other modes */
} SpecSplit;

/*
 * What to run: PreparedEngine of the contract, checked and complete. Immutable once it belongs to
 * a pool; optional strings are NULL when unset.
 */
typedef struct EngineSpec {
    char *pool_id;
    char *replica_id;
    char *binary_path;
    char **flags; /* argv after argv[0] */
    char *host;
    uint16_t port;
    char *model_path;
    char *engine;
    char *engine_version;
    char *engine_digest;
    char *engine_catalog_id;
    char *model_id;
    char *device_mask;
    char **env;         /* NAME=value */
    char **credentials; /* name=/absolute/path */
    uint64_t slots_total;
    uint64_t vram_bytes;
    uint64_t ram_bytes;
    SpecSplit split;

    /* Overrides of the settings of the same names; NULL or SPEC_UNSET: the setting holds. */
    struct {
        char *path;
        uint64_t interval_ms;
        uint64_t timeout_ms;
        uint64_t failures;
    } health;
    uint64_t stop_grace_ms;

    struct {
        uint64_t memory_max;  /* bytes */
        uint64_t memory_high; /* bytes */
        uint64_t cpu_weight;  /* 1..10000 */
        uint64_t tasks_max;
        uint64_t io_weight; /* 1..10000 */
    } resources;

    Sandbox sandbox;

    struct {
        char *rootfs; /* a folder of the host, of which a container is made; NULL: it runs in none
                       */
    } container;

    struct {
        SupervisionSettings numbers; /* SPEC_UNSET: the setting holds; see spec_supervision() */
        RestartPolicy restart;
        Flag retry_no_fit; /* FLAG_UNSET: the setting holds */
    } policy;
} EngineSpec;

/* Returns 0 and a spec with everything unset, or -ENOMEM. */
int engine_spec_new(EngineSpec **ret);
EngineSpec *engine_spec_free(EngineSpec *spec);

/* Returns 0 and a spec that shares nothing with `spec`, or -ENOMEM. */
int engine_spec_copy(const EngineSpec *spec, EngineSpec **ret);

/* Whether both would start the same engine the same way. NULL equals only NULL. */
bool engine_spec_equal(const EngineSpec *a, const EngineSpec *b);

DEFINE_CLEANUP(EngineSpec *, engine_spec_free)
#define _cleanup_spec_ _cleanup_(engine_spec_freep)
