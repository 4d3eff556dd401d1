/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/cache.h"
#include "provision/record.h"

/* The part of a file that has been fetched. All sizes are in bytes. */
typedef struct Part Part;

/*
 * Opens the part of the cache's address, an empty one where none can be gone on with. What an
 * earlier boot wrote is believed only as far as it was made durable. Returns 0, or negative errno
 * with `error` set.
 */
int part_open(Cache *cache, Part **ret, Error *error);

/* What is there stays for the next time; nothing is left when nothing is there. */
Part *part_free(Part *p);
DEFINE_CLEANUP(Part *, part_free)

uint64_t part_size(const Part *p);

/* What is known of the version that the part belongs to; total may be RECORD_UNKNOWN. */
const PartRecord *part_record(const Part *p);

/* Whether it looks like a GGUF: see model_file_is_gguf(). */
int part_is_gguf(const Part *p, char ret_start[5]);

/* Starts again with nothing: a version with these validators and this size. Returns 0 or negative
 * errno. */
int part_restart(Part *p, const Validators *validators, uint64_t total);

/* Returns 0 or negative errno; on failure some of the bytes may have been added. */
int part_append(Part *p, const void *data, size_t n);

/* Makes all that is there durable. Returns 0 or negative errno. */
int part_sync(Part *p);

/* The digest of all that is there; may have to read it, with progress. Returns 0 or negative errno.
 */
int part_sha256(Part *p, Progress *progress, char ret[SHA256_HEX + 1]);

/* Makes the part, durably, the file `name` of the cache. Returns 0 or negative errno. Afterwards
 * only part_free() may be called. */
int part_finish(Part *p, const char *name);
