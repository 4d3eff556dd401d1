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
    GpuTrace trace;      /* of its engine */
    DevicesWaiter *look; /* NULL: none is waited for */
} GpuRelease;

/* Whether it is known that the host has none: what thousands of engines would have there is not
 * kept. */
static bool has_no_gpu(const GpuInventory *known)
{
    return known && known->count == 0 && !known->problem[0];
}

/* NULL when there are no GPUs, or out of memory: then the engine leaves no trace, and its memory is
 * not looked at. */
static GpuRelease *begin(PoolShell *shell, const GpuInventory *before)
{
    usec_t age;

    if (!shell->gpu_release && !has_no_gpu(manager_devices(shell->manager, &age)))
        shell->gpu_release = calloc(1, sizeof(*shell->gpu_release));
    if (!shell->gpu_release)
        return NULL;
    shell->gpu_release->shell = shell;
    shell->gpu_release->look = devices_waiter_free(shell->gpu_release->look);
    gpu_trace_begin(&shell->gpu_release->trace, shell->pool->id, shell->pool->generation, before);
    return shell->gpu_release;
}

/* Of an engine of an earlier run of the daemon nothing but what it is is known. */
static GpuRelease *release_of(PoolShell *shell)
{
    if (shell->gpu_release && shell->gpu_release->trace.generation == shell->pool->generation)
        return shell->gpu_release;
    return begin(shell, NULL);
}

void gpu_release_begin(PoolShell *shell)
{
    usec_t age;

    (void)begin(shell, manager_devices(shell->manager, &age));
}

void gpu_release_add_pid(PoolShell *shell, uint64_t pid)
{
    GpuRelease *r = release_of(shell);

    if (r)
        gpu_trace_add_pid(&r->trace, pid);
}

static void see(const Pool *engine, const GpuInventory *now)
{
    GpuRelease *r;

    if (!engine || !pool_shell(engine) || !pool_has_engine(engine) || engine->releasing)
        return;
    r = release_of(pool_shell(engine));
    if (r)
        gpu_trace_see(&r->trace, now);
}

void gpu_release_see(Manager *m, const GpuInventory *now)
{
    for (size_t i = 0; i < m->registry.count; i++) {
        see(m->registry.pools[i], now);
        see(m->registry.pools[i]->beside, now);
    }
}

bool gpu_release_concerns(const Manager *m, const Pool *engine)
{
    const GpuRelease *r = engine && pool_shell(engine) ? pool_shell(engine)->gpu_release : NULL;
    const GpuInventory *known;
    usec_t age;

    if (!engine || !engine->spec || !pool_has_engine(engine))
        return false;
    if (r && r->trace.generation == engine->generation && r->trace.seen_anywhere)
        return true;
    known = manager_devices(m, &age);
    return engine->spec->device_mask && (!known || known->count > 0 || known->problem[0]);
}

void gpu_release_exchange(PoolShell *a, PoolShell *b)
{
    GpuRelease *r = a->gpu_release;

    a->gpu_release = b->gpu_release;
    b->gpu_release = r;
    if (a->gpu_release)
        a->gpu_release->shell = a;
    if (b->gpu_release)
        b->gpu_release->shell = b;
}

static void post(GpuRelease *r, const GpuMemoryAnswer *answer)
{
    PoolShell *shell = r->shell;
    Event event = {
            .type = EVENT_GPU_MEMORY,
            .generation = r->trace.generation,
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
        gpu_trace_judge(&r->trace, known, &answer);
    post(r, &answer);
}

void gpu_release_check(PoolShell *shell)
{
    GpuRelease *r = release_of(shell);

    if (!r)
        return; /* the machine's own deadline ends it */
    r->look = devices_waiter_free(r->look);
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
