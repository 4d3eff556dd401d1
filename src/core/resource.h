/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/spec.h"

/* What limits an engine (contract: PreparedEngine, resources); systemd.resource-control(5). */
typedef enum Resource {
    RESOURCE_MEMORY_MAX,
    RESOURCE_MEMORY_HIGH,
    RESOURCE_CPU_WEIGHT,
    RESOURCE_TASKS_MAX,
    RESOURCE_IO_WEIGHT,
    RESOURCE_MAX,
} Resource;

/* A change of some of them; SPEC_UNSET is no limit. */
typedef struct ResourceUpdate {
    bool given[RESOURCE_MAX];
    uint64_t values[RESOURCE_MAX];
} ResourceUpdate;

/* As a key of `resources`, and as a property of units. */
const char *resource_key(Resource resource);
const char *resource_property(Resource resource);

uint64_t resource_get(const EngineSpec *spec, Resource resource);
void resource_set(EngineSpec *spec, Resource resource, uint64_t value);
