/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/host_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../base/cmocka-all.h"
#include "base/macros.h"

static int read_text(const char *text, uint64_t *ret)
{
    char path[] = "/tmp/meminfo-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC), r;

    assert_return_code(fd, errno);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    r = host_memory_available(path, ret);
    assert_return_code(unlink(path), errno);
    return r;
}

static void test_texts(void **state)
{
    static const struct {
        const char *text;
        int r;
        uint64_t bytes;
    } cases[] = {
            {"MemTotal: 9 kB\nMemFree: 8 kB\nMemAvailable:    7 kB\n", 0, 7 * 1024},
            {"MemAvailable: 0 kB\n", 0, 0},
            {"MemTotal: 9 kB\n", -ENODATA, 0},
            {"", -ENODATA, 0},
            {"MemAvailable: much\n", -ENODATA, 0},
            {"MemAvailable: 18446744073709551615 kB\n", -ENODATA, 0},
            {"OtherMemAvailable: 7 kB\n", -ENODATA, 0},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        uint64_t bytes = 0;

        assert_int_equal(read_text(cases[i].text, &bytes), cases[i].r);
        assert_int_equal(bytes, cases[i].bytes);
    }
}

static void test_no_file(void **state)
{
    uint64_t bytes = 0;

    assert_int_equal(host_memory_available("/nonexistent", &bytes), -ENOENT);
}

static void test_this_host(void **state)
{
    uint64_t bytes = 0;

    assert_int_equal(host_memory_available(MEMINFO, &bytes), 0);
    assert_true(bytes > 1024 * 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_texts),
            cmocka_unit_test(test_no_file),
            cmocka_unit_test(test_this_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
