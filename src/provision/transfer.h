/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/usec.h"
#include "provision/part.h"

/* One HTTP request, redirects included, and what it adds to the part. */

enum {
    TRANSFER_REDIRECTS_MAX = 10,
};

typedef struct Transfer {
    Cache *cache;
    Part *part;
    Progress *progress;
    const Validators *unless; /* nothing is sent for the version with these; NULL: always */
    bool digest_known;        /* the digest of the whole file will be compared */
    usec_t stall_usec;        /* given up after this long without a byte */
} Transfer;

typedef enum TransferEnd {
    TRANSFER_DONE,      /* the part is the whole file */
    TRANSFER_UNCHANGED, /* the version of `unless` is the one */
    TRANSFER_RESTART,   /* what was in the part was of no use and is gone; ask again */
    TRANSFER_FAILED,    /* `error` says why; the code FAILURE_TEMPORARY that it may succeed soon */
    TRANSFER_NO_PLACE,  /* `error` says why the cache cannot take it; nobody else is to blame */
    TRANSFER_MAX,
    TRANSFER_INVALID = -EINVAL,
} TransferEnd;

/*
 * Asks the cache's address for what the part lacks and waits for the end. *ret_retry_after_usec is
 * how long the server wants to be left alone, 0 when it does not say. curl_global_init() must have
 * been called.
 */
TransferEnd transfer_run(const Transfer *transfer, usec_t *ret_retry_after_usec, Error *error);
