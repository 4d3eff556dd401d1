/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/state_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poolmgr/limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/parse.h"

#define BAD_SUFFIX ".bad"

typedef struct PoolId {
    char text[PM_ID_MAX + 1];
} PoolId;

/* The pool whose state file is called `name`; false for any other file. */
static bool pool_id_from_name(const char *name, PoolId *ret)
{
    size_t n = strlen(name), suffix = strlen(STATE_FILE_SUFFIX);

    if (n <= suffix || n - suffix > PM_ID_MAX || !streq(name + n - suffix, STATE_FILE_SUFFIX))
        return false;
    memcpy(ret->text, name, n - suffix);
    ret->text[n - suffix] = '\0';
    return id_is_valid(ret->text);
}

static int is_state_file(const struct dirent *entry)
{
    PoolId pool_id;

    return pool_id_from_name(entry->d_name, &pool_id);
}

/* By bytes, the same in every locale. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int check_kind(int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    return S_ISREG(st.st_mode) ? 0 : -EINVAL;
}

/* Reads at most `size` bytes, fewer only at the end of the file. */
static int read_up_to(int fd, char *buffer, size_t size, size_t *ret_length)
{
    size_t length = 0;

    while (length < size) {
        ssize_t n = read(fd, buffer + length, size - length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        length += (size_t)n;
    }
    *ret_length = length;
    return 0;
}

/* `buffer` has room for PM_BODY_MAX bytes, one more to notice a larger file, and the NUL. */
static int read_file(int dir_fd, const char *name, char *buffer, size_t *ret_length)
{
    _cleanup_close_ int fd = -1;
    size_t length = 0;
    int r;

    /* O_NONBLOCK: opening a fifo must not wait for its writer. */
    fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    r = check_kind(fd);
    if (r < 0)
        return r;
    r = read_up_to(fd, buffer, PM_BODY_MAX + 1, &length);
    if (r < 0)
        return r;
    if (length > PM_BODY_MAX)
        return -EFBIG;
    buffer[length] = '\0';
    *ret_length = length;
    return 0;
}

/* Whether an error is about us and now, not about the file. */
static bool is_shortage(int error)
{
    return error == -ENOMEM || error == -EMFILE || error == -ENFILE;
}

static void set_aside(int dir_fd, const char *name)
{
    char bad[NAME_MAX + sizeof(BAD_SUFFIX)];

    (void)snprintf(bad, sizeof(bad), "%s" BAD_SUFFIX, name);
    /* When this fails, the file stays and is judged again at the next start: no harm. */
    (void)renameat(dir_fd, name, dir_fd, bad);
}

static int show_file(int dir_fd, const char *name, char *buffer, RuntimeStateFunc f, void *userdata)
{
    PoolId pool_id;
    size_t length = 0;
    int r;

    if (!pool_id_from_name(name, &pool_id))
        return 0;
    r = read_file(dir_fd, name, buffer, &length);
    if (r == -ENOENT)
        return 0;
    if (is_shortage(r))
        return r;
    if (f(pool_id.text, r < 0 ? NULL : buffer, length, r, userdata) < 0)
        set_aside(dir_fd, name);
    return 0;
}

int state_files_read(int dir_fd, RuntimeStateFunc f, void *userdata)
{
    _cleanup_free_ char *buffer = NULL;
    struct dirent **entries;
    int n, r = 0;

    buffer = malloc(PM_BODY_MAX + 2);
    if (!buffer)
        return -ENOMEM;
    /* All names first: `f` and setting aside change the folder. */
    n = scandirat(dir_fd, ".", &entries, is_state_file, compare_names);
    if (n < 0)
        return -errno;
    for (int i = 0; i < n; i++) {
        if (r >= 0)
            r = show_file(dir_fd, entries[i]->d_name, buffer, f, userdata);
        free(entries[i]);
    }
    free(entries);
    return r;
}
