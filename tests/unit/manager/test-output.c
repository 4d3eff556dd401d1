/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <time.h>

#include "core/output_class.h"

/* What the last words of an engine make of its end; those of real engines from a real journal are
 * read in tests/features. */

static void log_to_files(ManagerFixture *f)
{
    f->settings->policy.engine_log = ENGINE_LOG_FILE;
    f->settings->policy.supervision.backoff_initial_usec = USEC_PER_MINUTE;
    assert_int_equal(manager_set_settings(f->m, f->settings), 0);
}

static void say(const ManagerFixture *f, const Pool *pool, const char *text, size_t n)
{
    _cleanup_free_ char *path = NULL;
    int fd;

    assert_int_equal(runtime_dir_log_path(f->m->runtime, pool->id, &path), 0);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_return_code(fd, errno);
    assert_int_equal(write(fd, text, n), n);
    close(fd);
}

static void assert_end(const Pool *pool, FailureClass failure, const char *error)
{
    assert_int_equal(pool->last_error_class, failure);
    assert_string_equal(pool->last_error, error);
}

/* B-SUPER-003: the class of the message counts, with its delays. */
static void test_class(void **state)
{
    static const char words[] = "one\nCUDA error: an illegal memory access was encountered\nend\n";
    ManagerFixture *f = *state;
    Operation *o;
    Pool *pool;

    log_to_files(f);
    pool = add_engine(f, "p", &o);
    becomes_ready(f, pool);
    say(f, pool, words, strlen(words));
    crashes(f, pool);
    assert_int_equal(pool->state, POOL_BACKOFF);
    assert_end(pool, FAILURE_CUDA,
               "the engine was killed by signal SIGKILL; its output: CUDA error: an illegal memory "
               "access was encountered");
    assert_int_equal(pool->supervision.breakers[BREAKER_CUDA].failures, 1);
    assert_null(pool_shell(pool)->output);
    /* it is in the log */
    assert_null(pool_shell(pool)->last_output);
}

/* What the engine before has said explains nothing, and is not shown. */
static void test_only_its_own(void **state)
{
    static const char before[] = "CUDA error: out of memory\n", after[] = "all is well\n";
    ManagerFixture *f = *state;
    Operation *o;
    Pool *pool;

    log_to_files(f);
    pool = add_pool(f, "p");
    say(f, pool, before, strlen(before));
    pool = add_engine(f, "p", &o);
    say(f, pool, after, strlen(after));
    becomes_ready(f, pool);
    crashes(f, pool);
    assert_end(pool, FAILURE_SIGNAL, "the engine was killed by signal SIGKILL");
}

/* Bytes that are no text, a line without an end. */
static void test_bad_bytes(void **state)
{
    static const char words[] = "\xff\0\x1b[31mcudaMalloc failed: out of memory\x1b[0m\r";
    ManagerFixture *f = *state;
    Operation *o;
    Pool *pool;

    log_to_files(f);
    pool = add_engine(f, "p", &o);
    becomes_ready(f, pool);
    say(f, pool, words, sizeof(words) - 1);
    crashes(f, pool);
    assert_end(pool, FAILURE_VRAM_OOM,
               "the engine was killed by signal SIGKILL; its output: "
               "\xef\xbf\xbd\xef\xbf\xbd\\u001b[31m"
               "cudaMalloc failed: out of memory\\u001b[0m\\r");
}

/* With no file there is nothing to tell. */
static void test_silent(void **state)
{
    ManagerFixture *f = *state;
    Operation *o;
    Pool *pool;

    log_to_files(f);
    pool = add_engine(f, "p", &o);
    becomes_ready(f, pool);
    crashes(f, pool);
    assert_end(pool, FAILURE_SIGNAL, "the engine was killed by signal SIGKILL");
}

/* Those that read ends that nobody waits for any more. */
static void await_threads(void)
{
    struct stat st;
    time_t end = time(NULL) + 20;

    while (stat("/proc/self/task", &st) == 0 && st.st_nlink > 3) {
        assert_true(time(NULL) < end);
        (void)sched_yield();
    }
}

/* A journal that is being read when the pool goes, or the daemon. */
static void test_gone_meanwhile(void **state)
{
    ManagerFixture *f = *state;
    Operation *o;
    Pool *pool = add_engine(f, "p", &o);

    becomes_ready(f, pool);
    pool->judging = true;
    output_read(pool_shell(pool));
    output_read(pool_shell(pool));
    output_done(pool_shell(pool));
    assert_null(pool_shell(pool)->output);
    output_read(pool_shell(pool));
    pool->judging = false;
    manager_die(f);
    await_threads();
    manager_begin(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            manager_test(test_class),          manager_test(test_only_its_own),
            manager_test(test_bad_bytes),      manager_test(test_silent),
            manager_test(test_gone_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
