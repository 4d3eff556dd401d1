/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/inventory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "gpu-fixture.h"

enum { LOST_USEC = 10 * 1000 * 1000 /* whoever waits this long waits for ever */ };

static const usec_t LONG = 60 * USEC_PER_SEC, SHORT = 20 * USEC_PER_MSEC;

#define ONE_GPU "gpu 0000:41:00.0 GPU-aaaa 1024 512 one\n"

typedef struct Fixture {
    GpuFolder *folder;
    sd_event *event;
    Inventory *inventory;
    GpuInventory *found; /* the last that was told of */
    unsigned told, overdue;
} Fixture;

static void on_found(GpuInventory *found, void *userdata)
{
    Fixture *f = userdata;

    if (found) {
        free(f->found);
        f->found = found;
        f->told++;
    } else {
        f->overdue++;
    }
}

static void make(Fixture *f, const char *library)
{
    const InventorySources sources = {library, f->folder->path, "/nonexistent"};

    assert_int_equal(inventory_new(f->event, &sources, on_found, f, &f->inventory), 0);
}

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    gpu_folder_setup((void **)&f->folder);
    assert_return_code(sd_event_new(&f->event), 0);
    gpu_folder_set_driver(f->folder, ONE_GPU);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;

    inventory_free(f->inventory);
    free(f->found);
    sd_event_unref(f->event);
    gpu_folder_teardown((void **)&f->folder);
    free(f);
    return 0;
}

static void run_until(Fixture *f, const unsigned *count, unsigned value)
{
    while (*count < value)
        assert_true(sd_event_run(f->event, LOST_USEC) > 0);
    assert_int_equal(*count, value);
}

/* The driver hangs from now on: each who asks it, until end_hang(). */
static void begin_hang(Fixture *f)
{
    char fifo[256], text[512];

    gpu_folder_path(f->folder, "fifo", fifo);
    assert_true(mkfifo(fifo, 0600) == 0 || errno == EEXIST);
    (void)snprintf(text, sizeof(text), "hang %s\n" ONE_GPU, fifo);
    gpu_folder_set_driver(f->folder, text);
}

/* Waits for somebody to hang; returns what lets him go. */
static int await_hang(Fixture *f)
{
    char fifo[256];
    int fd;

    gpu_folder_path(f->folder, "fifo", fifo);
    fd = open(fifo, O_WRONLY | O_CLOEXEC);
    assert_return_code(fd, errno);
    gpu_folder_set_driver(f->folder, ONE_GPU);
    return fd;
}

static void end_hang(int fd)
{
    assert_int_equal(write(fd, "x", 1), 1);
    assert_return_code(close(fd), errno);
}

static void test_finds(void **state)
{
    Fixture *f = *state;

    make(f, FAKE_NVML_LIBRARY);
    assert_false(inventory_is_busy(f->inventory));
    assert_int_equal(inventory_refresh(f->inventory, LONG), 0);
    assert_true(inventory_is_busy(f->inventory));
    /* Another one joins it. */
    assert_int_equal(inventory_refresh(f->inventory, LONG), 0);
    run_until(f, &f->told, 1);
    assert_false(inventory_is_busy(f->inventory));
    assert_int_equal(f->found->count, 1);
    assert_string_equal(f->found->gpus[0].uuid, "GPU-aaaa");
    gpu_folder_set_driver(f->folder, ONE_GPU "gpu 0000:42:00.0 GPU-bbbb 1 1 two\n");
    assert_int_equal(inventory_refresh(f->inventory, LONG), 0);
    run_until(f, &f->told, 2);
    assert_int_equal(f->found->count, 2);
    assert_int_equal(f->overdue, 0);
}

