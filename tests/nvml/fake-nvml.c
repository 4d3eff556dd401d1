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
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpu/nvml_abi.h"

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

/* From nvmlInit to nvmlShutdown there is one thread, as all of this is of one driver. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static const unsigned long long MIB = 1024 * 1024;

static int failure(const char *function)
{
    for (unsigned i = 0; i < fake.n_failures; i++)
        if (strcmp(fake.failures[i].function, function) == 0)
            return fake.failures[i].error;
    return fake.initialized ? NVML_SUCCESS : UNINITIALIZED;
}

/* The next word of the line, "" behind the last. */
static const char *word(char **line)
{
    const char *s = strtok_r(NULL, " \n", line);

    return s ? s : "";
}

static unsigned long long number(char **line)
{
    return strtoull(word(line), NULL, 10);
}

static void keep(char *buffer, size_t size, const char *text)
{
    (void)snprintf(buffer, size, "%s", text);
}

static void read_memory(NvmlDevice *d, char **line)
{
    d->total = number(line) * MIB;
    d->free = number(line) * MIB;
}

static void read_gpu(char **line)
{
    NvmlDevice *d = &fake.gpus[fake.n_gpus];
    const char *name;

    d->gpu = (int)fake.n_gpus++;
    keep(d->pci_id, sizeof(d->pci_id), word(line));
    keep(d->uuid, sizeof(d->uuid), word(line));
    read_memory(d, line);
    name = strtok_r(NULL, "\n", line);
    keep(d->name, sizeof(d->name), name ? name : "");
}

static void read_instance(char **line)
{
    NvmlDevice *d = &fake.instances[fake.n_instances++];

    d->is_instance = 1;
    d->gpu = (int)number(line);
    keep(d->uuid, sizeof(d->uuid), word(line));
    read_memory(d, line);
}

static void read_process(char **line, int draws)
{
    Process *p = &fake.processes[fake.n_processes++];
    const char *memory;

    p->draws = draws;
    p->gpu = (int)number(line);
    p->pid = (unsigned)number(line);
    memory = word(line);
    p->memory = strcmp(memory, "?") == 0 ? UINT64_MAX : strtoull(memory, NULL, 10) * MIB;
}

static void read_failure(char **line)
{
    keep(fake.failures[fake.n_failures].function, sizeof(fake.failures[0].function), word(line));
    fake.failures[fake.n_failures++].error = (int)number(line);
}

