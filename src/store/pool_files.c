/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/pool_files.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poolmgr/limits.h>
#include <stdio.h>

#include "base/parse.h"
#include "base/shortage.h"
#include "store/plain_file.h"

#define BAD_SUFFIX ".bad"

typedef struct PoolId {
    char text[PM_ID_MAX + 1];
} PoolId;

/* The pool whose file is called `name`; false for any other file. */
static bool pool_id_from_name(const char *name, PoolId *ret)
{
    size_t n = strlen(name), suffix = strlen(POOL_FILE_SUFFIX);

    if (n <= suffix || n - suffix > PM_ID_MAX || !streq(name + n - suffix, POOL_FILE_SUFFIX))
        return false;
    memcpy(ret->text, name, n - suffix);
    ret->text[n - suffix] = '\0';
    return id_is_valid(ret->text);
}

static int is_pool_file(const struct dirent *entry)
{
    PoolId pool_id;

    return pool_id_from_name(entry->d_name, &pool_id);
}

/* By bytes, the same in every locale. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int pool_files_set_aside(int dir_fd, const char *name)
{
    char bad[NAME_MAX + sizeof(BAD_SUFFIX)];

    (void)snprintf(bad, sizeof(bad), "%s" BAD_SUFFIX, name);
    return renameat(dir_fd, name, dir_fd, bad) < 0 ? -errno : 0;
}

static int show_file(int dir_fd, const char *name, char *buffer, RuntimeStateFunc f, void *userdata)
{
    PoolId pool_id;
    size_t length = 0;
    int r;

    if (!pool_id_from_name(name, &pool_id))
        return 0;
    r = plain_file_read(dir_fd, name, buffer, &length, NULL);
    if (r == -ENOENT)
        return 0;
    if (errno_is_shortage(r))
        return r;
    r = f(pool_id.text, r < 0 ? NULL : buffer, length, r, userdata);
    if (r == -ENOMEM)
        return r;
    if (r < 0)
        /* When this fails, the file stays and is judged again at the next start: no harm. */
        (void)pool_files_set_aside(dir_fd, name);
    return 0;
}

int pool_files_read(int dir_fd, RuntimeStateFunc f, void *userdata)
{
    _cleanup_free_ char *buffer = NULL;
    struct dirent **entries;
    int n, r = 0;

    buffer = malloc(PM_BODY_MAX + 2);
    if (!buffer)
        return -ENOMEM;
    /* All names first: `f` and setting aside change the folder. */
    n = scandirat(dir_fd, ".", &entries, is_pool_file, compare_names);
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
