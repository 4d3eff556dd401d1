/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "folder-fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

int folder_setup(void **state)
{
    char path[] = "/tmp/provision-XXXXXX";

    assert_non_null(mkdtemp(path));
    *state = strdup(path);
    assert_non_null(*state);
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    return remove(path);
}

int folder_teardown(void **state)
{
    int r = nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS);

    free(*state);
    return r;
}

static int open_in(const char *folder, const char *name, int flags)
{
    _cleanup_free_ char *path = NULL;

    assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
    return open(path, flags | O_CLOEXEC, 0644);
}

void folder_write(const char *folder, const char *name, const void *data, size_t n)
{
    _cleanup_close_ int fd = open_in(folder, name, O_WRONLY | O_CREAT | O_TRUNC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, n), n);
}

char *folder_read(const char *folder, const char *name, size_t *ret_n)
{
    _cleanup_close_ int fd = open_in(folder, name, O_RDONLY);
    struct stat st;
    char *data;

    if (fd < 0)
        return NULL;
    assert_int_equal(fstat(fd, &st), 0);
    data = calloc(1, (size_t)st.st_size + 1);
    assert_non_null(data);
    assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
    *ret_n = (size_t)st.st_size;
    return data;
}
