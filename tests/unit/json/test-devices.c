/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/devices.h"

#include <stdio.h>

#include "../base/cmocka-all.h"
#include "core/spec.h"
#include "json/encode.h"

static void expect(const DevicesView *view, const char *expected)
{
    _cleanup_free_ char *text = NULL;
    size_t length;

    assert_int_equal(json_text(json_devices(view), false, &text, &length), 0);
    assert_string_equal(text, expected);
}

static void test_nothing_is_known(void **state)
{
    expect(&(DevicesView){.answers = false, .age_ms = 7},
           "{\"answers\":false,\"age_ms\":null,\"source\":null,\"driver_version\":null,"
           "\"problem\":null,\"devices\":[]}\n");
}

static void test_gpus(void **state)
{
    _cleanup_free_ GpuInventory *i = calloc(1, sizeof(*i));

    assert_non_null(i);
    i->source = "nvml";
    strcpy(i->driver_version, "550.54");
    i->count = 2;
    i->gpus[0] = (Gpu){
            .vendor = GPU_NVIDIA,
            .index = 0,
            .uuid = "GPU-a",
            .pci_id = "0000:41:00.0",
            .name = "H100",
            .compute_capability = "9.0",
            .memory_total_bytes = 100,
            .memory_free_bytes = 60,
            .mig = GPU_MIG_ENABLED,
            .instances = {{"MIG-1", 50, SPEC_UNSET}},
            .instances_count = 1,
            .processes = {{7, 30, "chat"}, {8, SPEC_UNSET, ""}},
            .processes_count = 2,
            .processes_known = true,
    };
    i->gpus[1] = (Gpu){
            .vendor = GPU_AMD,
            .memory_total_bytes = SPEC_UNSET,
            .memory_free_bytes = SPEC_UNSET,
            .mig = GPU_MIG_DISABLED,
            .fault_xid = 79,
            .fault_real_usec = 1700000000123456,
            .fault_text = "gone",
            .problem = "it burns",
    };
    expect(&(DevicesView){.inventory = i, .answers = true, .age_ms = 7},
           "{\"answers\":true,\"age_ms\":7,\"source\":\"nvml\",\"driver_version\":\"550.54\","
           "\"problem\":null,\"devices\":["
           "{\"vendor\":\"nvidia\",\"index\":0,\"uuid\":\"GPU-a\",\"pci_id\":\"0000:41:00.0\","
           "\"name\":\"H100\",\"compute_capability\":\"9.0\",\"memory_total_bytes\":100,"
           "\"memory_free_bytes\":60,\"mig\":\"enabled\",\"mig_instances\":["
           "{\"uuid\":\"MIG-1\",\"memory_total_bytes\":50,\"memory_free_bytes\":null}],"
           "\"processes\":[{\"pid\":7,\"memory_bytes\":30,\"pool_id\":\"chat\"},"
           "{\"pid\":8,\"memory_bytes\":null,\"pool_id\":null}],\"fault\":null,\"problem\":null},"
           "{\"vendor\":\"amd\",\"index\":0,\"uuid\":null,\"pci_id\":null,\"name\":null,"
           "\"compute_capability\":null,\"memory_total_bytes\":null,\"memory_free_bytes\":null,"
           "\"mig\":\"disabled\",\"mig_instances\":[],\"processes\":null,\"fault\":{"
           "\"xid\":79,\"time_ms\":1700000000123,\"text\":\"gone\"},\"problem\":\"it burns\"}]}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_nothing_is_known),
            cmocka_unit_test(test_gpus),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
