/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <poolmgr/limits.h>
#include <stdint.h>

#include "base/macros.h"
#include "provision/sha256.h"

/*
 * What stands beside the files of the cache. A record that is missing, damaged or of another format
 * is no error: what it told is then unknown, and the file is fetched or checked again.
 */

#define RECORD_UNKNOWN UINT64_MAX

enum {
    VALIDATOR_MAX = 1024, /* bytes of an ETag or Last-Modified; longer ones are left out */
    BOOT_ID_MAX = 36,
};

/* How a server tells one version of a file from another (RFC 9110, 8.8). "": not given. */
typedef struct Validators {
    char etag[VALIDATOR_MAX + 1];
    char last_modified[VALIDATOR_MAX + 1];
} Validators;

/* The version of a file that was fetched last. */
typedef struct CachedRecord {
    char file[256]; /* its name in the cache */
    char sha256[SHA256_HEX + 1];
    uint64_t size;       /* the two by which it is known to be untouched since it was checked */
    uint64_t mtime_nsec; /* Unix time */
    Validators validators;
} CachedRecord;

/* A file that is being fetched. */
typedef struct PartRecord {
    Validators validators;
    uint64_t total;                /* bytes, RECORD_UNKNOWN: the server did not say */
    uint64_t synced;               /* bytes that survive a loss of power */
    char boot_id[BOOT_ID_MAX + 1]; /* of the boot in which it was written to */
} PartRecord;

/*
 * Reads and replaces a record under `name` in the folder `dir_fd`. Nobody else may write it
 * meanwhile. Reading returns 0 or negative errno (-ENOENT: there is none, -EBADMSG: not a record);
 * writing, which is durable once it returns, 0 or negative errno.
 */
int cached_record_read(int dir_fd, const char *name, CachedRecord *ret);
int cached_record_write(int dir_fd, const char *name, const CachedRecord *record);
int part_record_read(int dir_fd, const char *name, PartRecord *ret);
int part_record_write(int dir_fd, const char *name, const PartRecord *record);
