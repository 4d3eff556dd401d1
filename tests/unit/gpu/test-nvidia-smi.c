/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/nvidia_smi.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "core/spec.h"
#include "gpu-fixture.h"

#define MIB ((uint64_t)1024 * 1024)
#define ROW "0, GPU-aaaa, 00000000:41:00.0, NVIDIA H100 80GB HBM3, 9.0, 81559, 81000, Disabled\n"

static GpuInventory *new_inventory(void)
{
    GpuInventory *inventory = calloc(1, sizeof(*inventory));

    assert_non_null(inventory);
    return inventory;
}

static void test_reads_gpus(void **state)
{
    _cleanup_free_ GpuInventory *found = new_inventory();

    assert_int_equal(nvidia_smi_parse_gpus(ROW
                                           "1, GPU-bbbb, 00000001:C1:00.0, Tesla P4, 6.1, 7680, "
                                           "10, [N/A]\n",
                                           found),
                     0);
    assert_int_equal(found->count, 2);
    assert_int_equal(found->gpus[0].index, 0);
    assert_string_equal(found->gpus[0].uuid, "GPU-aaaa");
    assert_string_equal(found->gpus[0].pci_id, "0000:41:00.0");
    assert_string_equal(found->gpus[0].name, "NVIDIA H100 80GB HBM3");
    assert_string_equal(found->gpus[0].compute_capability, "9.0");
    assert_int_equal(found->gpus[0].memory_total_bytes, 81559 * MIB);
    assert_int_equal(found->gpus[0].memory_free_bytes, 81000 * MIB);
    assert_int_equal(found->gpus[0].mig, GPU_MIG_DISABLED);
    assert_int_equal(found->gpus[0].minor, SPEC_UNSET);
    assert_int_equal(found->gpus[1].index, 1);
    assert_string_equal(found->gpus[1].pci_id, "0001:c1:00.0");
    assert_int_equal(found->gpus[1].mig, GPU_MIG_UNSUPPORTED);
}

static void test_what_is_in_brackets_is_not_known(void **state)
{
    _cleanup_free_ GpuInventory *found = new_inventory();

    assert_int_equal(nvidia_smi_parse_gpus("3, [Unknown Error], [GPU is lost], [N/A], [N/A], "
                                           "[GPU is lost], [GPU is lost], [N/A]\r\n",
                                           found),
                     0);
    assert_int_equal(found->count, 1);
    assert_int_equal(found->gpus[0].index, 3);
    assert_string_equal(found->gpus[0].uuid, "");
    assert_int_equal(found->gpus[0].memory_total_bytes, SPEC_UNSET);
    assert_string_equal(found->gpus[0].problem,
                        "its memory is not known: nvidia-smi: [GPU is lost]");
}

static void test_no_gpus(void **state)
{
    _cleanup_free_ GpuInventory *found = new_inventory();

    assert_int_equal(nvidia_smi_parse_gpus("", found), 0);
    assert_int_equal(nvidia_smi_parse_gpus("No devices were found\n", found), 0);
    assert_int_equal(found->count, 0);
}

static void test_garbage_is_refused_as_a_whole(void **state)
{
    static const char *const bad[] = {
            "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n",
            "index, uuid\n",
            "0, GPU-aaaa, 00000000:41:00.0, name, 9.0, 1, 1\n",
            "0, GPU-aaaa, 00000000:41:00.0, name, 9.0, 1, 1, Disabled, more\n",
            "0, GPU-aaaa, 00000000:41:00.0, name, 9.0, 1, 1, Perhaps\n",
            "-1, GPU-aaaa, 00000000:41:00.0, name, 9.0, 1, 1, Disabled\n",
            "0, aaaa, 00000000:41:00.0, name, 9.0, 1, 1, Disabled\n",
            "0, GPU-aaaa, elsewhere, name, 9.0, 1, 1, Disabled\n",
            "0, GPU-aaaa, 00000000:41:00.0, , 9.0, 1, 1, Disabled\n",
            "0, GPU-aaaa, 00000000:41:00.0, na\033[2Jme, 9.0, 1, 1, Disabled\n",
            "0, GPU-aaaa, 00000000:41:00.0, name, 9.0, 1 MiB, 1, Disabled\n",
            "0, GPU-aaaa, 00000000:41:00.0, name, 9.0, 1, 99999999999999999999, Disabled\n",
            "0, GPU-aaaa, 00000000:41:00.0, name, 9.0, 9999999999999, 1, Disabled\n",
            "0,GPU-aaaa,00000000:41:00.0,name,9.0,1,1,Disabled\n",
            ", , , , , , , \n",
            ", , , , , , , , , , , , , , , , , , \n",
            "\001\377\n",
    };

    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        _cleanup_free_ GpuInventory *found = new_inventory();
        char text[1024];

        (void)snprintf(text, sizeof(text), ROW "%s", bad[i]);
        assert_int_equal(nvidia_smi_parse_gpus(text, found), -EBADMSG);
        assert_int_equal(found->count, 0);
        assert_string_equal(found->problem,
                            "line 2 of what nvidia-smi prints of the GPUs is not as expected");
    }
}

