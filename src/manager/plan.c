/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "manager/manager_internal.h"
#include "manager/placement.h"
#include "json/encode.h"
#include "json/plan.h"

/* The dry run of a start: with a pool that is nobody's, so that nothing can come of it. */

struct PlanWaiter {
    Manager *manager;
    Pool *pool;
    char **warnings;
    Facts *facts;
    PlanFunc f;
    void *userdata;
};

PlanWaiter *plan_waiter_free(PlanWaiter *w)
{
    if (!w)
        return NULL;
    facts_free(w->facts);
    pool_free(w->pool);
    strv_free(w->warnings);
    free(w);
    return NULL;
}

/* The pool whose start would have to end before, were this one wanted now. */
static const char *find_blocker(Manager *m, const Pool *pool)
{
    const Turn *blocker;
    Turn turn = {0};

    turns_join(&m->turns, &turn, turn_gpus(m, pool));
    blocker = turns_blocker(&m->turns, &turn);
    turns_leave(&m->turns, &turn);
    return blocker ? ((const PoolShell *)blocker->userdata)->pool->id : NULL;
}

static int add_warnings(PlanWaiter *w, const StartFacts *found)
{
    const Pool *registered = registry_get(&w->manager->registry, w->pool->id);
    int r = 0;

    if (!error_is_set(&found->error) && found->fit.warning[0])
        r = strv_extend(&w->warnings, found->fit.warning);
    if (r >= 0 && registered && pool_has_engine(registered))
        r = strv_extend(&w->warnings, "the pool has an engine, whose memory counts as used, and "
                                      "which has to be stopped before another one is preloaded");
    return r;
}

static json_object *describe(PlanWaiter *w, const StartFacts *found)
{
    _cleanup_(unit_plan_freep) UnitPlan *unit = NULL;
    _cleanup_free_ char *tensor_split = NULL;
    PlanView view = {
            .pool_id = w->pool->id,
            .spec = w->pool->spec,
            .facts = found,
            .waits_for = find_blocker(w->manager, w->pool),
            .headroom = w->manager->headroom,
    };
    int r = add_warnings(w, found);

    if (r >= 0 && found->fit.split.count > 0)
        r = split_plan_tensor_split(&found->fit.split, &tensor_split);
    if (r >= 0)
        r = effects_make_plan(w->manager, w->pool, tensor_split, &unit);
    if (r == -ENOMEM)
        return NULL;
    view.warnings = w->warnings;
    view.unit = unit;
    view.tensor_split = tensor_split;
    return json_plan(&view);
}

static void on_facts(const StartFacts *found, void *userdata)
{
    PlanWaiter *w = userdata;
    json_object *object = describe(w, found);
    PlanFunc f = w->f;
    void *f_userdata = w->userdata;
    char *text = NULL;
    size_t length = 0;

    if (!object || json_text(object, false, &text, &length) < 0)
        text = NULL;
    w->facts = NULL;
    plan_waiter_free(w);
    f(text, length, f_userdata);
}

/* The pool as it would be with the engine. A mask that is not given is the registry's. */
static int make_pool(const Manager *m, EngineSpec **spec, Pool **ret)
{
    const Pool *registered = registry_get(&m->registry, (*spec)->pool_id);
    _cleanup_(pool_freep) Pool *pool = NULL;

    if (pool_new((*spec)->pool_id, &pool) < 0)
        return -ENOMEM;
    pool->generation = 1 + (registered ? registered->generation : m->numbers.generation_floor);
    if (registered && registered->meta.device_mask) {
        pool->meta.device_mask = strdup(registered->meta.device_mask);
        if (!pool->meta.device_mask)
            return -ENOMEM;
    }
    pool->spec = TAKE_PTR(*spec);
    pool_meta_from_spec(pool, pool->spec);
    if (pool_take_mask(pool) < 0)
        return -ENOMEM;
    *ret = TAKE_PTR(pool);
    return 0;
}

static int begin(Manager *m, EngineSpec **spec, char *const *warnings, PlanFunc f, void *userdata,
                 PlanWaiter **ret)
{
    PlanWaiter *w = calloc(1, sizeof(*w));
    Facts *facts = NULL; /* not in the waiter: it may be gone on return */
    int r;

    if (!w)
        return -ENOMEM;
    *w = (PlanWaiter){.manager = m, .f = f, .userdata = userdata};
    if (strv_copy(warnings, &w->warnings) < 0 || make_pool(m, spec, &w->pool) < 0) {
        plan_waiter_free(w);
        return -ENOMEM;
    }
    r = facts_begin(m, w->pool, on_facts, w, &facts);
    if (r < 0)
        plan_waiter_free(w);
    if (r != 0)
        return r;
    w->facts = facts;
    *ret = w;
    return 0;
}

int manager_plan(Manager *m, EngineSpec **spec, char *const *warnings, PlanFunc f, void *userdata,
                 PlanWaiter **ret_waiter, Error *error)
{
    int r = manager_refuse_unrecovered(m, error);

    if (r < 0)
        return r;
    r = begin(m, spec, warnings, f, userdata, ret_waiter);
    return r == -ENOMEM ? error_set(error, PM_ERROR_INTERNAL, NULL, "out of memory") : r;
}
