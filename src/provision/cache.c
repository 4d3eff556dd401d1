/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "provision/cache.h"
#include "provision/failure.h"
#include "provision/model_file.h"

enum {
    CONTENT_HEX = 16, /* of a version's digest, in its name */
};

int cache_failed(const Cache *c, int r, const char *what, Error *error)
{
    if (r == -ENOSPC || r == -EDQUOT)
        error_set(error, FAILURE_TEMPORARY, NULL,
                  "no room in %s while %s; free some, or choose another folder with --cache-dir=. "
                  "What was fetched is kept",
                  c->path, what);
    else if (r == -EACCES || r == -EPERM || r == -EROFS)
        error_set(error, FAILURE_FINAL, NULL,
                  "%s may not be written by user %u (%s); change its owner, or choose another "
                  "folder with --cache-dir=",
                  c->path, (unsigned)geteuid(), strerror(-r));
    else
        error_set(error, failure_of_errno(r), NULL, "%s while %s in %s", strerror(-r), what,
                  c->path);
    return r;
}

static void key_name(const Cache *c, const char *suffix, char ret[NAME_MAX + 1])
{
    (void)snprintf(ret, NAME_MAX + 1, "%s%s", c->address->key, suffix);
}

void cache_file_name(const Cache *c, const char *sha256, char ret[NAME_MAX + 1])
{
    (void)snprintf(ret, NAME_MAX + 1, "%s-%.*s-%s", c->address->key, CONTENT_HEX, sha256,
                   c->address->tail);
}

char *cache_path(const Cache *c, const char *file)
{
    char *path;

    return asprintf(&path, "%s/%s", c->path, file) < 0 ? NULL : path;
}

/* Creates `path` and what is missing above it. */
static int make_folders(char *path)
{
    for (char *slash = path + 1; *slash; slash++) {
        if (*slash != '/')
            continue;
        *slash = '\0';
        /* Whatever is wrong with a parent shows at its child. */
        (void)mkdir(path, 0755);
        *slash = '/';
    }
    return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/* Waits in the kernel, without a limit: whoever holds the lock ends, or is ended, by itself. */
static int lock(Cache *c, Progress *progress)
{
    char name[NAME_MAX + 1];

    key_name(c, ".lock", name);
    c->lock_fd = openat(c->fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (c->lock_fd < 0)
        return -errno;
    if (flock(c->lock_fd, LOCK_EX | LOCK_NB) >= 0)
        return 0;
    if (errno != EWOULDBLOCK)
        return -errno;
    progress_report(progress, "wait", 0, PROGRESS_TOTAL_UNKNOWN);
    return flock(c->lock_fd, LOCK_EX) < 0 ? -errno : 0;
}

int cache_open(const char *path, const WebAddress *address, Progress *progress, Cache **ret,
               Error *error)
{
    _cleanup_(cache_freep) Cache *c = malloc(sizeof(*c));
    int r;

    if (!c)
        return failure_no_memory(error);
    *c = (Cache){.path = strdup(path), .fd = -1, .lock_fd = -1, .address = address};
    if (!c->path)
        return failure_no_memory(error);
    r = make_folders(c->path);
    if (r < 0)
        return cache_failed(c, r, "creating the folder", error);
    c->fd = open(c->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c->fd < 0)
        return cache_failed(c, -errno, "opening the folder", error);
    r = lock(c, progress);
    if (r < 0)
        return cache_failed(c, r, "locking", error);
    *ret = TAKE_PTR(c);
    return 0;
}

Cache *cache_free(Cache *c)
{
    if (!c)
        return NULL;
    closep(&c->lock_fd);
    closep(&c->fd);
    free(c->path);
    free(c);
    return NULL;
}

static uint64_t mtime_nsec(const struct stat *st)
{
    return (uint64_t)st->st_mtim.tv_sec * 1000000000U + (uint64_t)st->st_mtim.tv_nsec;
}

/* Whether `file` has the digest `sha256`. */
static int digest_is(Cache *c, const char *file, const char *sha256, Progress *progress,
                     struct stat *ret_st)
{
    _cleanup_(sha256_freep) Sha256 *s = NULL;
    _cleanup_close_ int fd = -1;
    char found[SHA256_HEX + 1];
    int r;

    fd = openat(c->fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT || errno == ELOOP ? 0 : -errno;
    if (fstat(fd, ret_st) < 0)
        return -errno;
    if (!S_ISREG(ret_st->st_mode))
        return 0;
    r = sha256_new(&s);
    if (r >= 0)
        r = model_file_digest(fd, 0, (uint64_t)ret_st->st_size, s, progress);
    if (r >= 0)
        r = sha256_hex(s, found);
    return r < 0 ? r : streq(found, sha256);
}

/* Whether the file of the record is what the record says; looks into it only when it was touched.
 */
static int is_undamaged(Cache *c, CachedRecord *record, Progress *progress)
{
    struct stat st;
    int r;

    if (fstatat(c->fd, record->file, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (S_ISREG(st.st_mode) && (uint64_t)st.st_size == record->size &&
        mtime_nsec(&st) == record->mtime_nsec)
        return 1;
    r = digest_is(c, record->file, record->sha256, progress, &st);
    if (r <= 0)
        return r;
    r = cache_remember(c, record, NULL);
    return r < 0 ? r : 1;
}

int cache_find_last(Cache *c, Progress *progress, CachedRecord *ret, Error *error)
{
    CachedRecord record;
    char name[NAME_MAX + 1];
    int r;

    key_name(c, ".json", name);
    r = cached_record_read(c->fd, name, &record);
    if (r < 0)
        return 0;
    r = is_undamaged(c, &record, progress);
    if (r < 0)
        return cache_failed(c, r, "checking what was fetched before", error);
    if (r > 0)
        *ret = record;
    return r;
}

int cache_find(Cache *c, const char *sha256, Progress *progress, Error *error)
{
    CachedRecord record;
    char name[NAME_MAX + 1], file[NAME_MAX + 1];
    struct stat st;
    int r;

    key_name(c, ".json", name);
    cache_file_name(c, sha256, file);
    if (cached_record_read(c->fd, name, &record) >= 0 && streq(record.sha256, sha256) &&
        streq(record.file, file))
        r = is_undamaged(c, &record, progress);
    else
        r = digest_is(c, file, sha256, progress, &st);
    return r < 0 ? cache_failed(c, r, "checking what was fetched before", error) : r;
}

int cache_remember(Cache *c, CachedRecord *record, Error *error)
{
    char name[NAME_MAX + 1];
    struct stat st;
    int r = 0;

    if (fstatat(c->fd, record->file, &st, AT_SYMLINK_NOFOLLOW) < 0)
        r = -errno;
    if (r >= 0) {
        record->size = (uint64_t)st.st_size;
        record->mtime_nsec = mtime_nsec(&st);
        key_name(c, ".json", name);
        r = cached_record_write(c->fd, name, record);
    }
    return r < 0 ? cache_failed(c, r, "writing down what was fetched", error) : 0;
}
