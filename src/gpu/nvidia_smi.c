/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/nvidia_smi.h"

#include <errno.h>
#include <stdio.h>

#include "base/parse.h"
#include "core/spec.h"
#include "gpu/child_output.h"
#include "gpu/gpu_table.h"
#include "gpu/xid.h"

enum {
    OUTPUT_MAX = 64 * 1024,
    FIELDS_MAX = 8,
    GPU_FIELDS = 8,
    PROCESS_FIELDS = 3,
};
static const usec_t LIMIT_USEC = 30 * USEC_PER_SEC;
static const uint64_t MIB = 1024 * 1024;

#define FORMAT "--format=csv,noheader,nounits"

/* Takes a line apart at ", ". Returns how many fields there are; 0 for too many. */
static size_t split(char *line, char *fields[static FIELDS_MAX])
{
    size_t count = 0;

    for (char *s = line; s; count++) {
        char *end = strstr(s, ", ");

        if (count == FIELDS_MAX)
            return 0;
        fields[count] = s;
        if (end)
            *end = '\0';
        s = end ? end + 2 : NULL;
    }
    return count;
}

/* "[N/A]", "[Not Supported]", "[GPU is lost]" … */
static bool is_unknown(const char *field)
{
    size_t n = strlen(field);

    return n > 2 && field[0] == '[' && field[n - 1] == ']';
}

