/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-plan.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { WAITERS_MAX = 4 };

struct PlanWaiter {
    PlanFunc f;
    void *userdata;
    char pool_id[PM_ID_MAX + 1];
};

static struct {
    bool held;
    PlanWaiter waiters[WAITERS_MAX]; /* `f` NULL: not in use */
} plans;

static void make(const PlanWaiter *w)
{
    char *text = NULL;
    int n = asprintf(&text, "{\"pool_id\":\"%s\"}\n", w->pool_id);

    assert(n > 0);
    w->f(text, (size_t)n, w->userdata);
}

void fake_plan_hold(bool held)
{
    plans.held = held;
    for (size_t i = 0; i < WAITERS_MAX && !held; i++) {
        PlanWaiter w = plans.waiters[i];

        plans.waiters[i].f = NULL;
        if (w.f)
            make(&w);
    }
}

size_t fake_plan_count_waiting(void)
{
    size_t count = 0;

    for (size_t i = 0; i < WAITERS_MAX; i++)
        count += plans.waiters[i].f != NULL;
    return count;
}

int manager_plan(Manager *m, EngineSpec **spec, char *const *warnings, PlanFunc f, void *userdata,
                 PlanWaiter **ret_waiter, Error *error)
{
    PlanWaiter w = {.f = f, .userdata = userdata};
    size_t i = 0;

    (void)snprintf(w.pool_id, sizeof(w.pool_id), "%s", (*spec)->pool_id);
    *spec = engine_spec_free(*spec);
    if (streq(w.pool_id, "unrecovered"))
        return error_set(error, PM_ERROR_UNAVAILABLE, NULL, "not yet");
    if (!plans.held) {
        make(&w);
        return 1;
    }
    while (plans.waiters[i].f)
        i++;
    assert(i < WAITERS_MAX);
    plans.waiters[i] = w;
    *ret_waiter = &plans.waiters[i];
    return 0;
}

PlanWaiter *plan_waiter_free(PlanWaiter *w)
{
    if (w)
        w->f = NULL;
    return NULL;
}
