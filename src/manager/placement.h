/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"
#include "core/device_mask.h"
#include "core/pool.h"
#include "gpu/nvidia_devices.h"
#include "manager/api.h"

/* Which GPUs an engine gets: its pool's mask against the GPUs of this host. Those that take
 * the manager also read what NVIDIA's driver tells in /proc, a few short files. */

/* What masks can name of these. */
void placement_device_ids(const NvidiaDevices *devices, DeviceIds *ret);

/* The GPUs of this host: what the inventory knows, and what lies in /proc. */
void placement_find_devices(const Manager *m, DeviceIds *ret);

/* Whether the text (NULL: no mask) is one, and names what is there: 0, or -EINVAL with `error`
 * naming `field`. */
int placement_check_mask(const Manager *m, const char *text, const char *field, Error *error);

/* The GPUs that an engine with that mask uses, a bit each, as core/turns.h has it: without a mask
 * all that there are; of a mask that cannot be told, all that can be. */
uint64_t placement_gpus(const Manager *m, const char *mask);

/* Whether an engine of the pool can be started with the pool's mask: 0, or negative with `error`
 * set. */
int placement_check_start(const Manager *m, const Pool *pool, Error *error);

/* The device nodes for the plan of the pool's engine; NULL without a mask. Returns 0, -EINVAL where
 * placement_check_start() refuses, or -ENOMEM. */
int placement_nodes(const Manager *m, const Pool *pool, char ***ret);
