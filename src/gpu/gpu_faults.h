/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/usec.h"
#include "core/gpu.h"
#include "gpu/xid.h"

/*
 * The faults of GPUs, as the driver reports them. A fault lasts until the GPU is well again: the
 * driver says so, by Xid 154 or by telling of a GPU of which it told nothing, or an engine is ready
 * on it. What the driver repeats meanwhile, or what follows at once, is the same fault.
 */
typedef struct GpuFault {
    PciAddress address;
    char device[24]; /* its index, "0", or its PCI address where that is not known */
    uint32_t xid;
    Instant last; /* when the driver spoke of it last */
    Instant since;
    bool active;
    bool seen_bad;  /* while active: the driver could not tell of the GPU */
    uint64_t count; /* of faults so far */
    char text[GPU_FAULT_MAX + 1];
} GpuFault;

/* Zeroed: none yet. */
typedef struct GpuFaults {
    GpuFault items[GPUS_MAX];
    size_t count;
} GpuFaults;

/* The driver reports a fault of the GPU (xid_is_device_fault()), `text` in words. Returns whether
 * it is another than before. */
bool gpu_faults_add(GpuFaults *f, const Xid *xid, const char *device, const char *text,
                    Instant now);

/* The GPU is well. Returns its fault if it had one, or NULL. */
const GpuFault *gpu_faults_clear(GpuFaults *f, const PciAddress *address);

/* The GPUs were looked at. Returns one that is well again; until NULL it is to be called anew. */
const GpuFault *gpu_faults_see(GpuFaults *f, const GpuInventory *now);

/* Its record, or NULL where it never had a fault. */
const GpuFault *gpu_faults_find(const GpuFaults *f, const Gpu *gpu);

/* Writes the faults that last into the inventory, and none where there is none. */
void gpu_faults_mark(const GpuFaults *f, GpuInventory *inventory);
