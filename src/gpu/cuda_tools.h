/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "base/error.h"

/*
 * Whether the host has the tools that come with NVIDIA's driver or CUDA (contract: devices and
 * isolation): the question that the GPU policy asks before anything is started. No device is
 * touched, no program is run. A few stat calls for each folder; folders of PATH are local.
 */

/*
 * Whether `name` is an executable regular file (links are followed) in one of the folders of
 * `path`, a text as in $PATH: folders with ':' between them. NULL or "": in none. Folders that do
 * not start with '/' are skipped, the empty one included: they mean the working directory, and what
 * lies there says nothing about the host. So are those longer than PATH_MAX. `buffer` is its path
 * then, the first there is.
 */
bool program_find(const char *path, const char *name, char buffer[static PATH_MAX]);

/* Whether that holds of `nvcc` or `nvidia-smi` (B-PREFLIGHT-001 to 004). */
bool cuda_available(const char *path);

/*
 * Returns 0 when cuda_available(path), else -ENOENT with `error` (NULL allowed) filled: code
 * PM_ERROR_GPU_REQUIRED, no field, and a text that says what was looked for and how to allow
 * engines without a GPU (B-PREFLIGHT-010 to 013).
 */
int assert_gpu_only(const char *path, Error *error);
