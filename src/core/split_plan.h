/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/macros.h"

/* How a model is split over the GPUs of a mask (contract: devices and isolation). */

enum {
    SPLIT_DEVICES_MAX = 64,
    SPLIT_WHOLE = 1000000, /* a ratio of 1.0 */
};

typedef enum SplitMode {
    SPLIT_NONE,   /* one GPU: the first */
    SPLIT_AUTO,   /* as the memory is that can be used */
    SPLIT_RATIOS, /* as they are given */
} SplitMode;

/* What stays free on each GPU: for the driver, for what the engine needs beside model and KV cache,
 * and for layers, which are not divided. */
typedef struct SplitHeadroom {
    uint64_t bytes;
    uint64_t percent; /* of what is free, 0 to 100; rounded up */
} SplitHeadroom;

#define SPLIT_HEADROOM_DEFAULT ((SplitHeadroom){.bytes = 512ULL << 20, .percent = 5})

/* What of the free memory can be used, in bytes. Never falls when more is free. */
uint64_t split_capacity(uint64_t free_bytes, const SplitHeadroom *headroom);

typedef struct SplitRequest {
    SplitMode mode;
    size_t count;               /* of devices, 1 to SPLIT_DEVICES_MAX */
    const uint64_t *free_bytes; /* of each, in the order of the mask */
    const uint64_t *ratios;     /* SPLIT_RATIOS: of each, 0 to SPLIT_WHOLE, not all 0; only their
                                   proportions count */
    uint64_t need_bytes;        /* model and KV cache; 0: not known, then everything fits */
    SplitHeadroom headroom;
} SplitRequest;

typedef struct SplitShare {
    uint64_t capacity_bytes; /* what can be used, in whole KiB */
    uint64_t bytes;          /* what of the need lies there, rounded up to whole KiB */
    uint64_t ratio;          /* in 1/SPLIT_WHOLE */
} SplitShare;

typedef struct SplitPlan {
    SplitMode mode;
    size_t count;
    SplitShare shares[SPLIT_DEVICES_MAX];
} SplitPlan;

/*
 * Makes the plan; the same request gives the same plan. The ratios sum to SPLIT_WHOLE exactly, and
 * no share is over the capacity of its device: one that would be is as large as fits, and the
 * others take the rest, in the proportion of their own; one with a ratio of 0 takes nothing. With
 * SPLIT_AUTO a device that can use more than another never has the smaller ratio, and none gets a
 * smaller one by more memory of its own. Of a device 128 TiB count at most.
 *
 * Returns 0; -EINVAL with `error` (NULL allowed) PM_ERROR_INVALID_FIELD for "split": the number of
 * devices, or all ratios 0; -EIO with PM_ERROR_DOES_NOT_FIT and the numbers when the need does
 * not fit, or PM_ERROR_INTERNAL without memory for these. Since ratios are whole millionths, a need
 * of all that the devices have together, but for a few of these, does not fit either.
 */
int split_plan_make(const SplitRequest *request, SplitPlan *ret, Error *error);

/* The value of llama.cpp's --tensor-split: "0.625000,0.375000"; NULL for SPLIT_NONE, which needs
 * none. Returns 0 or -ENOMEM. */
int split_plan_tensor_split(const SplitPlan *plan, char **ret);
