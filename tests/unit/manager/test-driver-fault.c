/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* What the driver says in the kernel's log, and whom it concerns. The host of the tests may have
 * GPUs or not: none at that address. */

#define ADDRESS "PCI:fffe:7e:1f"

typedef struct Log {
    char path[128];
    int fd;
} Log;

static Log make_log(ManagerFixture *f)
{
    Log log;

    (void)snprintf(log.path, sizeof(log.path), "%s/kmsg", f->folder->path);
    assert_return_code(mkfifo(log.path, 0600), errno);
    driver_fault_done(f->m);
    assert_null(f->m->driver_faults);
    assert_int_equal(driver_fault_start(f->m, log.path), 0);
    assert_non_null(f->m->driver_faults);
    log.fd = open(log.path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    assert_return_code(log.fd, errno);
    return log;
}

static void end_log(Log *log)
{
    close(log->fd);
    assert_return_code(unlink(log->path), errno);
}

static void say(ManagerFixture *f, const Log *log, const char *line)
{
    assert_int_equal(write(log->fd, line, strlen(line)), strlen(line));
    settle(f);
}

static Pool *add_ready(ManagerFixture *f)
{
    Operation *o;
    Pool *pool = add_engine(f, "p", &o);

    becomes_ready(f, pool);
    return pool;
}

/* B-SUPER-003: the pool is not ready from that moment on. */
static void test_device(void **state)
{
    ManagerFixture *f = *state;
    Log log = make_log(f);
    Pool *pool = add_ready(f);

    say(f, &log, "NVRM: Xid (" ADDRESS "): 79, pid=1, GPU has fallen off the bus.\n");
    assert_int_equal(pool->state, POOL_STOPPING);
    assert_int_equal(pool->stop_reason, STOP_DRIVER_FAULT);
    assert_int_equal(pool->last_error_class, FAILURE_DRIVER_RESET);
    assert_string_equal(pool->last_error,
                        "GPU at PCI fffe:7e:1f.0: Xid 79 (the GPU has fallen off the bus)");
    /* It says so again and again. */
    for (unsigned i = 0; i < 100; i++)
        say(f, &log, "NVRM: Xid (" ADDRESS "): 79, pid=1, GPU has fallen off the bus.\n");
    assert_int_equal(pool->generation, 1);
    end_log(&log);
}

static void test_process(void **state)
{
    static const char *const lines[] = {
            "NVRM: Xid (" ADDRESS "): 13, pid=4711, name=llama-server, Graphics Exception\n",
            "NVRM: Xid (" ADDRESS "): 31, pid=1, name=x\n",
            "NVRM: Xid (" ADDRESS "): 43\n",
            "NVRM: Xid (" ADDRESS "): 99999\n",
            "NVRM: loading NVIDIA UNIX Open Kernel Module\n",
            "\xff\xfe\n",
            "\n",
    };
    ManagerFixture *f = *state;
    Log log = make_log(f);
    Pool *pool = add_ready(f);

    for (size_t i = 0; i < ELEMENTSOF(lines); i++)
        say(f, &log, lines[i]);
    assert_int_equal(pool->state, POOL_READY);
    assert_null(pool->last_error);
    end_log(&log);
}

/* Pools without an engine of ours are left alone. */
static void test_no_engine(void **state)
{
    ManagerFixture *f = *state;
    Log log = make_log(f);
    Pool *off = add_pool(f, "off"), *external = add_external(f, "external");

    say(f, &log, "NVRM: Xid (" ADDRESS "): 79\n");
    assert_int_equal(off->state, POOL_OFF);
    assert_int_equal(external->state, POOL_EXTERNAL);
    assert_null(external->last_error);
    end_log(&log);
}

static void test_no_log(void **state)
{
    ManagerFixture *f = *state;

    driver_fault_done(f->m);
    assert_int_equal(driver_fault_start(f->m, ""), 0);
    assert_int_equal(driver_fault_start(f->m, NULL), 0);
    assert_int_equal(driver_fault_start(f->m, "/nonexistent/kmsg"), 0);
    assert_null(f->m->driver_faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            manager_test(test_device),
            manager_test(test_process),
            manager_test(test_no_engine),
            manager_test(test_no_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
