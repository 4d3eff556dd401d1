/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/deadline_queue.h"

/*
 * Closing after an early answer. Who closes a TCP socket that has unread bytes sends a reset, and a
 * reset destroys the answer that the client has not read yet (RFC 9112, 9.6). So after an answer
 * that came before the end of its request, what the client still sends is read and dropped for a
 * while: until it closes, at most LINGER_USEC, LINGER_BYTES_MAX, and LINGER_MAX sockets at once.
 */

enum {
    LINGER_USEC = 2 * 1000 * 1000,
    LINGER_BYTES_MAX = 8 * 1024 * 1024,
    LINGER_MAX = 64,
};

typedef struct Lingering Lingering;

typedef struct LingerSet {
    DeadlineQueue deadlines;
    size_t count;
} LingerSet;

/* Returns 0 or what sd-event answers. */
int linger_set_init(LingerSet *set, sd_event *event);
/* Closes all that are left. */
void linger_set_done(LingerSet *set);

/* Takes over `fd`, whose sending side is shut down already. Closes it at once when it cannot. */
void linger_add(LingerSet *set, int fd);
