/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/load_sampler.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "../base/cmocka-all.h"

#define MIB      (1024 * 1024)
#define PART     (16 * MIB)
#define SLACK    (2 * MIB) /* what the kernel counts late, in batches for each processor */
#define STRANGER 65534
#define OWN_HEAP (32 * MIB) /* at most */

enum { PARTS = 3 };

/* An engine: it takes one part of its model whenever it is told to, and says when it has. */
typedef struct Engine {
    pid_t pid;
    int to, from;
} Engine;

typedef void (*TakeFunc)(int fd, unsigned part);

static void take_by_reading(int fd, unsigned part)
{
    char *buffer = malloc(PART);

    if (!buffer || pread(fd, buffer, PART, (off_t)part * PART) != PART)
        _exit(1);
    free(buffer);
}

static void take_by_mapping(int fd, unsigned part)
{
    void *p = mmap(NULL, PART, PROT_READ, MAP_SHARED, fd, (off_t)part * PART);

    if (p == MAP_FAILED || madvise(p, PART, MADV_POPULATE_READ) < 0)
        _exit(1);
}

/* Reads it, and keeps it: what is seen of that without seeing the reads. */
static void take_into_the_heap(int fd, unsigned part)
{
    char *p = mmap(NULL, PART, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED || pread(fd, p, PART, (off_t)part * PART) != PART)
        _exit(1);
}

static _Noreturn void run_engine(TakeFunc take, int fd, int commands, int answers)
{
    char part;

    while (read(commands, &part, 1) == 1) {
        take(fd, (unsigned)part);
        if (write(answers, &part, 1) != 1)
            _exit(1);
    }
    _exit(0);
}

static int setup(void **state)
{
    static int fd;

    fd = memfd_create("model", MFD_CLOEXEC);
    assert_return_code(fd, errno);
    assert_return_code(ftruncate(fd, (off_t)PARTS * PART), errno);
    *state = &fd;
    return 0;
}

static int teardown(void **state)
{
    const int *fd = *state;

    close(*fd);
    return 0;
}

static Engine engine_start(TakeFunc take, int fd)
{
    int commands[2], answers[2];
    Engine e;

    assert_return_code(pipe2(commands, O_CLOEXEC), errno);
    assert_return_code(pipe2(answers, O_CLOEXEC), errno);
    e.pid = fork();
    assert_return_code(e.pid, errno);
    if (e.pid == 0) {
        close(commands[1]);
        run_engine(take, fd, commands[0], answers[1]);
    }
    close(commands[0]);
    close(answers[1]);
    e.to = commands[1];
    e.from = answers[0];
    return e;
}

static void engine_take(const Engine *e, unsigned part)
{
    char command = (char)part;

    assert_int_equal(write(e->to, &command, 1), 1);
    assert_int_equal(read(e->from, &command, 1), 1);
}

static void engine_stop(Engine *e)
{
    int status;

    close(e->to);
    close(e->from);
    assert_int_equal(waitpid(e->pid, &status, 0), e->pid);
    assert_int_equal(status, 0);
}

static uint64_t sample(pid_t pid)
{
    uint64_t bytes = UINT64_MAX;

    assert_return_code(load_read_bytes(pid, &bytes), 0);
    return bytes;
}

static void assert_near(uint64_t bytes, uint64_t expected)
{
    if (bytes + SLACK < expected || bytes > expected + SLACK)
        fail_msg("%.1f MiB instead of %.1f", (double)bytes / MIB, (double)expected / MIB);
}

/* What the program itself may account for hides as much of the first part. */
static void assert_counts_parts(TakeFunc take, int fd)
{
    Engine e = engine_start(take, fd);
    uint64_t one;

    assert_true(sample(e.pid) < MIB);
    engine_take(&e, 0);
    one = sample(e.pid);
    assert_true(one <= PART + SLACK);
    for (unsigned part = 1; part < PARTS; part++) {
        engine_take(&e, part);
        assert_near(sample(e.pid), one + (uint64_t)part * PART);
    }
    engine_stop(&e);
}

static void test_reading(void **state)
{
    const int *fd = *state;

    assert_counts_parts(take_by_reading, *fd);
}

static void test_mapping(void **state)
{
    char path[] = "/var/tmp/test-load-sampler-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);

    assert_return_code(fd, errno);
    assert_return_code(unlink(path), errno);
    assert_return_code(ftruncate(fd, (off_t)PARTS * PART), errno);
    assert_counts_parts(take_by_mapping, fd);
    close(fd);
}

static void test_mapping_of_a_tmpfs(void **state)
{
    const int *fd = *state;

    assert_counts_parts(take_by_mapping, *fd);
}

static _Noreturn void run_stranger(pid_t pid, int answer)
{
    char path[64];
    uint64_t bytes;

    (void)snprintf(path, sizeof(path), "/proc/%d/io", (int)pid);
    if (setgid(STRANGER) < 0 || setuid(STRANGER) < 0 || open(path, O_RDONLY | O_CLOEXEC) >= 0)
        _exit(1);
    if (load_read_bytes(pid, &bytes) < 0)
        _exit(2);
    _exit(write(answer, &bytes, sizeof(bytes)) == sizeof(bytes) ? 0 : 3);
}

/* The sample of somebody who may not see what other users' processes read. */
static uint64_t sample_as_stranger(pid_t pid)
{
    uint64_t bytes;
    int answer[2], status;
    pid_t child;

    assert_return_code(pipe2(answer, O_CLOEXEC), errno);
    child = fork();
    assert_return_code(child, errno);
    if (child == 0)
        run_stranger(pid, answer[1]);
    close(answer[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(answer[0], &bytes, sizeof(bytes)), sizeof(bytes));
    close(answer[0]);
    return bytes;
}

/* The daemon has no capabilities, and engines are other users: what an engine's heap may hold
 * without a model hides as much of it. */
static void test_as_stranger(void **state)
{
    const uint64_t all = (uint64_t)PARTS * PART;
    const int *fd = *state;
    uint64_t before, after;
    Engine e;

    if (geteuid() != 0)
        skip();
    e = engine_start(take_into_the_heap, *fd);
    before = sample_as_stranger(e.pid);
    for (unsigned part = 0; part < PARTS; part++)
        engine_take(&e, part);
    after = sample_as_stranger(e.pid);
    assert_true(after >= before + all - OWN_HEAP - SLACK && after <= before + all + SLACK);
    engine_stop(&e);
}

static void test_no_process(void **state)
{
    const int *fd = *state;
    Engine e = engine_start(take_by_reading, *fd);
    uint64_t bytes = 7;

    engine_stop(&e);
    assert_int_equal(load_read_bytes(e.pid, &bytes), -ESRCH);
    assert_int_equal(load_read_bytes(0, &bytes), -ESRCH);
    assert_int_equal(load_read_bytes(-1, &bytes), -ESRCH);
    assert_int_equal(bytes, 7);
}

static void test_zombie(void **state)
{
    siginfo_t info;
    pid_t pid = fork();

    assert_return_code(pid, errno);
    if (pid == 0)
        _exit(0);
    assert_return_code(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), errno);
    assert_true(sample(pid) < MIB);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_reading),     TEST(test_mapping),    TEST(test_mapping_of_a_tmpfs),
            TEST(test_as_stranger), TEST(test_no_process), TEST(test_zombie),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
