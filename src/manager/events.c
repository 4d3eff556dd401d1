/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <systemd/sd-id128.h>

#include "manager/manager_internal.h"
#include "json/encode.h"

/* The ring of events: what streams are told, for those who were away for a while. */

int events_new(Manager *m)
{
    sd_id128_t id;
    char text[SD_ID128_STRING_MAX];
    int r = sd_id128_randomize(&id);

    if (r < 0)
        return r;
    (void)snprintf(m->run_id, sizeof(m->run_id), "%.*s", RUN_ID_LENGTH,
                   sd_id128_to_string(id, text));
    m->ring = calloc(EVENTS_MAX, sizeof(RingEvent));
    return m->ring ? 0 : -ENOMEM;
}

void events_done(Manager *m)
{
    for (size_t i = 0; m->ring && i < EVENTS_MAX; i++)
        free(m->ring[i].data);
    free(m->ring);
    m->ring = NULL;
}

const char *manager_run_id(const Manager *m)
{
    return m->run_id;
}

uint64_t manager_last_event(const Manager *m)
{
    return m->last_event;
}

uint64_t manager_first_event(const Manager *m)
{
    if (m->last_event == 0)
        return 0;
    return m->last_event > EVENTS_MAX ? m->last_event - EVENTS_MAX + 1 : 1;
}

bool manager_get_event(const Manager *m, uint64_t id, ManagerEvent *ret)
{
    const RingEvent *e = &m->ring[id % EVENTS_MAX];

    if (id == 0 || e->id != id)
        return false;
    *ret = (ManagerEvent){e->id, e->type, e->pool_id, e->data, e->length};
    return true;
}

void events_add(Manager *m, const char *type, const char *pool_id, json_object *data)
{
    RingEvent *e = &m->ring[(m->last_event + 1) % EVENTS_MAX];
    ManagerEvent event;
    char *text;
    size_t length;

    if (json_text(data, false, &text, &length) < 0)
        return;
    free(e->data);
    *e = (RingEvent){.id = ++m->last_event, .type = type, .data = text, .length = length - 1};
    text[e->length] = '\0'; /* the end of the line is the stream's affair */
    (void)snprintf(e->pool_id, sizeof(e->pool_id), "%s", pool_id);
    event = (ManagerEvent){e->id, e->type, e->pool_id, e->data, e->length};
    for (size_t i = 0; i < m->n_listeners; i++)
        if (m->listeners[i]->event_added)
            m->listeners[i]->event_added(&event, m->listeners[i]->userdata);
}
