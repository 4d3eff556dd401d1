/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>

#include "base/error.h"

/*
 * How this program fails, as codes of the one error table. Its exit statuses are its own: whoever
 * runs it only needs to know whether to ask again.
 */
#define FAILURE_USAGE PM_ERROR_BAD_REQUEST /* what was asked for cannot be right */
#define FAILURE_FINAL PM_ERROR_INTERNAL    /* the same again would fail again */
#define FAILURE_TEMPORARY                                                  \
    PM_ERROR_UNAVAILABLE /* may succeed later without a change of the call \
                          */

/* The exit status of a failure: 2, 75 (EX_TEMPFAIL of sysexits.h) or 1. */
static inline int failure_exit_status(const Error *error)
{
    if (error->code == FAILURE_USAGE)
        return 2;
    return error->code == FAILURE_TEMPORARY ? 75 : 1;
}

/* Whether what went wrong with a file, as a negative errno, may be gone later. */
static inline PmErrorCode failure_of_errno(int r)
{
    switch (r) {
    case -ENOSPC:
    case -EDQUOT:
    case -ENOMEM:
    case -EMFILE:
    case -ENFILE:
    case -ESTALE:
    case -ETIMEDOUT:
    case -EHOSTDOWN:
        return FAILURE_TEMPORARY;
    default:
        return FAILURE_FINAL;
    }
}

static inline int failure_no_memory(Error *error)
{
    error_set(error, FAILURE_TEMPORARY, NULL, "out of memory");
    return -ENOMEM;
}
