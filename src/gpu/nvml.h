/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macros.h"
#include "core/gpu.h"

/*
 * NVIDIA's management library, found at run time. Every call may hang as long as the driver does:
 * for a thread that may be given up only.
 */
typedef struct Nvml Nvml;

/*
 * `library` is a file name, looked for as dlopen(3) does, or an absolute path. Nothing is loaded
 * yet. Returns NULL when out of memory.
 */
Nvml *nvml_new(const char *library);
Nvml *nvml_free(Nvml *n);

/*
 * Reads all GPUs into the empty `ret`. Between two calls the driver is not held: neither an update
 * of it nor the reset of a GPU has to wait for us. What a single GPU does not tell is left unknown,
 * and stands in its `problem` where it should be known.
 *
 * Returns 0; -ENOENT when there is no such library, or it lacks what is needed; -EIO when the
 * driver refuses. `problem` of `ret` says why, then.
 */
int nvml_read(Nvml *n, GpuInventory *ret);

DEFINE_CLEANUP(Nvml *, nvml_free)
