/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/runtime_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <poolmgr/limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/parse.h"
#include "store/atomic_file.h"
#include "store/plain_file.h"
#include "store/pool_files.h"
#include "store/runtime_dir_internal.h"

#define REGISTRY_NAME "registry.json"
#define NOTHING_OPEN            \
    ((RuntimeDir){              \
            .root_fd = -1,      \
            .engines_fd = -1,   \
            .state_fd = -1,     \
            .leases_fd = -1,    \
            .provision_fd = -1, \
    })

enum { RUNTIME_FOLDERS = 4 };

int runtime_dir_pool_name(const char *pool_id, const char *suffix, FileName *ret)
{
    if (!id_is_valid(pool_id))
        return -EINVAL;
    (void)snprintf(ret->text, sizeof(ret->text), "%s%s", pool_id, suffix);
    return 0;
}

int runtime_dir_open_folder(int parent_fd, const char *name, int extra_flags)
{
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | extra_flags;
    _cleanup_close_ int fd = -1;

    fd = openat(parent_fd, name, flags);
    if (fd >= 0)
        return TAKE_FD(fd);
    if (errno != ENOENT)
        return -errno;

    if (mkdirat(parent_fd, name, 0755) < 0 && errno != EEXIST)
        return -errno;
    fd = openat(parent_fd, name, flags);
    if (fd < 0)
        return -errno;
    /* The daemon's umask would hide a folder that others are meant to read. */
    return fchmod(fd, 0755) < 0 ? -errno : TAKE_FD(fd);
}

static int copy_path(const char *path, char **ret)
{
    size_t n = strlen(path);
    char *copy;

    while (n > 1 && path[n - 1] == '/')
        n--;
    copy = strndup(path, n);
    if (!copy)
        return -ENOMEM;
    *ret = copy;
    return 0;
}

static const char *const folder_names[RUNTIME_FOLDERS] = {"engines", "state", "leases",
                                                          "provision"};

static void list_folders(RuntimeDir *d, int *fds[static RUNTIME_FOLDERS])
{
    fds[0] = &d->engines_fd;
    fds[1] = &d->state_fd;
    fds[2] = &d->leases_fd;
    fds[3] = &d->provision_fd;
}

static int open_folders(RuntimeDir *d)
{
    int *fds[RUNTIME_FOLDERS], r;

    list_folders(d, fds);
    d->root_fd = runtime_dir_open_folder(AT_FDCWD, d->path, 0);
    r = d->root_fd < 0 ? d->root_fd : atomic_file_sweep(d->root_fd);
    for (size_t i = 0; r >= 0 && i < RUNTIME_FOLDERS; i++) {
        *fds[i] = runtime_dir_open_folder(d->root_fd, folder_names[i], O_NOFOLLOW);
        r = *fds[i] < 0 ? *fds[i] : atomic_file_sweep(*fds[i]);
    }
    return r;
}

