/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provision/part.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "provision/failure.h"
#include "provision/model_file.h"

/* How much a loss of power may cost. Also keeps the page cache from filling with unwritten data. */
#define SYNC_BYTES (256ULL * 1024 * 1024)

struct Part {
    Cache *cache;
    int fd;
    uint64_t size;
    uint64_t digested; /* bytes that `sha256` has seen */
    Sha256 *sha256;
    PartRecord record;
    char name[NAME_MAX + 1];
    char record_name[NAME_MAX + 1];
};

static int read_boot_id(char ret[BOOT_ID_MAX + 1])
{
    _cleanup_close_ int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return -errno;
    n = read(fd, ret, BOOT_ID_MAX);
    if (n != BOOT_ID_MAX)
        return n < 0 ? -errno : -EIO;
    ret[n] = '\0';
    return 0;
}

static int cut(Part *p, uint64_t size)
{
    if (ftruncate(p->fd, (off_t)size) < 0)
        return -errno;
    p->size = size;
    p->digested = 0;
    return sha256_reset(p->sha256);
}

/* Finds out how much of what is there can be gone on with. */
static int take_up(Part *p)
{
    char boot_id[BOOT_ID_MAX + 1];
    PartRecord record;
    struct stat st;
    uint64_t size;
    int r = read_boot_id(boot_id);

    if (r < 0)
        return r;
    if (fstat(p->fd, &st) < 0)
        return -errno;
    size = (uint64_t)st.st_size;
    if (part_record_read(p->cache->fd, p->record_name, &record) < 0)
        record = (PartRecord){.total = RECORD_UNKNOWN}, size = 0;
    else if (!streq(record.boot_id, boot_id) && record.synced < size)
        size = record.synced;
    /* Longer than the file that it is a part of: somebody else wrote to it. */
    if (record.total != RECORD_UNKNOWN && size > record.total)
        size = 0;
    p->record = record;
    memcpy(p->record.boot_id, boot_id, sizeof(boot_id));
    return cut(p, size);
}

static int set_up(Part *p)
{
    int r = sha256_new(&p->sha256);

    if (r < 0)
        return r;
    (void)snprintf(p->name, sizeof(p->name), "%s.part", p->cache->address->key);
    (void)snprintf(p->record_name, sizeof(p->record_name), "%s.part.json", p->cache->address->key);
    p->fd = openat(p->cache->fd, p->name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                   0644);
    if (p->fd < 0)
        return -errno;
    return take_up(p);
}

int part_open(Cache *cache, Part **ret, Error *error)
{
    _cleanup_(part_freep) Part *p = malloc(sizeof(*p));
    int r;

    if (!p)
        return failure_no_memory(error);
    *p = (Part){.cache = cache, .fd = -1};
    r = set_up(p);
    if (r < 0)
        return cache_failed(cache, r, "opening what was fetched before", error);
    *ret = TAKE_PTR(p);
    return 0;
}

Part *part_free(Part *p)
{
    if (!p)
        return NULL;
    if (p->fd >= 0 && p->size == 0) {
        (void)unlinkat(p->cache->fd, p->name, 0);
        (void)unlinkat(p->cache->fd, p->record_name, 0);
    }
    closep(&p->fd);
    sha256_free(p->sha256);
    free(p);
    return NULL;
}

uint64_t part_size(const Part *p)
{
    return p->size;
}

const PartRecord *part_record(const Part *p)
{
    return &p->record;
}

int part_is_gguf(const Part *p, char ret_start[5])
{
    return model_file_is_gguf(p->fd, ret_start);
}

int part_restart(Part *p, const Validators *validators, uint64_t total)
{
    int r = cut(p, 0);

    if (r < 0)
        return r;
    p->record.validators = *validators;
    p->record.total = total;
    p->record.synced = 0;
    return part_record_write(p->cache->fd, p->record_name, &p->record);
}

static int write_at(int fd, const char *data, size_t n, uint64_t offset)
{
    while (n > 0) {
        ssize_t written = pwrite(fd, data, n, (off_t)offset);

        if (written < 0)
            return -errno;
        data += written;
        n -= (size_t)written;
        offset += (uint64_t)written;
    }
    return 0;
}

int part_append(Part *p, const void *data, size_t n)
{
    int r = write_at(p->fd, data, n, p->size);

    if (r < 0)
        return r;
    if (p->digested == p->size) {
        r = sha256_add(p->sha256, data, n);
        if (r < 0)
            return r;
        p->digested += n;
    }
    p->size += n;
    return p->size - p->record.synced >= SYNC_BYTES ? part_sync(p) : 0;
}

int part_sync(Part *p)
{
    if (p->record.synced == p->size)
        return 0;
    if (fdatasync(p->fd) < 0)
        return -errno;
    p->record.synced = p->size;
    return part_record_write(p->cache->fd, p->record_name, &p->record);
}

int part_sha256(Part *p, Progress *progress, char ret[SHA256_HEX + 1])
{
    int r = 0;

    if (p->digested < p->size)
        r = model_file_digest(p->fd, p->digested, p->size, p->sha256, progress);
    if (r < 0)
        return r;
    p->digested = p->size;
    return sha256_hex(p->sha256, ret);
}

int part_finish(Part *p, const char *name)
{
    const int dir_fd = p->cache->fd;

    if (fsync(p->fd) < 0)
        return -errno;
    if (renameat(dir_fd, p->name, dir_fd, name) < 0)
        return -errno;
    closep(&p->fd);
    p->fd = -1;
    if (unlinkat(dir_fd, p->record_name, 0) < 0 && errno != ENOENT)
        return -errno;
    return fsync(dir_fd) < 0 ? -errno : 0;
}
