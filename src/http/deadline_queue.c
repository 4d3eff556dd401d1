/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <string.h>
#include <time.h>

#include "http/deadline_queue.h"

enum {
    ACCURACY_USEC = 50 * 1000,
};

/* One that is set for before that stays: to be woken too early is cheaper than to set it anew for
 * each request. */
static void set_timer(DeadlineQueue *q)
{
    if (!q->first || q->first->at_usec >= q->timer_usec)
        return;
    q->timer_usec = q->first->at_usec;
    (void)sd_event_source_set_time(q->timer, q->first->at_usec);
    (void)sd_event_source_set_enabled(q->timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
    DeadlineQueue *q = userdata;
    usec_t now;

    q->timer_usec = USEC_INFINITY;
    if (sd_event_now(q->event, CLOCK_MONOTONIC, &now) < 0)
        now = usec;
    while (q->first && q->first->at_usec <= now) {
        Deadline *d = q->first;

        deadline_cancel(q, d);
        q->expired(d);
    }
    set_timer(q);
    return 0;
}

int deadline_queue_init(DeadlineQueue *q, sd_event *event, usec_t length_usec, DeadlineFunc expired)
{
    DeadlineQueue fresh = {
            .length_usec = length_usec, .timer_usec = USEC_INFINITY, .expired = expired};
    int r;

    *q = fresh;
    r = sd_event_add_time(event, &q->timer, CLOCK_MONOTONIC, 0, ACCURACY_USEC, on_timer, q);
    if (r < 0)
        return r;
    q->event = sd_event_ref(event);
    return sd_event_source_set_enabled(q->timer, SD_EVENT_OFF);
}

void deadline_queue_done(DeadlineQueue *q)
{
    assert(!q->first);
    q->timer = sd_event_source_disable_unref(q->timer);
    q->event = sd_event_unref(q->event);
}

void deadline_start(DeadlineQueue *q, Deadline *d)
{
    usec_t now;

    deadline_cancel(q, d);
    if (sd_event_now(q->event, CLOCK_MONOTONIC, &now) < 0)
        now = USEC_INFINITY;
    d->at_usec = usec_add(now, q->length_usec);
    d->running = true;
    d->next = NULL;
    d->previous = q->last;
    if (q->last)
        q->last->next = d;
    else
        q->first = d;
    q->last = d;
    if (q->first == d)
        set_timer(q);
}

void deadline_cancel(DeadlineQueue *q, Deadline *d)
{
    if (!d->running)
        return;
    if (d->previous)
        d->previous->next = d->next;
    else
        q->first = d->next;
    if (d->next)
        d->next->previous = d->previous;
    else
        q->last = d->previous;
    d->previous = d->next = NULL;
    d->running = false;
}
