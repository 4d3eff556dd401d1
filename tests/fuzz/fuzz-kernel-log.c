/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "gpu/gpu_faults.h"
#include "systemd/kernel_log.h"

/* Records of the kernel log, with an empty line between two, and what the driver says in them. */

static void take_message(GpuFaults *faults, const char *message)
{
    Xid xid;

    if (xid_parse(message, &xid) < 0)
        return;
    REQUIRE(xid.text >= message && xid.text <= message + strlen(message));
    REQUIRE(xid.address.device < 32 && xid.address.function < 8);
    REQUIRE(!(xid_is_device_fault(&xid) && xid_is_recovery(&xid)) || strstr(xid.text, " to "));
    if (xid_is_device_fault(&xid))
        (void)gpu_faults_add(faults, &xid, "0", xid.text, (Instant){.mono = 1, .real = 2});
    if (xid_is_recovery(&xid))
        (void)gpu_faults_clear(faults, &xid.address);
    REQUIRE(faults->count <= GPUS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = fuzz_text(data, size);
    static GpuInventory inventory;
    GpuFaults faults = {.count = 0};
    PciAddress address;
    char *record = text;

    (void)pci_address_parse(text, &address);
    take_message(&faults, text);
    while (record) {
        char *end = strstr(record, "\n\n");
        const char *message;

        if (end)
            *end = '\0';
        message = kernel_log_record_message(record);
        if (message)
            take_message(&faults, message);
        record = end ? end + 2 : NULL;
    }
    gpu_faults_mark(&faults, &inventory);
    return 0;
}
