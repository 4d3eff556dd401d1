/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "gpu/cuda_tools.h"
#include "manager/manager_internal.h"
#include "manager/placement.h"
#include "manager/sandbox.h"
#include "store/port_check.h"

static bool listens_there(const Pool *other, const Pool *pool)
{
    return other != pool && pool_port(other) == pool->spec->port &&
           streq_ptr(pool_host(other), pool->spec->host) &&
           (pool_has_engine(other) || other->state == POOL_PREFLIGHT ||
            other->state == POOL_EXTERNAL);
}

/* The engine other than that of `pool` which listens on the same port: its answers would pass for
 * ours. */
static const Pool *port_holder(const Manager *m, const Pool *pool)
{
    for (const PortUser *user = ports_first(&m->ports, pool->spec->port); user;
         user = ports_next(user)) {
        const PoolShell *shell = user->userdata;

        if (listens_there(shell->pool, pool))
            return shell->pool;
    }
    return NULL;
}

/*
 * The pool whose engine has the handoff file engines/<pool>-<replica>.json that the one of `pool`
 * would have: "a-b" + "c" and "a" + "b-c" do.
 */
static const Pool *handoff_holder(const Manager *m, const Pool *pool)
{
    char name[2 * PM_ID_MAX + 2];

    (void)snprintf(name, sizeof(name), "%s-%s", pool->id, pool->spec->replica_id);
    for (char *dash = strchr(name, '-'); dash; dash = strchr(dash + 1, '-')) {
        const Pool *other;

        *dash = '\0';
        other = registry_get(&m->registry, name);
        *dash = '-';
        if (other && !streq(other->id, pool->id) && other->spec && pool_has_engine(other) &&
            streq(other->spec->replica_id, dash + 1))
            return other;
    }
    return NULL;
}

/* What is in the way beside memory. */
static int check_place(const Manager *m, const Pool *pool, Error *error)
{
    const Pool *on_port = port_holder(m, pool), *on_handoff = handoff_holder(m, pool);
    int r = m->gpu_required ? assert_gpu_only(getenv("PATH"), error) : 0;

    if (r >= 0)
        r = placement_check_start(m, pool, error);
    if (r >= 0)
        r = sandbox_check_allowed(m, pool->spec, error);
    if (r < 0)
        return r;
    if (on_port)
        return error_set(error, PM_ERROR_PRELOAD_FAILED, "port",
                         "port %u of %s belongs to the engine of pool %s: choose another port",
                         (unsigned)pool->spec->port, pool->spec->host, on_port->id);
    if (on_handoff)
        return error_set(
                error, PM_ERROR_PRELOAD_FAILED, "replica_id",
                "the handoff file %s-%s.json belongs to pool %s: choose another replica_id",
                pool->id, pool->spec->replica_id, on_handoff->id);
    if (port_check_free(pool->spec->host, pool->spec->port) == -EADDRINUSE)
        return error_set(
                error, PM_ERROR_PRELOAD_FAILED, "port",
                "something listens on port %u of %s already: stop it or choose another port",
                (unsigned)pool->spec->port, pool->spec->host);
    return 0;
}

void facts_gather(const Manager *m, const Pool *pool, StartFacts *ret)
{
    Error no_room = {.code = PM_ERROR_NONE};

    ret->error = (Error){.code = PM_ERROR_NONE};
    (void)room_check(m, pool, ret, &no_room);
    if (check_place(m, pool, &ret->error) >= 0)
        ret->error = no_room;
}

/* A gathering under way. */
struct Facts {
    Manager *manager;
    const Pool *pool;
    FactsFunc f;
    void *userdata;
    bool begun;             /* it may end from now on */
    bool looks;             /* for the GPUs; then */
    DevicesWaiter *devices; /* stands for that, but not before it is known to wait */
    ModelSize *model;       /* NULL: its size is known, or not to be had */
    sd_event_source *limit; /* of that */
    StartFacts found;
};

Facts *facts_free(Facts *f)
{
    if (!f)
        return NULL;
    devices_waiter_free(f->devices);
    model_size_free(f->model);
    sd_event_source_disable_unref(f->limit);
    free(f);
    return NULL;
}

static void go_on(Facts *f)
{
    if (!f->begun || f->looks || f->model)
        return;
    facts_gather(f->manager, f->pool, &f->found);
    f->f(&f->found, f->userdata);
    facts_free(f);
}

static void on_devices(void *userdata)
{
    Facts *f = userdata;

    f->devices = NULL;
    f->looks = false;
    go_on(f);
}

static void on_model_size(int error, uint64_t bytes, void *userdata)
{
    Facts *f = userdata;

    f->model = NULL;
    if (error >= 0)
        f->found.model_bytes = bytes;
    go_on(f);
}

/* It lies where nobody answers: what is not known is not held against the engine. */
static int on_limit(sd_event_source *source, uint64_t usec, void *userdata)
{
    Facts *f = userdata;

    f->model = model_size_free(f->model);
    go_on(f);
    return 0;
}

/* A host that has none does not get any from one moment to the next. */
static bool needs_look(const Facts *f)
{
    const GpuInventory *known;
    usec_t age;

    if (!f->pool->meta.device_mask && f->pool->spec->vram_bytes == 0)
        return false;
    known = manager_devices(f->manager, &age);
    return !known || known->count > 0;
}

static int look_for_devices(Facts *f)
{
    int r;

    if (!needs_look(f))
        return 0;
    f->looks = true;
    r = manager_refresh_devices(f->manager, on_devices, f, &f->devices);
    return r < 0 ? r : 0;
}

/* What is given need not be estimated. */
static int look_for_model(Facts *f)
{
    const EngineSpec *spec = f->pool->spec;
    int r;

    if (spec->vram_bytes != SPEC_UNSET || spec->model_path[0] != '/')
        return 0;
    r = model_size_start(f->manager->event, spec->model_path, on_model_size, f, &f->model);
    if (r == -ENOMEM)
        return r;
    if (r < 0)
        return 0;
    return sd_event_add_time_relative(f->manager->event, &f->limit, CLOCK_MONOTONIC,
                                      f->manager->gpu_answer_usec, USEC_PER_MSEC, on_limit, f);
}

int facts_begin(Manager *m, const Pool *pool, FactsFunc f, void *userdata, Facts **ret)
{
    Facts *facts = calloc(1, sizeof(*facts));
    int r;

    if (!facts)
        return -ENOMEM;
    facts->manager = m;
    facts->pool = pool;
    facts->f = f;
    facts->userdata = userdata;
    facts->found.model_bytes = SPEC_UNSET;
    r = look_for_model(facts);
    if (r >= 0)
        r = look_for_devices(facts);
    if (r < 0) {
        facts_free(facts);
        return -ENOMEM;
    }
    facts->begun = true;
    if (facts->looks || facts->model) {
        *ret = facts;
        return 0;
    }
    go_on(facts);
    return 1;
}
