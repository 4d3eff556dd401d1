/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <poolmgr/messages.h>
#include <stdio.h>
#include <syslog.h>

#include "systemd/journal.h"
#include "systemd/oneshot_internal.h"
#include "systemd/unit_message.h"

/* No interest in the answer: AlreadySubscribed is as good. */
int oneshots_subscribe(Oneshots *all)
{
    int r;

    if (all->subscribed || all->away)
        return 0;
    r = sd_bus_call_method_async(all->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH,
                                 SYSTEMD_MANAGER_INTERFACE, "Subscribe", NULL, NULL, "");
    if (r < 0)
        return r;
    all->subscribed = true;
    return 0;
}

/* Stops the next unit of the list if nobody waits for it. Returns 1, 0 at the end of the
 * list, or negative errno. */
static int sweep_item(Oneshots *all, sd_bus_message *m)
{
    ListedUnit listed;
    const char *unit;
    Oneshot *o;
    int r = unit_list_next(m, &listed);

    if (r <= 0)
        return r;
    unit = listed.name;
    if (!startswith(unit, all->prefix) || strlen(unit) > PM_UNIT_NAME_MAX ||
        oneshot_find(all, unit) || all->is_wanted(unit, all->userdata))
        return 1;
    journal_say(LOG_NOTICE, PM_MESSAGE_PROVISIONER_LEFT,
                "%s: nobody waits for it any more, stopping it", unit);
    r = oneshot_new(all, unit, STEP_STOP, &o);
    if (r < 0)
        return r;
    o->unwanted = true;
    oneshot_go(o, STEP_STOP);
    return 1;
}

static int send_list(Oneshots *all);

static int on_list(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    const sd_bus_error *error = sd_bus_message_get_error(m);
    Oneshots *all = userdata;
    int r;

    all->list_call = sd_bus_slot_unref(all->list_call);
    if (error && oneshots_is_unsure(all, error)) {
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
        journal_say(LOG_ERR, PM_MESSAGE_SERVICE_MANAGER,
                    "cannot look for units %s* that were left: %s", all->prefix, strerror(-r));
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
    int r = oneshots_subscribe(all);

    if (r < 0)
        return r;
    all->is_wanted = is_wanted;
    all->userdata = userdata;
    all->sweeping = true;
    all->list_call = sd_bus_slot_unref(all->list_call);
    return send_list(all);
}

static int on_properties_changed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    const char *path = sd_bus_message_get_path(m);
    _cleanup_free_ char *unit = NULL;
    Oneshots *all = userdata;
    Oneshot *o;

    if (!all->first || !path || sd_bus_path_decode(path, SYSTEMD_UNIT_PATH, &unit) <= 0)
        return 0;
    o = oneshot_find(all, unit);
    if (o && o->step == STEP_WATCH)
        oneshot_go(o, STEP_READ);
    else if (o)
        o->changed = true;
    return 0;
}

/* Goes on where the service manager has left. */
static void resume(Oneshots *all)
{
    Oneshot *o;
    int r = oneshots_subscribe(all);

    if (r >= 0 && all->sweeping && !all->list_call)
        r = send_list(all);
    if (r < 0)
        journal_say(LOG_ERR, PM_MESSAGE_SERVICE_MANAGER, "the service manager cannot be asked: %s",
                    strerror(-r));
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
            oneshot_go(o, o->step == STEP_WATCH ? STEP_READ : o->step);
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
