/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/amdgpu.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/parse.h"
#include "core/spec.h"
#include "gpu/gpu_table.h"
#include "gpu/xid.h"

enum { TEXT_MAX = 1024 };

/* The first line of a file of the card's device. Returns whether there is one. */
static bool read_line(int card, const char *name, char buffer[static TEXT_MAX])
{
    char path[64];
    _cleanup_close_ int fd = -1;
    ssize_t n = -1;

    (void)snprintf(path, sizeof(path), "device/%s", name);
    fd = openat(card, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0)
        n = read(fd, buffer, TEXT_MAX - 1);
    buffer[n > 0 ? n : 0] = '\0';
    buffer[strcspn(buffer, "\n")] = '\0';
    return buffer[0] != '\0';
}

static uint64_t read_bytes(int card, const char *name)
{
    char text[TEXT_MAX];
    uint64_t bytes;

    return read_line(card, name, text) && parse_u64(text, 0, INT64_MAX, &bytes) == 0 ? bytes
                                                                                     : SPEC_UNSET;
}

static bool is_amdgpu(int card)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(card, "device/driver", target, sizeof(target) - 1);
    const char *base;

    target[n > 0 ? n : 0] = '\0';
    base = strrchr(target, '/');
    return streq(base ? base + 1 : target, "amdgpu");
}

/* "card0", but no connector of it ("card0-DP-1"). */
static bool is_card(const char *name, uint64_t *ret_minor)
{
    return startswith(name, "card") && parse_u64(name + 4, 0, INT32_MAX, ret_minor) == 0;
}

/* The device is a link to .../0000:03:00.0. */
static void read_pci_id(int card, Gpu *gpu)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(card, "device", target, sizeof(target) - 1);
    const char *base;
    PciAddress a;

    target[n > 0 ? n : 0] = '\0';
    base = strrchr(target, '/');
    if (pci_address_parse(base ? base + 1 : target, &a) == 0)
        gpu_set_pci_id(gpu, a.domain, a.bus, a.device, a.function);
}

static void read_gpu(int card, Gpu *gpu)
{
    char text[TEXT_MAX], device[TEXT_MAX];
    uint64_t used = read_bytes(card, "mem_info_vram_used");

    read_pci_id(card, gpu);
    if (read_line(card, "unique_id", text))
        (void)snprintf(gpu->uuid, sizeof(gpu->uuid), "GPU-%.64s", text);
    if (read_line(card, "product_name", text))
        (void)snprintf(gpu->name, sizeof(gpu->name), "%.64s", text);
    else if (read_line(card, "vendor", text) && read_line(card, "device", device))
        (void)snprintf(gpu->name, sizeof(gpu->name), "AMD GPU %.16s:%.16s", text, device);
    gpu->memory_total_bytes = read_bytes(card, "mem_info_vram_total");
    if (gpu->memory_total_bytes == SPEC_UNSET || used > gpu->memory_total_bytes)
        (void)snprintf(gpu->problem, sizeof(gpu->problem),
                       "its memory is not known: mem_info_vram_* in sysfs cannot be read");
    else
        gpu->memory_free_bytes = gpu->memory_total_bytes - used;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const Gpu *)a)->pci_id, ((const Gpu *)b)->pci_id);
}

int amdgpu_read(const char *root, GpuInventory *inventory)
{
    size_t first = inventory->count;
    DIR *folder = opendir(root);
    struct dirent *entry;
    uint64_t minor;

    while (folder && (entry = readdir(folder))) {
        _cleanup_close_ int card = -1;
        Gpu *gpu;

        if (!is_card(entry->d_name, &minor))
            continue;
        card = openat(dirfd(folder), entry->d_name, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
        if (card < 0 || !is_amdgpu(card) || !(gpu = gpu_inventory_add(inventory, GPU_AMD, 0)))
            continue;
        gpu->minor = minor;
        read_gpu(card, gpu);
    }
    if (folder)
        (void)closedir(folder);
    if (inventory->count > first)
        qsort(&inventory->gpus[first], inventory->count - first, sizeof(Gpu), compare);
    for (size_t i = first; i < inventory->count; i++)
        inventory->gpus[i].index = i - first;
    return 0;
}
