/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "manager/manager_internal.h"
#include "json/encode.h"

static void tell_pool(Manager *m, PoolShell *shell)
{
    bool is_new = shell->is_new;

    shell->is_new = shell->changed = false;
    events_add(m, "pool", shell->pool->id, describe_pool(m, shell->pool));
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
    events_add(m, "pool_removed", shell->pool->id, json_pool_removed(shell->pool->id));
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
