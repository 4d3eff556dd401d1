/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/cuda_tools.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "../base/cmocka-all.h"

/* A folder "bin" to search, and one "other" for what is found nowhere. */
typedef struct Fixture {
    char root[64];
    char bin[96];
    char path[256]; /* "/nonexistent:<bin>" */
} Fixture;

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    strcpy(f->root, "/tmp/test-cuda-tools-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    (void)snprintf(f->bin, sizeof(f->bin), "%s/bin", f->root);
    (void)snprintf(f->path, sizeof(f->path), "/nonexistent:%s", f->bin);
    assert_return_code(mkdir(f->bin, 0755), errno);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = {"nvcc", "nvidia-smi", "nvidia-smi.real", "nvidia-settings"};
    Fixture *f = *state;
    int fd = open(f->bin, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (size_t i = 0; i < ELEMENTSOF(names); i++)
        if (unlinkat(fd, names[i], 0) < 0)
            (void)unlinkat(fd, names[i], AT_REMOVEDIR);
    close(fd);
    assert_return_code(rmdir(f->bin), errno);
    assert_return_code(rmdir(f->root), errno);
    free(f);
    return 0;
}

static void put(const Fixture *f, const char *name, mode_t mode)
{
    char path[PATH_MAX];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/%s", f->bin, name);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_return_code(fd, errno);
    assert_return_code(fchmod(fd, mode), errno);
    close(fd);
}

/* B-PREFLIGHT-001, B-PREFLIGHT-004 */
static void test_nvcc(void **state)
{
    Fixture *f = *state;

    assert_false(cuda_available(f->path));
    put(f, "nvcc", 0755);
    assert_true(cuda_available(f->path));
    assert_true(cuda_available(f->bin));
}

/* B-PREFLIGHT-002, B-PREFLIGHT-004 */
static void test_nvidia_smi(void **state)
{
    Fixture *f = *state;

    assert_false(cuda_available(f->path));
    put(f, "nvidia-smi", 0755);
    assert_true(cuda_available(f->path));
    assert_true(cuda_available(f->bin));
}

/* B-PREFLIGHT-003 */
static void test_neither(void **state)
{
    Fixture *f = *state;

    put(f, "nvidia-settings", 0755);
    assert_false(cuda_available(f->path));
}

/* B-PREFLIGHT-003, B-PREFLIGHT-004 */
static void test_not_on_path(void **state)
{
    static const char *const paths[] = {NULL, "", ":", "::", "/", "/nonexistent"};
    Fixture *f = *state;
    char path[256];

    put(f, "nvcc", 0755);
    put(f, "nvidia-smi", 0755);
    for (size_t i = 0; i < ELEMENTSOF(paths); i++)
        assert_false(cuda_available(paths[i]));
    assert_false(cuda_available(f->root));
    (void)snprintf(path, sizeof(path), "%sx:x%s", f->bin, f->bin);
    assert_false(cuda_available(path));
}

/* In the working directory are programs with these names; that does not make it part of the host.
 */
static void test_working_directory(void **state)
{
    static const char *const paths[] = {"",
                                        ":",
                                        ":/nonexistent",
                                        "/nonexistent:",
                                        ".",
                                        "./",
                                        "bin",
                                        "../bin",
                                        "/nonexistent::/nonexistent"};
    Fixture *f = *state;
    int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_return_code(before, errno);
    put(f, "nvcc", 0755);
    assert_return_code(chdir(f->bin), errno);
    for (size_t i = 0; i < ELEMENTSOF(paths); i++)
        assert_false(cuda_available(paths[i]));
    assert_true(cuda_available(f->bin));
    assert_return_code(fchdir(before), errno);
    close(before);
}

static void test_no_program(void **state)
{
    Fixture *f = *state;
    char path[PATH_MAX];

    put(f, "nvcc", 0644);
    (void)snprintf(path, sizeof(path), "%s/nvidia-smi", f->bin);
    assert_return_code(mkdir(path, 0755), errno);
    assert_false(cuda_available(f->path));
    assert_return_code(rmdir(path), errno);
    assert_return_code(symlink("nvidia-smi.real", path), errno);
    assert_false(cuda_available(f->path));
    put(f, "nvidia-smi.real", 0755);
    assert_true(cuda_available(f->path));
}

/* Folders that are too long are passed over, at the border too. */
static void test_long_folders(void **state)
{
    Fixture *f = *state;

    put(f, "nvcc", 0755);
    for (size_t n = PATH_MAX - 16; n < PATH_MAX + 16; n++) {
        char folder[PATH_MAX + 16], path[PATH_MAX + 256];

        memset(folder, '/', n);
        folder[n] = '\0';
        assert_false(cuda_available(folder));
        (void)snprintf(path, sizeof(path), "%s:%s", folder, f->bin);
        assert_true(cuda_available(path));
    }
}

/* B-PREFLIGHT-010 */
static void test_assert_with_gpu(void **state)
{
    Fixture *f = *state;
    Error error = {0};

    put(f, "nvidia-smi", 0755);
    assert_int_equal(assert_gpu_only(f->path, &error), 0);
    assert_false(error_is_set(&error));
    assert_int_equal(assert_gpu_only(f->path, NULL), 0);
}

/* B-PREFLIGHT-011, B-PREFLIGHT-012, B-PREFLIGHT-013 */
static void test_assert_without_gpu(void **state)
{
    static const char *const said[] = {"GPU-only enforcement", "nvcc/nvidia-smi not found",
                                       "Policy=optional", "[GPU]",
                                       "POOL_MANAGERD_GPU_POLICY=optional"};
    Fixture *f = *state;
    Error error = {0};

    assert_int_equal(assert_gpu_only(f->path, &error), -ENOENT);
    assert_int_equal(error.code, PM_ERROR_GPU_REQUIRED);
    assert_string_equal(error.field, "");
    for (size_t i = 0; i < ELEMENTSOF(said); i++)
        assert_non_null(strstr(error.text, said[i]));
    assert_int_equal(assert_gpu_only(NULL, NULL), -ENOENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_nvcc),         TEST(test_nvidia_smi),        TEST(test_neither),
            TEST(test_not_on_path),  TEST(test_working_directory), TEST(test_no_program),
            TEST(test_long_folders), TEST(test_assert_with_gpu),   TEST(test_assert_without_gpu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
