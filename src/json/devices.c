/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/devices.h"

#include "core/spec.h"
#include "json/build.h"

static const char *const sources[] = {"nvml", "nvidia-smi"};
static const char *const vendors[] = {[GPU_NVIDIA] = "nvidia", [GPU_AMD] = "amd"};
/* Of GPU_MIG_DISABLED and what follows. */
static const char *const migs[] = {"disabled", "enabled"};

const char *json_devices_source_at(size_t i)
{
    return i < ELEMENTSOF(sources) ? sources[i] : NULL;
}

const char *json_devices_vendor_at(size_t i)
{
    return i < ELEMENTSOF(vendors) ? vendors[i] : NULL;
}

const char *json_devices_mig_at(size_t i)
{
    return i < ELEMENTSOF(migs) ? migs[i] : NULL;
}

static void add_known(Builder *b, const char *key, const char *text)
{
    builder_add_string(b, key, text[0] ? text : NULL);
}

static json_object *describe_instance(const void *items, size_t i)
{
    const GpuInstance *instance = (const GpuInstance *)items + i;
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "uuid", instance->uuid);
    builder_add_number(&b, "memory_total_bytes", instance->memory_total_bytes);
    builder_add_number(&b, "memory_free_bytes", instance->memory_free_bytes);
    return builder_take(&b);
}

static json_object *describe_process(const void *items, size_t i)
{
    const GpuProcess *process = (const GpuProcess *)items + i;
    Builder b;

    builder_init(&b);
    builder_add_number(&b, "pid", process->pid);
    builder_add_number(&b, "memory_bytes", process->memory_bytes);
    add_known(&b, "pool_id", process->pool_id);
    return builder_take(&b);
}

/* NULL when out of memory. */
static json_object *list(const void *items, size_t count,
                         json_object *(*describe)(const void *items, size_t i))
{
    json_object *array = json_object_new_array();

    for (size_t i = 0; array && i < count; i++) {
        json_object *item = describe(items, i);

        if (!item || json_object_array_add(array, item) < 0) {
            json_object_put(item);
            json_object_put(array);
            return NULL;
        }
    }
    return array;
}

static json_object *describe_fault(const Gpu *gpu)
{
    Builder b;

    builder_init(&b);
    builder_add_number(&b, "xid", gpu->fault_xid);
    builder_add_number(&b, "time_ms", usec_to_ms(gpu->fault_real_usec));
    builder_add_string(&b, "text", gpu->fault_text);
    return builder_take(&b);
}

static json_object *describe_gpu(const void *items, size_t i)
{
    const Gpu *gpu = (const Gpu *)items + i;
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "vendor", vendors[gpu->vendor]);
    builder_add_number(&b, "index", gpu->index);
    add_known(&b, "uuid", gpu->uuid);
    add_known(&b, "pci_id", gpu->pci_id);
    add_known(&b, "name", gpu->name);
    add_known(&b, "compute_capability", gpu->compute_capability);
    builder_add_number(&b, "memory_total_bytes", gpu->memory_total_bytes);
    builder_add_number(&b, "memory_free_bytes", gpu->memory_free_bytes);
    builder_add_string(&b, "mig", gpu->mig == GPU_MIG_UNSUPPORTED ? NULL : migs[gpu->mig - 1]);
    builder_add_value(&b, "mig_instances",
                      list(gpu->instances, gpu->instances_count, describe_instance));
    if (gpu->processes_known)
        builder_add_value(&b, "processes",
                          list(gpu->processes, gpu->processes_count, describe_process));
    else
        builder_add_null(&b, "processes");
    if (gpu->fault_xid != 0)
        builder_add_value(&b, "fault", describe_fault(gpu));
    else
        builder_add_null(&b, "fault");
    add_known(&b, "problem", gpu->problem);
    return builder_take(&b);
}

json_object *json_devices(const DevicesView *view)
{
    const GpuInventory *inventory = view->inventory;
    Builder b;

    builder_init(&b);
    builder_add_bool(&b, "answers", view->answers);
    builder_add_number(&b, "age_ms", inventory ? view->age_ms : SPEC_UNSET);
    builder_add_string(&b, "source", inventory ? inventory->source : NULL);
    add_known(&b, "driver_version", inventory ? inventory->driver_version : "");
    add_known(&b, "problem", inventory ? inventory->problem : "");
    builder_add_value(&b, "devices",
                      list(inventory ? inventory->gpus : NULL, inventory ? inventory->count : 0,
                           describe_gpu));
    return builder_take(&b);
}
