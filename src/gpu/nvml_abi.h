/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is used of the binary interface of libnvidia-ml.so.1 (NVIDIA: NVML API reference), under
 * names of our own: its headers come with CUDA, which is not needed here. */

typedef struct NvmlDevice NvmlDevice; /* opaque */

enum {
    NVML_SUCCESS = 0,
    NVML_NOT_SUPPORTED = 3,
    NVML_NOT_FOUND = 6,
    NVML_INSUFFICIENT_SIZE = 7,
    NVML_FUNCTION_NOT_FOUND = 13,
    NVML_UNKNOWN = 999,
};

typedef struct NvmlPci {
    char bus_id_legacy[16];
    unsigned domain;
    unsigned bus;
    unsigned device;
    unsigned pci_device_id;
    unsigned pci_subsystem_id;
    char bus_id[32];
} NvmlPci;

typedef struct NvmlMemory {
    unsigned long long total;
    unsigned long long free;
    unsigned long long used;
} NvmlMemory;

/* It tells what the driver has set aside for itself apart, so that `used` is what the processes
 * have. */
typedef struct NvmlMemory2 {
    unsigned version;
    unsigned long long total;
    unsigned long long reserved;
    unsigned long long free;
    unsigned long long used;
} NvmlMemory2;

enum { NVML_MEMORY2_VERSION = sizeof(NvmlMemory2) | 2U << 24 };

/* Of the functions without a number at their end. */
typedef struct NvmlProcess1 {
    unsigned pid;
    unsigned long long memory;
} NvmlProcess1;

/* Of those that end in _v2 and _v3. */
typedef struct NvmlProcess {
    unsigned pid;
    unsigned long long memory; /* all ones: not known */
    unsigned gpu_instance;
    unsigned compute_instance;
} NvmlProcess;

/* Some drivers (535.43 to 535.86) write a longer record: there must be room for it. */
enum { NVML_PROCESS_BYTES_MAX = sizeof(NvmlProcess) + 8 };

typedef struct NvmlFunctions {
    int (*init)(void);
    int (*shutdown)(void);
    int (*count)(unsigned *count);
    int (*handle)(unsigned index, NvmlDevice **device);

    /* Any of these may be NULL. */
    const char *(*error_string)(int error);
    int (*driver_version)(char *buffer, unsigned size);
    int (*uuid)(NvmlDevice *device, char *buffer, unsigned size);
    int (*name)(NvmlDevice *device, char *buffer, unsigned size);
    int (*minor)(NvmlDevice *device, unsigned *minor);
    int (*pci)(NvmlDevice *device, NvmlPci *pci);
    int (*compute_capability)(NvmlDevice *device, int *major, int *minor);
    int (*memory2)(NvmlDevice *device, NvmlMemory2 *memory);
    int (*memory)(NvmlDevice *device, NvmlMemory *memory);
    int (*compute_processes)(NvmlDevice *device, unsigned *count, void *records);
    int (*graphics_processes)(NvmlDevice *device, unsigned *count, void *records);
    int (*compute_processes1)(NvmlDevice *device, unsigned *count, void *records);
    int (*graphics_processes1)(NvmlDevice *device, unsigned *count, void *records);
    int (*mig_mode)(NvmlDevice *device, unsigned *current, unsigned *pending);
    int (*mig_count_max)(NvmlDevice *device, unsigned *count);
    int (*mig_handle)(NvmlDevice *device, unsigned index, NvmlDevice **mig);
} NvmlFunctions;
