/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libnvidia-ml.so.1 as far as the daemon uses it. The GPUs, and what is wrong with them, stand in
 * the file that $FAKE_NVML names, which is read by each nvmlInit: one thing a line, of
 *
 *   driver VERSION
 *   gpu PCI_ID UUID TOTAL_MIB FREE_MIB NAME…          the next GPU
 *   process INDEX PID MIB                             on that GPU; MIB "?": the driver does not
 * tell drawing INDEX PID MIB                             the same, of one that does not compute
 *   instance INDEX UUID TOTAL_MIB FREE_MIB            a part of the GPU, which is divided
 *   fail FUNCTION ERROR                               init, count; memory, processes, uuid of all
 *   lost INDEX                                        the GPU fell off the bus
 *   hang FIFO                                         nvmlInit waits until the FIFO is written to
 *
 * Without such a file the driver is not loaded. With OLD_NVML defined it has the functions of 2018.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpu/nvml_abi.h"

#define EXPORT __attribute__((visibility("default")))

enum { GPUS = 16, ITEMS = 160, LOST = 15, NOT_LOADED = 9, UNINITIALIZED = 1 };

typedef struct Process {
    int gpu;
    unsigned pid;
    unsigned long long memory;
    int draws;
} Process;

struct NvmlDevice {
    int is_instance;
    int gpu; /* that it is, or is part of */
    char uuid[80];
    char pci_id[32];
    char name[80];
    unsigned long long total;
    unsigned long long free;
    int lost;
};

static struct {
    int initialized;
    char driver[80];
    NvmlDevice gpus[GPUS];
    unsigned n_gpus;
    NvmlDevice instances[GPUS];
    unsigned n_instances;
    Process processes[ITEMS];
    unsigned n_processes;
    struct {
        char function[16];
        int error;
    } failures[GPUS];
    unsigned n_failures;
    char fifo[256];
} fake;

static const unsigned long long MIB = 1024 * 1024;

static int failure(const char *function)
{
    for (unsigned i = 0; i < fake.n_failures; i++)
        if (strcmp(fake.failures[i].function, function) == 0)
            return fake.failures[i].error;
    return fake.initialized ? NVML_SUCCESS : UNINITIALIZED;
}

static void read_gpu(const char *line)
{
    NvmlDevice *d = &fake.gpus[fake.n_gpus];
    unsigned long long total, free_mib;

    if (fake.n_gpus < GPUS && sscanf(line, "gpu %31s %79s %llu %llu %79[^\n]", d->pci_id, d->uuid,
                                     &total, &free_mib, d->name) == 5) {
        d->gpu = (int)fake.n_gpus++;
        d->total = total * MIB;
        d->free = free_mib * MIB;
    }
}

static void read_instance(const char *line)
{
    NvmlDevice *d = &fake.instances[fake.n_instances];
    unsigned long long total, free_mib;

    if (fake.n_instances < GPUS &&
        sscanf(line, "instance %d %79s %llu %llu", &d->gpu, d->uuid, &total, &free_mib) == 4) {
        fake.n_instances++;
        d->is_instance = 1;
        d->total = total * MIB;
        d->free = free_mib * MIB;
    }
}

static void read_process(const char *line)
{
    Process *p = &fake.processes[fake.n_processes];
    unsigned long long mib = 0;
    char kind[16], memory[32];

    if (fake.n_processes >= ITEMS ||
        sscanf(line, "%15s %d %u %31s", kind, &p->gpu, &p->pid, memory) != 4)
        return;
    p->draws = strcmp(kind, "drawing") == 0;
    p->memory = sscanf(memory, "%llu", &mib) == 1 ? mib * MIB : UINT64_MAX;
    fake.n_processes++;
}

static void read_line(const char *line)
{
    int number;

    if (strncmp(line, "gpu ", 4) == 0)
        read_gpu(line);
    else if (strncmp(line, "instance ", 9) == 0)
        read_instance(line);
    else if (strncmp(line, "process ", 8) == 0 || strncmp(line, "drawing ", 8) == 0)
        read_process(line);
    else if (sscanf(line, "lost %d", &number) == 1 && number >= 0 && number < GPUS)
        fake.gpus[number].lost = 1;
    else if (fake.n_failures < GPUS &&
             sscanf(line, "fail %15s %d", fake.failures[fake.n_failures].function,
                    &fake.failures[fake.n_failures].error) == 2)
        fake.n_failures++;
    else if (sscanf(line, "driver %79s", fake.driver) != 1)
        (void)sscanf(line, "hang %255s", fake.fifo);
}

