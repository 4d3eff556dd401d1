/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/load_model_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/parse.h"
#include "core/model_parts.h"
#include "probe/load_model_size.h"

enum {
    FOLDER_LEVELS = 2, /* the folder itself, and those in it */
};

/* The sum so far, and the entries that may still be looked at. */
typedef struct Sum {
    uint64_t bytes;
    unsigned entries_left;
} Sum;

/* Sparse files may claim any size. */
static void sum_add(Sum *sum, const struct stat *st)
{
    uint64_t bytes = st->st_size > 0 ? (uint64_t)st->st_size : 0;

    sum->bytes = bytes > UINT64_MAX - sum->bytes ? UINT64_MAX : sum->bytes + bytes;
}

static void closedirp(DIR **d)
{
    if (*d)
        closedir(*d);
}

static int sum_folder(Sum *sum, int parent_fd, const char *name, int levels);

/* What cannot be looked at is left out: an estimate is better than none. */
static void sum_entry(Sum *sum, int folder_fd, const char *name, int levels)
{
    struct stat st;

    if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    if (S_ISDIR(st.st_mode) && levels > 1)
        (void)sum_folder(sum, folder_fd, name, levels - 1);
    if (S_ISLNK(st.st_mode) && fstatat(folder_fd, name, &st, 0) < 0)
        return;
    if (S_ISREG(st.st_mode))
        sum_add(sum, &st);
}

static int sum_folder(Sum *sum, int parent_fd, const char *name, int levels)
{
    _cleanup_(closedirp) DIR *d = NULL;
    struct dirent *entry;
    int fd;

    fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    d = fdopendir(fd);
    if (!d) {
        close(fd);
        return -ENOMEM;
    }
    while (sum->entries_left > 0 && (entry = readdir(d))) {
        if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
            continue;
        sum->entries_left--;
        sum_entry(sum, fd, entry->d_name, levels);
    }
    return 0;
}

static void sum_parts(Sum *sum, const char *path, size_t stem, unsigned parts)
{
    char part[PATH_MAX];
    struct stat st;

    for (unsigned i = 1; i <= parts && i <= MODEL_SIZE_PARTS_MAX; i++) {
        model_part_path(path, stem, i, parts, part, sizeof(part));
        if (stat(part, &st) == 0 && S_ISREG(st.st_mode))
            sum_add(sum, &st);
    }
}

int model_files_sum(const char *path, uint64_t *ret_bytes)
{
    Sum sum = {.entries_left = MODEL_SIZE_ENTRIES_MAX};
    struct stat st;
    unsigned parts;
    size_t stem;
    int r = 0;

    if (strlen(path) >= PATH_MAX)
        return -ENAMETOOLONG;
    if (stat(path, &st) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        r = sum_folder(&sum, AT_FDCWD, path, FOLDER_LEVELS);
    else if (S_ISREG(st.st_mode) && model_is_part(path, &stem, &parts))
        sum_parts(&sum, path, stem, parts);
    else if (S_ISREG(st.st_mode))
        sum_add(&sum, &st);
    if (r < 0)
        return r;
    if (sum.bytes == 0)
        return -ENODATA;
    *ret_bytes = sum.bytes;
    return 0;
}
