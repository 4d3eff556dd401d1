/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>

#include "base/macros.h"

static void test_strings(void **state)
{
    assert_true(streq("a", "a"));
    assert_false(streq("a", "A"));
    assert_true(streq_ptr(NULL, NULL));
    assert_false(streq_ptr(NULL, ""));
    assert_false(streq_ptr("", NULL));
    assert_true(streq_ptr("a", "a"));
    assert_true(startswith("pool@a", "pool@"));
    assert_true(startswith("a", ""));
    assert_false(startswith("poo", "pool@"));
}

static void test_take(void **state)
{
    char *p = strdup("x"), *q;
    int fd = 5;

    q = TAKE_PTR(p);
    assert_null(p);
    assert_string_equal(q, "x");
    free(q);
    assert_int_equal(TAKE_FD(fd), 5);
    assert_int_equal(fd, -1);
}

static void test_cleanup(void **state)
{
    int copy;

    {
        _cleanup_free_ _unused_ char *p = strdup("x");
        _cleanup_free_ _unused_ char *none = NULL;
        _cleanup_close_ int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        _cleanup_close_ _unused_ int no_fd = -1;

        assert_true(fd >= 0);
        copy = fd;
    }
    assert_int_equal(fcntl(copy, F_GETFD), -1);
    assert_int_equal(errno, EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_strings),
            cmocka_unit_test(test_take),
            cmocka_unit_test(test_cleanup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
