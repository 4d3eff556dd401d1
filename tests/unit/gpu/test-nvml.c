/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/nvml.h"

#include <errno.h>
#include <stdio.h>

#include "core/spec.h"
#include "gpu-fixture.h"
#include "gpu/nvml_abi.h"

#define GIB ((uint64_t)1024 * 1024 * 1024)

static const char two_gpus[] = "driver 550.54.15\n"
                               "gpu 0000:41:00.0 GPU-aaaa 81920 80000 NVIDIA H100 80GB HBM3\n"
                               "gpu 0001:c1:00.0 GPU-bbbb 24576 1024 NVIDIA RTX 4090\n";

static int read_with(const char *library, GpuInventory **ret)
{
    _cleanup_(nvml_freep) Nvml *n = nvml_new(library);

    assert_non_null(n);
    *ret = calloc(1, sizeof(**ret));
    assert_non_null(*ret);
    return nvml_read(n, *ret);
}

static GpuInventory *read_fake(void **state, const char *driver)
{
    GpuInventory *found;

    gpu_folder_set_driver(*state, driver);
    assert_int_equal(read_with(FAKE_NVML_LIBRARY, &found), 0);
    assert_string_equal(found->source, "nvml");
    assert_string_equal(found->problem, "");
    return found;
}

/* As the C compiler lays out what NVIDIA documents. */
static void test_abi(void **state)
{
    assert_int_equal(sizeof(NvmlPci), 68);
    assert_int_equal(sizeof(NvmlMemory), 24);
    assert_int_equal(sizeof(NvmlMemory2), 40);
    assert_int_equal(sizeof(NvmlProcess1), 16);
    assert_int_equal(sizeof(NvmlProcess), 24);
    assert_int_equal(NVML_MEMORY2_VERSION, 0x2000028);
}

static void test_reads_gpus_of_unequal_size(void **state)
{
    _cleanup_free_ GpuInventory *found = read_fake(state, two_gpus);
    const Gpu *a = &found->gpus[0], *b = &found->gpus[1];

    assert_string_equal(found->driver_version, "550.54.15");
    assert_int_equal(found->count, 2);
    assert_int_equal(a->vendor, GPU_NVIDIA);
    assert_int_equal(a->index, 0);
    assert_int_equal(a->minor, 0);
    assert_string_equal(a->uuid, "GPU-aaaa");
    assert_string_equal(a->pci_id, "0000:41:00.0");
    assert_string_equal(a->name, "NVIDIA H100 80GB HBM3");
    assert_string_equal(a->compute_capability, "9.0");
    assert_int_equal(a->memory_total_bytes, 80 * GIB);
    assert_int_equal(a->memory_free_bytes, (uint64_t)80000 * 1024 * 1024);
    assert_int_equal(a->mig, GPU_MIG_UNSUPPORTED);
    assert_true(a->processes_known);
    assert_int_equal(a->processes_count, 0);
    assert_string_equal(a->problem, "");
    assert_int_equal(b->index, 1);
    assert_string_equal(b->pci_id, "0001:c1:00.0");
    assert_int_equal(b->memory_total_bytes, 24 * GIB);
    assert_int_equal(b->memory_free_bytes, GIB);
}

static void test_reads_processes_once_each(void **state)
{
    char text[512];
    GpuInventory *found;
    const Gpu *gpu;

    (void)snprintf(text, sizeof(text), "%s%s", two_gpus,
                   "process 1 100 512\ndrawing 1 100 600\nprocess 1 200 ?\ndrawing 1 300 1\n");
    found = read_fake(state, text);
    gpu = &found->gpus[1];
    assert_int_equal(found->gpus[0].processes_count, 0);
    assert_int_equal(gpu->processes_count, 3);
    assert_int_equal(gpu->processes[0].pid, 100);
    assert_int_equal(gpu->processes[0].memory_bytes, 600 * 1024 * 1024);
    assert_int_equal(gpu->processes[1].pid, 200);
    assert_int_equal(gpu->processes[1].memory_bytes, SPEC_UNSET);
    assert_int_equal(gpu->processes[2].pid, 300);
    assert_string_equal(gpu->processes[2].pool_id, "");
    free(found);
}

static void test_more_processes_than_there_is_room_for_are_not_known(void **state)
{
    char text[8192];
    GpuInventory *found;
    size_t n = (size_t)snprintf(text, sizeof(text), "%s", two_gpus);

    for (unsigned i = 0; i <= GPU_PROCESSES_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "process 0 %u 1\n", i + 1);
    found = read_fake(state, text);
    assert_false(found->gpus[0].processes_known);
    assert_string_equal(found->gpus[0].problem, "its processes are not known: NVML: Unknown Error");
    assert_true(found->gpus[1].processes_known);
    free(found);
}

static void test_reads_mig(void **state)
{
    char text[512];
    GpuInventory *found;

    (void)snprintf(text, sizeof(text), "%s%s", two_gpus,
                   "instance 0 MIG-1111 40960 40000\ninstance 0 MIG-2222 20480 100\n");
    found = read_fake(state, text);
    assert_int_equal(found->gpus[0].mig, GPU_MIG_ENABLED);
    assert_int_equal(found->gpus[0].instances_count, 2);
    assert_string_equal(found->gpus[0].instances[0].uuid, "MIG-1111");
    assert_int_equal(found->gpus[0].instances[0].memory_total_bytes, 40 * GIB);
    assert_string_equal(found->gpus[0].instances[1].uuid, "MIG-2222");
    assert_int_equal(found->gpus[1].mig, GPU_MIG_DISABLED);
    assert_int_equal(found->gpus[1].instances_count, 0);
    free(found);
}

