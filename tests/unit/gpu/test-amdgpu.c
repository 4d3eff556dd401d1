/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/amdgpu.h"

#include <stdio.h>

#include "core/spec.h"
#include "gpu-fixture.h"

#define GIB ((uint64_t)1024 * 1024 * 1024)

/* As sysfs has it: the card's `device` is a link. */
static void make_card(const GpuFolder *f, const char *card, const char *address, const char *driver)
{
    char name[128], target[128];

    (void)snprintf(name, sizeof(name), "drm/%s/device", card);
    (void)snprintf(target, sizeof(target), "../../pci/%s", address);
    gpu_folder_link(f, name, target);
    (void)snprintf(name, sizeof(name), "pci/%s/driver", address);
    (void)snprintf(target, sizeof(target), "../../bus/pci/drivers/%s", driver);
    gpu_folder_link(f, name, target);
}

static void put(const GpuFolder *f, const char *address, const char *name, const char *text)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "pci/%s/%s", address, name);
    gpu_folder_write(f, path, text);
}

static GpuInventory *read_all(const GpuFolder *f)
{
    GpuInventory *found = calloc(1, sizeof(*found));
    char root[256];

    assert_non_null(found);
    gpu_folder_path(f, "drm", root);
    assert_int_equal(amdgpu_read(root, found), 0);
    return found;
}

static void test_reads_cards(void **state)
{
    const GpuFolder *f = *state;
    _cleanup_free_ GpuInventory *found = NULL;

    make_card(f, "card0", "0000:83:00.0", "amdgpu");
    make_card(f, "card1", "0000:03:00.0", "amdgpu");
    make_card(f, "card2", "0000:01:00.0", "nvidia");
    make_card(f, "card1-DP-1", "0000:04:00.0", "amdgpu");
    gpu_folder_write(f, "drm/version", "drm 1.1.0 20060810\n");
    put(f, "0000:03:00.0", "mem_info_vram_total", "17163091968\n");
    put(f, "0000:03:00.0", "mem_info_vram_used", "1073741824\n");
    put(f, "0000:03:00.0", "unique_id", "d2a9c8b7e6f50413\n");
    put(f, "0000:03:00.0", "vendor", "0x1002\n");
    put(f, "0000:03:00.0", "device", "0x73bf\n");
    put(f, "0000:83:00.0", "mem_info_vram_total", "68702699520\n");
    put(f, "0000:83:00.0", "mem_info_vram_used", "0\n");
    put(f, "0000:83:00.0", "product_name", "AMD Instinct MI210\n");
    found = read_all(f);
    assert_int_equal(found->count, 2);
    assert_int_equal(found->gpus[0].vendor, GPU_AMD);
    assert_int_equal(found->gpus[0].index, 0);
    assert_int_equal(found->gpus[0].minor, 1);
    assert_string_equal(found->gpus[0].pci_id, "0000:03:00.0");
    assert_string_equal(found->gpus[0].uuid, "GPU-d2a9c8b7e6f50413");
    assert_string_equal(found->gpus[0].name, "AMD GPU 0x1002:0x73bf");
    assert_int_equal(found->gpus[0].memory_total_bytes, 17163091968);
    assert_int_equal(found->gpus[0].memory_free_bytes, 17163091968 - GIB);
    assert_false(found->gpus[0].processes_known);
    assert_int_equal(found->gpus[1].index, 1);
    assert_string_equal(found->gpus[1].name, "AMD Instinct MI210");
    assert_string_equal(found->gpus[1].uuid, "");
    assert_string_equal(found->gpus[1].problem, "");
}

static void test_what_cannot_be_read(void **state)
{
    const GpuFolder *f = *state;
    _cleanup_free_ GpuInventory *found = NULL;

    make_card(f, "card0", "0000:03:00.0", "amdgpu");
    make_card(f, "card1", "0000:04:00.0", "amdgpu");
    put(f, "0000:04:00.0", "mem_info_vram_total", "100\n");
    put(f, "0000:04:00.0", "mem_info_vram_used", "many\n");
    found = read_all(f);
    assert_int_equal(found->count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(found->gpus[i].memory_free_bytes, SPEC_UNSET);
        assert_string_equal(found->gpus[i].problem,
                            "its memory is not known: mem_info_vram_* in sysfs cannot be read");
    }
}

static void test_none(void **state)
{
    _cleanup_free_ GpuInventory *found = read_all(*state);

    assert_int_equal(found->count, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, gpu_folder_setup, gpu_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_reads_cards),
            TEST(test_what_cannot_be_read),
            TEST(test_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
