/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/nvml.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>

#include "core/spec.h"
#include "gpu/gpu_table.h"
#include "gpu/nvml_library.h"

struct Nvml {
    char *library;
    void *handle; /* NULL: not loaded */
    NvmlFunctions f;
};

Nvml *nvml_new(const char *library)
{
    Nvml *n = calloc(1, sizeof(*n));

    if (!n)
        return NULL;
    n->library = strdup(library);
    return n->library ? n : nvml_free(n);
}

static void unload(Nvml *n)
{
    if (n->handle)
        (void)dlclose(n->handle);
    n->handle = NULL;
}

Nvml *nvml_free(Nvml *n)
{
    if (!n)
        return NULL;
    unload(n);
    free(n->library);
    free(n);
    return NULL;
}

static const char *error_text(const Nvml *n, int error)
{
    const char *text = n->f.error_string ? n->f.error_string(error) : NULL;

    return text ? text : "unknown error";
}

/* Calls a function that may not be there. */
#define CALL(n, function, ...) \
    ((n)->f.function ? (n)->f.function(__VA_ARGS__) : NVML_FUNCTION_NOT_FOUND)

/* Notes why something that every GPU has is not known; the first reason is enough. */
static void note(const Nvml *n, Gpu *gpu, const char *what, int error)
{
    if (error != NVML_SUCCESS && error != NVML_NOT_SUPPORTED && error != NVML_FUNCTION_NOT_FOUND &&
        !gpu->problem[0])
        (void)snprintf(gpu->problem, sizeof(gpu->problem), "%s: NVML: %s", what,
                       error_text(n, error));
}

static int read_memory(const Nvml *n, NvmlDevice *device, uint64_t *ret_total, uint64_t *ret_free)
{
    NvmlMemory2 memory2 = {.version = NVML_MEMORY2_VERSION};
    NvmlMemory memory;
    int error = CALL(n, memory2, device, &memory2);

    if (error == NVML_SUCCESS) {
        *ret_total = memory2.total;
        *ret_free = memory2.free;
        return error;
    }
    error = CALL(n, memory, device, &memory);
    if (error == NVML_SUCCESS) {
        *ret_total = memory.total;
        *ret_free = memory.free;
    }
    return error;
}

typedef int (*ProcessesFunc)(NvmlDevice *device, unsigned *count, void *records);

/* `stride` is the length of a record. Returns an error of NVML. */
static int add_processes(ProcessesFunc f, size_t stride, NvmlDevice *device, Gpu *gpu)
{
    _Alignas(NvmlProcess) char records[GPU_PROCESSES_MAX * NVML_PROCESS_BYTES_MAX];
    unsigned count = GPU_PROCESSES_MAX;
    int error = f(device, &count, records);

    if (error != NVML_SUCCESS)
        return error;
    for (unsigned i = 0; i < count && i < GPU_PROCESSES_MAX; i++) {
        NvmlProcess1 p;

        /* Both kinds of records begin like this. */
        memcpy(&p, records + i * stride, sizeof(p));
        gpu_add_process(gpu, p.pid, p.memory == UINT64_MAX ? SPEC_UNSET : p.memory);
    }
    return error;
}

/* Those that compute, and those that draw: Vulkan's count as the latter. */
static int read_processes(const Nvml *n, NvmlDevice *device, Gpu *gpu)
{
    const NvmlFunctions *f = &n->f;
    bool is_new = f->compute_processes != NULL;
    size_t stride = is_new ? sizeof(NvmlProcess) : sizeof(NvmlProcess1);
    ProcessesFunc compute = is_new ? f->compute_processes : f->compute_processes1;
    ProcessesFunc graphics = is_new ? f->graphics_processes : f->graphics_processes1;
    int error = compute ? add_processes(compute, stride, device, gpu) : NVML_FUNCTION_NOT_FOUND;

    if (error != NVML_SUCCESS)
        return error;
    gpu->processes_known = true;
    if (graphics)
        (void)add_processes(graphics, stride, device, gpu);
    return error;
}

