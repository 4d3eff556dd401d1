/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/placement.h"

#include <errno.h>
#include <stdio.h>

#include "base/strv.h"

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

/* None where there is no driver. */
static void find_devices(DeviceIds *ret)
{
    NvidiaDevices found;

    memset(ret, 0, sizeof(*ret));
    if (nvidia_devices_read(NVIDIA_PROC, &found) >= 0)
        placement_device_ids(&found, ret);
}

int placement_check_mask(const char *text, const char *field, Error *error)
{
    DeviceIds known;
    DeviceMask mask;
    int r;

    if (!text)
        return 0;
    r = device_mask_parse(text, field, &mask, error);
    if (r < 0)
        return r;
    find_devices(&known);
    return device_mask_check(&mask, &known, field, error);
}

static int find_nodes(const char *text, char ***ret, Error *error)
{
    DeviceIds known;
    DeviceMask mask;
    int r = device_mask_parse(text, FIELD, &mask, error);

    if (r < 0)
        return r;
    find_devices(&known);
    r = device_mask_check(&mask, &known, FIELD, error);
    return r < 0 ? r : device_mask_nodes(&mask, &known, FIELD, ret, error);
}

int placement_check_start(const Pool *pool, Error *error)
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
    r = find_nodes(pool->meta.device_mask, &nodes, error);
    return r == -ENOMEM ? error_set(error, PM_ERROR_INTERNAL, NULL, "out of memory") : r;
}

int placement_nodes(const Pool *pool, char ***ret)
{
    *ret = NULL;
    return pool->spec->device_mask ? find_nodes(pool->spec->device_mask, ret, NULL) : 0;
}
