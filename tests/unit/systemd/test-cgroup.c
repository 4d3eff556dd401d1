/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "systemd/cgroup.h"

#define UNIT   "pool@p:r0:g1.service"
#define FOLDER "/pools.slice/" UNIT
#define EVENTS FOLDER "/cgroup.events"
#define PROCS  FOLDER "/cgroup.procs"

/* A hierarchy with one engine in it. */
static int setup(void **state)
{
    char *root = strdup("/tmp/test-cgroup-XXXXXX"), path[PATH_MAX];

    assert_non_null(root);
    assert_non_null(mkdtemp(root));
    (void)snprintf(path, sizeof(path), "%s/pools.slice", root);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s" FOLDER, root);
    assert_int_equal(mkdir(path, 0700), 0);
    *state = root;
    return 0;
}

static void put(const char *root, const char *name, const char *text)
{
    char path[PATH_MAX];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s" FOLDER "/%s", root, name);
    f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fputs(text, f) < 0, 0);
    assert_int_equal(fclose(f), 0);
}

static int teardown(void **state)
{
    static const char *const left[] = {EVENTS, PROCS, FOLDER, "/pools.slice", ""};
    char *root = *state, path[PATH_MAX];

    for (size_t i = 0; i < ELEMENTSOF(left); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", root, left[i]);
        (void)remove(path);
    }
    free(root);
    return 0;
}

static void test_populated(void **state)
{
    pid_t pid = -1;

    put(*state, "cgroup.events", "populated 1\nfrozen 0\n");
    put(*state, "cgroup.procs", "4711\n4712\n");
    assert_true(cgroup_is_populated(*state, UNIT, false, &pid));
    assert_int_equal(pid, 4711);
    put(*state, "cgroup.procs", "471217179869184\n");
    assert_true(cgroup_is_populated(*state, UNIT, false, &pid));
    assert_int_equal(pid, 0);
}

static void test_no_process_is_named(void **state)
{
    pid_t pid = -1;

    put(*state, "cgroup.events", "populated 1\n");
    assert_true(cgroup_is_populated(*state, UNIT, false, &pid));
    assert_int_equal(pid, 0);
    put(*state, "cgroup.procs", "");
    assert_true(cgroup_is_populated(*state, UNIT, false, &pid));
    assert_int_equal(pid, 0);
}

static void test_empty(void **state)
{
    pid_t pid = -1;

    put(*state, "cgroup.events", "populated 0\nfrozen 0\n");
    assert_false(cgroup_is_populated(*state, UNIT, false, &pid));
    assert_int_equal(pid, 0);
}

static void test_gone(void **state)
{
    pid_t pid = -1;

    assert_false(cgroup_is_populated(*state, UNIT, false, &pid));
    assert_false(cgroup_is_populated(*state, "pool@q:r0:g1.service", false, &pid));
    assert_int_equal(pid, 0);
}

/* Of the real hierarchy; no such engine runs here. */
static void test_of_this_host(void **state)
{
    pid_t pid = -1;

    assert_false(cgroup_is_populated(NULL, "pool@no-such-pool:r0:g1.service", false, &pid));
    assert_false(cgroup_is_populated(NULL, "pool@no-such-pool:r0:g1.service", true, &pid));
}

/* Returns the unit, "" for none. */
static const char *unit_of(const char *proc, const char *cgroup)
{
    static char unit[PM_UNIT_NAME_MAX + 1];
    char path[PATH_MAX];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/4711", proc);
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof(path), "%s/4711/cgroup", proc);
    f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fputs(cgroup, f) < 0, 0);
    assert_int_equal(fclose(f), 0);
    unit[0] = '\0';
    if (!cgroup_unit_of(proc, 4711, unit))
        assert_string_equal(unit, "");
    assert_int_equal(remove(path), 0);
    (void)snprintf(path, sizeof(path), "%s/4711", proc);
    assert_int_equal(rmdir(path), 0);
    return unit;
}

static void test_unit_of(void **state)
{
    char unit[PM_UNIT_NAME_MAX + 1];

    assert_string_equal(unit_of(*state, "0::/pools.slice/" UNIT "\n"), UNIT);
    assert_string_equal(unit_of(*state, "4:memory:/x\n0::/pools.slice/" UNIT "/sub/group\n"), UNIT);
    assert_string_equal(
            unit_of(*state, "0::/user.slice/user-1.slice/user@1.service/pools.slice/" UNIT "\n"),
            UNIT);
    assert_string_equal(unit_of(*state, "0::/system.slice/ssh.service\n"), "");
    assert_string_equal(unit_of(*state, "0::/\n"), "");
    assert_string_equal(unit_of(*state, "0::/pools.slice\n"), "");
    assert_string_equal(unit_of(*state, "0::/pools.slice/\n"), "");
    assert_string_equal(unit_of(*state, "1:name=systemd:/pools.slice/" UNIT "\n"), "");
    assert_string_equal(unit_of(*state, ""), "");
    assert_false(cgroup_unit_of(*state, 4712, unit));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_populated, setup, teardown),
            cmocka_unit_test_setup_teardown(test_no_process_is_named, setup, teardown),
            cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
            cmocka_unit_test_setup_teardown(test_gone, setup, teardown),
            cmocka_unit_test(test_of_this_host),
            cmocka_unit_test_setup_teardown(test_unit_of, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
