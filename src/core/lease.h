/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/usec.h"

/*
 * Leases: who uses the engine of a pool (contract: Leases). They belong to one generation of the
 * engine and end with it; their ids carry it.
 */

enum {
    LEASE_ID_MAX = 41 /* "<generation>.<number>", two 64 bit numbers */
};

typedef struct Lease {
    struct Lease *next; /* younger */
    uint64_t number;    /* counts the leases of the generation from 1 */
    char *owner;        /* a name for people; NULL: anonymous */
    char *holder;       /* the lease ends with this connection to the bus; NULL: with none */
    usec_t expires;     /* on the monotonic clock; USEC_INFINITY: never */
} Lease;

/* Of the pool's current generation, the oldest first. */
typedef struct LeaseList {
    Lease *first, *last;
    uint64_t count;
    uint64_t last_number; /* of the youngest ever granted in this generation */
} LeaseList;

/* What is asked for. Strings are borrowed. */
typedef struct LeaseRequest {
    const char *owner;  /* at most PM_LEASE_OWNER_MAX bytes; NULL: anonymous */
    const char *holder; /* NULL: the lease does not end with a connection */
    uint64_t ttl_ms;    /* at least 1; SPEC_UNSET: it does not expire */
    bool enforce_slots; /* refuse when all known slots are taken */
} LeaseRequest;

struct Pool;

/*
 * Grants a lease (B-REG-090, 091). Returns 0, -EINVAL with `error`: PM_ERROR_NOT_READY,
 * PM_ERROR_DRAINING, PM_ERROR_NO_SLOT (all taken, or PM_LEASES_MAX are out); or -ENOMEM.
 */
int lease_acquire(struct Pool *pool, const LeaseRequest *request, Instant now, const Lease **ret,
                  Error *error);

/* Puts a lease that was read back behind the others; takes it over. */
void lease_append(struct Pool *pool, Lease *lease);

/* A new engine: nobody has a lease of it, and their numbers begin again. */
void lease_begin_generation(struct Pool *pool);

/* Writes the id of a lease of the pool's generation. */
void lease_id_format(const struct Pool *pool, const Lease *lease, char buffer[LEASE_ID_MAX + 1]);

/* Releases the lease of that id. Returns false, and changes nothing, when there is none: it was
 * released, has expired, or was one of another generation. */
bool lease_release(struct Pool *pool, const char *id);

/* Takes the oldest lease without owner and holder out of the pool (B-REG-094); NULL: there is none.
 * It is freed, which returns NULL, or put back where it was. */
Lease *lease_take_anonymous(struct Pool *pool);
Lease *lease_free(Lease *lease);
void lease_put_back(struct Pool *pool, Lease *lease);

/* Release those of the holder, those that are over, or all; return how many that were. */
uint64_t lease_release_holder(struct Pool *pool, const char *holder);
uint64_t lease_release_expired(struct Pool *pool, Instant now);
uint64_t lease_release_all(struct Pool *pool);

/* When the next one ends by itself; USEC_INFINITY: none does. */
usec_t lease_next_expiry(const struct Pool *pool);

DEFINE_CLEANUP(Lease *, lease_free)
