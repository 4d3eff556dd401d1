/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "manager/manager_internal.h"
#include "store/port_check.h"

/* The pool other than `pool` whose engine listens on the same port: its answers would pass for
 * ours. */
static const Pool *port_holder(const Manager *m, const Pool *pool)
{
    for (size_t i = 0; i < m->registry.count; i++) {
        const Pool *other = m->registry.pools[i];

        if (other != pool && other->spec && other->spec->port == pool->spec->port &&
            streq(other->spec->host, pool->spec->host) &&
            (pool_has_engine(other) || other->state == POOL_PREFLIGHT))
            return other;
    }
    return NULL;
}

void facts_gather(Manager *m, const Pool *pool, Error *ret)
{
    const Pool *other = port_holder(m, pool);

    if (other)
        (void)error_set(ret, PM_ERROR_PRELOAD_FAILED, "port",
                        "port %u of %s belongs to the engine of pool %s: choose another port",
                        (unsigned)pool->spec->port, pool->spec->host, other->id);
    else if (port_check_free(pool->spec->host, pool->spec->port) == -EADDRINUSE)
        (void)error_set(
                ret, PM_ERROR_PRELOAD_FAILED, "port",
                "something listens on port %u of %s already: stop it or choose another port",
                (unsigned)pool->spec->port, pool->spec->host);
}
