/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "fake-manager-internal.h"

/* The registry lock, and what is done at once inside of it. */

struct AccessWaiter {
    Manager *manager;
    ManagerAccess access;
    AccessFunc f;
    void *userdata;
    AccessWaiter *next;
};

void fake_manager_set_slow(Manager *m, usec_t usec)
{
    m->slow_usec = usec;
}

/* Of the processor's time: another process that is in the way does not count. */
static void be_slow(usec_t usec)
{
    const clock_t end = clock() + (clock_t)(usec * CLOCKS_PER_SEC / USEC_PER_SEC);

    while (usec > 0 && clock() < end)
        ;
}

static void grant(Manager *m, ManagerAccess access, AccessFunc f, void *userdata)
{
    if (access == MANAGER_READ)
        m->reads++;
    else
        m->writes++;
    m->inside = 1 + (int)access;
    be_slow(m->slow_usec);
    f(NULL, userdata);
    m->inside = 0;
}

int manager_access(Manager *m, ManagerAccess access, AccessFunc f, void *userdata,
                   AccessWaiter **ret_waiter)
{
    AccessWaiter *w;

    if (!m->lock_is_held) {
        grant(m, access, f, userdata);
        return 1;
    }
    w = calloc(1, sizeof(*w));
    assert(w);
    *w = (AccessWaiter){m, access, f, userdata, m->access_waiters};
    m->access_waiters = w;
    *ret_waiter = w;
    return 0;
}

AccessWaiter *access_waiter_free(AccessWaiter *w)
{
    AccessWaiter **p;

    if (!w)
        return NULL;
    for (p = &w->manager->access_waiters; *p != w;)
        p = &(*p)->next;
    *p = w->next;
    free(w);
    return NULL;
}

void fake_manager_hold_lock(Manager *m, bool held)
{
    m->lock_is_held = held;
    while (!held && m->access_waiters) {
        AccessWaiter w = *m->access_waiters;

        access_waiter_free(m->access_waiters);
        grant(m, w.access, w.f, w.userdata);
    }
}

void fake_manager_lock_times_out(Manager *m)
{
    Error error = {.code = PM_ERROR_NONE};

    (void)error_set(&error, PM_ERROR_REGISTRY_LOCK, NULL, "registry lock failed: it is held");
    while (m->access_waiters) {
        AccessWaiter w = *m->access_waiters;

        access_waiter_free(m->access_waiters);
        w.f(&error, w.userdata);
    }
}

size_t fake_manager_count_access_waiters(const Manager *m)
{
    size_t n = 0;

    for (AccessWaiter *w = m->access_waiters; w; w = w->next)
        n++;
    return n;
}

unsigned fake_manager_count_reads(const Manager *m)
{
    return m->reads;
}

unsigned fake_manager_count_writes(const Manager *m)
{
    return m->writes;
}

void fake_manager_note(Manager *m, ManagerAccess access, const char *format, ...)
{
    va_list ap;

    assert(m->inside == 1 + (int)access);
    va_start(ap, format);
    (void)vsnprintf(m->last_call, sizeof(m->last_call), format, ap);
    va_end(ap);
}

const char *fake_manager_last_call(const Manager *m)
{
    return m->last_call;
}

static int not_found(const char *pool_id, Error *error)
{
    return error_set(error, PM_ERROR_POOL_NOT_FOUND, NULL, "pool %s not found", pool_id);
}

static void ensure(Manager *m, const char *pool_id, bool *ret_new)
{
    *ret_new = !fake_manager_find(m, pool_id);
    if (*ret_new)
        fake_manager_add_pool(m, pool_id);
}

int manager_register(Manager *m, const char *pool_id, const char *correlation_id, bool *ret_new,
                     Error *error)
{
    fake_manager_note(m, MANAGER_WRITE, "register %s", pool_id);
    ensure(m, pool_id, ret_new);
    return 0;
}

int manager_update(Manager *m, const char *pool_id, const PoolUpdate *update,
                   const char *correlation_id, bool *ret_new, char ***warnings, Error *error)
{
    fake_manager_note(m, MANAGER_WRITE, "update %s %s", pool_id,
                      update->given & POOL_FIELD_VERSION ? update->meta.version : "");
    ensure(m, pool_id, ret_new);
    return 0;
}

int manager_register_handoff(Manager *m, Handoff **handoff, const char *correlation_id,
                             bool *ret_new, Error *error)
{
    fake_manager_note(m, MANAGER_WRITE, "handoff %s %s", (*handoff)->pool_id, (*handoff)->url);
    ensure(m, (*handoff)->pool_id, ret_new);
    *handoff = handoff_free(*handoff);
    return 0;
}

int manager_heartbeat(Manager *m, const char *pool_id, uint64_t timestamp_ms, uint64_t *ret_ms,
                      Error *error)
{
    fake_manager_note(m, MANAGER_WRITE, "heartbeat %s", pool_id);
    if (!fake_manager_find(m, pool_id))
        return not_found(pool_id, error);
    *ret_ms = timestamp_ms == SPEC_UNSET ? 4711 : timestamp_ms;
    return 0;
}

int manager_reset_breaker(Manager *m, const char *pool_id, const char *correlation_id, Error *error)
{
    fake_manager_note(m, MANAGER_WRITE, "reset %s", pool_id);
    return fake_manager_find(m, pool_id) ? 0 : not_found(pool_id, error);
}

/* Only the pool of that name is held back by its breaker. */
int manager_allow_restart(Manager *m, const char *pool_id, const char *correlation_id, Error *error)
{
    fake_manager_note(m, MANAGER_WRITE, "allow %s", pool_id);
    if (!fake_manager_find(m, pool_id))
        return not_found(pool_id, error);
    if (streq(pool_id, "tripped"))
        return 0;
    return error_set(error, PM_ERROR_BREAKER_CLOSED, NULL, "the breaker is closed");
}

int manager_acquire_lease(Manager *m, const char *pool_id, const LeaseRequest *request,
                          LeaseGrant *ret, Error *error)
{
    fake_manager_note(m, MANAGER_WRITE, "lease %s %s %" PRIu64 "%s", pool_id,
                      request->owner ? request->owner : "-",
                      request->ttl_ms == SPEC_UNSET ? 0 : request->ttl_ms,
                      request->enforce_slots ? " enforced" : "");
    if (request->enforce_slots)
        return error_set(error, PM_ERROR_NO_SLOT, NULL, "all slots are taken");
    *ret = (LeaseGrant){.id = "7.1", .active_leases = 1, .generation = 7};
    return 0;
}

int manager_release_lease(Manager *m, const char *pool_id, const char *lease_id,
                          uint64_t *ret_active, Error *error)
{
    fake_manager_note(m, MANAGER_WRITE, "release %s %s", pool_id, lease_id);
    if (!streq(lease_id, "7.1"))
        return error_set(error, PM_ERROR_LEASE_NOT_FOUND, NULL, "no such lease");
    *ret_active = 0;
    return 0;
}

int manager_release_anonymous_lease(Manager *m, const char *pool_id, uint64_t *ret_active,
                                    Error *error)
{
    fake_manager_note(m, MANAGER_WRITE, "release any of %s", pool_id);
    *ret_active = 3;
    return 0;
}
