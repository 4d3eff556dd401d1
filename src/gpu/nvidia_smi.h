/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/gpu.h"

/* What nvidia-smi tells of NVIDIA's GPUs, for hosts where NVML cannot be loaded. Of divided GPUs
 * (MIG) the parts are not known. */

/*
 * Reads all GPUs into the empty `ret`; waits for the program, which may hang as long as the driver
 * does: for a thread that may be given up only. `program` is an absolute path. Returns 0, or -EIO
 * with the `problem` of `ret` filled.
 */
int nvidia_smi_read(const char *program, GpuInventory *ret);

/*
 * What it prints of the GPUs, and of the processes that compute on those of `inventory`, each line
 * one of them. What is in brackets ("[N/A]") is not known. Returns 0; or, where a line is not as
 * expected, -EBADMSG with the `problem` filled and else nothing changed.
 */
int nvidia_smi_parse_gpus(const char *text, GpuInventory *inventory);
int nvidia_smi_parse_processes(const char *text, GpuInventory *inventory);
