/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <poolmgr/limits.h>

#include "base/parse.h"
#include "store/atomic_file.h"
#include "store/pool_files.h"
#include "store/runtime_dir_internal.h"

struct StateDir {
    char *path;
    int pools_fd;
    StateWriter *writer;
};

/* Opens the folder, and has it on disk that it is there. */
static int open_pools(const char *path, const char *folder, int *ret_fd)
{
    _cleanup_close_ int root_fd = -1, fd = -1;
    int r;

    root_fd = runtime_dir_open_folder(AT_FDCWD, path, 0);
    if (root_fd < 0)
        return root_fd;
    fd = runtime_dir_open_folder(root_fd, folder, O_NOFOLLOW);
    if (fd < 0)
        return fd;
    r = atomic_file_sweep(fd);
    if (r < 0)
        return r;
    if (fsync(root_fd) < 0)
        return -errno;
    *ret_fd = TAKE_FD(fd);
    return 0;
}

int state_dir_open(const char *path, const char *folder, sd_event *event, StateWriterFunc f,
                   void *userdata, StateDir **ret)
{
    _cleanup_(state_dir_freep) StateDir *d = NULL;
    int r, fd;

    if (!path_is_absolute_and_plain(path))
        return -EINVAL;
    d = malloc(sizeof(*d));
    if (!d)
        return -ENOMEM;
    *d = (StateDir){.pools_fd = -1};
    d->path = strdup(path);
    if (!d->path)
        return -ENOMEM;
    r = open_pools(path, folder, &d->pools_fd);
    if (r < 0)
        return r;
    fd = fcntl(d->pools_fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    r = state_writer_new(fd, event, f, userdata, &d->writer);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(d);
    return 0;
}

StateDir *state_dir_free(StateDir *d)
{
    if (!d)
        return NULL;
    state_writer_free(d->writer);
    closep(&d->pools_fd);
    free(d->path);
    free(d);
    return NULL;
}

const char *state_dir_path(const StateDir *d)
{
    return d->path;
}

int state_dir_read_pools(StateDir *d, RuntimeStateFunc f, void *userdata)
{
    return pool_files_read(d->pools_fd, f, userdata);
}

int state_dir_write_pool(StateDir *d, const char *pool_id, char **text)
{
    FileName name;
    int r = runtime_dir_pool_name(pool_id, POOL_FILE_SUFFIX, &name);

    if (r < 0)
        return r;
    if (strlen(*text) > PM_BODY_MAX)
        return -EFBIG;
    return state_writer_put(d->writer, name.text, text);
}

int state_dir_remove_pool(StateDir *d, const char *pool_id)
{
    FileName name;
    int r = runtime_dir_pool_name(pool_id, POOL_FILE_SUFFIX, &name);

    return r < 0 ? r : state_writer_remove(d->writer, name.text);
}

size_t state_dir_flush(StateDir *d, usec_t within)
{
    return state_writer_flush(d->writer, within);
}
