/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-manager-internal.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "json/encode.h"

struct OperationWaiter {
    Operation *operation;
    OperationFunc f;
    void *userdata;
    sd_event_source *soon; /* of an operation that had ended before */
    OperationWaiter *next;
};

struct Operation {
    OperationResult result;
    char pool_id[PM_ID_MAX + 1];
    bool ended;
    OperationWaiter *waiters;
};

Manager *fake_manager_new(void)
{
    Manager *m = calloc(1, sizeof(*m));

    assert(m);
    m->recovered = true;
    m->log_fd = -1;
    return m;
}

Manager *fake_manager_free(Manager *m)
{
    for (size_t i = 0; i < m->n_operations; i++) {
        while (m->operations[i]->waiters)
            operation_waiter_free(m->operations[i]->waiters);
        free(m->operations[i]);
    }
    assert(!m->access_waiters);
    registry_done(&m->registry);
    for (size_t i = 0; i < ELEMENTSOF(m->events); i++) {
        free(m->events[i].pool_id);
        free(m->events[i].data);
    }
    closep(&m->log_fd);
    free(m);
    return NULL;
}

void fake_manager_set_recovered(Manager *m, bool recovered)
{
    m->recovered = recovered;
}

void fake_manager_add_pool(Manager *m, const char *id)
{
    Pool *pool;
    int r = registry_ensure(&m->registry, id, &pool, NULL);

    assert(r >= 0);
}

void fake_manager_remove_pool(Manager *m, const char *id)
{
    bool found = registry_remove(&m->registry, id);

    assert(found);
}

void fake_manager_set_list_size(Manager *m, size_t bytes)
{
    m->list_size = bytes;
}

void fake_manager_set_more_metrics(Manager *m, size_t lines)
{
    m->more_metrics = lines;
}

void fake_manager_set_instant(Manager *m, bool instant)
{
    m->instant = instant;
}

const char *fake_manager_correlation_id(const Manager *m)
{
    return m->correlation_id;
}

size_t fake_manager_count_warnings(const Manager *m)
{
    return m->n_warnings;
}

size_t fake_manager_count_operations(const Manager *m)
{
    return m->n_operations;
}

size_t fake_manager_count_waiters(const Manager *m)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n_operations; i++)
        for (OperationWaiter *w = m->operations[i]->waiters; w; w = w->next)
            n++;
    return n;
}

/* Calls one of those who wait, who is gone then. */
static void tell(OperationWaiter *w)
{
    Operation *o = w->operation;
    OperationFunc f = w->f;
    void *userdata = w->userdata;

    operation_waiter_free(w);
    f(&o->result, o->pool_id, userdata);
}

void fake_manager_end(Manager *m, const char *pool_id, PmErrorCode code, const char *text)
{
    for (size_t i = 0; i < m->n_operations; i++) {
        Operation *o = m->operations[i];

        if (o->ended || !streq(o->pool_id, pool_id))
            continue;
        o->ended = true;
        if (code != PM_ERROR_NONE)
            (void)error_set(&o->result.error, code, NULL, "%s", text);
        while (o->waiters)
            tell(o->waiters);
    }
}

static bool is_busy(const Manager *m, const char *pool_id)
{
    for (size_t i = 0; i < m->n_operations; i++)
        if (!m->operations[i]->ended && streq(m->operations[i]->pool_id, pool_id))
            return true;
    return false;
}

/* The oldest goes, as with the real one. */
static void forget_one(Manager *m)
{
    Operation *o = m->operations[0];

    assert(o->ended && !o->waiters);
    free(o);
    m->n_operations--;
    memmove(m->operations, m->operations + 1, m->n_operations * sizeof(m->operations[0]));
}