static int read_file(void)
{
    const char *path = getenv("FAKE_NVML");
    FILE *f = path ? fopen(path, "re") : NULL;
    char line[512];

    memset(&fake, 0, sizeof(fake));
    if (!f)
        return -1;
    while (fgets(line, sizeof(line), f))
        read_line(line);
    (void)fclose(f);
    return 0;
}

static void hang(void)
{
    char c;
    int fd = open(fake.fifo, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    (void)!read(fd, &c, 1);
    (void)close(fd);
}

EXPORT int nvmlInit_v2(void);
EXPORT int nvmlInit_v2(void)
{
    if (read_file() < 0)
        return NOT_LOADED;
    if (fake.fifo[0])
        hang();
    fake.initialized = 1;
    if (failure("init") == NVML_SUCCESS)
        return NVML_SUCCESS;
    fake.initialized = 0;
    return failure("init");
}

EXPORT int nvmlShutdown(void);
EXPORT int nvmlShutdown(void)
{
    fake.initialized = 0;
    return NVML_SUCCESS;
}

EXPORT const char *nvmlErrorString(int error);
EXPORT const char *nvmlErrorString(int error)
{
    switch (error) {
    case NOT_LOADED:
        return "Driver Not Loaded";
    case LOST:
        return "GPU is lost";
    case 18:
        return "Driver/library version mismatch";
    default:
        return "Unknown Error";
    }
}

static int copy(char *buffer, unsigned size, const char *text)
{
    if (strlen(text) >= size)
        return NVML_INSUFFICIENT_SIZE;
    memcpy(buffer, text, strlen(text) + 1);
    return NVML_SUCCESS;
}

EXPORT int nvmlSystemGetDriverVersion(char *buffer, unsigned size);
EXPORT int nvmlSystemGetDriverVersion(char *buffer, unsigned size)
{
    return copy(buffer, size, fake.driver);
}

EXPORT int nvmlDeviceGetCount_v2(unsigned *count);
EXPORT int nvmlDeviceGetCount_v2(unsigned *count)
{
    *count = fake.n_gpus;
    return failure("count");
}

EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned index, NvmlDevice **device);
EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned index, NvmlDevice **device)
{
    *device = &fake.gpus[index];
    return fake.gpus[index].lost ? LOST : failure("handle");
}

EXPORT int nvmlDeviceGetUUID(NvmlDevice *device, char *buffer, unsigned size);
EXPORT int nvmlDeviceGetUUID(NvmlDevice *device, char *buffer, unsigned size)
{
    int error = failure("uuid");

    return error ? error : copy(buffer, size, device->uuid);
}

EXPORT int nvmlDeviceGetName(NvmlDevice *device, char *buffer, unsigned size);
EXPORT int nvmlDeviceGetName(NvmlDevice *device, char *buffer, unsigned size)
{
    return copy(buffer, size, device->name);
}

