/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* Who has to do with which port, found without looking at all others. */

enum { PORTS_BUCKETS = 1024 };

typedef struct PortUser {
    struct PortUser *next;   /* in its bucket */
    struct PortUser **place; /* what points to it; NULL: it has no port */
    uint16_t port;           /* 0: it has none */
    void *userdata;          /* of whoever takes part; not looked at here */
} PortUser;

typedef struct Ports {
    PortUser *buckets[PORTS_BUCKETS];
} Ports;

/* From now on the user has that port, and no other; 0: none. */
void ports_set(Ports *ports, PortUser *user, uint16_t port);

/* One of the users of `port`, which is not 0, and the next; NULL: there is none (any more). */
PortUser *ports_first(const Ports *ports, uint16_t port);
PortUser *ports_next(const PortUser *user);
