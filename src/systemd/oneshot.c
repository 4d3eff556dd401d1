/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <poolmgr/messages.h>
#include <stdio.h>
#include <syslog.h>

#include "systemd/journal.h"
#include "systemd/oneshot_internal.h"
#include "systemd/unit_fields.h"
#include "systemd/unit_message.h"
#include "systemd/unit_properties.h"

#define SYSTEMD_ERROR_NO_SUCH_UNIT "org.freedesktop.systemd1.NoSuchUnit"
#define SYSTEMD_ERROR_UNIT_EXISTS  "org.freedesktop.systemd1.UnitExists"

int oneshot_new(Oneshots *all, const char *unit, Step step, Oneshot **ret)
{
    Oneshot *o = calloc(1, sizeof(Oneshot));

    if (!o)
        return -ENOMEM;
    (void)snprintf(o->unit, sizeof(o->unit), "%s", unit);
    o->all = all;
    o->step = step;
    o->next = all->first;
    all->first = o;
    *ret = o;
    return 0;
}

Oneshot *oneshot_free(Oneshot *o)
{
    Oneshot **p = &o->all->first;

    while (*p && *p != o)
        p = &(*p)->next;
    if (*p)
        *p = o->next;
    sd_bus_slot_unref(o->slot);
    sd_bus_message_unref(o->start);
    free(o);
    return NULL;
}

Oneshot *oneshot_find(const Oneshots *all, const char *unit)
{
    Oneshot *o = all->first;

    while (o && !streq(o->unit, unit))
        o = o->next;
    return o;
}

static void done(Oneshot *o, const UnitEnd *end, const char *error_text)
{
    if (o->f)
        o->f(end, error_text, o->userdata);
    unit_fields_remove(NULL, o->unit);
    oneshot_free(o);
}

static void done_errno(Oneshot *o, int error)
{
    char text[128];

    (void)snprintf(text, sizeof(text), "the service manager cannot be asked: %s", strerror(-error));
    done(o, NULL, text);
}

static int start_message(Oneshot *o, sd_bus_message **ret)
{
    sd_bus_message *again;
    int r;

    if (o->start_sent) {
        r = message_new_again(o->all->bus, o->start, &again);
        if (r < 0)
            return r;
        sd_bus_message_unref(o->start);
        o->start = again;
    }
    o->start_sent = true;
    *ret = sd_bus_message_ref(o->start);
    return 0;
}

static int step_message(Oneshot *o, sd_bus_message **ret)
{
    sd_bus *bus = o->all->bus;

    switch (o->step) {
    case STEP_START:
        return start_message(o, ret);
    case STEP_READ:
        return read_message_new(bus, o->unit, ret);
    case STEP_STOP:
        return manager_message_new(bus, ret, "StopUnit", "ss", o->unit, "replace");
    case STEP_RESET:
        return manager_message_new(bus, ret, "ResetFailedUnit", "s", o->unit);
    case STEP_WATCH:
        break;
    }
    return -EINVAL;
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *ret_error);

/* Makes the call for the step, unless one is under way or the service manager is away. */
static int send(Oneshot *o)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
    int r;

    if (o->slot || o->all->away || o->step == STEP_WATCH)
        return 0;
    r = step_message(o, &m);
    if (r >= 0)
        r = sd_bus_call_async(o->all->bus, &o->slot, m, on_answer, o, 0);
    return r < 0 ? r : 0;
}

void oneshot_go(Oneshot *o, Step step)
{
    int r;

    o->step = step;
    o->changed = false;
    r = send(o);
    if (r < 0)
        done_errno(o, r);
}

static bool is_gone(const sd_bus_error *error)
{
    return sd_bus_error_has_name(error, SYSTEMD_ERROR_NO_SUCH_UNIT) ||
           sd_bus_error_has_name(error, SD_BUS_ERROR_UNKNOWN_OBJECT);
}

bool oneshots_is_unsure(const Oneshots *all, const sd_bus_error *error)
{
    return sd_bus_is_open(all->bus) > 0 &&
           (all->away || sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY) ||
            sd_bus_error_has_name(error, SD_BUS_ERROR_TIMEOUT));
}

static void start_answered(Oneshot *o, const sd_bus_error *error)
{
    if (error && !sd_bus_error_has_name(error, SYSTEMD_ERROR_UNIT_EXISTS))
        done(o, NULL, bus_error_text(error));
    else
        oneshot_go(o, o->unwanted ? STEP_STOP : STEP_READ);
}