static bool leads_to(int dir_fd, const char *name, int fd)
{
    struct stat named, opened;

    return fstatat(dir_fd, name, &named, 0) >= 0 && fstat(fd, &opened) >= 0 &&
           named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

bool runtime_dir_is_there(const RuntimeDir *r)
{
    RuntimeDir d = *r;
    int *fds[RUNTIME_FOLDERS];
    bool there = leads_to(AT_FDCWD, d.path, d.root_fd);

    list_folders(&d, fds);
    for (size_t i = 0; there && i < RUNTIME_FOLDERS; i++)
        there = leads_to(d.root_fd, folder_names[i], *fds[i]);
    return there;
}

static void close_folders(RuntimeDir *d)
{
    int *fds[RUNTIME_FOLDERS];

    list_folders(d, fds);
    closep(&d->root_fd);
    for (size_t i = 0; i < RUNTIME_FOLDERS; i++)
        closep(fds[i]);
}

int runtime_dir_renew(RuntimeDir *r)
{
    RuntimeDir renewed = NOTHING_OPEN;
    int q;

    renewed.path = r->path;
    renewed.own_handoffs = r->own_handoffs;
    q = open_folders(&renewed);
    if (q < 0) {
        close_folders(&renewed);
        return q;
    }
    close_folders(r);
    *r = renewed;
    return 0;
}

int runtime_dir_open(const char *path, RuntimeDir **ret)
{
    _cleanup_(runtime_dir_freep) RuntimeDir *d = NULL;
    int r;

    if (!path_is_absolute_and_plain(path))
        return -EINVAL;
    d = malloc(sizeof(*d));
    if (!d)
        return -ENOMEM;
    *d = NOTHING_OPEN;

    r = copy_path(path, &d->path);
    if (r >= 0)
        r = open_folders(d);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(d);
    return 0;
}

RuntimeDir *runtime_dir_free(RuntimeDir *r)
{
    if (!r)
        return NULL;
    close_folders(r);
    file_table_done(&r->own_handoffs);
    free(r->path);
    free(r);
    return NULL;
}

const char *runtime_dir_path(const RuntimeDir *r)
{
    return r->path;
}

int runtime_dir_write_file(int dir_fd, const char *name, const char *text, FileVersion *ret_version)
{
    size_t n = strlen(text);

    if (n > PM_BODY_MAX)
        return -EFBIG;
    return atomic_file_replace(dir_fd, name, text, n, ret_version);
}

int runtime_dir_remove_file(int dir_fd, const char *name)
{
    return unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int runtime_dir_write_pid(RuntimeDir *r, const char *pool_id, pid_t pid)
{
    FileName name;
    char text[32];
    int q;

    if (pid < 1)
        return -EINVAL;
    q = runtime_dir_pool_name(pool_id, ".pid", &name);
    if (q < 0)
        return q;
    (void)snprintf(text, sizeof(text), "%ld\n", (long)pid);
    return runtime_dir_write_file(r->root_fd, name.text, text, NULL);
}

int runtime_dir_remove_pid(RuntimeDir *r, const char *pool_id)
{
    FileName name;
    int q = runtime_dir_pool_name(pool_id, ".pid", &name);

    return q < 0 ? q : runtime_dir_remove_file(r->root_fd, name.text);
}

int runtime_dir_join(const RuntimeDir *r, const char *folder, const FileName *name, char **ret)
{
    char *path;

    if (asprintf(&path, "%s%s%s", streq(r->path, "/") ? "" : r->path, folder, name->text) < 0)
        return -ENOMEM;
    *ret = path;
    return 0;
}

int runtime_dir_handoff_path(const RuntimeDir *r, const char *pool_id, const char *replica_id,
                             char **ret)
{
    FileName name;
    int q = runtime_dir_handoff_name(pool_id, replica_id, &name);

    return q < 0 ? q : runtime_dir_join(r, "/engines/", &name, ret);
}

int runtime_dir_log_path(const RuntimeDir *r, const char *pool_id, char **ret)
{
    FileName name;
    int q = runtime_dir_pool_name(pool_id, ".log", &name);

    return q < 0 ? q : runtime_dir_join(r, "/engine-", &name, ret);
}

static int write_pool_file(int dir_fd, const char *pool_id, const char *text)
{
    FileName name;
    int q = runtime_dir_pool_name(pool_id, POOL_FILE_SUFFIX, &name);

    return q < 0 ? q : runtime_dir_write_file(dir_fd, name.text, text, NULL);
}

static int remove_pool_file(int dir_fd, const char *pool_id)
{
    FileName name;
    int q = runtime_dir_pool_name(pool_id, POOL_FILE_SUFFIX, &name);

    return q < 0 ? q : runtime_dir_remove_file(dir_fd, name.text);
}

int runtime_dir_write_state(RuntimeDir *r, const char *pool_id, const char *text)
{
    return write_pool_file(r->state_fd, pool_id, text);
}

int runtime_dir_remove_state(RuntimeDir *r, const char *pool_id)
{
    return remove_pool_file(r->state_fd, pool_id);
}

int runtime_dir_read_states(RuntimeDir *r, RuntimeStateFunc f, void *userdata)
{
    return pool_files_read(r->state_fd, f, userdata);
}

int runtime_dir_write_leases(RuntimeDir *r, const char *pool_id, const char *text)
{
    return write_pool_file(r->leases_fd, pool_id, text);
}

int runtime_dir_remove_leases(RuntimeDir *r, const char *pool_id)
{
    return remove_pool_file(r->leases_fd, pool_id);
}

int runtime_dir_read_leases(RuntimeDir *r, RuntimeStateFunc f, void *userdata)
{
    return pool_files_read(r->leases_fd, f, userdata);
}

int runtime_dir_write_registry(RuntimeDir *r, const char *text)
{
    return runtime_dir_write_file(r->root_fd, REGISTRY_NAME, text, NULL);
}

int runtime_dir_read_registry(RuntimeDir *r, char **ret_text, size_t *ret_length)
{
    _cleanup_free_ char *buffer = NULL;
    size_t length = 0;
    int q;

    buffer = malloc(PM_BODY_MAX + 2);
    if (!buffer)
        return -ENOMEM;
    q = plain_file_read(r->root_fd, REGISTRY_NAME, buffer, &length, NULL);
    if (q < 0)
        return q;
    *ret_text = TAKE_PTR(buffer);
    *ret_length = length;
    return 0;
}

int runtime_dir_reject_registry(RuntimeDir *r)
{
    int q = pool_files_set_aside(r->root_fd, REGISTRY_NAME);

    return q == -ENOENT ? 0 : q;
}
