/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/spec.h"
#include "core/split_plan.h"

/*
 * Whether the memory that an engine will need is there, and how its model lies on the GPUs.
 *
 * What was given (`vram_bytes`, `ram_bytes`) is believed: what does not fit is refused. What was
 * not is estimated from the model's files, and an estimate only warns; but for one case: engines
 * must use GPUs, and the files alone are larger than all memory that is free there.
 */

/* Beside the files, for each slot: KV cache and buffers. */
#define FIT_SLOT_BYTES ((uint64_t)256 << 20)
/* And this part of the files, for what loading adds: 1/FIT_EXTRA_PART. */
enum { FIT_EXTRA_PART = 10 };

/* The engine and the host, as far as they are known: SPEC_UNSET is a number that is not. */
typedef struct FitRequest {
    const EngineSpec *spec;
    size_t count;               /* of the GPUs that the engine uses, 0 to SPLIT_DEVICES_MAX */
    const uint64_t *free_bytes; /* of each, in the order of the mask */
    uint64_t ram_bytes;         /* that the host can give */
    uint64_t model_bytes;       /* of the model's files */
    SplitHeadroom headroom;
    bool gpu_only; /* engines must not fall back to the host's memory */
    bool on_host;  /* there is no GPU: the model lies in the host's memory */
} FitRequest;

typedef enum FitVerdict {
    FIT_UNKNOWN, /* the need or the room is not known, or there is no need */
    FIT_GOOD,
    FIT_DOUBTFUL, /* it may go wrong, but not for sure */
    FIT_BAD,
} FitVerdict;

/* Of the GPUs together, or of the host. */
typedef struct FitPart {
    uint64_t need_bytes; /* SPEC_UNSET: not known */
    bool estimated;
    uint64_t room_bytes; /* what can be used after headroom; SPEC_UNSET: not known */
    FitVerdict verdict;
} FitPart;

typedef struct Fit {
    FitPart vram, ram;
    SplitPlan split;                     /* count 0: there is no plan */
    char warning[PM_ERROR_TEXT_MAX + 1]; /* for people; "": there is nothing to say */
} Fit;

/* What is needed for a model of that size, with the KV cache of so many slots (SPEC_UNSET: one).
 * SPEC_UNSET when the size is not known. */
uint64_t fit_estimate(uint64_t model_bytes, uint64_t slots);

/*
 * Returns 0 with *ret saying how it fits. Else *ret says that as far as it was found out, and
 * `error` (NULL allowed) why it is refused: -EIO with PM_ERROR_DOES_NOT_FIT and the numbers, or
 * PM_ERROR_PRELOAD_FAILED when a split depends on memory that is not known; -EINVAL with
 * PM_ERROR_INVALID_FIELD for a split that does not go with the GPUs.
 */
int fit_check(const FitRequest *request, Fit *ret, Error *error);
