/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../gpu/gpu-fixture.h"
#include "manager-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define ONE_GPU "gpu 0000:41:00.0 GPU-aaaa 1024 512 one\n"

typedef struct DevicesFixture {
    ManagerFixture *f;
    GpuFolder *driver;
    char fifo[256];
    bool looked;
} DevicesFixture;

static void begin_hang(DevicesFixture *d)
{
    char text[512];

    (void)snprintf(text, sizeof(text), "hang %s\n" ONE_GPU, d->fifo);
    gpu_folder_set_driver(d->driver, text);
}

/* Waits until the driver hangs; returns what it waits for. */
static int await_hang(const DevicesFixture *d)
{
    int fd = open(d->fifo, O_WRONLY | O_CLOEXEC);

    assert_return_code(fd, errno);
    return fd;
}

static void let_go(DevicesFixture *d, int fd)
{
    gpu_folder_set_driver(d->driver, ONE_GPU);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_return_code(close(fd), errno);
}

static void end_hang(DevicesFixture *d)
{
    let_go(d, await_hang(d));
}

/* The driver hangs from the beginning, so that nothing happens before the test is there. */
static int setup(void **state)
{
    DevicesFixture *d = calloc(1, sizeof(*d));

    assert_non_null(d);
    gpu_folder_setup((void **)&d->driver);
    gpu_folder_path(d->driver, "fifo", d->fifo);
    assert_return_code(mkfifo(d->fifo, 0600), errno);
    begin_hang(d);
    manager_setup((void **)&d->f);
    manager_die(d->f);
    free(d->f->settings->nvml_library);
    d->f->settings->nvml_library = strdup(FAKE_NVML_LIBRARY);
    assert_non_null(d->f->settings->nvml_library);
    d->f->settings->gpu_answer_usec = USEC_PER_MINUTE;
    manager_begin(d->f);
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    DevicesFixture *d = *state;

    manager_teardown((void **)&d->f);
    gpu_folder_teardown((void **)&d->driver);
    free(d);
    return 0;
}

static void on_looked(void *userdata)
{
    DevicesFixture *d = userdata;

    assert_false(d->looked);
    d->looked = true;
}

static size_t count_known(const DevicesFixture *d)
{
    const GpuInventory *known;
    usec_t age;

    known = manager_devices(d->f->m, &age);
    assert_int_equal(known == NULL, age == USEC_INFINITY);
    return known ? known->count : 0;
}

static void assert_described(const DevicesFixture *d, const char *part)
{
    _cleanup_free_ char *text = NULL;
    size_t length;

    assert_int_equal(manager_describe_devices(d->f->m, &text, &length), 0);
    if (!strstr(text, part))
        fail_msg("%s is not in %s", part, text);
}

static void on_first(void *userdata)
{
    *(bool *)userdata = true;
}

static void test_waits_for_the_look_under_way(void **state)
{
    DevicesFixture *d = *state;
    DevicesWaiter *w = NULL;

    assert_int_equal(count_known(d), 0);
    assert_described(d, "\"age_ms\":null");
    assert_int_equal(manager_refresh_devices(d->f->m, on_looked, d, &w), 0);
    assert_non_null(w);
    end_hang(d);
    run_until(d->f, &d->looked);
    assert_int_equal(count_known(d), 1);
    assert_described(d, "\"answers\":true");
    assert_described(d, "\"uuid\":\"GPU-aaaa\"");
    /* It is fresh: nobody looks again. */
    d->looked = false;
    begin_hang(d);
    assert_int_equal(manager_refresh_devices(d->f->m, on_looked, d, &w), 1);
    assert_true(d->looked);
}

static void test_who_waits_may_go(void **state)
{
    DevicesFixture *d = *state;
    DevicesWaiter *first = NULL, *second = NULL;

    assert_int_equal(manager_refresh_devices(d->f->m, on_looked, NULL, &first), 0);
    assert_int_equal(manager_refresh_devices(d->f->m, on_looked, d, &second), 0);
    assert_null(devices_waiter_free(first));
    assert_null(devices_waiter_free(NULL));
    end_hang(d);
    run_until(d->f, &d->looked);
}

/* The manager ends: nobody is told any more. */
static void test_end_while_somebody_waits(void **state)
{
    DevicesFixture *d = *state;
    DevicesWaiter *w = NULL;
    int hung;

    assert_int_equal(manager_refresh_devices(d->f->m, on_looked, NULL, &w), 0);
    /* A look that has not begun when the manager ends never begins. */
    hung = await_hang(d);
    manager_die(d->f);
    let_go(d, hung);
    manager_begin(d->f);
}

/* What has happened since a look began is not to be told by it. */
static void test_look_begins_anew(void **state)
{
    DevicesFixture *d = *state;
    DevicesWaiter *w = NULL;
    bool first = false;
    DevicesWaiter *other = NULL;
    int hung;

    assert_int_equal(manager_refresh_devices(d->f->m, on_first, &first, &other), 0);
    assert_int_equal(devices_look(d->f->m, on_looked, d, &w), 0);
    hung = await_hang(d);
    begin_hang(d); /* for the next one */
    assert_int_equal(write(hung, "x", 1), 1);
    assert_return_code(close(hung), errno);
    run_until(d->f, &first);
    assert_false(d->looked);
    end_hang(d);
    run_until(d->f, &d->looked);
    assert_true(devices_answer(d->f->m));
    /* However fresh what is known is. */
    d->looked = false;
    assert_int_equal(devices_look(d->f->m, on_looked, d, &w), 0);
    assert_false(d->looked);
    run_until(d->f, &d->looked);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_waits_for_the_look_under_way),
            TEST(test_who_waits_may_go),
            TEST(test_look_begins_anew),
            TEST(test_end_while_somebody_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
