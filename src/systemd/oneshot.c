/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/oneshot.h"

#include <errno.h>
#include <stdio.h>
#include <syslog.h>

#include "systemd/journal.h"
#include "systemd/unit_message.h"
#include "systemd/unit_properties.h"

#define SYSTEMD_ERROR_NO_SUCH_UNIT "org.freedesktop.systemd1.NoSuchUnit"
#define SYSTEMD_ERROR_UNIT_EXISTS  "org.freedesktop.systemd1.UnitExists"

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

/* No interest in the answer: AlreadySubscribed is as good. */
static int subscribe(Oneshots *all)
{
    int r = sd_bus_call_method_async(all->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH,
                                     SYSTEMD_MANAGER_INTERFACE, "Subscribe", NULL, NULL, "");

    if (r < 0)
        return r;
    all->subscribed = true;
    return 0;
}

static Oneshot *oneshot_free(Oneshot *o)
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

static void done(Oneshot *o, const UnitEnd *end, const char *error_text)
{
    if (o->f)
        o->f(end, error_text, o->userdata);
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

static void go(Oneshot *o, Step step)
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

/* Whether the call may have been carried out, or lost, for all that the error says. While the
 * service manager is away errors come from the bus. */
static bool is_unsure(const Oneshots *all, const sd_bus_error *error)
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
        go(o, o->unwanted ? STEP_STOP : STEP_READ);
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
        go(o, STEP_STOP);
        return;
    case UNIT_VERDICT_ENDED:
    case UNIT_VERDICT_ABANDONED:
        note_end(o, u);
        if (u->active == UNIT_ACTIVE_FAILED)
            go(o, STEP_RESET);
        else
            over(o);
        return;
    case UNIT_VERDICT_STARTING:
    case UNIT_VERDICT_STOPPING:
        go(o, STEP_WATCH);
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
        go(o, STEP_STOP);
    else if (o->changed)
        go(o, STEP_READ);
    else if (u.job != 0)
        go(o, STEP_WATCH);
    else
        judge(o, &u);
}

static void stop_answered(Oneshot *o, const sd_bus_error *error)
{
    if (!error) {
        o->unwanted = false;
        go(o, STEP_READ); /* with processes left behind that can take a while */
    } else if (is_gone(error)) {
        over(o);
    } else {
        journal_log(LOG_WARNING, "%s: the service manager does not stop it: %s", o->unit,
                    bus_error_text(error));
        done(o, o->has_ended ? &o->end : NULL, bus_error_text(error));
    }
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    const sd_bus_error *error = sd_bus_message_get_error(m);
    Oneshot *o = userdata;

    o->slot = sd_bus_slot_unref(o->slot);
    if (error && is_unsure(o->all, error)) {
        go(o, o->step);
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

static Oneshot *find(const Oneshots *all, const char *unit)
{
    Oneshot *o = all->first;

    while (o && !streq(o->unit, unit))
        o = o->next;
    return o;
}

static int on_properties_changed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    const char *path = sd_bus_message_get_path(m);
    _cleanup_free_ char *unit = NULL;
    Oneshots *all = userdata;
    Oneshot *o;

    if (!all->first || !path || sd_bus_path_decode(path, SYSTEMD_UNIT_PATH, &unit) <= 0)
        return 0;
    o = find(all, unit);
    if (o && o->step == STEP_WATCH)
        go(o, STEP_READ);
    else if (o)
        o->changed = true;
    return 0;
}

static int send_list(Oneshots *all);

/* Goes on where the service manager has left. */
static void resume(Oneshots *all)
{
    Oneshot *o;
    int r = subscribe(all);

    if (r >= 0 && all->sweeping && !all->list_call)
        r = send_list(all);
    if (r < 0)
        journal_log(LOG_ERR, "the service manager cannot be asked: %s", strerror(-r));
    for (o = all->first; o; o = o->next)
        o->resume = true;
    /* Going on may end one, and that may end or begin others: the list is another one then. */
    while ((o = all->first)) {
        while (o && !o->resume)
            o = o->next;
        if (!o)
            return;
        o->resume = false;
        if (!o->slot)
            go(o, o->step == STEP_WATCH ? STEP_READ : o->step);
    }
}

static int on_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Oneshots *all = userdata;
    const char *owner;

    if (sd_bus_message_read(m, "sss", NULL, NULL, &owner) <= 0)
        return 0;
    all->away = owner[0] == '\0';
    all->subscribed = false; /* the new one may know nothing of us */
    if (!all->away && (all->first || all->sweeping))
        resume(all);
    return 0;
}

