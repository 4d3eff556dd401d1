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

/* A drain may have waited for them. Returns what became of writing it down; where it cannot be
 * written it is tried again. */
static int leases_released(PoolShell *shell)
{
    Event event = {.type = EVENT_LEASES};
    int r = persist_leases(shell);

    leases_changed(shell);
    (void)manager_post(shell->manager, shell->pool->id, &event);
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

int manager_release_anonymous_lease(Manager *m, const char *pool_id, uint64_t *ret_active,
                                    Error *error)
{
    Pool *pool;
    int r = manager_find_pool(m, pool_id, &pool, error);

    if (r < 0)
        return r;
    /* The older engine's first: it waits for them. */
    if ((pool->beside && lease_release_anonymous(pool->beside)) || lease_release_anonymous(pool))
        r = leases_released(pool_shell(pool));
    *ret_active = pool->leases.count;
    return r < 0 ? refuse_unsaved(r, error) : 0;
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
