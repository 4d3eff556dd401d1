/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>

static void folder_open(Folder *folder)
{
    folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_return_code(folder->fd, errno);
}

int folder_setup(void **state)
{
    Folder *folder = calloc(1, sizeof(*folder));

    assert_non_null(folder);
    (void)snprintf(folder->path, sizeof(folder->path), "/tmp/test-store-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    folder_open(folder);
    *state = folder;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

int folder_teardown(void **state)
{
    Folder *folder = *state;

    close(folder->fd);
    (void)umount2(folder->path, MNT_DETACH);
    (void)chmod(folder->path, 0700);
    (void)nftw(folder->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    assert_int_equal(access(folder->path, F_OK), -1);
    free(folder);
    return 0;
}

void put_file(int dir_fd, const char *name, const char *text)
{
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    assert_return_code(fd, errno);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

void assert_file(int dir_fd, const char *name, const char *text)
{
    size_t n = strlen(text);
    _cleanup_free_ char *buffer = malloc(n + 2);
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);

    assert_return_code(fd, errno);
    assert_non_null(buffer);
    assert_int_equal(read(fd, buffer, n + 1), n);
    assert_memory_equal(buffer, text, n);
    close(fd);
}

void assert_no_file(int dir_fd, const char *name)
{
    struct stat st;

    assert_int_equal(fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW), -1);
    assert_int_equal(errno, ENOENT);
}

void assert_symlink(int dir_fd, const char *name, const char *target)
{
    char buffer[256] = "";

    assert_return_code(readlinkat(dir_fd, name, buffer, sizeof(buffer) - 1), errno);
    assert_string_equal(buffer, target);
}

mode_t file_mode(int dir_fd, const char *name)
{
    struct stat st;

    assert_return_code(fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW), errno);
    return st.st_mode;
}

unsigned count_entries(int dir_fd)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct dirent *entry;
    unsigned n = 0;
    DIR *dir;

    assert_return_code(fd, errno);
    dir = fdopendir(fd);
    assert_non_null(dir);
    while ((entry = readdir(dir)))
        if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
            n++;
    closedir(dir);
    return n;
}

static bool enter_mount_namespace(void)
{
    static bool entered;

    if (!entered)
        entered = unshare(CLONE_NEWNS) >= 0 &&
                  mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) >= 0;
    return entered;
}

bool mount_tmpfs(Folder *folder, const char *size)
{
    char options[64];

    (void)snprintf(options, sizeof(options), "mode=0755,size=%s", size);
    if (!enter_mount_namespace() || mount("tmpfs", folder->path, "tmpfs", 0, options) < 0)
        return false;
    close(folder->fd);
    folder_open(folder);
    return true;
}

bool make_read_only(Folder *folder)
{
    if (geteuid() != 0) {
        assert_return_code(fchmod(folder->fd, 0555), errno);
        return true;
    }
    /* Modes do not bind root. */
    if (!enter_mount_namespace())
        return false;
    assert_return_code(mount(folder->path, folder->path, "none", MS_BIND, NULL), errno);
    assert_return_code(mount("none", folder->path, "none", MS_REMOUNT | MS_BIND | MS_RDONLY, NULL),
                       errno);
    close(folder->fd);
    folder_open(folder);
    return true;
}
