/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/gpu_table.h"

#include <stdio.h>

#include "core/spec.h"

Gpu *gpu_inventory_add(GpuInventory *inventory, GpuVendor vendor, uint64_t index)
{
    Gpu *gpu;

    if (inventory->count >= GPUS_MAX)
        return NULL;
    gpu = &inventory->gpus[inventory->count++];
    gpu->vendor = vendor;
    gpu->index = index;
    gpu->minor = gpu->memory_total_bytes = gpu->memory_free_bytes = SPEC_UNSET;
    return gpu;
}

static bool is_more(uint64_t bytes, uint64_t than)
{
    return bytes != SPEC_UNSET && (than == SPEC_UNSET || bytes > than);
}

void gpu_add_process(Gpu *gpu, uint64_t pid, uint64_t memory_bytes)
{
    size_t i = 0;

    while (i < gpu->processes_count && gpu->processes[i].pid != pid)
        i++;
    if (i >= GPU_PROCESSES_MAX)
        return;
    if (i == gpu->processes_count)
        gpu->processes[gpu->processes_count++] = (GpuProcess){pid, SPEC_UNSET, ""};
    if (is_more(memory_bytes, gpu->processes[i].memory_bytes))
        gpu->processes[i].memory_bytes = memory_bytes;
}

void gpu_set_pci_id(Gpu *gpu, unsigned domain, unsigned bus, unsigned device, unsigned function)
{
    (void)snprintf(gpu->pci_id, sizeof(gpu->pci_id), "%04x:%02x:%02x.%x", domain, bus & 0xff,
                   device & 0xff, function & 7);
}