int oneshots_new(sd_bus *bus, const char *prefix, Oneshots **ret)
{
    _cleanup_(oneshots_freep) Oneshots *all = calloc(1, sizeof(Oneshots));
    int r;

    if (!all)
        return -ENOMEM;
    all->bus = sd_bus_ref(bus);
    all->prefix = strdup(prefix);
    if (!all->prefix)
        return -ENOMEM;
    /* One match for all units: a connection may have 512 only. */
    r = sd_bus_add_match_async(
            bus, &all->changed_match,
            "type='signal',sender='" SYSTEMD_NAME "',path_namespace='" SYSTEMD_UNIT_PATH
            "',interface='" BUS_PROPERTIES_INTERFACE "',member='PropertiesChanged'",
            on_properties_changed, NULL, all);
    if (r >= 0)
        r = sd_bus_add_match_async(bus, &all->owner_match,
                                   "type='signal',sender='org.freedesktop.DBus'"
                                   ",path='/org/freedesktop/DBus',interface='org.freedesktop.DBus'"
                                   ",member='NameOwnerChanged',arg0='" SYSTEMD_NAME "'",
                                   on_owner_changed, NULL, all);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(all);
    return 0;
}

Oneshots *oneshots_free(Oneshots *all)
{
    if (!all)
        return NULL;
    while (all->first)
        oneshot_free(all->first);
    sd_bus_slot_unref(all->changed_match);
    sd_bus_slot_unref(all->owner_match);
    sd_bus_slot_unref(all->list_call);
    sd_bus_unref(all->bus);
    free(all->prefix);
    free(all);
    return NULL;
}

static int oneshot_new(Oneshots *all, const char *unit, Step step, Oneshot **ret)
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

int oneshot_start(Oneshots *all, const UnitPlan *plan, OneshotFunc f, void *userdata, Oneshot **ret)
{
    Oneshot *o;
    int r;

    if (!startswith(plan->name, all->prefix))
        return -EINVAL;
    if (find(all, plan->name))
        return -EEXIST;
    if (!all->subscribed && !all->away) {
        r = subscribe(all);
        if (r < 0)
            return r;
    }
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
        go(o, STEP_STOP);
    return NULL;
}

Oneshot *oneshot_forget(Oneshot *o)
{
    return o ? oneshot_free(o) : NULL;
}

/* Reads (ssssssouso) and stops the unit if nobody waits for it. Returns 1, 0 at the end of the
 * list, or negative errno. */
static int sweep_item(Oneshots *all, sd_bus_message *m)
{
    const char *unit;
    Oneshot *o;
    int r = sd_bus_message_enter_container(m, 'r', "ssssssouso");

    if (r <= 0)
        return r;
    r = sd_bus_message_read(m, "s", &unit);
    if (r >= 0)
        r = sd_bus_message_skip(m, "sssssouso");
    if (r >= 0)
        r = sd_bus_message_exit_container(m);
    if (r < 0)
        return r;
    if (!startswith(unit, all->prefix) || strlen(unit) > PM_UNIT_NAME_MAX || find(all, unit) ||
        all->is_wanted(unit, all->userdata))
        return 1;
    journal_log(LOG_NOTICE, "%s: nobody waits for it any more, stopping it", unit);
    r = oneshot_new(all, unit, STEP_STOP, &o);
    if (r < 0)
        return r;
    o->unwanted = true;
    go(o, STEP_STOP);
    return 1;
}

static int on_list(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    const sd_bus_error *error = sd_bus_message_get_error(m);
    Oneshots *all = userdata;
    int r;

    all->list_call = sd_bus_slot_unref(all->list_call);
    if (error && is_unsure(all, error)) {
        r = send_list(all);
    } else if (error) {
        r = -sd_bus_error_get_errno(error);
    } else {
        all->sweeping = false;
        r = sd_bus_message_enter_container(m, 'a', "(ssssssouso)");
        while (r > 0)
            r = sweep_item(all, m);
    }
    if (r < 0)
        journal_log(LOG_ERR, "cannot look for units %s* that were left: %s", all->prefix,
                    strerror(-r));
    return 0;
}

static int send_list(Oneshots *all)
{
    char pattern[PM_UNIT_NAME_MAX + 2];
    int r;

    if (all->away)
        return 0;
    (void)snprintf(pattern, sizeof(pattern), "%s*", all->prefix);
    r = sd_bus_call_method_async(all->bus, &all->list_call, SYSTEMD_NAME, SYSTEMD_PATH,
                                 SYSTEMD_MANAGER_INTERFACE, "ListUnitsByPatterns", on_list, all,
                                 "asas", 0, 1, pattern);
    return r < 0 ? r : 0;
}

int oneshots_sweep(Oneshots *all, OneshotWantedFunc is_wanted, void *userdata)
{
    if (!all->subscribed && !all->away) {
        int r = subscribe(all);

        if (r < 0)
            return r;
    }
    all->is_wanted = is_wanted;
    all->userdata = userdata;
    all->sweeping = true;
    all->list_call = sd_bus_slot_unref(all->list_call);
    return send_list(all);
}
