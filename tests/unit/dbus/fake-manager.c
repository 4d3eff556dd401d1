/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-manager.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

enum {
    FAKE_POOLS_MAX = 16,
    FAKE_OPERATIONS_MAX = 1024,
};

struct OperationWaiter {
    Operation *operation;
    OperationFunc f;
    void *userdata;
};

struct Operation {
    OperationResult result;
    char pool_id[PM_ID_MAX + 1];
    char correlation_id[PM_CORRELATION_ID_MAX + 1];
    OperationWaiter *waiter;
};

struct Manager {
    bool recovered;
    Instant now;
    Pool *pools[FAKE_POOLS_MAX];
    size_t n_pools;
    Operation *operations[FAKE_OPERATIONS_MAX];
    size_t n_operations;
    const ManagerListener *listener;
};

Manager *fake_manager_new(void)
{
    Manager *m = calloc(1, sizeof(*m));

    assert(m);
    m->recovered = true;
    m->now = (Instant){.mono = USEC_PER_SEC, .real = 1000 * USEC_PER_SEC};
    return m;
}

Manager *fake_manager_free(Manager *m)
{
    for (size_t i = 0; i < m->n_pools; i++)
        pool_free(m->pools[i]);
    for (size_t i = 0; i < m->n_operations; i++) {
        free(m->operations[i]->waiter);
        free(m->operations[i]);
    }
    free(m);
    return NULL;
}

void fake_manager_set_recovered(Manager *m, bool recovered)
{
    m->recovered = recovered;
}

void fake_manager_advance(Manager *m, usec_t usec)
{
    m->now.mono += usec;
    m->now.real += usec;
}

Pool *fake_manager_add_pool(Manager *m, const char *id)
{
    Pool *pool;
    int r;

    assert(m->n_pools < FAKE_POOLS_MAX);
    r = pool_new(id, &pool);
    assert(r >= 0);
    m->pools[m->n_pools++] = pool;
    if (m->listener)
        m->listener->pool_added(pool, m->listener->userdata);
    return pool;
}

void fake_manager_drop_listener(Manager *m)
{
    m->listener = NULL;
}

void fake_manager_tell_changed(Manager *m, const Pool *pool)
{
    m->listener->pool_changed(pool, m->listener->userdata);
}

size_t fake_manager_count_operations(const Manager *m)
{
    return m->n_operations;
}

Operation *fake_manager_operation(const Manager *m, size_t n)
{
    assert(n < m->n_operations);
    return m->operations[n];
}

const char *fake_operation_correlation_id(const Operation *o)
{
    return o->correlation_id;
}

void fake_manager_end(Manager *m, Operation *o, PmErrorCode code, const char *text)
{
    OperationWaiter *waiter = TAKE_PTR(o->waiter);

    if (code != PM_ERROR_NONE)
        error_set(&o->result.error, code, NULL, "%s", text);
    m->listener->operation_ended(&o->result, o->pool_id, m->listener->userdata);
    if (!waiter)
        return;
    waiter->f(&o->result, o->pool_id, waiter->userdata);
    free(waiter);
}

static int start(Manager *m, OperationKind kind, const char *pool_id, const char *correlation_id,
                 Operation **ret)
{
    Operation *o = calloc(1, sizeof(*o));

    assert(o && m->n_operations < FAKE_OPERATIONS_MAX);
    o->result = (OperationResult){.id = m->n_operations + 1, .kind = kind};
    (void)snprintf(o->pool_id, sizeof(o->pool_id), "%s", pool_id);
    (void)snprintf(o->correlation_id, sizeof(o->correlation_id), "%s", correlation_id);
    m->operations[m->n_operations++] = o;
    *ret = o;
    return 0;
}

uint64_t operation_id(const Operation *o)
{
    return o->result.id;
}

int manager_preload(Manager *m, EngineSpec **spec, char *const *warnings,
                    const char *correlation_id, Operation **ret_operation, Error *error)
{
    char *pool_id = strdup((*spec)->pool_id);
    int r;

    *spec = engine_spec_free(*spec);
    r = start(m, OPERATION_PRELOAD, pool_id, correlation_id, ret_operation);
    free(pool_id);
    return r;
}

int manager_stop(Manager *m, const char *pool_id, const char *correlation_id,
                 Operation **ret_operation, Error *error)
{
    if (!manager_get_pool(m, pool_id))
        return error_set(error, PM_ERROR_POOL_NOT_FOUND, NULL, "pool %s not found", pool_id);
    return start(m, OPERATION_STOP, pool_id, correlation_id, ret_operation);
}

int operation_wait(Operation *o, OperationFunc f, void *userdata, OperationWaiter **ret)
{
    assert(!o->waiter);
    o->waiter = calloc(1, sizeof(*o->waiter));
    assert(o->waiter);
    *o->waiter = (OperationWaiter){o, f, userdata};
    *ret = o->waiter;
    return 0;
}

OperationWaiter *operation_waiter_free(OperationWaiter *w)
{
    assert(w->operation->waiter == w);
    w->operation->waiter = NULL;
    free(w);
    return NULL;
}

static int give(const char *text, char **ret_text, size_t *ret_length)
{
    *ret_text = strdup(text);
    *ret_length = strlen(text);
    return *ret_text ? 0 : -ENOMEM;
}

int manager_operation_answer(Manager *m, const OperationResult *result, const char *pool_id,
                             int *ret_http_status, char **ret_text, size_t *ret_length)
{
    *ret_http_status = 200;
    return give("{\"answer\":true}\n", ret_text, ret_length);
}

const Pool *manager_get_pool(const Manager *m, const char *pool_id)
{
    for (size_t i = 0; i < m->n_pools; i++)
        if (streq(m->pools[i]->id, pool_id))
            return m->pools[i];
    return NULL;
}

size_t manager_count_pools(const Manager *m)
{
    return m->n_pools;
}

const Pool *manager_pool_at(const Manager *m, size_t index)
{
    return m->pools[index];
}

Instant manager_now(const Manager *m)
{
    return m->now;
}

int manager_describe_pool(const Manager *m, const char *pool_id, char **ret_text,
                          size_t *ret_length)
{
    return give("{\"one\":true}\n", ret_text, ret_length);
}

int manager_describe_pools(const Manager *m, char **ret_text, size_t *ret_length)
{
    return give("[\"all\"]\n", ret_text, ret_length);
}

bool manager_is_recovered(const Manager *m)
{
    return m->recovered;
}

int manager_add_listener(Manager *m, const ManagerListener *listener)
{
    m->listener = listener;
    return 0;
}
