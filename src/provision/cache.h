/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <limits.h>

#include "base/error.h"
#include "provision/progress.h"
#include "provision/record.h"
#include "provision/web_address.h"

/*
 * The folder that fetched models are kept in. Of the address with the key K:
 *   K-D-TAIL      a version of the model, D being the start of its SHA-256. A file never changes
 *                 under its name, so that an engine can be started on an older version again.
 *   K.json        CachedRecord of the version that was fetched last
 *   K.part        what is there of a version that is being fetched, K.part.json its PartRecord
 *   K.lock        locked by the process that works on K
 * Anything may be removed while no lock is held: what is missing is fetched again.
 */
typedef struct Cache {
    char *path; /* absolute */
    int fd;
    int lock_fd;
    const WebAddress *address;
} Cache;

/*
 * Opens the cache in `path`, creating it (mode 0755: engines run as other users) with its parents,
 * and waits until no other process works on `address`, which must live as long as the cache.
 * Returns 0, or negative errno with `error` set.
 */
int cache_open(const char *path, const WebAddress *address, Progress *progress, Cache **ret,
               Error *error);

/* Gives the lock back, too. */
Cache *cache_free(Cache *c);
DEFINE_CLEANUP(Cache *, cache_free)

/* The name of the version whose digest is `sha256`. */
void cache_file_name(const Cache *c, const char *sha256, char ret[NAME_MAX + 1]);

/* The path of `file`, which the caller frees; NULL: out of memory. */
char *cache_path(const Cache *c, const char *file);

/*
 * The file that was fetched last, when it is there and what it was. Returns 1; 0 when there is none
 * that can be relied on; or negative errno with `error` set.
 */
int cache_find_last(Cache *c, Progress *progress, CachedRecord *ret, Error *error);

/* Whether the version whose digest is `sha256` is there and undamaged. Returns 1, 0, or negative
 * errno with `error` set. */
int cache_find(Cache *c, const char *sha256, Progress *progress, Error *error);

/* Remembers what was fetched last: record->file is there; size and mtime are taken from it.
 * Returns 0 or negative errno with `error` set. */
int cache_remember(Cache *c, CachedRecord *record, Error *error);

/* Fills `error` with what went wrong in the cache, -errno `r`, and what to do about it; returns
 * `r`. */
int cache_failed(const Cache *c, int r, const char *what, Error *error);
