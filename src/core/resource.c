/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/resource.h"

#define AT(member) offsetof(EngineSpec, resources.member)

static const struct {
    const char *key;
    const char *property;
    size_t offset;
} resources[RESOURCE_MAX] = {
        [RESOURCE_MEMORY_MAX] = {"memory_max", "MemoryMax", AT(memory_max)},
        [RESOURCE_MEMORY_HIGH] = {"memory_high", "MemoryHigh", AT(memory_high)},
        [RESOURCE_CPU_WEIGHT] = {"cpu_weight", "CPUWeight", AT(cpu_weight)},
        [RESOURCE_TASKS_MAX] = {"tasks_max", "TasksMax", AT(tasks_max)},
        [RESOURCE_IO_WEIGHT] = {"io_weight", "IOWeight", AT(io_weight)},
};

const char *resource_key(Resource resource)
{
    return resources[resource].key;
}

const char *resource_property(Resource resource)
{
    return resources[resource].property;
}

uint64_t resource_get(const EngineSpec *spec, Resource resource)
{
    uint64_t value;

    memcpy(&value, (const char *)spec + resources[resource].offset, sizeof(value));
    return value;
}

void resource_set(EngineSpec *spec, Resource resource, uint64_t value)
{
    memcpy((char *)spec + resources[resource].offset, &value, sizeof(value));
}
