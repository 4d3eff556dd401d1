/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>

#include "manager/manager_internal.h"

/* Leases: nobody is told of one, or of its end, before that is on disk. */

static void leases_changed(PoolShell *shell)
{
    pool_shell_arm(shell);
    shutdown_count(shell);
    notify_pool_changed(shell);
}

/* A drain may have waited for them. */
static void tell_released(PoolShell *shell)
{
    Event event = {.type = EVENT_LEASES};

    leases_changed(shell);
    (void)manager_post(shell->manager, shell->pool->id, &event);
}

/* Returns what became of writing it down; where it cannot be written it is tried again. */
static int leases_released(PoolShell *shell)
{
    int r = persist_leases(shell);

    tell_released(shell);
    return r;
}

/* The end of a lease that is not on disk: the next daemon would count it again. */
static int refuse_unsaved(int r, Error *error)
{
    return error_set(error, PM_ERROR_INTERNAL, NULL,
                     "the lease is released, but this is not yet on disk: %s; it is tried again "
                     "until it is",
                     strerror(-r));
}

static int refuse_unknown(PoolShell *shell, const char *lease_id, Error *error)
{
    int r = shell->unsaved & SAVE_LEASES ? persist_leases(shell) : 0;

    if (r < 0)
        return refuse_unsaved(r, error);
    return error_set(error, PM_ERROR_LEASE_NOT_FOUND, NULL,
                     "pool %s has no lease %.*s: it was released, has expired, or its engine is "
                     "gone",
                     shell->pool->id, LEASE_ID_MAX, lease_id);
}

int manager_acquire_lease(Manager *m, const char *pool_id, const LeaseRequest *request,
                          LeaseGrant *ret, Error *error)
{
    const Lease *lease = NULL;
    LeaseGrant grant;
    Pool *pool;
    int r = manager_find_pool(m, pool_id, &pool, error);

    if (r >= 0)
        r = lease_acquire(pool, request, manager_now(m), &lease, error);
    if (r == -ENOMEM)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "out of memory");
    if (r < 0)
        return r;
    lease_id_format(pool, lease, grant.id);
    r = persist_leases(pool_shell(pool));
    if (r < 0) {
        (void)lease_release(pool, grant.id);
        return error_set(error, PM_ERROR_INTERNAL, NULL, "the lease cannot be put on disk: %s",
                         strerror(-r));
    }
    grant.active_leases = pool->leases.count;
    grant.generation = pool->generation;
    leases_changed(pool_shell(pool));
    *ret = grant;
    return 0;
}

int manager_release_lease(Manager *m, const char *pool_id, const char *lease_id,
                          uint64_t *ret_active, Error *error)
{
    Pool *pool;
    int r = manager_find_pool(m, pool_id, &pool, error);

    if (r < 0)
        return r;
    if (!lease_release(pool, lease_id) && (!pool->beside || !lease_release(pool->beside, lease_id)))
        return refuse_unknown(pool_shell(pool), lease_id, error);
    *ret_active = pool->leases.count;
    r = leases_released(pool_shell(pool));
    return r < 0 ? refuse_unsaved(r, error) : 0;
}

/* Who is refused and asks again would release another one: it is put back. */
static int write_without(PoolShell *shell, Pool *engine, Lease *lease, Error *error)
{
    int r = persist_leases(shell);

    if (r < 0) {
        lease_put_back(engine, lease);
        return error_set(error, PM_ERROR_INTERNAL, NULL,
                         "no lease is released: that cannot be put on disk: %s", strerror(-r));
    }
    lease_free(lease);
    tell_released(shell);
    return 0;
}

int manager_release_anonymous_lease(Manager *m, const char *pool_id, uint64_t *ret_active,
                                    Error *error)
{
    Lease *lease = NULL;
    Pool *pool, *engine;
    int r = manager_find_pool(m, pool_id, &pool, error);

    if (r < 0)
        return r;
    /* The older engine's first: it waits for them. */
    engine = pool->beside;
    if (engine)
        lease = lease_take_anonymous(engine);
    if (!lease) {
        engine = pool;
        lease = lease_take_anonymous(engine);
    }
    if (lease) {
        r = write_without(pool_shell(pool), engine, lease, error);
        if (r < 0)
            return r;
    }
    *ret_active = pool->leases.count;
    return 0;
}

void manager_release_holder(Manager *m, const char *holder)
{
    for (size_t i = 0; i < m->registry.count; i++) {
        Pool *pool = m->registry.pools[i];

        uint64_t released = lease_release_holder(pool, holder);

        if (pool->beside)
            released += lease_release_holder(pool->beside, holder);
        if (released > 0)
            (void)leases_released(pool_shell(pool));
    }
}
