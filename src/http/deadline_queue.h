/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "base/usec.h"

/*
 * Deadlines of one length each: then those that start later end later, and a list with one timer
 * does for any number of them, each started and cancelled in constant time.
 */

typedef struct Deadline {
    void *owner;
    usec_t at_usec; /* on the monotonic clock */
    bool running;
    struct Deadline *previous, *next;
} Deadline;

/* A deadline is over; it is no longer in the queue. May start and cancel others. */
typedef void (*DeadlineFunc)(Deadline *d);

typedef struct DeadlineQueue {
    sd_event *event;
    sd_event_source *timer;
    usec_t timer_usec; /* when that is; USEC_INFINITY: it is off */
    usec_t length_usec;
    DeadlineFunc expired;
    Deadline *first, *last;
} DeadlineQueue;

/* `length_usec` may be USEC_INFINITY: never. Returns 0 or what sd-event answers. */
int deadline_queue_init(DeadlineQueue *q, sd_event *event, usec_t length_usec,
                        DeadlineFunc expired);
/* No deadline may be running. */
void deadline_queue_done(DeadlineQueue *q);

/* Starts `d`, from the beginning when it was running. */
void deadline_start(DeadlineQueue *q, Deadline *d);
/* Does nothing to one that is not running. */
void deadline_cancel(DeadlineQueue *q, Deadline *d);
