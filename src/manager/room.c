/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "core/device_mask.h"
#include "manager/manager_internal.h"
#include "probe/host_memory.h"

/* What memory an engine finds: of the GPUs that it uses, and of the host. */

static RoomGpu *add(StartFacts *facts)
{
    static RoomGpu dropped;
    RoomGpu *gpu =
            facts->gpus_count < SPLIT_DEVICES_MAX ? &facts->gpus[facts->gpus_count++] : &dropped;

    *gpu = (RoomGpu){.memory_total_bytes = SPEC_UNSET, .memory_free_bytes = SPEC_UNSET};
    return gpu;
}

/* What is known of one whose driver does not answer was true some time ago. */
static void take_memory(const Manager *m, uint64_t total_bytes, uint64_t free_bytes, RoomGpu *ret)
{
    ret->memory_total_bytes = total_bytes;
    ret->memory_free_bytes = devices_answer(m) ? free_bytes : SPEC_UNSET;
}

static void take_gpu(const Manager *m, const Gpu *gpu, RoomGpu *ret)
{
    (void)snprintf(ret->device, sizeof(ret->device), "%s%" PRIu64,
                   gpu->vendor == GPU_AMD ? "amd" : "GPU", gpu->index);
    memcpy(ret->uuid, gpu->uuid, sizeof(ret->uuid));
    memcpy(ret->name, gpu->name, sizeof(ret->name));
    take_memory(m, gpu->memory_total_bytes, gpu->memory_free_bytes, ret);
}

static void take_part(const Manager *m, const Gpu *gpu, const GpuInstance *part, RoomGpu *ret)
{
    memcpy(ret->device, part->uuid, sizeof(ret->device));
    memcpy(ret->uuid, part->uuid, sizeof(ret->uuid));
    memcpy(ret->name, gpu->name, sizeof(ret->name));
    take_memory(m, part->memory_total_bytes, part->memory_free_bytes, ret);
}

static bool is_named(const DeviceMask *mask, const DeviceMaskItem *item, const Gpu *gpu)
{
    if (gpu->vendor != GPU_NVIDIA)
        return false;
    return mask->form == DEVICE_MASK_UUIDS ? strcasecmp(item->uuid, gpu->uuid) == 0
                                           : item->index == gpu->index;
}

/* Nobody may know the device; then it has a place of its own all the same. */
static void add_item(const Manager *m, const GpuInventory *known, const DeviceMask *mask,
                     const DeviceMaskItem *item, StartFacts *facts)
{
    RoomGpu *room = add(facts);

    if (mask->form == DEVICE_MASK_UUIDS)
        (void)snprintf(room->device, sizeof(room->device), "%s", item->uuid);
    else
        (void)snprintf(room->device, sizeof(room->device), "GPU%" PRIu32, item->index);
    for (size_t i = 0; known && i < known->count; i++) {
        const Gpu *gpu = &known->gpus[i];

        if (is_named(mask, item, gpu))
            take_gpu(m, gpu, room);
        for (size_t k = 0; k < gpu->instances_count; k++)
            if (item->uuid[0] && strcasecmp(item->uuid, gpu->instances[k].uuid) == 0)
                take_part(m, gpu, &gpu->instances[k], room);
    }
}

static void find_gpus(const Manager *m, const Pool *pool, const GpuInventory *known,
                      StartFacts *facts)
{
    DeviceMask mask;

    facts->gpus_count = 0;
    if (pool->meta.device_mask) {
        if (device_mask_parse(pool->meta.device_mask, "device_mask", &mask, NULL) >= 0)
            for (size_t i = 0; i < mask.count; i++)
                add_item(m, known, &mask, &mask.items[i], facts);
    } else if (pool->spec->vram_bytes != 0) {
        for (size_t i = 0; known && i < known->count; i++)
            take_gpu(m, &known->gpus[i], add(facts));
    }
}

int room_check(const Manager *m, const Pool *pool, StartFacts *ret, Error *error)
{
    uint64_t free_bytes[SPLIT_DEVICES_MAX];
    FitRequest request = {
            .spec = pool->spec,
            .free_bytes = free_bytes,
            .ram_bytes = SPEC_UNSET,
            .model_bytes = ret->model_bytes,
            .headroom = m->headroom,
            .gpu_only = m->gpu_required,
    };
    const GpuInventory *known;
    usec_t age;

    known = manager_devices(m, &age);
    find_gpus(m, pool, known, ret);
    for (size_t i = 0; i < ret->gpus_count; i++)
        free_bytes[i] = ret->gpus[i].memory_free_bytes;
    request.count = ret->gpus_count;
    /* Where GPUs may be that nobody can find, the model does not lie on the host for sure. */
    request.on_host = ret->gpus_count == 0 && !m->gpu_required && known && !known->problem[0];
    (void)host_memory_available(MEMINFO, &request.ram_bytes);
    return fit_check(&request, &ret->fit, error);
}
