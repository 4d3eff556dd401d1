/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/nvidia_devices.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#include "../base/cmocka-all.h"

typedef struct Fixture {
    char root[64];
    NvidiaDevices all;
} Fixture;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    strcpy(f->root, "/tmp/test-nvidia-devices-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;

    assert_int_equal(nftw(f->root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(f);
    return 0;
}

static void make(Fixture *f, const char *address, const char *text)
{
    char path[256];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/gpus", f->root);
    assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
    (void)snprintf(path, sizeof(path), "%s/gpus/%s", f->root, address);
    assert_return_code(mkdir(path, 0755), errno);
    if (!text)
        return;
    (void)snprintf(path, sizeof(path), "%s/gpus/%s/information", f->root, address);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* As the driver writes it. */
static void make_gpu(Fixture *f, const char *address, const char *uuid, unsigned minor)
{
    char text[512];

    (void)snprintf(text, sizeof(text),
                   "Model: \t\t NVIDIA GeForce RTX 5090\nIRQ:   \t\t 16\nGPU UUID: \t %s\n"
                   "Video BIOS: \t 98.02.2e.40.7f\nBus Type: \t PCIe\nDMA Size: \t 52 bits\n"
                   "DMA Mask: \t 0xfffffffffffff\nBus Location: \t %s\nDevice Minor: \t %u\n"
                   "GPU Firmware: \t 610.43.02\nGPU Excluded:\t No\n",
                   uuid, address, minor);
    make(f, address, text);
}

#define A "GPU-80ded6bd-1a89-2628-3d94-902187dbab1d"
#define B "GPU-6b7fe24c-5f15-4ac5-88d6-c8934135a4ea"
#define C "GPU-80ffffff-5f15-4ac5-88d6-c8934135a4ea"

/* The minors are not in the order of the bus. */
static void make_three(Fixture *f)
{
    make_gpu(f, "0000:c1:00.0", C, 0);
    make_gpu(f, "0000:06:00.0", B, 1);
    make_gpu(f, "0000:01:00.0", A, 2);
    assert_int_equal(nvidia_devices_read(f->root, &f->all), 0);
}

static void test_order(void **state)
{
    static const PciAddress other = {0, 1, 1, 0}, b = {0, 6, 0, 0};
    Fixture *f = *state;

    make_three(f);
    assert_int_equal(f->all.count, 3);
    assert_string_equal(f->all.devices[0].uuid, A);
    assert_string_equal(f->all.devices[1].uuid, B);
    assert_string_equal(f->all.devices[2].uuid, C);
    assert_int_equal(f->all.devices[0].minor, 2);
    assert_int_equal(f->all.devices[1].minor, 1);
    assert_int_equal(f->all.devices[2].minor, 0);
    assert_int_equal(nvidia_devices_find(&f->all, &b), 1);
    assert_int_equal(nvidia_devices_find(&f->all, &other), -ENODEV);
}

static void test_no_driver(void **state)
{
    Fixture *f = *state;

    assert_int_equal(nvidia_devices_read(f->root, &f->all), -ENOENT);
    assert_int_equal(nvidia_devices_read("/dev/null", &f->all), -ENOTDIR);
}

static void test_damaged(void **state)
{
    static const struct {
        const char *address;
        const char *text;
    } rows[] = {
            {"0000:01:00.0", NULL},
            {"0000:02:00.0", ""},
            {"0000:03:00.0", "GPU UUID: \t GPU-\?\?\?\?\?\?\?\?-\?\?\?\?-\?\?\?\?\n"},
            {"0000:04:00.0", "GPU UUID:"},
            {"0000:05:00.0", "GPU UUID: none\n"},
            {"0000:06:00.0",
             "GPU UUID: "
             "GPU-0123456789012345678901234567890123456789012345678901234567890123456789\n"},
            {"0000:07:00.0", "\xff\xfe GPU UUID: " A},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(rows); i++)
        make(f, rows[i].address, rows[i].text);
    make(f, "nonsense", "GPU UUID: " B "\n");
    assert_int_equal(nvidia_devices_read(f->root, &f->all), 0);
    assert_int_equal(f->all.count, ELEMENTSOF(rows));
    for (size_t i = 0; i + 1 < ELEMENTSOF(rows); i++)
        assert_string_equal(f->all.devices[i].uuid, "");
    assert_string_equal(f->all.devices[ELEMENTSOF(rows) - 1].uuid, A);
}

static void test_too_many(void **state)
{
    Fixture *f = *state;
    char address[32];

    for (unsigned i = 0; i < NVIDIA_DEVICES_MAX + 3; i++) {
        (void)snprintf(address, sizeof(address), "0000:%02x:00.0", i);
        make(f, address, NULL);
    }
    assert_int_equal(nvidia_devices_read(f->root, &f->all), 0);
    assert_int_equal(f->all.count, NVIDIA_DEVICES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_order, setup, teardown),
            cmocka_unit_test_setup_teardown(test_no_driver, setup, teardown),
            cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
            cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
