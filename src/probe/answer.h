/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/* What is known so far about the answer to a health check. The body is never looked at. */

enum {
    ANSWER_HEADER_MAX = 64 * 1024, /* bytes of all status lines and headers together */
};

typedef enum AnswerState {
    ANSWER_STATUS_LINE, /* a status line comes next */
    ANSWER_FIELDS,      /* within the header */
    ANSWER_COMPLETE,    /* `status` is that of the final answer */
    ANSWER_NOT_HTTP,    /* neither HTTP/1.0 nor HTTP/1.1 */
    ANSWER_TOO_LARGE,   /* more than ANSWER_HEADER_MAX */
    ANSWER_MAX,
    ANSWER_INVALID = -EINVAL,
} AnswerState;

/* Starts zeroed. */
typedef struct Answer {
    AnswerState state;
    unsigned status;
    size_t header_bytes;
} Answer;

/* Takes the next line, `n` bytes with its line end. Returns whether more of them are wanted. */
bool answer_feed(Answer *a, const char *line, size_t n);
