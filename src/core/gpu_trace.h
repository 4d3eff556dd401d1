/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/gpu.h"

/*
 * What an engine has left on the GPUs: who its processes there were, how the memory was that no
 * process accounts for before it was started, and what of that is not as it was after its end.
 */

enum {
    GPU_TRACE_PIDS_MAX = 64, /* of one engine; those beyond are not looked for */
};

/* A GPU before the engine was started. */
typedef struct GpuBefore {
    bool known;
    uint64_t unaccounted_bytes; /* used, and of no process */
    uint64_t others;            /* digest of the processes that were there */
} GpuBefore;

/* Of an engine, which pool and generation name. */
typedef struct GpuTrace {
    char pool_id[PM_ID_MAX + 1];
    uint64_t generation;
    uint64_t pids[GPU_TRACE_PIDS_MAX];
    size_t count;
    bool seen[GPUS_MAX]; /* on the GPU at that place of the inventory */
    bool seen_anywhere;
    GpuBefore before[GPUS_MAX]; /* by that place, too */
} GpuTrace;

typedef enum GpuMemory {
    GPU_MEMORY_BACK,    /* what the engine had is free again */
    GPU_MEMORY_HELD,    /* it is not */
    GPU_MEMORY_UNKNOWN, /* nobody can tell */
} GpuMemory;

/* The answer to whether the memory of an engine that has ended is back. */
typedef struct GpuMemoryAnswer {
    GpuMemory memory;
    /* Held, of the first such GPU: */
    GpuVendor vendor;
    uint64_t index;
    uint64_t bytes;                /* SPEC_UNSET: the driver does not tell */
    uint64_t pid;                  /* 0: no process accounts for it */
    size_t more;                   /* further processes and GPUs that hold some */
    char why[GPU_PROBLEM_MAX + 1]; /* not known: why, for people */
} GpuMemoryAnswer;

/* The engine of that generation of the pool is about to be started; `before` is what is known of
 * the GPUs, NULL: nothing. */
void gpu_trace_begin(GpuTrace *t, const char *pool_id, uint64_t generation,
                     const GpuInventory *before);

/* A process is the engine's. */
void gpu_trace_add_pid(GpuTrace *t, uint64_t pid);

/* Notes the engine's processes among those of the inventory. */
void gpu_trace_see(GpuTrace *t, const GpuInventory *now);

/*
 * What the engine still has after its end. Memory without a process is held only where
 * nothing else can account for it: the engine was seen on that GPU, the same other processes are
 * there as before its start, and all of them tell their memory.
 */
void gpu_trace_judge(const GpuTrace *t, const GpuInventory *now, GpuMemoryAnswer *ret);

/* The answer as a sentence for people, without a full stop; "" when the memory is back. */
void gpu_memory_describe(const GpuMemoryAnswer *answer, char *buffer, size_t size);
