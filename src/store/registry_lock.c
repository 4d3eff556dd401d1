/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/registry_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "store/plain_file.h"
#include "store/runtime_dir_internal.h"

#define LOCK_NAME "registry.lock"

/* How often the file may be replaced under our hands before we say that it is locked. */
#define OPEN_TRIES 8

struct RegistryLock {
    const RuntimeDir *dir;
    int fd;
    dev_t device; /* of the open file, */
    ino_t inode;  /* and its number there */
    bool held;
};

/* Opens the file that the name leads to now, instead of the one that is open. */
static int open_once(RegistryLock *l)
{
    int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    _cleanup_close_ int fd = -1;
    struct stat st;

    fd = openat(l->dir->root_fd, LOCK_NAME, flags | O_CREAT | O_EXCL, 0600);
    if (fd < 0 && errno == EEXIST)
        fd = openat(l->dir->root_fd, LOCK_NAME, flags);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return plain_file_check_kind(&st);
    closep(&l->fd); /* with its lock */
    l->fd = TAKE_FD(fd);
    l->device = st.st_dev;
    l->inode = st.st_ino;
    return 0;
}

/* Nothing has changed after an error. */
static int open_file(RegistryLock *l)
{
    int r = -ENOENT;

    /* ENOENT: deleted between finding it and opening it; or the folder is gone for good. */
    for (unsigned i = 0; r == -ENOENT && i < OPEN_TRIES; i++)
        r = open_once(l);
    return r;
}

int registry_lock_open(const RuntimeDir *dir, RegistryLock **ret)
{
    _cleanup_(registry_lock_freep) RegistryLock *l = NULL;
    int r;

    l = malloc(sizeof(*l));
    if (!l)
        return -ENOMEM;
    *l = (RegistryLock){.dir = dir, .fd = -1};
    r = open_file(l);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(l);
    return 0;
}

RegistryLock *registry_lock_free(RegistryLock *l)
{
    if (!l)
        return NULL;
    closep(&l->fd);
    free(l);
    return NULL;
}

static int set_lock(int fd, short type)
{
    /* To the end, however long the file becomes. */
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET};

    if (fcntl(fd, F_OFD_SETLK, &lock) >= 0)
        return 0;
    return errno == EACCES ? -EAGAIN : -errno;
}

/* 1 when the name leads to the open file, 0 when elsewhere, -ENOENT when nowhere. */
static int name_leads_here(const RegistryLock *l)
{
    struct stat named;

    if (fstatat(l->dir->root_fd, LOCK_NAME, &named, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return named.st_dev == l->device && named.st_ino == l->inode;
}

int registry_lock_try(RegistryLock *l, bool exclusive)
{
    if (l->held)
        return -EDEADLK;
    for (unsigned i = 0; i < OPEN_TRIES; i++) {
        int locked = set_lock(l->fd, exclusive ? F_WRLCK : F_RDLCK);
        int here = name_leads_here(l), r;

        if (here <= 0) {
            r = open_file(l);
            if (r >= 0)
                continue;
            if (here != -ENOENT) {
                (void)set_lock(l->fd, F_UNLCK);
                return r;
            }
        }
        l->held = locked >= 0;
        return locked;
    }
    (void)set_lock(l->fd, F_UNLCK);
    return -EAGAIN;
}

void registry_lock_release(RegistryLock *l)
{
    if (!l->held)
        return;
    l->held = false;
    (void)set_lock(l->fd, F_UNLCK);
}
