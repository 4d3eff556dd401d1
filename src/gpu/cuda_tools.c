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

bool program_find(const char *path, const char *name, char buffer[static PATH_MAX])
{
    size_t n;

    for (const char *folder = path; folder; folder = folder[n] == ':' ? folder + n + 1 : NULL) {
        int length;

        n = strcspn(folder, ":");
        if (folder[0] != '/' || n >= PATH_MAX)
            continue;
        length = snprintf(buffer, PATH_MAX, "%.*s/%s", (int)n, folder, name);
        if (length > 0 && length < PATH_MAX && is_program(buffer))
            return true;
    }
    return false;
}

bool cuda_available(const char *path)
{
    char buffer[PATH_MAX];

    for (size_t i = 0; i < ELEMENTSOF(tools); i++)
        if (program_find(path, tools[i], buffer))
            return true;
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