static void test_a_driver_that_hangs(void **state)
{
    Fixture *f = *state;

    make(f, FAKE_NVML_LIBRARY);
    begin_hang(f);
    assert_int_equal(inventory_refresh(f->inventory, SHORT), 0);
    run_until(f, &f->overdue, 1);
    assert_true(inventory_is_overdue(f->inventory));
    assert_true(inventory_is_busy(f->inventory));
    /* Whoever asks meanwhile starts nothing. */
    assert_int_equal(inventory_refresh(f->inventory, SHORT), 0);
    end_hang(await_hang(f));
    run_until(f, &f->told, 1);
    assert_false(inventory_is_overdue(f->inventory));
    assert_int_equal(f->found->count, 1);
    assert_int_equal(f->overdue, 1);
    assert_int_equal(inventory_refresh(f->inventory, LONG), 0);
    run_until(f, &f->told, 2);
}

static unsigned count_threads(void)
{
    DIR *folder = opendir("/proc/self/task");
    const struct dirent *entry;
    unsigned n = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder)))
        n += entry->d_name[0] != '.';
    (void)closedir(folder);
    return n;
}

/* The thread is left behind, and cleans up when it comes back. */
static void test_end_while_the_driver_hangs(void **state)
{
    const struct timespec pause = {.tv_nsec = 1000 * 1000};
    Fixture *f = *state;
    unsigned before = count_threads();
    int hang;

    make(f, FAKE_NVML_LIBRARY);
    begin_hang(f);
    assert_int_equal(inventory_refresh(f->inventory, LONG), 0);
    hang = await_hang(f);
    f->inventory = inventory_free(f->inventory);
    assert_int_equal(count_threads(), before + 1);
    end_hang(hang);
    for (int i = 0; i < LOST_USEC / 1000 && count_threads() > before; i++)
        (void)nanosleep(&pause, NULL);
    assert_int_equal(count_threads(), before);
    assert_int_equal(f->told, 0);
}

static void test_end_at_any_time(void **state)
{
    Fixture *f = *state;

    for (int i = 0; i < 50; i++) {
        make(f, FAKE_NVML_LIBRARY);
        if (i > 0)
            assert_int_equal(inventory_refresh(f->inventory, LONG), 0);
        f->inventory = inventory_free(f->inventory);
    }
    assert_int_equal(f->told, 0);
}

static void test_nvidia_smi_where_there_is_no_library(void **state)
{
    Fixture *f = *state;
    char program[256];

    gpu_folder_write(f->folder, "nvidia-smi",
                     "#!/bin/sh\ncase $1 in --query-gpu=*)\n"
                     "echo '0, GPU-smi, 00000000:41:00.0, name, 9.0, 1, 1, [N/A]';; esac\n");
    gpu_folder_path(f->folder, "nvidia-smi", program);
    assert_return_code(chmod(program, 0755), errno);
    make(f, "/nonexistent/libnvidia-ml.so.1");
    assert_int_equal(inventory_refresh(f->inventory, LONG), 0);
    run_until(f, &f->told, 1);
    assert_string_equal(f->found->source, "nvidia-smi");
    assert_string_equal(f->found->problem, "");
    assert_string_equal(f->found->gpus[0].uuid, "GPU-smi");
}

static void test_neither(void **state)
{
    Fixture *f = *state;

    make(f, "libno-such-thing.so.1");
    assert_int_equal(inventory_refresh(f->inventory, LONG), 0);
    run_until(f, &f->told, 1);
    assert_null(f->found->source);
    assert_int_equal(f->found->count, 0);
    if (access("/proc/driver/nvidia/version", F_OK) < 0)
        assert_string_equal(f->found->problem, "");
    inventory_free(f->inventory);
    make(f, "/nonexistent/libnvidia-ml.so.1");
    assert_int_equal(inventory_refresh(f->inventory, LONG), 0);
    run_until(f, &f->told, 2);
    assert_non_null(strstr(f->found->problem, "/nonexistent/libnvidia-ml.so.1"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_finds),
            TEST(test_a_driver_that_hangs),
            TEST(test_end_at_any_time),
            TEST(test_nvidia_smi_where_there_is_no_library),
            TEST(test_neither),
            /* The last: a thread that nobody has joined has used the library. */
            TEST(test_end_while_the_driver_hangs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
