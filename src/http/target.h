/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"

enum {
    TARGET_SEGMENTS_MAX = 8,
};

/* What a request asks for: the path, cut at its slashes and percent-decoded. */
typedef struct Target {
    char *memory;                        /* of all segments */
    char *segments[TARGET_SEGMENTS_MAX]; /* "/pools/a%20b" is {"pools", "a b"}; "/" is {""} */
    char *query;                         /* behind the '?', as it came; NULL: none */
    bool has_version;                    /* it began with "/v2" */
    size_t count;  /* TARGET_SEGMENTS_MAX + 1 for a longer path, which is none of ours */
    bool asterisk; /* "*", for OPTIONS; no segments then */
} Target;

/*
 * Reads the target of a request line: "/path?query", "http://host/path?query" or "*" (RFC 9112,
 * 3.2). A leading "/v2" is dropped: every path is served under it, too (contract: HTTP). Slashes
 * that are percent-encoded do not cut. Returns 0; -EINVAL with `error` for what is no path, has a
 * byte that must be encoded, or an escape that is malformed or a NUL; -ENOMEM.
 */
int target_parse(const char *text, Target *ret, Error *error);
void target_done(Target *t);
