/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/lease.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/pool.h"

Lease *lease_free(Lease *lease)
{
    if (!lease)
        return NULL;
    free(lease->owner);
    free(lease->holder);
    free(lease);
    return NULL;
}

static int refuse_unready(const Pool *pool, Error *error)
{
    if (pool->state == POOL_READY || pool->state == POOL_EXTERNAL)
        return error_set(error, PM_ERROR_NOT_READY, NULL,
                         "pool is not ready: its engine has not passed the last health check");
    return error_set(error, PM_ERROR_NOT_READY, NULL, "pool is not ready: its state is %s",
                     pool_state_to_string(pool->state));
}

/* Whether the pool grants leases now, and has one left. */
static int check_grantable(const Pool *pool, const LeaseRequest *request, Error *error)
{
    if (pool_is_draining(pool))
        return error_set(error, PM_ERROR_DRAINING, NULL, "pool is draining");
    if (!pool_is_ready(pool))
        return refuse_unready(pool, error);
    if (pool->leases.count >= PM_LEASES_MAX)
        return error_set(error, PM_ERROR_NO_SLOT, NULL,
                         "%d leases of the pool are out already, the most there can be",
                         (int)PM_LEASES_MAX);
    if (request->enforce_slots && pool_slots_free(pool) == 0)
        return error_set(error, PM_ERROR_NO_SLOT, NULL,
                         "all %" PRIu64 " slots of the pool are taken", pool->meta.slots_total);
    return 0;
}

static Lease *lease_new(const LeaseRequest *request, Instant now)
{
    _cleanup_(lease_freep) Lease *lease = calloc(1, sizeof(Lease));

    if (!lease)
        return NULL;
    if (request->owner) {
        lease->owner = strdup(request->owner);
        if (!lease->owner)
            return NULL;
    }
    if (request->holder) {
        lease->holder = strdup(request->holder);
        if (!lease->holder)
            return NULL;
    }
    lease->expires = request->ttl_ms == SPEC_UNSET
                             ? USEC_INFINITY
                             : usec_add(now.mono, usec_from_ms(request->ttl_ms));
    return TAKE_PTR(lease);
}

int lease_acquire(Pool *pool, const LeaseRequest *request, Instant now, const Lease **ret,
                  Error *error)
{
    Lease *lease;
    int r = check_grantable(pool, request, error);

    if (r < 0)
        return r;
    lease = lease_new(request, now);
    if (!lease)
        return -ENOMEM;
    lease->number = pool->leases.last_number + 1;
    lease_append(pool, lease);
    *ret = lease;
    return 0;
}

void lease_put_back(Pool *pool, Lease *lease)
{
    Lease **p = &pool->leases.first;

    while (*p && (*p)->number < lease->number)
        p = &(*p)->next;
    if (!*p) {
        lease_append(pool, lease);
        return;
    }
    lease->next = *p;
    *p = lease;
    pool->leases.count++;
}

void lease_append(Pool *pool, Lease *lease)
{
    LeaseList *list = &pool->leases;

    if (list->last)
        list->last->next = lease;
    else
        list->first = lease;
    list->last = lease;
    list->count++;
    if (lease->number > list->last_number)
        list->last_number = lease->number;
}

void lease_id_format(const Pool *pool, const Lease *lease, char buffer[LEASE_ID_MAX + 1])
{
    (void)snprintf(buffer, LEASE_ID_MAX + 1, "%" PRIu64 ".%" PRIu64, pool->generation,
                   lease->number);
}

/* Which leases are meant. */
typedef bool (*LeaseMatch)(const Pool *pool, const Lease *lease, const void *what);

/* Takes the lease that is at `p`, behind `previous`, out of the list. */
static Lease *detach(LeaseList *list, Lease **p, Lease *previous)
{
    Lease *lease = *p;

    *p = lease->next;
    lease->next = NULL;
    if (list->last == lease)
        list->last = previous;
    list->count--;
    return lease;
}

/* Releases those that match, at most `max`; returns how many. */
static uint64_t release(Pool *pool, LeaseMatch match, const void *what, uint64_t max)
{
    LeaseList *list = &pool->leases;
    Lease **p = &list->first, *previous = NULL;
    uint64_t n = 0;

    while (*p && n < max) {
        Lease *lease = *p;

        if (!match(pool, lease, what)) {
            previous = lease;
            p = &lease->next;
            continue;
        }
        lease_free(detach(list, p, previous));
        n++;
    }
    return n;
}

static bool has_id(const Pool *pool, const Lease *lease, const void *what)
{
    char id[LEASE_ID_MAX + 1];

    lease_id_format(pool, lease, id);
    return streq(id, what);
}

static bool is_anonymous(const Pool *pool, const Lease *lease, const void *what)
{
    return !lease->owner && !lease->holder;
}

static bool has_holder(const Pool *pool, const Lease *lease, const void *what)
{
    return lease->holder && streq(lease->holder, what);
}

static bool has_expired(const Pool *pool, const Lease *lease, const void *what)
{
    const Instant *now = what;

    return lease->expires <= now->mono;
}

static bool is_any(const Pool *pool, const Lease *lease, const void *what)
{
    return true;
}

bool lease_release(Pool *pool, const char *id)
{
    return release(pool, has_id, id, 1) > 0;
}

Lease *lease_take_anonymous(Pool *pool)
{
    Lease **p = &pool->leases.first, *previous = NULL;

    while (*p && !is_anonymous(pool, *p, NULL)) {
        previous = *p;
        p = &previous->next;
    }
    return *p ? detach(&pool->leases, p, previous) : NULL;
}

uint64_t lease_release_holder(Pool *pool, const char *holder)
{
    return release(pool, has_holder, holder, UINT64_MAX);
}

uint64_t lease_release_expired(Pool *pool, Instant now)
{
    return release(pool, has_expired, &now, UINT64_MAX);
}

uint64_t lease_release_all(Pool *pool)
{
    return release(pool, is_any, NULL, UINT64_MAX);
}

void lease_begin_generation(Pool *pool)
{
    (void)lease_release_all(pool);
    pool->leases.last_number = 0;
}

usec_t lease_next_expiry(const Pool *pool)
{
    usec_t next = USEC_INFINITY;

    for (const Lease *lease = pool->leases.first; lease; lease = lease->next)
        next = usec_min(next, lease->expires);
    return next;
}
