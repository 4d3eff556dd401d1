/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "manager/manager_internal.h"
#include "json/encode.h"

/* FNV-1a */
static uint64_t digest(uint64_t so_far, const void *data, size_t n)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < n; i++)
        so_far = (so_far ^ bytes[i]) * 0x100000001b3;
    return so_far;
}

static uint64_t digest_value(uint64_t so_far, const StatusValue *v)
{
    switch (v->type) {
    case STATUS_STRING:
    case STATUS_OBJECT:
        return v->string ? digest(so_far, v->string, strlen(v->string) + 1)
                         : digest(so_far, "", 0) ^ 1;
    case STATUS_BOOL:
        return digest(so_far, &v->boolean, sizeof(v->boolean));
    case STATUS_NUMBER:
        return digest(so_far, &v->number, sizeof(v->number));
    }
    return so_far;
}

/* What is different each time that somebody looks is no reason for an event: health checks alone
 * would fill the ring. */
static bool is_volatile(const StatusValue *v)
{
    return streq(v->name, "uptime_ms") || streq(v->name, "last_heartbeat_ms");
}

static uint64_t digest_status(const PoolStatus *status)
{
    uint64_t d = 0xcbf29ce484222325;

    for (size_t i = 0; i < ELEMENTSOF(status->values); i++)
        if (!is_volatile(&status->values[i]))
            d = digest_value(d * 31, &status->values[i]);
    return d;
}

static void add_event(Manager *m, PoolShell *shell)
{
    PoolStatus status;
    uint64_t d;

    pool_status(shell->pool, manager_now(m), &status);
    d = digest_status(&status);
    if (d == shell->told)
        return;
    shell->told = d;
    events_add(m, "pool", shell->pool->id, json_status(&status));
}

static void tell_pool(Manager *m, PoolShell *shell)
{
    bool is_new = shell->is_new;

    shell->is_new = shell->changed = false;
    add_event(m, shell);
    for (size_t i = 0; i < m->n_listeners; i++) {
        const ManagerListener *l = m->listeners[i];

        if (is_new && l->pool_added)
            l->pool_added(shell->pool, l->userdata);
        else if (!is_new && l->pool_changed)
            l->pool_changed(shell->pool, l->userdata);
    }
}

static int on_notify(sd_event_source *source, void *userdata)
{
    Manager *m = userdata;

    while (m->changed) {
        PoolShell *shell = m->changed;

        m->changed = shell->changed_next;
        tell_pool(m, shell);
    }
    operations_tell(m);
    recover_check_done(m);
    return 0;
}

int notify_new(Manager *m)
{
    int r = sd_event_add_defer(m->event, &m->notify, on_notify, m);

    if (r < 0)
        return r;
    (void)sd_event_source_set_description(m->notify, "notify");
    return sd_event_source_set_enabled(m->notify, SD_EVENT_OFF);
}

void notify_arm(Manager *m)
{
    (void)sd_event_source_set_enabled(m->notify, SD_EVENT_ONESHOT);
}

void notify_pool_changed(PoolShell *shell)
{
    if (shell->changed)
        return;
    shell->changed = true;
    shell->changed_next = shell->manager->changed;
    shell->manager->changed = shell;
    notify_arm(shell->manager);
}

void notify_pool_removed(PoolShell *shell)
{
    Manager *m = shell->manager;
    PoolShell **p;

    for (p = &m->changed; *p && *p != shell; p = &(*p)->changed_next)
        ;
    if (*p)
        *p = shell->changed_next;
    if (shell->is_new)
        return; /* nobody has heard of it */
    events_add(m, "pool_removed", shell->pool->id, json_pool_id(shell->pool->id));
    for (size_t i = 0; i < m->n_listeners; i++)
        if (m->listeners[i]->pool_removed)
            m->listeners[i]->pool_removed(shell->pool, m->listeners[i]->userdata);
}

int manager_add_listener(Manager *m, const ManagerListener *listener)
{
    if (m->n_listeners >= LISTENERS_MAX)
        return -E2BIG;
    m->listeners[m->n_listeners++] = listener;
    return 0;
}