static void start(Manager *m, OperationKind kind, const char *pool_id, const char *correlation_id,
                  Operation **ret)
{
    Operation *o = calloc(1, sizeof(*o));

    assert(o);
    if (m->n_operations == FAKE_OPERATIONS_MAX)
        forget_one(m);
    o->result = (OperationResult){.id = ++m->last_operation, .kind = kind};
    o->ended = m->instant;
    (void)snprintf(o->pool_id, sizeof(o->pool_id), "%s", pool_id);
    (void)snprintf(m->correlation_id, sizeof(m->correlation_id), "%s", correlation_id);
    m->operations[m->n_operations++] = o;
    *ret = o;
}

int manager_preload(Manager *m, EngineSpec **spec, char *const *warnings,
                    const char *correlation_id, Operation **ret_operation, Error *error)
{
    fake_manager_note(m, MANAGER_WRITE, "preload %s", (*spec)->pool_id);
    if (is_busy(m, (*spec)->pool_id))
        return error_set(error, PM_ERROR_BUSY, NULL, "another operation holds the pool");
    m->n_warnings = strv_length(warnings);
    start(m, OPERATION_PRELOAD, (*spec)->pool_id, correlation_id, ret_operation);
    *spec = engine_spec_free(*spec);
    return 0;
}

Pool *fake_manager_find(const Manager *m, const char *pool_id)
{
    return registry_get(&m->registry, pool_id);
}

static int start_of_pool(Manager *m, OperationKind kind, const char *pool_id,
                         const char *correlation_id, Operation **ret_operation, Error *error)
{
    if (!fake_manager_find(m, pool_id))
        return error_set(error, PM_ERROR_POOL_NOT_FOUND, NULL, "pool %s not found", pool_id);
    start(m, kind, pool_id, correlation_id, ret_operation);
    return 0;
}

int manager_stop(Manager *m, const char *pool_id, const char *correlation_id,
                 Operation **ret_operation, Error *error)
{
    fake_manager_note(m, MANAGER_WRITE, "stop %s", pool_id);
    return start_of_pool(m, OPERATION_STOP, pool_id, correlation_id, ret_operation, error);
}

int manager_restart(Manager *m, const char *pool_id, const char *correlation_id,
                    Operation **ret_operation, Error *error)
{
    fake_manager_note(m, MANAGER_WRITE, "restart %s", pool_id);
    return start_of_pool(m, OPERATION_RESTART, pool_id, correlation_id, ret_operation, error);
}

int manager_drain(Manager *m, const char *pool_id, uint64_t deadline_ms, const char *correlation_id,
                  Operation **ret_operation, Error *error)
{
    if (deadline_ms == SPEC_UNSET)
        fake_manager_note(m, MANAGER_WRITE, "drain %s", pool_id);
    else
        fake_manager_note(m, MANAGER_WRITE, "drain %s within %llu", pool_id,
                          (unsigned long long)deadline_ms);
    return start_of_pool(m, OPERATION_DRAIN, pool_id, correlation_id, ret_operation, error);
}

int manager_reload(Manager *m, const char *pool_id, ReloadRequest **request, uint64_t deadline_ms,
                   char *const *warnings, const char *correlation_id, Operation **ret_operation,
                   Error *error)
{
    const EngineSpec *spec = (*request)->spec;
    char within[32] = "";

    if (deadline_ms != SPEC_UNSET)
        (void)snprintf(within, sizeof(within), " within %llu", (unsigned long long)deadline_ms);
    fake_manager_note(m, MANAGER_WRITE, "%s reload %s to %s of %s%s",
                      reload_strategy_to_string((*request)->strategy), pool_id,
                      (*request)->model_ref, spec ? spec->engine_version : "the same", within);
    m->n_warnings = strv_length(warnings);
    if (!fake_manager_find(m, pool_id))
        return error_set(error, PM_ERROR_POOL_NOT_FOUND, NULL, "pool %s not found", pool_id);
    *request = reload_request_free(*request);
    return start_of_pool(m, OPERATION_RELOAD, pool_id, correlation_id, ret_operation, error);
}

