/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/atomic_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/macros.h"

/* Ids start with a letter or a digit, so no file of ours starts like this. */
#define TEMPORARY_PREFIX ".#pm-"

/* Another process with our pid, in a pid namespace of its own, may hold some names. */
#define TEMPORARY_TRIES 64

/* Makes the file, which must not exist yet. Returns a descriptor or 0, or negative errno. */
typedef int (*CreateFunc)(int dir_fd, const char *name, const char *target);

static int create_file(int dir_fd, const char *name, const char *target)
{
    /* O_EXCL never follows a link that lies there; O_NOFOLLOW says so to the reader. */
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    return fd < 0 ? -errno : fd;
}

static int create_symlink(int dir_fd, const char *name, const char *target)
{
    return symlinkat(target, dir_fd, name) < 0 ? -errno : 0;
}

static int temporary_create(int dir_fd, const char *name, CreateFunc create, const char *target,
                            AtomicTemporary *ret)
{
    int r = -EEXIST;

    for (unsigned i = 0; r == -EEXIST && i < TEMPORARY_TRIES; i++) {
        int n = snprintf(ret->name, sizeof(ret->name), TEMPORARY_PREFIX "%s.%ld.%u", name,
                         (long)getpid(), i);

        if (n < 0 || (size_t)n >= sizeof(ret->name))
            return -ENAMETOOLONG;
        r = create(dir_fd, ret->name, target);
    }
    return r;
}

int atomic_file_commit(int dir_fd, const AtomicTemporary *temporary, const char *name)
{
    int r = renameat(dir_fd, temporary->name, dir_fd, name) < 0 ? -errno : 0;

    if (r < 0)
        atomic_file_discard(dir_fd, temporary);
    return r;
}

void atomic_file_discard(int dir_fd, const AtomicTemporary *temporary)
{
    (void)unlinkat(dir_fd, temporary->name, 0);
}

static int write_all(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, data, n);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        data += written;
        n -= (size_t)written;
    }
    return 0;
}

/* Writes the file under its temporary name. Returns 0 or negative errno: then it is gone. */
static int write_temporary(int dir_fd, const char *name, const char *data, size_t n, bool durable,
                           AtomicTemporary *ret, struct stat *ret_st)
{
    int fd, r;

    fd = temporary_create(dir_fd, name, create_file, NULL, ret);
    if (fd < 0)
        return fd;
    r = write_all(fd, data, n);
    if (r >= 0 && (fchmod(fd, 0644) < 0 || fstat(fd, ret_st) < 0 || (durable && fsync(fd) < 0)))
        r = -errno;
    /* Quotas and network file systems report a lost write here. */
    if (close(fd) < 0 && r >= 0 && errno != EINTR)
        r = -errno;
    if (r < 0)
        atomic_file_discard(dir_fd, ret);
    return r;
}

int atomic_file_replace(int dir_fd, const char *name, const char *data, size_t n,
                        FileVersion *ret_version)
{
    AtomicTemporary temporary;
    struct stat st = {0};
    int r;

    r = write_temporary(dir_fd, name, data, n, false, &temporary, &st);
    if (r >= 0)
        r = atomic_file_commit(dir_fd, &temporary, name);
    if (r >= 0 && ret_version)
        *ret_version = file_version(&st);
    return r;
}

int atomic_file_prepare(int dir_fd, const char *name, const char *data, size_t n,
                        AtomicTemporary *ret)
{
    struct stat st;

    return write_temporary(dir_fd, name, data, n, true, ret, &st);
}

/*
 * Gives the symlink its real name unless a file is in the way. What stood there is left under the
 * temporary name. A file that comes between looking and renaming is put back.
 */
static int symlink_commit(const AtomicTemporary *t, int dir_fd, const char *name)
{
    unsigned flags = RENAME_EXCHANGE;
    struct stat st;

    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno != ENOENT)
            return -errno;
        flags = RENAME_NOREPLACE;
    } else if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) {
        return S_ISREG(st.st_mode) ? -EEXIST : -EISDIR;
    }
    /* EINVAL: a file system that cannot do either; then having looked must do. */
    if (renameat2(dir_fd, t->name, dir_fd, name, flags) < 0 &&
        (errno != EINVAL || renameat(dir_fd, t->name, dir_fd, name) < 0))
        return -errno;
    if (flags == RENAME_EXCHANGE && fstatat(dir_fd, t->name, &st, AT_SYMLINK_NOFOLLOW) >= 0 &&
        S_ISREG(st.st_mode)) {
        (void)renameat2(dir_fd, t->name, dir_fd, name, RENAME_EXCHANGE);
        return -EEXIST;
    }
    return 0;
}

int atomic_symlink_replace(int dir_fd, const char *name, const char *target)
{
    AtomicTemporary temporary;
    int r;

    r = temporary_create(dir_fd, name, create_symlink, target, &temporary);
    if (r < 0)
        return r;
    r = symlink_commit(&temporary, dir_fd, name);
    (void)unlinkat(dir_fd, temporary.name, 0);
    return r;
}

static int is_temporary(const struct dirent *entry)
{
    return startswith(entry->d_name, TEMPORARY_PREFIX);
}

int atomic_file_sweep(int dir_fd)
{
    struct dirent **entries;
    int n;

    n = scandirat(dir_fd, ".", &entries, is_temporary, NULL);
    if (n < 0)
        return -errno;
    for (int i = 0; i < n; i++) {
        (void)unlinkat(dir_fd, entries[i]->d_name, 0);
        free(entries[i]);
    }
    free(entries);
    return 0;
}