static void read_line(char *line)
{
    char *rest = NULL;
    const char *what = strtok_r(line, " \n", &rest);

    if (!what)
        return;
    if (strcmp(what, "driver") == 0)
        keep(fake.driver, sizeof(fake.driver), word(&rest));
    else if (strcmp(what, "hang") == 0)
        keep(fake.fifo, sizeof(fake.fifo), word(&rest));
    else if (strcmp(what, "gpu") == 0 && fake.n_gpus < GPUS)
        read_gpu(&rest);
    else if (strcmp(what, "instance") == 0 && fake.n_instances < GPUS)
        read_instance(&rest);
    else if ((strcmp(what, "process") == 0 || strcmp(what, "drawing") == 0) &&
             fake.n_processes < ITEMS)
        read_process(&rest, strcmp(what, "drawing") == 0);
    else if (strcmp(what, "lost") == 0)
        fake.gpus[number(&rest) % GPUS].lost = 1;
    else if (strcmp(what, "fail") == 0 && fake.n_failures < GPUS)
        read_failure(&rest);
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

int nvmlInit_v2(void);
int nvmlInit_v2(void)
{
    int error;

    (void)pthread_mutex_lock(&mutex);
    error = read_file() < 0 ? NOT_LOADED : NVML_SUCCESS;
    if (error == NVML_SUCCESS && fake.fifo[0])
        hang();
    fake.initialized = 1;
    if (error == NVML_SUCCESS)
        error = failure("init");
    if (error != NVML_SUCCESS)
        (void)pthread_mutex_unlock(&mutex);
    return error;
}

int nvmlShutdown(void);
int nvmlShutdown(void)
{
    fake.initialized = 0;
    (void)pthread_mutex_unlock(&mutex);
    return NVML_SUCCESS;
}

const char *nvmlErrorString(int error);
const char *nvmlErrorString(int error)
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

int nvmlSystemGetDriverVersion(char *buffer, unsigned size);
int nvmlSystemGetDriverVersion(char *buffer, unsigned size)
{
    return copy(buffer, size, fake.driver);
}

int nvmlDeviceGetCount_v2(unsigned *count);
int nvmlDeviceGetCount_v2(unsigned *count)
{
    *count = fake.n_gpus;
    return failure("count");
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, NvmlDevice **device);
int nvmlDeviceGetHandleByIndex_v2(unsigned index, NvmlDevice **device)
{
    *device = &fake.gpus[index];
    return fake.gpus[index].lost ? LOST : failure("handle");
}

int nvmlDeviceGetUUID(NvmlDevice *device, char *buffer, unsigned size);
int nvmlDeviceGetUUID(NvmlDevice *device, char *buffer, unsigned size)
{
    int error = failure("uuid");

    return error ? error : copy(buffer, size, device->uuid);
}

int nvmlDeviceGetName(NvmlDevice *device, char *buffer, unsigned size);
int nvmlDeviceGetName(NvmlDevice *device, char *buffer, unsigned size)
{
    return copy(buffer, size, device->name);
}

int nvmlDeviceGetMinorNumber(NvmlDevice *device, unsigned *minor);
int nvmlDeviceGetMinorNumber(NvmlDevice *device, unsigned *minor)
{
    *minor = (unsigned)device->gpu;
    return NVML_SUCCESS;
}

int nvmlDeviceGetPciInfo_v3(NvmlDevice *device, NvmlPci *pci);
int nvmlDeviceGetPciInfo_v3(NvmlDevice *device, NvmlPci *pci)
{
    char *end;

    memset(pci, 0, sizeof(*pci));
    pci->domain = (unsigned)strtoul(device->pci_id, &end, 16);
    pci->bus = (unsigned)strtoul(end + 1, &end, 16);
    pci->device = (unsigned)strtoul(end + 1, NULL, 16);
    return NVML_SUCCESS;
}

int nvmlDeviceGetCudaComputeCapability(NvmlDevice *device, int *major, int *minor);
int nvmlDeviceGetCudaComputeCapability(NvmlDevice *device, int *major, int *minor)
{
    *major = 9;
    *minor = 0;
    return NVML_SUCCESS;
}

int nvmlDeviceGetMemoryInfo(NvmlDevice *device, NvmlMemory *memory);
int nvmlDeviceGetMemoryInfo(NvmlDevice *device, NvmlMemory *memory)
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

int nvmlDeviceGetComputeRunningProcesses(NvmlDevice *device, unsigned *count,
                                         NvmlProcess1 *records);
int nvmlDeviceGetComputeRunningProcesses(NvmlDevice *device, unsigned *count, NvmlProcess1 *records)
{
    return list(device, 0, count, records);
}

#else

int nvmlDeviceGetMemoryInfo_v2(NvmlDevice *device, NvmlMemory2 *memory);
int nvmlDeviceGetMemoryInfo_v2(NvmlDevice *device, NvmlMemory2 *memory)
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

int nvmlDeviceGetComputeRunningProcesses_v3(NvmlDevice *device, unsigned *count,
                                            NvmlProcess *records);
int nvmlDeviceGetComputeRunningProcesses_v3(NvmlDevice *device, unsigned *count,
                                            NvmlProcess *records)
{
    return list(device, 0, count, records);
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(NvmlDevice *device, unsigned *count,
                                             NvmlProcess *records);
int nvmlDeviceGetGraphicsRunningProcesses_v3(NvmlDevice *device, unsigned *count,
                                             NvmlProcess *records)
{
    return list(device, 1, count, records);
}

int nvmlDeviceGetMigMode(NvmlDevice *device, unsigned *current, unsigned *pending);
int nvmlDeviceGetMigMode(NvmlDevice *device, unsigned *current, unsigned *pending)
{
    if (fake.n_instances == 0)
        return NVML_NOT_SUPPORTED;
    *current = 0;
    for (unsigned i = 0; i < fake.n_instances; i++)
        *current |= fake.instances[i].gpu == device->gpu;
    *pending = *current;
    return NVML_SUCCESS;
}

int nvmlDeviceGetMaxMigDeviceCount(NvmlDevice *device, unsigned *count);
int nvmlDeviceGetMaxMigDeviceCount(NvmlDevice *device, unsigned *count)
{
    *count = 7;
    return NVML_SUCCESS;
}

/* Every other place is empty, as those of real ones may be. */
int nvmlDeviceGetMigDeviceHandleByIndex(NvmlDevice *device, unsigned index, NvmlDevice **instance);
int nvmlDeviceGetMigDeviceHandleByIndex(NvmlDevice *device, unsigned index, NvmlDevice **instance)
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
