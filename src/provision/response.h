/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"
#include "provision/record.h"

/* What an HTTP server's answer means for the file that is being fetched (RFC 9110, 13 to 15). */

/* What was asked for. */
typedef struct Asked {
    const char *shown;      /* the address, for errors */
    uint64_t offset;        /* 0: the whole file, else from this byte on */
    const PartRecord *part; /* what is known of the version that is to go on; with an offset */
    bool unless_unchanged;  /* not at all when it is the version that we have */
    bool digest_known;      /* so that a file that was cut short will be noticed */
} Asked;

/* The head of the answer. */
typedef struct Response {
    long status;
    Validators validators;
    const char *content_range; /* NULL: none */
    uint64_t content_length;   /* bytes, RECORD_UNKNOWN: none */
    bool end_is_marked;        /* a connection that breaks cannot be taken for the end */
} Response;

typedef enum ResponseVerdict {
    RESPONSE_WHOLE,     /* the body is the file from its first byte on */
    RESPONSE_CONTINUES, /* the body is the file from `offset` on */
    RESPONSE_COMPLETE,  /* no byte is missing */
    RESPONSE_UNCHANGED, /* the version that we have is the one */
    RESPONSE_RESTART,   /* what we have of it is of no use: ask for the whole file */
    RESPONSE_FAILED,    /* `error` says why */
    RESPONSE_MAX,
    RESPONSE_INVALID = -EINVAL,
} ResponseVerdict;

/* *ret_total is the size of the file for WHOLE and CONTINUES, or RECORD_UNKNOWN. */
ResponseVerdict response_judge(const Response *response, const Asked *asked, uint64_t *ret_total,
                               Error *error);

/* What If-Range may say: a validator that stands for the same bytes, or NULL. */
const char *validators_strong(const Validators *v);