static int parse_text(const char *field, char *ret, size_t size)
{
    size_t n = strlen(field);

    if (is_unknown(field))
        return 0;
    if (n == 0 || n >= size)
        return -EBADMSG;
    for (const char *c = field; *c; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
            return -EBADMSG;
    memcpy(ret, field, n + 1);
    return 0;
}

static int parse_mib(const char *field, uint64_t *ret)
{
    uint64_t mib;

    if (is_unknown(field))
        return 0;
    if (parse_u64(field, 0, INT64_MAX / MIB, &mib) < 0)
        return -EBADMSG;
    *ret = mib * MIB;
    return 0;
}

static int parse_pci(const char *field, Gpu *gpu)
{
    PciAddress a;

    if (is_unknown(field))
        return 0;
    if (pci_address_parse(field, &a) < 0)
        return -EBADMSG;
    gpu_set_pci_id(gpu, a.domain, a.bus, a.device, a.function);
    return 0;
}

static int parse_mig(const char *field, Gpu *gpu)
{
    if (streq(field, "Enabled"))
        gpu->mig = GPU_MIG_ENABLED;
    else if (streq(field, "Disabled"))
        gpu->mig = GPU_MIG_DISABLED;
    else if (!is_unknown(field))
        return -EBADMSG;
    return 0;
}

static int parse_gpu(char *const *fields, size_t count, Gpu *gpu)
{
    if (count != GPU_FIELDS || parse_u64(fields[0], 0, INT32_MAX, &gpu->index) < 0 ||
        parse_text(fields[1], gpu->uuid, sizeof(gpu->uuid)) < 0 || parse_pci(fields[2], gpu) < 0 ||
        parse_text(fields[3], gpu->name, sizeof(gpu->name)) < 0 ||
        parse_text(fields[4], gpu->compute_capability, sizeof(gpu->compute_capability)) < 0 ||
        parse_mib(fields[5], &gpu->memory_total_bytes) < 0 ||
        parse_mib(fields[6], &gpu->memory_free_bytes) < 0 || parse_mig(fields[7], gpu) < 0 ||
        (gpu->uuid[0] && !startswith(gpu->uuid, "GPU-")))
        return -EBADMSG;
    if (gpu->memory_total_bytes == SPEC_UNSET)
        (void)snprintf(gpu->problem, sizeof(gpu->problem),
                       "its memory is not known: nvidia-smi: %s", fields[5]);
    return 0;
}

static int add_gpu(char *const *fields, size_t count, GpuInventory *inventory)
{
    Gpu *gpu = gpu_inventory_add(inventory, GPU_NVIDIA, 0);

    return gpu ? parse_gpu(fields, count, gpu) : -EBADMSG;
}

/* One of a GPU that is not there came after we looked. */
static int add_process(char *const *fields, size_t count, GpuInventory *inventory)
{
    uint64_t pid, memory = SPEC_UNSET;

    if (count != PROCESS_FIELDS || parse_u64(fields[1], 1, INT32_MAX, &pid) < 0 ||
        parse_mib(fields[2], &memory) < 0)
        return -EBADMSG;
    for (size_t i = 0; i < inventory->count; i++)
        if (inventory->gpus[i].uuid[0] && streq(inventory->gpus[i].uuid, fields[0]))
            gpu_add_process(&inventory->gpus[i], pid, memory);
    return 0;
}

typedef int (*LineFunc)(char *const *fields, size_t count, GpuInventory *inventory);

static int parse_lines(const char *text, LineFunc f, const char *of, GpuInventory *inventory)
{
    _cleanup_free_ char *copy = strdup(text);
    char *fields[FIELDS_MAX], *rest = copy;
    unsigned number = 0;

    if (!copy)
        return -ENOMEM;
    while (rest && *rest) {
        char *line = strsep(&rest, "\n");
        size_t n = strcspn(line, "\r");

        number++;
        line[n] = '\0';
        if (line[0] && f(fields, split(line, fields), inventory) < 0) {
            (void)snprintf(inventory->problem, sizeof(inventory->problem),
                           "line %u of what nvidia-smi prints of the %s is not as expected", number,
                           of);
            return -EBADMSG;
        }
    }
    return 0;
}

int nvidia_smi_parse_gpus(const char *text, GpuInventory *inventory)
{
    size_t before = inventory->count;
    int r;

    if (startswith(text, "No devices were found"))
        return 0;
    r = parse_lines(text, add_gpu, "GPUs", inventory);
    if (r < 0) {
        memset(&inventory->gpus[before], 0,
               (inventory->count - before) * sizeof(inventory->gpus[0]));
        inventory->count = before;
    }
    return r;
}

int nvidia_smi_parse_processes(const char *text, GpuInventory *inventory)
{
    int r;

    for (size_t i = 0; i < inventory->count; i++)
        inventory->gpus[i].processes_known = true;
    r = parse_lines(text, add_process, "processes", inventory);
    for (size_t i = 0; r < 0 && i < inventory->count; i++) {
        inventory->gpus[i].processes_known = false;
        inventory->gpus[i].processes_count = 0;
    }
    return r;
}

static int query(const char *program, const char *what, char *buffer, GpuInventory *ret)
{
    const char *const argv[] = {program, what, FORMAT, NULL};
    int r = child_output(argv, LIMIT_USEC, buffer, OUTPUT_MAX);

    if (r == 0 || (r > 0 && startswith(buffer, "No devices were found")))
        return 0;
    if (r > 0)
        (void)snprintf(ret->problem, sizeof(ret->problem), "%s exits with status %d", program, r);
    else
        (void)snprintf(ret->problem, sizeof(ret->problem), "%s: %s", program, strerror(-r));
    return -EIO;
}

int nvidia_smi_read(const char *program, GpuInventory *ret)
{
    static const char gpus[] = "--query-gpu=index,uuid,pci.bus_id,name,compute_cap,memory.total,"
                               "memory.free,mig.mode.current";
    _cleanup_free_ char *buffer = malloc(OUTPUT_MAX);
    int r = buffer ? 0 : -ENOMEM;

    if (r >= 0)
        r = query(program, gpus, buffer, ret);
    if (r >= 0)
        r = nvidia_smi_parse_gpus(buffer, ret);
    if (r < 0)
        return -EIO;
    ret->source = "nvidia-smi";
    if (ret->count > 0 &&
        query(program, "--query-compute-apps=gpu_uuid,pid,used_memory", buffer, ret) >= 0)
        (void)nvidia_smi_parse_processes(buffer, ret);
    return 0;
}
