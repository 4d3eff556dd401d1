/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "gpu/cuda_tools.h"
#include "manager/manager_internal.h"
#include "manager/placement.h"
#include "manager/sandbox.h"
#include "store/port_check.h"

/* The engine other than that of `pool` which listens on the same port: its answers would pass for
 * ours. */
static const Pool *port_holder(const Manager *m, const Pool *pool)
{
    for (size_t i = 0; i < m->registry.count; i++) {
        for (const Pool *other = m->registry.pools[i]; other; other = other->beside)
            if (other != pool && pool_port(other) == pool->spec->port &&
                streq(pool_host(other), pool->spec->host) &&
                (pool_has_engine(other) || other->state == POOL_PREFLIGHT ||
                 other->state == POOL_EXTERNAL))
                return other;
    }
    return NULL;
}

/* Whether both would write the same engines/<pool>-<replica>.json: "a-b" + "c" and "a" + "b-c" do.
 */
static bool same_handoff(const Pool *a, const Pool *b)
{
    char x[2 * PM_ID_MAX + 2], y[2 * PM_ID_MAX + 2];

    (void)snprintf(x, sizeof(x), "%s-%s", a->id, a->spec->replica_id);
    (void)snprintf(y, sizeof(y), "%s-%s", b->id, b->spec->replica_id);
    return streq(x, y);
}

static const Pool *handoff_holder(const Manager *m, const Pool *pool)
{
    for (size_t i = 0; i < m->registry.count; i++) {
        const Pool *other = m->registry.pools[i];

        if (!streq(other->id, pool->id) && other->spec && pool_has_engine(other) &&
            same_handoff(pool, other))
            return other;
    }
    return NULL;
}

void facts_gather(Manager *m, const Pool *pool, Error *ret)
{
    const Pool *on_port = port_holder(m, pool), *on_handoff = handoff_holder(m, pool);

    if (m->gpu_required && assert_gpu_only(getenv("PATH"), ret) < 0)
        return;
    if (placement_check_start(m, pool, ret) < 0 || sandbox_check_allowed(m, pool->spec, ret) < 0)
        return;
    if (on_port)
        (void)error_set(ret, PM_ERROR_PRELOAD_FAILED, "port",
                        "port %u of %s belongs to the engine of pool %s: choose another port",
                        (unsigned)pool->spec->port, pool->spec->host, on_port->id);
    else if (on_handoff)
        (void)error_set(ret, PM_ERROR_PRELOAD_FAILED, "replica_id",
                        "the handoff file %s-%s.json belongs to pool %s: choose another replica_id",
                        pool->id, pool->spec->replica_id, on_handoff->id);
    else if (port_check_free(pool->spec->host, pool->spec->port) == -EADDRINUSE)
        (void)error_set(
                ret, PM_ERROR_PRELOAD_FAILED, "port",
                "something listens on port %u of %s already: stop it or choose another port",
                (unsigned)pool->spec->port, pool->spec->host);
}