int manager_deregister(Manager *m, const char *pool_id, bool force, const char *correlation_id,
                       Operation **ret_operation, Error *error)
{
    fake_manager_note(m, MANAGER_WRITE, "deregister %s%s", pool_id, force ? " by force" : "");
    return start_of_pool(m, OPERATION_DEREGISTER, pool_id, correlation_id, ret_operation, error);
}

uint64_t operation_id(const Operation *o)
{
    return o->result.id;
}

int manager_describe_operation(const Manager *m, uint64_t id, char **ret_text, size_t *ret_length)
{
    if (id < 1 || id > m->last_operation)
        return -ENOENT;
    *ret_length = (size_t)asprintf(ret_text, "{\"id\":%d}\n", (int)id);
    return *ret_text ? 0 : -ENOMEM;
}

static int on_soon(sd_event_source *source, void *userdata)
{
    tell(userdata);
    return 0;
}

int operation_wait(Operation *o, OperationFunc f, void *userdata, OperationWaiter **ret)
{
    OperationWaiter *w = calloc(1, sizeof(*w));
    sd_event *event = NULL;

    assert(w);
    *w = (OperationWaiter){.operation = o, .f = f, .userdata = userdata, .next = o->waiters};
    o->waiters = w;
    if (o->ended) {
        int r = sd_event_default(&event);

        assert(r >= 0);
        r = sd_event_add_defer(event, &w->soon, on_soon, w);
        assert(r >= 0);
        sd_event_unref(event);
    }
    *ret = w;
    return 0;
}

OperationWaiter *operation_waiter_free(OperationWaiter *w)
{
    OperationWaiter **p = &w->operation->waiters;

    while (*p != w)
        p = &(*p)->next;
    *p = w->next;
    sd_event_source_disable_unref(w->soon);
    free(w);
    return NULL;
}

int manager_operation_answer(Manager *m, const OperationResult *result, const char *pool_id,
                             int *ret_http_status, char **ret_text, size_t *ret_length)
{
    bool failed = error_is_set(&result->error);

    *ret_http_status = failed ? pm_error_info(result->error.code)->http_status : 200;
    if (result->kind == OPERATION_RELOAD)
        return json_text(json_reload_answer(fake_manager_find(m, pool_id), result, NULL), false,
                         ret_text, ret_length);
    if (failed)
        return json_text(json_error(&result->error, pool_id), false, ret_text, ret_length);
    *ret_length = (size_t)asprintf(ret_text, "{\"pool_id\":\"%s\"}\n", pool_id);
    return *ret_text ? 0 : -ENOMEM;
}

int manager_describe_pool(const Manager *m, const char *pool_id, char **ret_text,
                          size_t *ret_length)
{
    if (!fake_manager_find(m, pool_id))
        return -ENOENT;
    *ret_length = (size_t)asprintf(ret_text, "{\"pool_id\":\"%s\"}\n", pool_id);
    return *ret_text ? 0 : -ENOMEM;
}

/* Behind as many spaces as the test has asked for. */
bool manager_write_pools(const Manager *m, PoolsCursor *cursor, size_t size, Text *text)
{
    if (!cursor->begun && m->list_size > 0) {
        char *spaces = text_extend(text, m->list_size);

        assert(spaces);
        memset(spaces, ' ', m->list_size);
        size += m->list_size;
    }
    return json_write_pools(text, &m->registry, (Instant){0}, cursor, size);
}

/* As many lines as the test has asked for. */
bool manager_write_metrics(const Manager *m, MetricsCursor *cursor, size_t size, Text *text)
{
    for (; cursor->name <= m->more_metrics; cursor->name++) {
        if (text->length >= size)
            return false;
        text_printf(text, "pools_of_the_manager%s %zu\n", cursor->name > 0 ? "_too" : "",
                    cursor->name + 1);
    }
    return true;
}

void manager_begin_reads(Manager *m)
{
}

void manager_end_reads(Manager *m)
{
}

bool manager_is_recovered(const Manager *m)
{
    return m->recovered;
}
