/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/fit.h"
#include "core/gpu.h"

/* A GPU that an engine uses, or a part of one. */
typedef struct RoomGpu {
    char device[GPU_UUID_MAX + 1]; /* as masks name it, or "amd0" */
    char uuid[GPU_UUID_MAX + 1];   /* "": not known */
    char name[GPU_NAME_MAX + 1];   /* "": not known */
    uint64_t memory_total_bytes;   /* SPEC_UNSET: not known */
    uint64_t memory_free_bytes;    /* SPEC_UNSET: not known */
} RoomGpu;

/* What was found out about a start. Large: not for the stack. */
typedef struct StartFacts {
    Error error; /* why not; code PM_ERROR_NONE: it may be made */
    RoomGpu gpus[SPLIT_DEVICES_MAX];
    size_t gpus_count;
    uint64_t model_bytes; /* of the model's files; SPEC_UNSET: not known */
    Fit fit;
} StartFacts;
