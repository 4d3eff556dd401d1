/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * What the engines of a pool wrote, from the journal, as a pipe. Reading the journal means reading
 * files, which can take long: each stream has a thread of its own, and the loop sees only the pipe.
 */

enum {
    JOURNAL_STREAMS_MAX = 32,               /* at once, in the whole process */
    JOURNAL_TAILS_MAX = 256,                /* the same of those that are settled first */
    JOURNAL_STREAM_MESSAGE_MAX = 64 * 1024, /* bytes of one message; the rest is cut, with a mark */
};

typedef struct JournalQuery {
    const char *pool_id;   /* a valid id */
    uint64_t generation;   /* 0: every one */
    uint64_t since_usec;   /* from then on, on the monotonic clock of this boot; 0: any time */
    uint64_t lines;        /* the last so many, of those there are; UINT64_MAX: all */
    bool follow;           /* and what comes from now on, until the reader closes */
    bool json;             /* one JSON object a line, else text */
    bool bare;             /* text without the time */
    bool settled;          /* waits first, 200 ms at most, for what was written before to arrive */
    bool user_mode;        /* engines of this user's service manager, else the system's */
    const char *directory; /* holds the journal files; NULL: this host's journal */
} JournalQuery;

/*
 * Opens a stream: *ret_fd is the non-blocking, close-on-exec read end of a pipe, which the caller
 * closes. End of file: all was said, or (rarely: the journal cannot be read) nothing more can be.
 * Closing it early ends the stream at once. Copies what it needs of `q`.
 *
 * One message a line, oldest first, whole lines only; never more than `lines` unless `follow`. As
 * text "<RFC 3339 time, UTC> <message>" (`bare`: "<message>"), control characters escaped, bytes
 * that are no UTF-8 replaced by U+FFFD. As JSON {"time_ms", "generation", "pid", "message"}; "pid"
 * is null where the journal does not know it. Which of stdout and stderr it was, the journal does
 * not record. What an engine logs to EngineLog=file is not in the journal.
 *
 * A reader that is slow holds the thread up, nothing else: memory is bounded by one message. A
 * stream that follows takes one of the user's inotify instances (fs.inotify.max_user_instances).
 *
 * Returns 0, -EINVAL (no valid pool id), -EBUSY (as many are open as may be), or another negative
 * errno (no descriptors, no threads, no memory). Trouble with the journal itself shows only as an
 * early end of file.
 */
int journal_stream_open(const JournalQuery *q, int *ret_fd);
