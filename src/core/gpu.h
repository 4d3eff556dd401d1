/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <poolmgr/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The GPUs of the host, as their drivers tell of them. SPEC_UNSET is a number that is not known, ""
 * a text. */

enum {
    GPUS_MAX = 64,
    GPU_UUID_MAX = 95,
    GPU_NAME_MAX = 95,
    GPU_PROCESSES_MAX = 128, /* of one GPU; those beyond are left out */
    GPU_INSTANCES_MAX = 16,
    GPU_PROBLEM_MAX = 199,
    GPU_FAULT_MAX = 159,
};

typedef enum GpuVendor {
    GPU_NVIDIA,
    GPU_AMD,
} GpuVendor;

typedef enum GpuMig {
    GPU_MIG_UNSUPPORTED, /* or not known */
    GPU_MIG_DISABLED,
    GPU_MIG_ENABLED,
} GpuMig;

typedef struct GpuProcess {
    uint64_t pid;
    uint64_t memory_bytes;
    char pool_id[PM_ID_MAX + 1]; /* whose engine it is part of; "": of none */
    uint64_t generation;         /* of that engine */
} GpuProcess;

/* A part of a GPU that is divided (MIG). */
typedef struct GpuInstance {
    char uuid[GPU_UUID_MAX + 1];
    uint64_t memory_total_bytes;
    uint64_t memory_free_bytes;
} GpuInstance;

typedef struct Gpu {
    GpuVendor vendor;
    uint64_t index; /* among those of the vendor, in the order of their PCI addresses */
    uint64_t minor; /* of its device node, /dev/nvidia<minor> */
    char uuid[GPU_UUID_MAX + 1];
    char pci_id[24]; /* "0000:01:00.0" */
    char name[GPU_NAME_MAX + 1];
    char compute_capability[12]; /* "9.0" */
    uint64_t memory_total_bytes;
    uint64_t memory_free_bytes;
    GpuMig mig;
    GpuInstance instances[GPU_INSTANCES_MAX];
    size_t instances_count;
    GpuProcess processes[GPU_PROCESSES_MAX];
    size_t processes_count;
    bool processes_known;
    uint32_t fault_xid;       /* of the fault that the driver reported; 0: none */
    uint64_t fault_real_usec; /* when, Unix microseconds */
    char fault_text[GPU_FAULT_MAX + 1];
    char problem[GPU_PROBLEM_MAX + 1]; /* why it is of no use, or what is not known of it */
} Gpu;

/* What was found at one time. Large: not for the stack. */
typedef struct GpuInventory {
    const char *source; /* of what is known of NVIDIA's: "nvml", "nvidia-smi"; NULL: nothing is */
    char driver_version[80];
    char problem[GPU_PROBLEM_MAX + 1]; /* why GPUs that are there may be missing */
    Gpu gpus[GPUS_MAX];
    size_t count;
} GpuInventory;
