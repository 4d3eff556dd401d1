/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <poolmgr/limits.h>

#include "base/macros.h"
#include "base/usec.h"

/*
 * How often something may be said. Each pair of a kind and a scope has windows of its own: the
 * first thing that is said begins one, `burst` of them pass, what comes in the rest of it is
 * counted.
 */

enum {
    RATE_LIMIT_KEYS = 256 /* pairs that are counted at the same time */
};

typedef struct RateLimitKey {
    const char *kind; /* not copied: a constant of the program; NULL: a free place */
    char scope[PM_ID_MAX + 1];
    usec_t since; /* when its window began */
    uint64_t passed;
    uint64_t suppressed;
} RateLimitKey;

/* All zero is one without a limit. */
typedef struct RateLimit {
    usec_t interval_usec; /* 0: no limit */
    uint64_t burst;       /* 0: no limit */
    RateLimitKey keys[RATE_LIMIT_KEYS];
    size_t suppressing; /* keys with suppressed > 0 */
} RateLimit;

/* Whether one more of `kind` about `scope` ("": about nothing; cut after PM_ID_MAX bytes) may pass
 * at `now`. A pair for which no place is left passes. What rate_limit_take() has to tell must be
 * taken before: until then nothing more of that pair passes. */
bool rate_limit_pass(RateLimit *l, const char *kind, const char *scope, usec_t now);

/* Takes a pair whose window is over at `now` (USEC_INFINITY: each is) and that has suppressed
 * something, for a word about it. Returns whether there was one. */
bool rate_limit_take(RateLimit *l, usec_t now, RateLimitKey *ret);
