/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Lines on a file descriptor whose reader may be slow, or stuck. */
typedef struct LogStream {
    int fd;     /* -1: not open */
    int kind;   /* of LogStreamKind */
    bool owned; /* fd is a description of our own */
    char *rest; /* of a line that was written in part only */
    size_t rest_length;
} LogStream;

#define LOG_STREAM_CLOSED \
    {                     \
        .fd = -1          \
    }

/* Begins to write to `fd`, which stays open and keeps its flags: others may share it. */
void log_stream_open(LogStream *s, int fd);
void log_stream_close(LogStream *s);

/* Writes the `n` bytes of one whole line. Never blocks. Returns 0, or negative errno for a line
 * that is lost: -EAGAIN when there is no room for it. */
int log_stream_write(LogStream *s, const char *line, size_t n);