static void test_more_gpus_than_can_be(void **state)
{
    _cleanup_free_ GpuInventory *found = new_inventory();
    char text[GPUS_MAX * sizeof(ROW) + sizeof(ROW)] = "";

    for (int i = 0; i <= GPUS_MAX; i++)
        memcpy(text + (size_t)i * (sizeof(ROW) - 1), ROW, sizeof(ROW));
    assert_int_equal(nvidia_smi_parse_gpus(text, found), -EBADMSG);
    assert_int_equal(found->count, 0);
}

static void test_reads_processes(void **state)
{
    _cleanup_free_ GpuInventory *found = new_inventory();

    assert_int_equal(nvidia_smi_parse_gpus(ROW, found), 0);
    assert_int_equal(nvidia_smi_parse_processes("GPU-aaaa, 100, 512\nGPU-aaaa, 200, [N/A]\n"
                                                "GPU-zzzz, 300, 1\n",
                                                found),
                     0);
    assert_true(found->gpus[0].processes_known);
    assert_int_equal(found->gpus[0].processes_count, 2);
    assert_int_equal(found->gpus[0].processes[0].memory_bytes, 512 * MIB);
    assert_int_equal(found->gpus[0].processes[1].pid, 200);
    assert_int_equal(found->gpus[0].processes[1].memory_bytes, SPEC_UNSET);
}

static void test_garbage_of_processes(void **state)
{
    static const char *const bad[] = {"GPU-aaaa, 0, 512\n", "GPU-aaaa, x, 512\n", "GPU-aaaa\n",
                                      "GPU-aaaa, 1, 2, 3\n"};

    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        _cleanup_free_ GpuInventory *found = new_inventory();

        assert_int_equal(nvidia_smi_parse_gpus(ROW, found), 0);
        assert_int_equal(nvidia_smi_parse_processes(bad[i], found), -EBADMSG);
        assert_int_equal(found->count, 1);
        assert_false(found->gpus[0].processes_known);
        assert_int_equal(found->gpus[0].processes_count, 0);
    }
}

static void install(void **state, const char *script, char path[static 256])
{
    gpu_folder_write(*state, "nvidia-smi", script);
    gpu_folder_path(*state, "nvidia-smi", path);
    assert_return_code(chmod(path, 0755), errno);
}

static void test_runs_it(void **state)
{
    _cleanup_free_ GpuInventory *found = new_inventory();
    char program[256];

    install(state,
            "#!/bin/sh\ncase $1 in\n--query-gpu=index,uuid,*) printf '" ROW "';;\n"
            "--query-compute-apps=*) echo 'GPU-aaaa, 100, 512';;\nesac\n",
            program);
    assert_int_equal(nvidia_smi_read(program, found), 0);
    assert_string_equal(found->source, "nvidia-smi");
    assert_int_equal(found->count, 1);
    assert_int_equal(found->gpus[0].processes_count, 1);
}

static void test_it_fails(void **state)
{
    static const struct {
        const char *script;
        const char *problem; /* behind the program's path, or of the whole */
    } cases[] = {
            {"#!/bin/sh\nexit 9\n", " exits with status 9"},
            {"#!/bin/sh\necho Oh, no\n", "is not as expected"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_free_ GpuInventory *found = new_inventory();
        char program[256];

        install(state, cases[i].script, program);
        assert_int_equal(nvidia_smi_read(program, found), -EIO);
        assert_non_null(strstr(found->problem, cases[i].problem));
        assert_null(found->source);
        assert_int_equal(found->count, 0);
    }
}

static void test_it_finds_none(void **state)
{
    _cleanup_free_ GpuInventory *found = new_inventory();
    char program[256];

    install(state, "#!/bin/sh\necho No devices were found\nexit 6\n", program);
    assert_int_equal(nvidia_smi_read(program, found), 0);
    assert_int_equal(found->count, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, gpu_folder_setup, gpu_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_reads_gpus),
            TEST(test_what_is_in_brackets_is_not_known),
            TEST(test_no_gpus),
            TEST(test_garbage_is_refused_as_a_whole),
            TEST(test_more_gpus_than_can_be),
            TEST(test_reads_processes),
            TEST(test_garbage_of_processes),
            TEST(test_runs_it),
            TEST(test_it_fails),
            TEST(test_it_finds_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
