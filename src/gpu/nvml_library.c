/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/nvml_library.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"

/* The newest first, of those with the same arguments. */
typedef struct Symbol {
    const char *names[2];
    size_t offset; /* in NvmlFunctions */
    bool needed;
} Symbol;

#define AT(member) offsetof(NvmlFunctions, member)

static const Symbol symbols[] = {
        {{"nvmlInit_v2", "nvmlInit"}, AT(init), true},
        {{"nvmlShutdown"}, AT(shutdown), true},
        {{"nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"}, AT(count), true},
        {{"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex"}, AT(handle), true},
        {{"nvmlErrorString"}, AT(error_string), false},
        {{"nvmlSystemGetDriverVersion"}, AT(driver_version), false},
        {{"nvmlDeviceGetUUID"}, AT(uuid), false},
        {{"nvmlDeviceGetName"}, AT(name), false},
        {{"nvmlDeviceGetMinorNumber"}, AT(minor), false},
        {{"nvmlDeviceGetPciInfo_v3", "nvmlDeviceGetPciInfo_v2"}, AT(pci), false},
        {{"nvmlDeviceGetCudaComputeCapability"}, AT(compute_capability), false},
        {{"nvmlDeviceGetMemoryInfo_v2"}, AT(memory2), false},
        {{"nvmlDeviceGetMemoryInfo"}, AT(memory), false},
        {{"nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2"},
         AT(compute_processes),
         false},
        {{"nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2"},
         AT(graphics_processes),
         false},
        {{"nvmlDeviceGetComputeRunningProcesses"}, AT(compute_processes1), false},
        {{"nvmlDeviceGetGraphicsRunningProcesses"}, AT(graphics_processes1), false},
        {{"nvmlDeviceGetMigMode"}, AT(mig_mode), false},
        {{"nvmlDeviceGetMaxMigDeviceCount"}, AT(mig_count_max), false},
        {{"nvmlDeviceGetMigDeviceHandleByIndex"}, AT(mig_handle), false},
};

static int look_up(void *handle, const Symbol *s, NvmlFunctions *ret)
{
    void *f = NULL;

    for (size_t i = 0; i < ELEMENTSOF(s->names) && s->names[i] && !f; i++)
        f = dlsym(handle, s->names[i]);
    memcpy((char *)ret + s->offset, &f, sizeof(f));
    return f || !s->needed ? 0 : -ENOENT;
}

int nvml_library_open(const char *library, NvmlFunctions *ret, void **ret_handle, char *why,
                      size_t size)
{
    NvmlFunctions functions = {0};
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);

    if (!handle) {
        const char *text = dlerror();

        (void)snprintf(why, size, "%s", text ? text : library);
        return -ENOENT;
    }
    for (size_t i = 0; i < ELEMENTSOF(symbols); i++) {
        if (look_up(handle, &symbols[i], &functions) >= 0)
            continue;
        (void)snprintf(why, size, "%s has no function %s", library, symbols[i].names[0]);
        (void)dlclose(handle);
        return -ENOENT;
    }
    *ret = functions;
    *ret_handle = handle;
    return 0;
}
