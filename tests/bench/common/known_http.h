/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* HTTP/1.1 to 127.0.0.1, as little of it as measuring takes. What cannot be done ends the program,
 * but for a peer that is not there. */

enum { HTTP_BUFFER = 1 << 20 };

/* What is read of a connection. */
typedef struct HttpReading {
    int fd; /* -1: none */
    size_t length;
    char text[HTTP_BUFFER]; /* ends with a NUL */
} HttpReading;

/* Returns a connected socket, or -1 when nobody listens. `port`: 1 to 65535. */
int http_connect(int port);

/* Sends `length` bytes of `text`. Returns false when the peer has gone. */
bool http_send(int fd, const char *text, size_t length);

/* Reads once, blocking. Returns false at the end of what is sent. */
bool http_read(HttpReading *r);

/* Whether all of an answer is there: its head, and as much as its Content-Length says or chunks to
 * the last one. */
bool http_is_whole(const HttpReading *r);

/* Of an answer; 0: its first line is not there yet. */
int http_status(const HttpReading *r);

/* Sends a request on a connection of its own. Returns the answer's status, 0 when there is none;
 * the answer is in `r`. */
int http_ask(int port, const char *request, HttpReading *r);
