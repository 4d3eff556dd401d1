/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "systemd/unit_fields.h"

static const char *const files[] = {
        "log-extra-fields:pool@gone:r0:g1.service",
        "log-extra-fields:pool@runs:r0:g2.service",
        "log-extra-fields:pool@nonsense.service",
        "log-extra-fields:ssh.service",
        "log-extra-fields:",
        "log-level-max:pool@gone:r0:g1.service",
        "unrelated",
        "log-extra-fields:pool-provision@gone:7.service",
};

static void put(const char *folder, const char *name)
{
    char path[PATH_MAX];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static bool is_there(const char *folder, const char *name)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int setup(void **state)
{
    char *folder = strdup("/tmp/test-unit-fields-XXXXXX"), path[PATH_MAX];

    assert_non_null(folder);
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < ELEMENTSOF(files); i++)
        put(folder, files[i]);
    /* It points nowhere, as systemd's own do. */
    (void)snprintf(path, sizeof(path), "%s/invocation:pool@runs:r0:g2.service", folder);
    assert_int_equal(symlink("0123456789abcdef0123456789abcdef", path), 0);
    *state = folder;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

static int teardown(void **state)
{
    assert_int_equal(nftw(*state, remove_one, 4, FTW_DEPTH | FTW_PHYS), 0);
    free(*state);
    return 0;
}

static void test_remove(void **state)
{
    const char *folder = *state;

    unit_fields_remove(folder, "pool@runs:r0:g2.service");
    unit_fields_remove(folder, "pool@never:r0:g1.service");
    for (size_t i = 0; i < ELEMENTSOF(files); i++)
        assert_int_equal(is_there(folder, files[i]), i != 1);
}

static void test_sweep(void **state)
{
    const char *folder = *state;

    unit_fields_sweep(folder);
    for (size_t i = 0; i < ELEMENTSOF(files); i++)
        assert_int_equal(is_there(folder, files[i]), i != 0 && i != ELEMENTSOF(files) - 1);
}

static void test_no_folder(void **state)
{
    unit_fields_sweep("/nonexistent");
    unit_fields_remove("/nonexistent", "pool@gone:r0:g1.service");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_remove, setup, teardown),
            cmocka_unit_test_setup_teardown(test_sweep, setup, teardown),
            cmocka_unit_test(test_no_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
