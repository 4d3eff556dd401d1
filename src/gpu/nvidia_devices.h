/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macros.h"
#include "gpu/xid.h"

/* The GPUs that NVIDIA's driver has, as it tells of them in /proc/driver/nvidia. */

#define NVIDIA_PROC "/proc/driver/nvidia"

enum {
    NVIDIA_DEVICES_MAX = 64,
    NVIDIA_UUID_MAX = 63, /* bytes of "GPU-…" */
};

typedef struct NvidiaDevice {
    PciAddress address;
    char uuid[NVIDIA_UUID_MAX + 1]; /* "": not known, the driver loads it on first use */
    int minor;                      /* of /dev/nvidia<minor>; -1: not known */
} NvidiaDevice;

/* In the order of their PCI addresses, so that the place of each in `devices` is its index as with
 * CUDA_DEVICE_ORDER=PCI_BUS_ID. */
typedef struct NvidiaDevices {
    NvidiaDevice devices[NVIDIA_DEVICES_MAX];
    size_t count;
} NvidiaDevices;

/*
 * Reads gpus/<address>/information of each device below the folder `root`, NVIDIA_PROC but in
 * tests. What is not as the driver writes it is left out. Returns 0, -ENOENT where there is no such
 * folder and so no driver, or another negative errno.
 */
int nvidia_devices_read(const char *root, NvidiaDevices *ret);

/* Its index, or -ENODEV. */
int nvidia_devices_find(const NvidiaDevices *all, const PciAddress *address);
