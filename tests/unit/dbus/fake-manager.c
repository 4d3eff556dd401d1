/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-manager.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum {
    FAKE_POOLS_MAX = 16,
    FAKE_OPERATIONS_MAX = 1024,
    FAKE_EVENTS_MAX = 16,
    FAKE_WAITERS_MAX = 16,
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

struct AccessWaiter {
    Manager *manager;
    AccessFunc f;
    void *userdata;
};

typedef struct FakeEvent {
    const char *type;
    const char *pool_id;
    char *data;
} FakeEvent;

struct Manager {
    bool recovered;
    bool locked;
    AccessWaiter *waiting[FAKE_WAITERS_MAX];
    char asked[256];
    char told[256]; /* what was given out of `asked` */
    FakeEvent events[FAKE_EVENTS_MAX];
    size_t first_event, n_events;
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
    for (size_t i = 0; i < m->n_pools; i++) {
        lease_release_all(m->pools[i]);
        pool_free(m->pools[i]);
    }
    for (size_t i = 0; i < m->n_operations; i++) {
        free(m->operations[i]->waiter);
        free(m->operations[i]);
    }
    for (size_t i = 0; i < m->n_events; i++)
        free(m->events[i].data);
    assert(fake_manager_count_waiting(m) == 0);
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

void fake_manager_remove_pool(Manager *m, const char *id)
{
    for (size_t i = 0; i < m->n_pools; i++) {
        Pool *pool = m->pools[i];

        if (!streq(pool->id, id))
            continue;
        m->pools[i] = m->pools[--m->n_pools];
        m->listener->pool_removed(pool, m->listener->userdata);
        lease_release_all(pool);
        pool_free(pool);
        return;
    }
}

void fake_manager_drop_listener(Manager *m)
{
    m->listener = NULL;
}

void fake_manager_tell_changed(Manager *m, const Pool *pool)
{
    m->listener->pool_changed(pool, m->listener->userdata);
}

static void _printf_(2, 3) asked(Manager *m, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(m->asked, sizeof(m->asked), format, arguments);
    va_end(arguments);
}

const char *fake_manager_take_asked(Manager *m)
{
    memcpy(m->told, m->asked, sizeof(m->told));
    m->asked[0] = '\0';
    return m->told;
}

void fake_manager_lock(Manager *m)
{
    m->locked = true;
}

static void wake_all(Manager *m, const Error *error)
{
    for (size_t i = 0; i < FAKE_WAITERS_MAX; i++) {
        AccessWaiter *w = TAKE_PTR(m->waiting[i]);

        if (!w)
            continue;
        w->f(error, w->userdata);
        free(w);
    }
}

void fake_manager_unlock(Manager *m)
{
    m->locked = false;
    wake_all(m, NULL);
}

void fake_manager_refuse_lock(Manager *m)
{
    Error error = {0};

    (void)error_set(&error, PM_ERROR_REGISTRY_LOCK, NULL, "registry lock failed: taken");
    wake_all(m, &error);
}

size_t fake_manager_count_waiting(const Manager *m)
{
    size_t count = 0;

    for (size_t i = 0; i < FAKE_WAITERS_MAX; i++)
        count += m->waiting[i] != NULL;
    return count;
}

int manager_access(Manager *m, ManagerAccess access, AccessFunc f, void *userdata,
                   AccessWaiter **ret_waiter)
{
    AccessWaiter *w;
    size_t i = 0;

    if (!m->locked) {
        f(NULL, userdata);
        return 1;
    }
    w = calloc(1, sizeof(*w));
    assert(w);
    *w = (AccessWaiter){m, f, userdata};
    while (m->waiting[i])
        i++;
    assert(i < FAKE_WAITERS_MAX);
    m->waiting[i] = w;
    *ret_waiter = w;
    return 0;
}

AccessWaiter *access_waiter_free(AccessWaiter *w)
{
    for (size_t i = 0; w && i < FAKE_WAITERS_MAX; i++)
        if (w->manager->waiting[i] == w) {
            w->manager->waiting[i] = NULL;
            free(w);
            return NULL;
        }
    return NULL;
}

int manager_lock(Manager *m, ManagerAccess access, Error *error)
{
    if (!m->locked)
        return 0;
    (void)error_set(error, PM_ERROR_REGISTRY_LOCK, NULL, "registry lock failed: taken");
    return -EAGAIN;
}

void manager_unlock(Manager *m)
{
    assert(!m->locked);
}

static void fill_event(const Manager *m, size_t i, ManagerEvent *ret)
{
    *ret = (ManagerEvent){.id = i + 1,
                          .type = m->events[i].type,
                          .pool_id = m->events[i].pool_id,
                          .data = m->events[i].data,
                          .length = strlen(m->events[i].data)};
}

void fake_manager_add_event(Manager *m, const char *type, const char *pool_id, size_t bytes)
{
    char *data = malloc(bytes + 1);
    ManagerEvent event;

    assert(data && m->n_events < FAKE_EVENTS_MAX);
    memset(data, 'x', bytes);
    data[bytes] = '\0';
    m->events[m->n_events++] = (FakeEvent){type, pool_id, data};
    fill_event(m, m->n_events - 1, &event);
    m->listener->event_added(&event, m->listener->userdata);
}

void fake_manager_lose_event(Manager *m)
{
    m->first_event++;
}

const char *manager_run_id(const Manager *m)
{
    return "0123456789abcdef";
}

uint64_t manager_last_event(const Manager *m)
{
    return m->n_events;
}

uint64_t manager_first_event(const Manager *m)
{
    return m->n_events > 0 ? m->first_event + 1 : 0;
}

bool manager_get_event(const Manager *m, uint64_t id, ManagerEvent *ret)
{
    if (id <= m->first_event || id > m->n_events)
        return false;
    fill_event(m, id - 1, ret);
    return true;
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

int manager_restart(Manager *m, const char *pool_id, const char *correlation_id,
                    Operation **ret_operation, Error *error)
{
    return start(m, OPERATION_RESTART, pool_id, correlation_id, ret_operation);
}

int manager_drain(Manager *m, const char *pool_id, uint64_t deadline_ms, const char *correlation_id,
                  Operation **ret_operation, Error *error)
{
    if (deadline_ms == UINT64_MAX)
        asked(m, "drain %s", pool_id);
    else
        asked(m, "drain %s within %llu", pool_id, (unsigned long long)deadline_ms);
    return start(m, OPERATION_DRAIN, pool_id, correlation_id, ret_operation);
}

int manager_reload(Manager *m, const char *pool_id, ReloadRequest **request, uint64_t deadline_ms,
                   char *const *warnings, const char *correlation_id, Operation **ret_operation,
                   Error *error)
{
    const EngineSpec *spec = (*request)->spec;
    char within[32] = "";

    if (deadline_ms != UINT64_MAX)
        (void)snprintf(within, sizeof(within), " within %llu", (unsigned long long)deadline_ms);
    asked(m, "%s reload %s to %s of %s%s", reload_strategy_to_string((*request)->strategy), pool_id,
          (*request)->model_ref, spec ? spec->engine_version : "the same", within);
    *request = reload_request_free(*request);
    return start(m, OPERATION_RELOAD, pool_id, correlation_id, ret_operation);
}

int manager_deregister(Manager *m, const char *pool_id, bool force, const char *correlation_id,
                       Operation **ret_operation, Error *error)
{
    asked(m, "deregister %s%s", pool_id, force ? " by force" : "");
    return start(m, OPERATION_DEREGISTER, pool_id, correlation_id, ret_operation);
}

static bool ensure(Manager *m, const char *pool_id)
{
    if (manager_get_pool(m, pool_id))
        return false;
    fake_manager_add_pool(m, pool_id);
    return true;
}

int manager_register(Manager *m, const char *pool_id, const char *correlation_id, bool *ret_new,
                     Error *error)
{
    asked(m, "register %s", pool_id);
    *ret_new = ensure(m, pool_id);
    return 0;
}

int manager_update(Manager *m, const char *pool_id, const PoolUpdate *update,
                   const char *correlation_id, bool *ret_new, char ***warnings, Error *error)
{
    asked(m, "update %s %x %s", pool_id, update->given,
          update->meta.engine_version ? update->meta.engine_version : "unset");
    *ret_new = ensure(m, pool_id);
    return 0;
}

int manager_register_handoff(Manager *m, Handoff **handoff, const char *correlation_id,
                             bool *ret_new, Error *error)
{
    asked(m, "handoff %s %s", (*handoff)->pool_id, (*handoff)->url);
    *ret_new = ensure(m, (*handoff)->pool_id);
    *handoff = handoff_free(*handoff);
    return 0;
}

int manager_heartbeat(Manager *m, const char *pool_id, uint64_t timestamp_ms, uint64_t *ret_ms,
                      Error *error)
{
    if (timestamp_ms == SPEC_UNSET)
        timestamp_ms = 1000;
    asked(m, "heartbeat %s %" PRIu64, pool_id, timestamp_ms);
    *ret_ms = timestamp_ms;
    return 0;
}

int manager_set_resources(Manager *m, const char *pool_id, const ResourceUpdate *update,
                          const char *correlation_id, Error *error)
{
    for (int i = 0; i < RESOURCE_MAX; i++)
        if (update->given[i])
            asked(m, "resources %s %s=%" PRIu64, pool_id, resource_key((Resource)i),
                  update->values[i]);
    return 0;
}

int manager_reset_breaker(Manager *m, const char *pool_id, const char *correlation_id, Error *error)
{
    asked(m, "reset %s", pool_id);
    return 0;
}

/* Only the pool of that name is held back by its breaker. */
int manager_allow_restart(Manager *m, const char *pool_id, const char *correlation_id, Error *error)
{
    asked(m, "allow %s", pool_id);
    if (streq(pool_id, "tripped"))
        return 0;
    return error_set(error, PM_ERROR_BREAKER_CLOSED, NULL, "the breaker is closed");
}

static Pool *find(const Manager *m, const char *pool_id, Error *error)
{
    for (size_t i = 0; i < m->n_pools; i++)
        if (streq(m->pools[i]->id, pool_id))
            return m->pools[i];
    (void)error_set(error, PM_ERROR_POOL_NOT_FOUND, NULL, "pool %s not found", pool_id);
    return NULL;
}

int manager_acquire_lease(Manager *m, const char *pool_id, const LeaseRequest *request,
                          LeaseGrant *ret, Error *error)
{
    Pool *pool = find(m, pool_id, error);
    const Lease *lease;
    int r;

    if (!pool)
        return -EINVAL;
    r = lease_acquire(pool, request, m->now, &lease, error);
    if (r < 0)
        return r;
    asked(m, "lease %s %s %" PRIu64, pool_id, request->owner ? request->owner : "anonymous",
          request->ttl_ms);
    lease_id_format(pool, lease, ret->id);
    ret->active_leases = pool->leases.count;
    ret->generation = pool->generation;
    return 0;
}

int manager_release_lease(Manager *m, const char *pool_id, const char *lease_id,
                          uint64_t *ret_active, Error *error)
{
    Pool *pool = find(m, pool_id, error);

    if (!pool)
        return -EINVAL;
    if (!lease_release(pool, lease_id))
        return error_set(error, PM_ERROR_LEASE_NOT_FOUND, NULL, "no such lease");
    *ret_active = pool->leases.count;
    return 0;
}

int manager_release_anonymous_lease(Manager *m, const char *pool_id, uint64_t *ret_active,
                                    Error *error)
{
    Pool *pool = find(m, pool_id, error);

    if (!pool)
        return -EINVAL;
    lease_free(lease_take_anonymous(pool));
    *ret_active = pool->leases.count;
    return 0;
}

void manager_release_holder(Manager *m, const char *holder)
{
    for (size_t i = 0; i < m->n_pools; i++)
        lease_release_holder(m->pools[i], holder);
}

int manager_open_logs(Manager *m, const char *pool_id, const LogQuery *query, int *ret_fd,
                      Error *error)
{
    static const char line[] = "it speaks\n";
    int fds[2];
    int r;

    if (!find(m, pool_id, error))
        return -EINVAL;
    asked(m, "logs %s %" PRIu64 " %" PRIu64 "%s%s", pool_id, query->lines, query->generation,
          query->follow ? " follow" : "", query->json ? " json" : "");
    r = pipe2(fds, O_CLOEXEC);
    assert(r >= 0);
    assert(write(fds[1], line, strlen(line)) == (ssize_t)strlen(line));
    close(fds[1]);
    *ret_fd = fds[0];
    return 0;
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
    if (!manager_get_pool(m, pool_id))
        return -ENOENT;
    return give("{\"one\":true}\n", ret_text, ret_length);
}

int manager_describe_pools(const Manager *m, char **ret_text, size_t *ret_length)
{
    return give("[\"all\"]\n", ret_text, ret_length);
}

int manager_describe_configuration(const Manager *m, char **ret_text, size_t *ret_length)
{
    return give("{\"keys\":[]}\n", ret_text, ret_length);
}

int manager_describe_health(const Manager *m, const char *pool_id, char **ret_text,
                            size_t *ret_length)
{
    return manager_get_pool(m, pool_id) ? give("{\"live\":true}\n", ret_text, ret_length) : -ENOENT;
}

int manager_describe_operation(const Manager *m, uint64_t id, char **ret_text, size_t *ret_length)
{
    return id <= m->n_operations ? give("{\"id\":1}\n", ret_text, ret_length) : -ENOENT;
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