static void over(Oneshot *o)
{
    if (o->has_ended)
        done(o, &o->end, NULL);
    else
        done(o, NULL, "its unit was removed by somebody else before its end was read");
}

static void note_end(Oneshot *o, const UnitObservation *u)
{
    if (o->has_ended)
        return;
    o->has_ended = true;
    o->end = unit_end_classify(u);
}

/* The unit as it is, without a job. */
static void judge(Oneshot *o, const UnitObservation *u)
{
    switch (unit_observation_verdict(u)) {
    case UNIT_VERDICT_RUNNING: /* it remains after its exit */
        note_end(o, u);
        oneshot_go(o, STEP_STOP);
        return;
    case UNIT_VERDICT_ENDED:
    case UNIT_VERDICT_ABANDONED:
        note_end(o, u);
        if (u->active == UNIT_ACTIVE_FAILED)
            oneshot_go(o, STEP_RESET);
        else
            over(o);
        return;
    case UNIT_VERDICT_STARTING:
    case UNIT_VERDICT_STOPPING:
        oneshot_go(o, STEP_WATCH);
        return;
    case UNIT_VERDICT_GONE:
    case UNIT_VERDICT_UNDECIDED: /* it will not run any more */
        over(o);
        return;
    }
}

static void read_answered(Oneshot *o, sd_bus_message *reply, const sd_bus_error *error)
{
    UnitObservation u = unit_observation_gone();
    int r;

    if (error && !is_gone(error)) {
        done(o, NULL, bus_error_text(error));
        return;
    }
    r = error ? 0 : unit_properties_read(reply, &u);
    if (r < 0)
        done_errno(o, r);
    else if (o->unwanted && u.active == UNIT_ACTIVE_ACTIVATING)
        oneshot_go(o, STEP_STOP);
    else if (o->changed)
        oneshot_go(o, STEP_READ);
    else if (u.job != 0)
        oneshot_go(o, STEP_WATCH);
    else
        judge(o, &u);
}

static void stop_answered(Oneshot *o, const sd_bus_error *error)
{
    if (!error) {
        o->unwanted = false;
        oneshot_go(o, STEP_READ); /* with processes left behind that can take a while */
    } else if (is_gone(error)) {
        over(o);
    } else {
        journal_say(LOG_WARNING, PM_MESSAGE_UNIT_REFUSED,
                    "%s: the service manager does not stop it: %s", o->unit, bus_error_text(error));
        done(o, o->has_ended ? &o->end : NULL, bus_error_text(error));
    }
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    const sd_bus_error *error = sd_bus_message_get_error(m);
    Oneshot *o = userdata;

    o->slot = sd_bus_slot_unref(o->slot);
    if (error && oneshots_is_unsure(o->all, error)) {
        oneshot_go(o, o->step);
        return 0;
    }
    switch (o->step) {
    case STEP_START:
        start_answered(o, error);
        break;
    case STEP_READ:
        read_answered(o, m, error);
        break;
    case STEP_STOP:
        stop_answered(o, error);
        break;
    case STEP_RESET:
        over(o);
        break;
    case STEP_WATCH:
        break;
    }
    return 0;
}

int oneshot_start(Oneshots *all, const UnitPlan *plan, OneshotFunc f, void *userdata, Oneshot **ret)
{
    Oneshot *o;
    int r;

    if (!startswith(plan->name, all->prefix))
        return -EINVAL;
    if (oneshot_find(all, plan->name))
        return -EEXIST;
    r = oneshots_subscribe(all);
    if (r < 0)
        return r;
    r = oneshot_new(all, plan->name, STEP_START, &o);
    if (r < 0)
        return r;
    r = start_message_new(all->bus, plan, NULL, &o->start);
    if (r >= 0)
        r = send(o);
    if (r < 0) {
        oneshot_free(o);
        return r;
    }
    o->f = f;
    o->userdata = userdata;
    *ret = o;
    return 0;
}

Oneshot *oneshot_cancel(Oneshot *o)
{
    if (!o)
        return NULL;
    o->f = NULL;
    o->unwanted = true;
    if (o->step == STEP_START && !o->start_sent)
        return oneshot_free(o);
    /* What is in flight is answered first; the answer leads to the stop. */
    if (!o->slot && !o->has_ended)
        oneshot_go(o, STEP_STOP);
    return NULL;
}

Oneshot *oneshot_forget(Oneshot *o)
{
    return o ? oneshot_free(o) : NULL;
}
