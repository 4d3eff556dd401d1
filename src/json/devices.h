/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>

#include "core/gpu.h"

typedef struct DevicesView {
    const GpuInventory *inventory; /* NULL: nothing is known yet */
    uint64_t age_ms;               /* of that */
    bool answers;                  /* the drivers have answered when they were asked last */
} DevicesView;

/* {answers, age_ms, source, driver_version, problem, devices: […]}. A new object, NULL when out of
 * memory. */
json_object *json_devices(const DevicesView *view);

/* What `source`, `vendor` and `mig` can be: the i-th, NULL behind the last. */
const char *json_devices_source_at(size_t i);
const char *json_devices_vendor_at(size_t i);
const char *json_devices_mig_at(size_t i);
