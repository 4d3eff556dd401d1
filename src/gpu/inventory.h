/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "base/macros.h"
#include "base/usec.h"
#include "core/gpu.h"

/*
 * Looks for the GPUs of the host, on a thread of its own: a driver that hangs holds up nobody else.
 * There is one thread, whatever hangs.
 */
typedef struct Inventory Inventory;

typedef struct InventorySources {
    const char *nvml_library; /* see nvml_new() */
    const char *path;         /* where nvidia-smi is looked for, as in $PATH; NULL: nowhere */
    const char *amdgpu_root;  /* AMDGPU_ROOT */
} InventorySources;

/* Told from the loop: what was found, which is taken over (free(3)); or NULL: the drivers have not
 * answered in time, which may still come. */
typedef void (*InventoryFunc)(GpuInventory *found, void *userdata);

/* Nothing is looked for yet. Returns 0 or negative errno. */
int inventory_new(sd_event *event, const InventorySources *sources, InventoryFunc f, void *userdata,
                  Inventory **ret);

/* Takes NULL, returns NULL. A thread that hangs in a driver is left behind, after 500 ms at most.
 */
Inventory *inventory_free(Inventory *i);

/* Has the GPUs looked for, which `within` that time should be done; does nothing while that is
 * under way. Returns 0 or -ENOMEM. */
int inventory_refresh(Inventory *i, usec_t within);

/* Whether they are being looked for, and whether that takes too long by now. */
bool inventory_is_busy(const Inventory *i);
bool inventory_is_overdue(const Inventory *i);

DEFINE_CLEANUP(Inventory *, inventory_free)
