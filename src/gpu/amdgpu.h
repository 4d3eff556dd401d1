/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/gpu.h"

/* AMD's GPUs, as the driver amdgpu tells of them in sysfs. */

#define AMDGPU_ROOT "/sys/class/drm"

/*
 * Adds them to `inventory`, in the order of their PCI addresses, from the folder `root`,
 * AMDGPU_ROOT but in tests. A file of a driver that hangs hangs, too. Returns 0; also where there
 * are none.
 */
int amdgpu_read(const char *root, GpuInventory *inventory);
