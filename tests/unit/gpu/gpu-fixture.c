/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu-fixture.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

int gpu_folder_setup(void **state)
{
    GpuFolder *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    strcpy(f->path, "/tmp/test-gpu-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    *state = f;
    return 0;
}

int gpu_folder_teardown(void **state)
{
    GpuFolder *f = *state;

    assert_int_equal(nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(f);
    return 0;
}

void gpu_folder_path(const GpuFolder *f, const char *name, char buffer[static 256])
{
    assert_true(snprintf(buffer, 256, "%s/%s", f->path, name) < 256);
}

/* The path, with the folders above it made. */
static void place(const GpuFolder *f, const char *name, char buffer[static 256])
{
    gpu_folder_path(f, name, buffer);
    for (char *slash = strchr(buffer + strlen(f->path) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        assert_true(mkdir(buffer, 0755) == 0 || errno == EEXIST);
        *slash = '/';
    }
}

void gpu_folder_write(const GpuFolder *f, const char *name, const char *text)
{
    char path[256];
    FILE *file;

    place(f, name, path);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void gpu_folder_link(const GpuFolder *f, const char *name, const char *target)
{
    char path[256];

    place(f, name, path);
    assert_return_code(symlink(target, path), errno);
}

void gpu_folder_set_driver(const GpuFolder *f, const char *text)
{
    char path[256];

    gpu_folder_write(f, "nvml", text);
    gpu_folder_path(f, "nvml", path);
    /* Nobody may change the environment while a thread looks at it. */
    if (!streq_ptr(getenv("FAKE_NVML"), path))
        assert_return_code(setenv("FAKE_NVML", path, 1), errno);
}
