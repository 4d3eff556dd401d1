/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/gpu_faults.h"

#include <stdio.h>
#include <string.h>

/* One fault makes the driver report several things at once. */
static const usec_t FOLLOWS_USEC = 10 * USEC_PER_SEC;

/* Its place, or `count`. */
static size_t place_of(const GpuFaults *f, const PciAddress *address)
{
    size_t i = 0;

    while (i < f->count && !pci_address_same_device(&f->items[i].address, address))
        i++;
    return i;
}

static GpuFault *find(GpuFaults *f, const PciAddress *address)
{
    size_t i = place_of(f, address);

    return i < f->count ? &f->items[i] : NULL;
}

static GpuFault *ensure(GpuFaults *f, const PciAddress *address)
{
    GpuFault *fault = find(f, address);

    if (fault || f->count == GPUS_MAX)
        return fault;
    fault = &f->items[f->count++];
    *fault = (GpuFault){.address = *address};
    return fault;
}

bool gpu_faults_add(GpuFaults *f, const Xid *xid, const char *device, const char *text, Instant now)
{
    GpuFault *fault = ensure(f, &xid->address);
    bool same;

    if (!fault)
        return false;
    same = fault->active &&
           (fault->xid == xid->number || usec_sub(now.mono, fault->last.mono) < FOLLOWS_USEC);
    fault->last = now;
    (void)snprintf(fault->device, sizeof(fault->device), "%s", device);
    if (same)
        return false;
    fault->active = true;
    fault->seen_bad = false;
    fault->since = now;
    fault->xid = xid->number;
    fault->count++;
    (void)snprintf(fault->text, sizeof(fault->text), "%s", text);
    return true;
}

const GpuFault *gpu_faults_clear(GpuFaults *f, const PciAddress *address)
{
    GpuFault *fault = find(f, address);

    if (!fault || !fault->active)
        return NULL;
    fault->active = false;
    return fault;
}

static const Gpu *find_gpu(const GpuInventory *now, const PciAddress *address)
{
    PciAddress found;

    for (size_t i = 0; i < now->count; i++)
        if (now->gpus[i].vendor == GPU_NVIDIA &&
            pci_address_parse(now->gpus[i].pci_id, &found) == 0 &&
            pci_address_same_device(&found, address))
            return &now->gpus[i];
    return NULL;
}

const GpuFault *gpu_faults_see(GpuFaults *f, const GpuInventory *now)
{
    for (size_t i = 0; i < f->count; i++) {
        GpuFault *fault = &f->items[i];
        const Gpu *gpu = fault->active ? find_gpu(now, &fault->address) : NULL;

        if (!fault->active)
            continue;
        if (!gpu || gpu->problem[0])
            fault->seen_bad = true;
        else if (fault->seen_bad)
            return gpu_faults_clear(f, &fault->address);
    }
    return NULL;
}

const GpuFault *gpu_faults_find(const GpuFaults *f, const Gpu *gpu)
{
    PciAddress address;
    size_t i;

    if (gpu->vendor != GPU_NVIDIA || pci_address_parse(gpu->pci_id, &address) < 0)
        return NULL;
    i = place_of(f, &address);
    return i < f->count ? &f->items[i] : NULL;
}

void gpu_faults_mark(const GpuFaults *f, GpuInventory *inventory)
{
    for (size_t i = 0; i < inventory->count; i++) {
        Gpu *gpu = &inventory->gpus[i];
        const GpuFault *fault = gpu_faults_find(f, gpu);

        gpu->fault_xid = 0;
        if (!fault || !fault->active)
            continue;
        gpu->fault_xid = fault->xid;
        gpu->fault_real_usec = fault->since.real;
        memcpy(gpu->fault_text, fault->text, sizeof(gpu->fault_text));
    }
}
