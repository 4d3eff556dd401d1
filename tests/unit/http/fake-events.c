/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <errno.h>

#include "fake-manager-internal.h"

/* Events, logs, and what else is only read. */

int manager_add_listener(Manager *m, const ManagerListener *listener)
{
    assert(m->n_listeners < FAKE_LISTENERS_MAX);
    m->listeners[m->n_listeners++] = listener;
    return 0;
}

const char *manager_run_id(const Manager *m)
{
    return "0123456789abcdef";
}

uint64_t manager_last_event(const Manager *m)
{
    return m->last_event;
}

uint64_t manager_first_event(const Manager *m)
{
    return m->last_event < FAKE_EVENTS_KEPT ? 1 : m->last_event - FAKE_EVENTS_KEPT + 1;
}

bool manager_get_event(const Manager *m, uint64_t id, ManagerEvent *ret)
{
    const FakeEvent *e = &m->events[id % FAKE_EVENTS_KEPT];

    if (id == 0 || e->id != id)
        return false;
    *ret = (ManagerEvent){e->id, "pool", e->pool_id, e->data, strlen(e->data)};
    return true;
}

void fake_manager_add_event(Manager *m, const char *pool_id, const char *data)
{
    FakeEvent *e = &m->events[++m->last_event % FAKE_EVENTS_KEPT];
    ManagerEvent event;

    free(e->pool_id);
    free(e->data);
    *e = (FakeEvent){m->last_event, strdup(pool_id), strdup(data)};
    assert(e->pool_id && e->data && manager_get_event(m, e->id, &event));
    for (size_t i = 0; i < m->n_listeners; i++)
        m->listeners[i]->event_added(&event, m->listeners[i]->userdata);
}

const LogQuery *fake_manager_logs(const Manager *m)
{
    return &m->logs;
}

void fake_manager_set_logs(Manager *m, int fd)
{
    m->log_fd = fd;
}

int manager_open_logs(Manager *m, const char *pool_id, const LogQuery *query, int *ret_fd,
                      Error *error)
{
    m->logs = *query;
    if (m->log_fd < 0)
        return error_set(error, PM_ERROR_UNAVAILABLE, NULL, "too many are open");
    *ret_fd = TAKE_FD(m->log_fd);
    return 0;
}

const Pool *manager_get_pool(const Manager *m, const char *pool_id)
{
    return fake_manager_find(m, pool_id);
}

Instant manager_now(const Manager *m)
{
    return (Instant){1000 * USEC_PER_SEC, 2000 * USEC_PER_SEC};
}

int manager_describe_health(const Manager *m, const char *pool_id, char **ret_text,
                            size_t *ret_length)
{
    return manager_describe_pool(m, pool_id, ret_text, ret_length);
}
