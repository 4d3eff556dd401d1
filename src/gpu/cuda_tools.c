/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/cuda_tools.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

static const char *const tools[] = {"nvcc", "nvidia-smi"};

static bool is_program(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* `folder` is the first `n` bytes of that text. */
static bool folder_has_tool(const char *folder, size_t n)
{
    char path[PATH_MAX];

    for (size_t i = 0; i < ELEMENTSOF(tools); i++) {
        int length = snprintf(path, sizeof(path), "%.*s/%s", (int)n, folder, tools[i]);

        if (length > 0 && (size_t)length < sizeof(path) && is_program(path))
            return true;
    }
    return false;
}

bool cuda_available(const char *path)
{
    size_t n;

    for (const char *folder = path; folder; folder = folder[n] == ':' ? folder + n + 1 : NULL) {
        n = strcspn(folder, ":");
        if (folder[0] == '/' && n < PATH_MAX && folder_has_tool(folder, n))
            return true;
    }
    return false;
}

int assert_gpu_only(const char *path, Error *error)
{
    if (cuda_available(path))
        return 0;
    (void)error_set(error, PM_ERROR_GPU_REQUIRED, NULL,
                    "GPU-only enforcement: nvcc/nvidia-smi not found in PATH, so this host has no "
                    "usable NVIDIA GPU; to allow engines on the CPU, set Policy=optional in "
                    "section [GPU] of the configuration, or POOL_MANAGERD_GPU_POLICY=optional");
    return -ENOENT;
}
