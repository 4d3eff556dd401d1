/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/child_output.h"

#include <errno.h>
#include <signal.h>

#include "../base/cmocka-all.h"

enum { SIZE = 64 };

static const usec_t LONG = 60 * USEC_PER_SEC, SHORT = 50 * USEC_PER_MSEC;

static int sh(const char *script, usec_t within, char buffer[static SIZE])
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};

    return child_output(argv, within, buffer, SIZE);
}

static void test_output_and_status(void **state)
{
    char buffer[SIZE];

    assert_int_equal(sh("echo one; echo two >&2; exit 3", LONG, buffer), 3);
    assert_string_equal(buffer, "one\n");
    assert_int_equal(sh("cat", LONG, buffer), 0);
    assert_string_equal(buffer, "");
    assert_int_equal(sh("kill -SEGV $$", LONG, buffer), 128 + SIGSEGV);
}

static void test_too_much(void **state)
{
    char buffer[SIZE];

    assert_int_equal(sh("while :; do echo much; done", LONG, buffer), -EFBIG);
}

static void test_too_long(void **state)
{
    char buffer[SIZE];

    assert_int_equal(sh("exec sleep 1000", SHORT, buffer), -ETIMEDOUT);
    assert_int_equal(sh("exec >&-; exec sleep 1000", SHORT, buffer), -ETIMEDOUT);
}

static void test_no_program(void **state)
{
    const char *const argv[] = {"/nonexistent", NULL};
    char buffer[SIZE];
    int r = child_output(argv, LONG, buffer, SIZE);

    /* Under valgrind the child has memory of its own, where the error does not get out of. */
    assert_true(r == -ENOENT || r == 127);
}

/* Secrets of ours are none of its business; signals that we block are. */
static void test_what_it_inherits(void **state)
{
    char buffer[SIZE];
    sigset_t all, before;

    assert_return_code(setenv("SECRET", "x", 1), errno);
    assert_return_code(setenv("LD_LIBRARY_PATH", "/somewhere", 1), errno);
    (void)sigfillset(&all);
    assert_return_code(sigprocmask(SIG_SETMASK, &all, &before), errno);
    assert_int_equal(sh("echo $SECRET$LD_LIBRARY_PATH", LONG, buffer), 0);
    assert_string_equal(buffer, "/somewhere\n");
    assert_int_equal(sh("kill -TERM $$; echo alive", LONG, buffer), 128 + SIGTERM);
    assert_return_code(sigprocmask(SIG_SETMASK, &before, NULL), errno);
    assert_return_code(unsetenv("LD_LIBRARY_PATH"), errno);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_output_and_status), cmocka_unit_test(test_too_much),
            cmocka_unit_test(test_too_long),          cmocka_unit_test(test_no_program),
            cmocka_unit_test(test_what_it_inherits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