static void test_a_lost_gpu_does_not_hide_the_others(void **state)
{
    char text[512];
    GpuInventory *found;

    (void)snprintf(text, sizeof(text), "%slost 0\n", two_gpus);
    found = read_fake(state, text);
    assert_int_equal(found->count, 2);
    assert_string_equal(found->gpus[0].problem, "it cannot be used: NVML: GPU is lost");
    assert_string_equal(found->gpus[0].uuid, "");
    assert_int_equal(found->gpus[0].index, 0);
    assert_int_equal(found->gpus[0].memory_total_bytes, SPEC_UNSET);
    assert_false(found->gpus[0].processes_known);
    assert_string_equal(found->gpus[1].problem, "");
    assert_string_equal(found->gpus[1].uuid, "GPU-bbbb");
    free(found);
}

static void test_says_what_is_not_known(void **state)
{
    char text[512];
    GpuInventory *found;

    (void)snprintf(text, sizeof(text), "%sfail memory 15\n", two_gpus);
    found = read_fake(state, text);
    assert_string_equal(found->gpus[1].problem, "its memory is not known: NVML: GPU is lost");
    assert_int_equal(found->gpus[1].memory_free_bytes, SPEC_UNSET);
    assert_string_equal(found->gpus[1].uuid, "GPU-bbbb");
    free(found);
}

/* What the GPU does not have is no problem. */
static void test_what_is_not_supported_is_no_problem(void **state)
{
    char text[512];
    GpuInventory *found;

    (void)snprintf(text, sizeof(text), "%sfail processes 3\n", two_gpus);
    found = read_fake(state, text);
    assert_string_equal(found->gpus[0].problem, "");
    assert_false(found->gpus[0].processes_known);
    free(found);
}

static void test_an_old_library(void **state)
{
    GpuInventory *found;
    char text[512];

    (void)snprintf(text, sizeof(text), "%s%s", two_gpus,
                   "process 0 100 512\nprocess 0 200 256\ninstance 0 MIG-1111 40960 40000\n");
    gpu_folder_set_driver(*state, text);
    assert_int_equal(read_with(OLD_NVML_LIBRARY, &found), 0);
    assert_int_equal(found->count, 2);
    assert_int_equal(found->gpus[0].memory_total_bytes, 80 * GIB);
    assert_int_equal(found->gpus[0].mig, GPU_MIG_UNSUPPORTED);
    assert_int_equal(found->gpus[0].processes_count, 2);
    assert_int_equal(found->gpus[0].processes[1].pid, 200);
    assert_int_equal(found->gpus[0].processes[1].memory_bytes, 256 * 1024 * 1024);
    assert_string_equal(found->gpus[0].problem, "");
    free(found);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *driver;
        const char *problem;
    } cases[] = {
            {"fail init 18\n", "NVML: Driver/library version mismatch"},
            {"fail count 999\n", "NVML: Unknown Error"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        GpuInventory *found;

        gpu_folder_set_driver(*state, cases[i].driver);
        assert_int_equal(read_with(FAKE_NVML_LIBRARY, &found), -EIO);
        assert_string_equal(found->problem, cases[i].problem);
        assert_int_equal(found->count, 0);
        assert_null(found->source);
        free(found);
    }
}

static void test_no_library(void **state)
{
    GpuInventory *found;

    assert_int_equal(read_with("libno-such-thing.so.1", &found), -ENOENT);
    assert_non_null(strstr(found->problem, "libno-such-thing.so.1"));
    free(found);
    assert_int_equal(read_with("libm.so.6", &found), -ENOENT);
    assert_string_equal(found->problem, "libm.so.6 has no function nvmlInit_v2");
    free(found);
}

/* The driver comes, goes, and comes back. */
static void test_reads_again(void **state)
{
    _cleanup_(nvml_freep) Nvml *n = nvml_new(FAKE_NVML_LIBRARY);
    _cleanup_free_ GpuInventory *first = calloc(1, sizeof(*first)),
                                *none = calloc(1, sizeof(*none)), *last = calloc(1, sizeof(*last));

    gpu_folder_set_driver(*state, two_gpus);
    assert_int_equal(nvml_read(n, first), 0);
    assert_int_equal(first->count, 2);
    assert_return_code(setenv("FAKE_NVML", "/nonexistent", 1), errno);
    assert_int_equal(nvml_read(n, none), -EIO);
    assert_string_equal(none->problem, "NVML: Driver Not Loaded");
    gpu_folder_set_driver(*state, "gpu 0000:41:00.0 GPU-cccc 1 1 one\n");
    assert_int_equal(nvml_read(n, last), 0);
    assert_int_equal(last->count, 1);
    assert_string_equal(last->gpus[0].uuid, "GPU-cccc");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, gpu_folder_setup, gpu_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_abi),
            TEST(test_reads_gpus_of_unequal_size),
            TEST(test_reads_processes_once_each),
            TEST(test_more_processes_than_there_is_room_for_are_not_known),
            TEST(test_reads_mig),
            TEST(test_a_lost_gpu_does_not_hide_the_others),
            TEST(test_says_what_is_not_known),
            TEST(test_what_is_not_supported_is_no_problem),
            TEST(test_an_old_library),
            TEST(test_refusals),
            TEST(test_no_library),
            TEST(test_reads_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
