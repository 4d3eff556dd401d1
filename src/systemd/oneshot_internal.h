/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "systemd/oneshot.h"

/* What oneshot.c (one unit, step by step) and oneshot_watch.c (signals, and what concerns all)
 * share. */

/* What is asked for next, or waited for. */
typedef enum Step {
    STEP_START,
    STEP_READ,
    STEP_WATCH, /* a signal, which leads to STEP_READ */
    STEP_STOP,
    STEP_RESET,
} Step;

struct Oneshot {
    Oneshot *next;
    Oneshots *all;
    OneshotFunc f; /* NULL: nobody waits */
    void *userdata;
    Step step;
    sd_bus_message *start;
    bool start_sent;
    sd_bus_slot *slot; /* of the call for `step` */
    bool unwanted;     /* it is to be stopped, and was not yet */
    bool changed;      /* since the read in flight was sent */
    bool resume;       /* the service manager is back, and it was not told what to do yet */
    bool has_ended;
    UnitEnd end;
    char unit[PM_UNIT_NAME_MAX + 1];
};

struct Oneshots {
    sd_bus *bus;
    char *prefix;
    Oneshot *first;
    sd_bus_slot *changed_match, *owner_match;
    sd_bus_slot *list_call;
    bool sweeping; /* the list is still to come */
    OneshotWantedFunc is_wanted;
    void *userdata;
    bool subscribed;
    bool away; /* the service manager is: nothing is sent */
};

/* Adds one to those that are waited for. Returns 0 or -ENOMEM. */
int oneshot_new(Oneshots *all, const char *unit, Step step, Oneshot **ret);
Oneshot *oneshot_free(Oneshot *o);
Oneshot *oneshot_find(const Oneshots *all, const char *unit); /* NULL: there is none */

/* Takes the step: makes its call, unless another one is under way or the service manager is away.
 * That may end it. */
void oneshot_go(Oneshot *o, Step step);

/* Whether the call may have been carried out, or lost, for all that the error says. While the
 * service manager is away errors come from the bus. */
bool oneshots_is_unsure(const Oneshots *all, const sd_bus_error *error);

/* Has the service manager send us signals, unless it does so already. Returns 0 or negative errno.
 */
int oneshots_subscribe(Oneshots *all);
