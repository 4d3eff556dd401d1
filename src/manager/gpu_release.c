/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>

#include "core/gpu_trace.h"
#include "manager/manager_internal.h"

/*
 * Whether the memory that an engine had on GPUs is free again. What it had is noted from each look
 * at the GPUs while it runs; when it has ended they are looked at anew, as often as the machine
 * wants to know.
 */

typedef struct GpuRelease {
    PoolShell *shell;
    uint64_t
            generation; /* of the engine that the trace is of, and of the one that is asked about */
    GpuTrace trace;
    DevicesWaiter *look; /* NULL: none is waited for */
} GpuRelease;

/* NULL when out of memory: then the engine leaves no trace, and its memory is not looked at. */
static GpuRelease *release_of(PoolShell *shell)
{
    if (!shell->gpu_release) {
        shell->gpu_release = calloc(1, sizeof(*shell->gpu_release));
        if (shell->gpu_release)
            shell->gpu_release->shell = shell;
    }
    return shell->gpu_release;
}

void gpu_release_begin(PoolShell *shell)
{
    GpuRelease *r = release_of(shell);
    usec_t age;

    if (!r)
        return;
    r->look = devices_waiter_free(r->look);
    gpu_trace_begin(&r->trace, manager_devices(shell->manager, &age));
}

void gpu_release_add_pid(PoolShell *shell, uint64_t pid)
{
    GpuRelease *r = release_of(shell);

    if (r)
        gpu_trace_add_pid(&r->trace, pid);
}

void gpu_release_see(Manager *m, const GpuInventory *now)
{
    for (size_t i = 0; i < m->registry.count; i++) {
        const Pool *pool = m->registry.pools[i];
        GpuRelease *r = pool_shell(pool)->gpu_release;

        if (r && pool_has_engine(pool) && !pool->releasing)
            gpu_trace_see(&r->trace, now, pool->id);
    }
}

bool gpu_release_concerns(const Manager *m, const Pool *pool)
{
    const GpuRelease *r = pool_shell(pool)->gpu_release;
    const GpuInventory *known;
    usec_t age;

    if (!pool->spec || !pool_has_engine(pool))
        return false;
    if (r && r->trace.seen_anywhere)
        return true;
    known = manager_devices(m, &age);
    return pool->spec->device_mask && (!known || known->count > 0 || known->problem[0]);
}

static void post(GpuRelease *r, const GpuMemoryAnswer *answer)
{
    PoolShell *shell = r->shell;
    Event event = {
            .type = EVENT_GPU_MEMORY,
            .generation = r->generation,
            .gpu_memory = *answer,
    };

    (void)manager_post(shell->manager, shell->pool->id, &event);
}

static const GpuMemoryAnswer silence = {
        .memory = GPU_MEMORY_UNKNOWN,
        .why = "the driver of the GPUs does not answer",
};

static void on_looked(void *userdata)
{
    GpuMemoryAnswer answer = silence;
    GpuRelease *r = userdata;
    const Manager *m = r->shell->manager;
    const GpuInventory *known;
    usec_t age;

    r->look = NULL;
    known = manager_devices(m, &age);
    if (known && devices_answer(m))
        gpu_trace_judge(&r->trace, known, r->shell->pool->id, &answer);
    post(r, &answer);
}

void gpu_release_check(PoolShell *shell)
{
    GpuRelease *r = release_of(shell);

    if (!r)
        return; /* the machine's own deadline ends it */
    r->look = devices_waiter_free(r->look);
    r->generation = shell->pool->generation;
    if (devices_look(shell->manager, on_looked, r, &r->look) < 0)
        post(r, &silence);
}

void gpu_release_done(PoolShell *shell)
{
    if (!shell->gpu_release)
        return;
    devices_waiter_free(shell->gpu_release->look);
    free(shell->gpu_release);
    shell->gpu_release = NULL;
}
