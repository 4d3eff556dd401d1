/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "gpu/nvidia_smi.h"
#include "json/devices.h"
#include "json/reader.h"

/* What nvidia-smi prints of the GPUs, and behind the first empty line of the processes. */

static void require_shown(const GpuInventory *inventory)
{
    const DevicesView view = {.inventory = inventory, .answers = true};
    _cleanup_json_ json_object *shown = json_devices(&view);

    REQUIRE(shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = fuzz_text(data, size);
    static GpuInventory memory;
    GpuInventory *inventory = &memory;
    char *processes = strstr(text, "\n\n");
    int r;

    for (size_t i = 0; i < inventory->count; i++)
        memset(&inventory->gpus[i], 0, sizeof(inventory->gpus[i]));
    inventory->count = 0;
    inventory->problem[0] = '\0';
    if (processes) {
        processes[1] = '\0';
        processes += 2;
    }
    r = nvidia_smi_parse_gpus(text, inventory);
    REQUIRE(r == 0 || (r == -EBADMSG && inventory->problem[0] && inventory->count == 0));
    REQUIRE(inventory->count <= GPUS_MAX);
    if (processes)
        r = nvidia_smi_parse_processes(processes, inventory);
    for (size_t i = 0; i < inventory->count; i++)
        REQUIRE(r == 0 || !inventory->gpus[i].processes_known);
    require_shown(inventory);
    return 0;
}