static void read_instance(const Nvml *n, NvmlDevice *mig, Gpu *gpu)
{
    GpuInstance *i = &gpu->instances[gpu->instances_count];

    if (CALL(n, uuid, mig, i->uuid, sizeof(i->uuid)) != NVML_SUCCESS)
        return;
    i->uuid[GPU_UUID_MAX] = '\0';
    i->memory_total_bytes = i->memory_free_bytes = SPEC_UNSET;
    (void)read_memory(n, mig, &i->memory_total_bytes, &i->memory_free_bytes);
    gpu->instances_count++;
}

static void read_mig(const Nvml *n, NvmlDevice *device, Gpu *gpu)
{
    unsigned current = 0, pending = 0, count = 0;
    NvmlDevice *mig;

    if (CALL(n, mig_mode, device, &current, &pending) != NVML_SUCCESS)
        return;
    gpu->mig = current ? GPU_MIG_ENABLED : GPU_MIG_DISABLED;
    if (!current || CALL(n, mig_count_max, device, &count) != NVML_SUCCESS)
        return;
    for (unsigned i = 0; i < count && gpu->instances_count < GPU_INSTANCES_MAX; i++)
        if (CALL(n, mig_handle, device, i, &mig) == NVML_SUCCESS)
            read_instance(n, mig, gpu);
}

/* What stays the same as long as the driver is loaded. */
static void read_identity(const Nvml *n, NvmlDevice *device, Gpu *gpu)
{
    int major = 0, minor = 0;
    unsigned number = 0;
    NvmlPci pci = {0};

    note(n, gpu, "its UUID is not known", CALL(n, uuid, device, gpu->uuid, sizeof(gpu->uuid)));
    (void)CALL(n, name, device, gpu->name, sizeof(gpu->name));
    gpu->uuid[GPU_UUID_MAX] = gpu->name[GPU_NAME_MAX] = '\0';
    if (CALL(n, minor, device, &number) == NVML_SUCCESS)
        gpu->minor = number;
    if (CALL(n, pci, device, &pci) == NVML_SUCCESS)
        gpu_set_pci_id(gpu, pci.domain, pci.bus, pci.device, 0);
    if (CALL(n, compute_capability, device, &major, &minor) == NVML_SUCCESS)
        (void)snprintf(gpu->compute_capability, sizeof(gpu->compute_capability), "%d.%d", major,
                       minor);
}

static void read_gpu(const Nvml *n, unsigned index, Gpu *gpu)
{
    NvmlDevice *device = NULL;
    int error = n->f.handle(index, &device);

    if (error != NVML_SUCCESS) {
        note(n, gpu, "it cannot be used", error);
        return;
    }
    read_identity(n, device, gpu);
    note(n, gpu, "its memory is not known",
         read_memory(n, device, &gpu->memory_total_bytes, &gpu->memory_free_bytes));
    note(n, gpu, "its processes are not known", read_processes(n, device, gpu));
    read_mig(n, device, gpu);
}

static int refused(const Nvml *n, GpuInventory *ret, int error)
{
    (void)snprintf(ret->problem, sizeof(ret->problem), "NVML: %s", error_text(n, error));
    return -EIO;
}

static int read_all(const Nvml *n, GpuInventory *ret)
{
    unsigned count = 0;
    int error = n->f.count(&count);

    if (error != NVML_SUCCESS)
        return refused(n, ret, error);
    ret->source = "nvml";
    (void)CALL(n, driver_version, ret->driver_version, sizeof(ret->driver_version));
    ret->driver_version[sizeof(ret->driver_version) - 1] = '\0';
    for (unsigned i = 0; i < count; i++) {
        Gpu *gpu = gpu_inventory_add(ret, GPU_NVIDIA, i);

        if (!gpu)
            break;
        read_gpu(n, i, gpu);
    }
    return 0;
}

int nvml_read(Nvml *n, GpuInventory *ret)
{
    int error, r;

    if (!n->handle) {
        r = nvml_library_open(n->library, &n->f, &n->handle, ret->problem, sizeof(ret->problem));
        if (r < 0)
            return r;
    }
    error = n->f.init();
    if (error == NVML_SUCCESS) {
        r = read_all(n, ret);
        (void)n->f.shutdown();
        return r;
    }
    r = refused(n, ret, error);
    /* It may be that of the driver from before an update. */
    unload(n);
    return r;
}
