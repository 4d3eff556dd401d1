/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/gpu.h"

/* An inventory in the making. */

/* One more GPU, of which nothing is known yet; NULL: there is no room. */
Gpu *gpu_inventory_add(GpuInventory *inventory, GpuVendor vendor, uint64_t index);

/* Once for each pid: of two amounts of memory the larger one counts. */
void gpu_add_process(Gpu *gpu, uint64_t pid, uint64_t memory_bytes);

void gpu_set_pci_id(Gpu *gpu, unsigned domain, unsigned bus, unsigned device, unsigned function);
