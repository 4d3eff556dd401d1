/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "base/macros.h"

/* SHA-256 (FIPS 180-4) of bytes that come piece by piece. */
typedef struct Sha256 Sha256;

enum {
    SHA256_HEX = 64, /* characters of a digest */
};

/* Returns 0 or -ENOMEM. */
int sha256_new(Sha256 **ret);
Sha256 *sha256_free(Sha256 *s);
DEFINE_CLEANUP(Sha256 *, sha256_free)

/* Forgets all bytes. Returns 0 or -EIO. */
int sha256_reset(Sha256 *s);

/* Returns 0 or -EIO. */
int sha256_add(Sha256 *s, const void *data, size_t n);

/* The digest of all bytes so far in lower-case hex; more may be added afterwards. Returns 0 or
 * -EIO. */
int sha256_hex(const Sha256 *s, char ret[SHA256_HEX + 1]);

/* The digest of `n` bytes in memory. Returns 0, -ENOMEM or -EIO. */
int sha256_of(const void *data, size_t n, char ret[SHA256_HEX + 1]);

/* Reads 64 hex digits of either case, to lower case. Returns 0 or -EINVAL. */
int sha256_parse(const char *s, char ret[SHA256_HEX + 1]);
