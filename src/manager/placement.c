/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/placement.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "base/strv.h"
#include "manager/manager_internal.h"

#define FIELD "device_mask"

void placement_device_ids(const NvidiaDevices *devices, DeviceIds *ret)
{
    memset(ret, 0, sizeof(*ret));
    for (size_t i = 0; i < devices->count && i < DEVICE_MASK_ITEMS_MAX; i++) {
        const NvidiaDevice *device = &devices->devices[i];
        DeviceId *id = &ret->gpus[ret->count++];

        (void)snprintf(id->uuid, sizeof(id->uuid), "%s", device->uuid);
        id->gpu = (uint32_t)i;
        id->minor = device->minor < 0 ? DEVICE_MINOR_UNKNOWN : (uint32_t)device->minor;
    }
}

/* The parts into which a GPU is divided. */
static void add_parts(const Gpu *gpu, DeviceIds *ret)
{
    for (size_t i = 0; i < gpu->instances_count && ret->parts_count < DEVICE_PARTS_MAX; i++) {
        DeviceId *part = &ret->parts[ret->parts_count++];

        (void)snprintf(part->uuid, sizeof(part->uuid), "%.*s", DEVICE_UUID_MAX,
                       gpu->instances[i].uuid);
        part->gpu = (uint32_t)gpu->index;
    }
}

static void add_gpu(const Gpu *gpu, DeviceIds *ret)
{
    DeviceId *id;

    if (gpu->vendor != GPU_NVIDIA || gpu->index >= DEVICE_MASK_ITEMS_MAX)
        return;
    for (; ret->count <= gpu->index; ret->count++) /* one that does not answer may be missing */
        ret->gpus[ret->count] = (DeviceId){.minor = DEVICE_MINOR_UNKNOWN};
    id = &ret->gpus[gpu->index];
    (void)snprintf(id->uuid, sizeof(id->uuid), "%.*s", DEVICE_UUID_MAX, gpu->uuid);
    id->gpu = (uint32_t)gpu->index;
    if (gpu->minor <= UINT8_MAX)
        id->minor = (uint32_t)gpu->minor;
    add_parts(gpu, ret);
}

/* nvidia-smi does not tell minor numbers. */
static void add_minors(const DeviceIds *from, DeviceIds *ids)
{
    for (size_t i = 0; i < ids->count; i++)
        for (size_t k = 0; k < from->count; k++)
            if (ids->gpus[i].minor == DEVICE_MINOR_UNKNOWN && ids->gpus[i].uuid[0] &&
                strcasecmp(ids->gpus[i].uuid, from->gpus[k].uuid) == 0)
                ids->gpus[i].minor = from->gpus[k].minor;
}

/* None where there is no driver. What the inventory knows, and before it knows anything, or where
 * it does not know a node, what lies in /proc. */
void placement_find_devices(const Manager *m, DeviceIds *ret)
{
    const GpuInventory *inventory;
    NvidiaDevices in_proc;
    DeviceIds others;
    usec_t age;

    memset(ret, 0, sizeof(*ret));
    memset(&others, 0, sizeof(others));
    if (nvidia_devices_read(NVIDIA_PROC, &in_proc) >= 0)
        placement_device_ids(&in_proc, &others);
    inventory = m->devices ? manager_devices(m, &age) : NULL;
    for (size_t i = 0; inventory && i < inventory->count; i++)
        add_gpu(&inventory->gpus[i], ret);
    if (ret->count == 0) {
        *ret = others;
        return;
    }
    ret->parts_known = inventory->source && streq(inventory->source, "nvml");
    add_minors(&others, ret);
}

int placement_check_mask(const Manager *m, const char *text, const char *field, Error *error)
{
    DeviceIds known;
    DeviceMask mask;
    int r;

    if (!text)
        return 0;
    r = device_mask_parse(text, field, &mask, error);
    if (r < 0)
        return r;
    placement_find_devices(m, &known);
    return device_mask_check(&mask, &known, field, error);
}

uint64_t placement_gpus(const Manager *m, const char *mask)
{
    const GpuInventory *inventory;
    uint64_t gpus = 0;
    DeviceIds known;
    usec_t age;

    placement_find_devices(m, &known);
    inventory = manager_devices(m, &age);
    if (!mask)
        return known.count > 0 || (inventory && inventory->count > 0) ? UINT64_MAX : 0;
    for (int i = 0; i < GPUS_MAX; i++)
        if (device_mask_match(mask, &known, i) != MASK_OTHER)
            gpus |= (uint64_t)1 << i;
    return gpus > 0 ? gpus : UINT64_MAX;
}

static int find_nodes(const Manager *m, const char *text, char ***ret, Error *error)
{
    DeviceIds known;
    DeviceMask mask;
    int r = device_mask_parse(text, FIELD, &mask, error);

    if (r < 0)
        return r;
    placement_find_devices(m, &known);
    r = device_mask_check(&mask, &known, FIELD, error);
    return r < 0 ? r : device_mask_nodes(&mask, &known, FIELD, ret, error);
}

int placement_check_start(const Manager *m, const Pool *pool, Error *error)
{
    const char *variable = device_mask_contradiction(pool->spec->env);
    _cleanup_strv_free_ char **nodes = NULL;
    int r;

    if (!pool->meta.device_mask)
        return 0;
    if (variable)
        return error_set(error, PM_ERROR_INVALID_FIELD, FIELD,
                         FIELD ": the pool has the mask \"%s\", and its engine %s in env: keep one "
                               "of them",
                         pool->meta.device_mask, variable);
    r = find_nodes(m, pool->meta.device_mask, &nodes, error);
    return r == -ENOMEM ? error_set(error, PM_ERROR_INTERNAL, NULL, "out of memory") : r;
}

int placement_nodes(const Manager *m, const Pool *pool, char ***ret)
{
    *ret = NULL;
    return pool->spec->device_mask ? find_nodes(m, pool->spec->device_mask, ret, NULL) : 0;
}