EXPORT int nvmlDeviceGetMinorNumber(NvmlDevice *device, unsigned *minor);
EXPORT int nvmlDeviceGetMinorNumber(NvmlDevice *device, unsigned *minor)
{
    *minor = (unsigned)device->gpu;
    return NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetPciInfo_v3(NvmlDevice *device, NvmlPci *pci);
EXPORT int nvmlDeviceGetPciInfo_v3(NvmlDevice *device, NvmlPci *pci)
{
    memset(pci, 0, sizeof(*pci));
    (void)sscanf(device->pci_id, "%x:%x:%x", &pci->domain, &pci->bus, &pci->device);
    return NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetCudaComputeCapability(NvmlDevice *device, int *major, int *minor);
EXPORT int nvmlDeviceGetCudaComputeCapability(NvmlDevice *device, int *major, int *minor)
{
    *major = 9;
    *minor = 0;
    return NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetMemoryInfo(NvmlDevice *device, NvmlMemory *memory);
EXPORT int nvmlDeviceGetMemoryInfo(NvmlDevice *device, NvmlMemory *memory)
{
    *memory = (NvmlMemory){device->total, device->free, device->total - device->free};
    return failure("memory");
}

static int is_of(const Process *p, const NvmlDevice *device, int draws)
{
    return p->gpu == device->gpu && p->draws == draws;
}

static unsigned count_processes(const NvmlDevice *device, int draws)
{
    unsigned n = 0;

    for (unsigned i = 0; i < fake.n_processes; i++)
        n += (unsigned)is_of(&fake.processes[i], device, draws);
    return n;
}

#ifdef OLD_NVML

static int list(const NvmlDevice *device, int draws, unsigned *count, NvmlProcess1 *records)
{
    unsigned room = *count, n = 0;

    *count = count_processes(device, draws);
    if (failure("processes"))
        return failure("processes");
    if (*count > room)
        return NVML_INSUFFICIENT_SIZE;
    for (unsigned i = 0; i < fake.n_processes; i++)
        if (is_of(&fake.processes[i], device, draws))
            records[n++] = (NvmlProcess1){fake.processes[i].pid, fake.processes[i].memory};
    return NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetComputeRunningProcesses(NvmlDevice *device, unsigned *count,
                                                NvmlProcess1 *records);
EXPORT int nvmlDeviceGetComputeRunningProcesses(NvmlDevice *device, unsigned *count,
                                                NvmlProcess1 *records)
{
    return list(device, 0, count, records);
}

#else

EXPORT int nvmlDeviceGetMemoryInfo_v2(NvmlDevice *device, NvmlMemory2 *memory);
EXPORT int nvmlDeviceGetMemoryInfo_v2(NvmlDevice *device, NvmlMemory2 *memory)
{
    if (memory->version != NVML_MEMORY2_VERSION)
        return 25; /* argument version mismatch */
    memory->total = device->total;
    memory->free = device->free;
    memory->used = device->total - device->free;
    memory->reserved = 0;
    return failure("memory");
}

static int list(const NvmlDevice *device, int draws, unsigned *count, NvmlProcess *records)
{
    unsigned room = *count, n = 0;

    *count = count_processes(device, draws);
    if (failure("processes"))
        return failure("processes");
    if (*count > room)
        return NVML_INSUFFICIENT_SIZE;
    for (unsigned i = 0; i < fake.n_processes; i++)
        if (is_of(&fake.processes[i], device, draws))
            records[n++] = (NvmlProcess){fake.processes[i].pid, fake.processes[i].memory, 0, 0};
    return NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetComputeRunningProcesses_v3(NvmlDevice *device, unsigned *count,
                                                   NvmlProcess *records);
EXPORT int nvmlDeviceGetComputeRunningProcesses_v3(NvmlDevice *device, unsigned *count,
                                                   NvmlProcess *records)
{
    return list(device, 0, count, records);
}

EXPORT int nvmlDeviceGetGraphicsRunningProcesses_v3(NvmlDevice *device, unsigned *count,
                                                    NvmlProcess *records);
EXPORT int nvmlDeviceGetGraphicsRunningProcesses_v3(NvmlDevice *device, unsigned *count,
                                                    NvmlProcess *records)
{
    return list(device, 1, count, records);
}

EXPORT int nvmlDeviceGetMigMode(NvmlDevice *device, unsigned *current, unsigned *pending);
EXPORT int nvmlDeviceGetMigMode(NvmlDevice *device, unsigned *current, unsigned *pending)
{
    if (fake.n_instances == 0)
        return NVML_NOT_SUPPORTED;
    *current = 0;
    for (unsigned i = 0; i < fake.n_instances; i++)
        *current |= fake.instances[i].gpu == device->gpu;
    *pending = *current;
    return NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetMaxMigDeviceCount(NvmlDevice *device, unsigned *count);
EXPORT int nvmlDeviceGetMaxMigDeviceCount(NvmlDevice *device, unsigned *count)
{
    *count = 7;
    return NVML_SUCCESS;
}

/* Every other place is empty, as those of real ones may be. */
EXPORT int nvmlDeviceGetMigDeviceHandleByIndex(NvmlDevice *device, unsigned index,
                                               NvmlDevice **instance);
EXPORT int nvmlDeviceGetMigDeviceHandleByIndex(NvmlDevice *device, unsigned index,
                                               NvmlDevice **instance)
{
    unsigned n = index / 2;

    for (unsigned i = 0; index % 2 == 1 && i < fake.n_instances; i++) {
        if (fake.instances[i].gpu != device->gpu || n-- > 0)
            continue;
        *instance = &fake.instances[i];
        return NVML_SUCCESS;
    }
    return NVML_NOT_FOUND;
}

#endif
