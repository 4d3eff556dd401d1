/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/runtime_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poolmgr/limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/parse.h"
#include "store/atomic_file.h"
#include "store/state_files.h"

#define SYMLINK_NAME "engine.json"

struct RuntimeDir {
    char *path; /* without a slash at the end */
    int root_fd;
    int engines_fd;
    int state_fd;
};

typedef struct FileName {
    char text[NAME_MAX + 1];
} FileName;

/* "<pool><suffix>" for a valid id. */
static int pool_file_name(const char *pool_id, const char *suffix, FileName *ret)
{
    if (!id_is_valid(pool_id))
        return -EINVAL;
    (void)snprintf(ret->text, sizeof(ret->text), "%s%s", pool_id, suffix);
    return 0;
}

static int handoff_file_name(const char *pool_id, const char *replica_id, FileName *ret)
{
    if (!id_is_valid(pool_id) || !id_is_valid(replica_id))
        return -EINVAL;
    (void)snprintf(ret->text, sizeof(ret->text), "%s-%s.json", pool_id, replica_id);
    return 0;
}

/* Opens the folder `name`, making it when it is missing. Returns a descriptor or negative errno. */
static int open_folder(int parent_fd, const char *name, int extra_flags)
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

static int open_folders(RuntimeDir *d)
{
    d->root_fd = open_folder(AT_FDCWD, d->path, 0);
    if (d->root_fd < 0)
        return d->root_fd;
    d->engines_fd = open_folder(d->root_fd, "engines", O_NOFOLLOW);
    if (d->engines_fd < 0)
        return d->engines_fd;
    d->state_fd = open_folder(d->root_fd, "state", O_NOFOLLOW);
    return d->state_fd < 0 ? d->state_fd : 0;
}

static int sweep_folders(const RuntimeDir *d)
{
    int r;

    r = atomic_file_sweep(d->root_fd);
    if (r >= 0)
        r = atomic_file_sweep(d->engines_fd);
    if (r >= 0)
        r = atomic_file_sweep(d->state_fd);
    return r;
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
    *d = (RuntimeDir){.root_fd = -1, .engines_fd = -1, .state_fd = -1};

    r = copy_path(path, &d->path);
    if (r >= 0)
        r = open_folders(d);
    if (r >= 0)
        r = sweep_folders(d);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(d);
    return 0;
}

RuntimeDir *runtime_dir_free(RuntimeDir *r)
{
    if (!r)
        return NULL;
    closep(&r->root_fd);
    closep(&r->engines_fd);
    closep(&r->state_fd);
    free(r->path);
    free(r);
    return NULL;
}

const char *runtime_dir_path(const RuntimeDir *r)
{
    return r->path;
}

static int write_text(int dir_fd, const FileName *name, const char *text)
{
    size_t n = strlen(text);

    if (n > PM_BODY_MAX)
        return -EFBIG;
    return atomic_file_replace(dir_fd, name->text, text, n);
}

static int remove_file(int dir_fd, const FileName *name)
{
    return unlinkat(dir_fd, name->text, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int runtime_dir_write_pid(RuntimeDir *r, const char *pool_id, pid_t pid)
{
    FileName name;
    char text[32];
    int q;

    if (pid < 1)
        return -EINVAL;
    q = pool_file_name(pool_id, ".pid", &name);
    if (q < 0)
        return q;
    (void)snprintf(text, sizeof(text), "%ld\n", (long)pid);
    return write_text(r->root_fd, &name, text);
}

int runtime_dir_remove_pid(RuntimeDir *r, const char *pool_id)
{
    FileName name;
    int q = pool_file_name(pool_id, ".pid", &name);

    return q < 0 ? q : remove_file(r->root_fd, &name);
}

int runtime_dir_write_handoff(RuntimeDir *r, const char *pool_id, const char *replica_id,
                              const char *text)
{
    FileName name;
    int q;

    q = handoff_file_name(pool_id, replica_id, &name);
    if (q >= 0)
        q = write_text(r->engines_fd, &name, text);
    if (q < 0)
        return q;
    q = atomic_symlink_replace(r->engines_fd, SYMLINK_NAME, name.text);
    if (q < 0)
        (void)remove_file(r->engines_fd, &name);
    return q;
}

/* Removes engine.json when it is a symlink to `name`. */
static int remove_symlink_to(int dir_fd, const FileName *name)
{
    char target[sizeof(name->text)];
    ssize_t n;

    n = readlinkat(dir_fd, SYMLINK_NAME, target, sizeof(target));
    if (n < 0) /* EINVAL: someone put something else there, which is not ours to remove. */
        return errno == ENOENT || errno == EINVAL ? 0 : -errno;
    if ((size_t)n != strlen(name->text) || memcmp(target, name->text, (size_t)n) != 0)
        return 0;
    return remove_file(dir_fd, &(FileName){SYMLINK_NAME});
}

int runtime_dir_remove_handoff(RuntimeDir *r, const char *pool_id, const char *replica_id)
{
    FileName name;
    int q, q2;

    q = handoff_file_name(pool_id, replica_id, &name);
    if (q < 0)
        return q;
    /* A link that stays must not keep the handoff in place: it is the file that routes requests. */
    q = remove_symlink_to(r->engines_fd, &name);
    q2 = remove_file(r->engines_fd, &name);
    return q2 < 0 ? q2 : q;
}

static int join_path(const RuntimeDir *r, const char *folder, const FileName *name, char **ret)
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
    int q = handoff_file_name(pool_id, replica_id, &name);

    return q < 0 ? q : join_path(r, "/engines/", &name, ret);
}

int runtime_dir_log_path(const RuntimeDir *r, const char *pool_id, char **ret)
{
    FileName name;
    int q = pool_file_name(pool_id, ".log", &name);

    return q < 0 ? q : join_path(r, "/engine-", &name, ret);
}

int runtime_dir_write_state(RuntimeDir *r, const char *pool_id, const char *text)
{
    FileName name;
    int q = pool_file_name(pool_id, STATE_FILE_SUFFIX, &name);

    return q < 0 ? q : write_text(r->state_fd, &name, text);
}

int runtime_dir_remove_state(RuntimeDir *r, const char *pool_id)
{
    FileName name;
    int q = pool_file_name(pool_id, STATE_FILE_SUFFIX, &name);

    return q < 0 ? q : remove_file(r->state_fd, &name);
}

int runtime_dir_read_states(RuntimeDir *r, RuntimeStateFunc f, void *userdata)
{
    return state_files_read(r->state_fd, f, userdata);
}
