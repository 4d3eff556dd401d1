/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <curl/curl.h>

#include "base/usec.h"
#include "probe/answer.h"

enum {
    OUTCOME_ERROR_MAX = 127, /* bytes of the text */
};

/* How a try ended. */
typedef struct Outcome {
    bool good;
    bool not_made;                     /* for want of our own: it says nothing of the server */
    char error[OUTCOME_ERROR_MAX + 1]; /* "" when good; for people, without a full stop */
} Outcome;

/* What libcurl says about the transfer of a try. */
typedef struct Transfer {
    CURLcode code;
    long os_errno;  /* of the last socket or connect that failed, or 0 */
    bool began;     /* the first byte of an answer came */
    bool was_short; /* libcurl had no memory meanwhile, for this transfer or for another one */
} Transfer;

/* Judges a try that ended; `timeout_usec` is the time that was allowed. */
void outcome_judge(const Answer *answer, const Transfer *transfer, usec_t timeout_usec,
                   Outcome *ret);
