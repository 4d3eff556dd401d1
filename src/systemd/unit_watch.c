/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poolmgr/messages.h>
#include <poolmgr/names.h>
#include <syslog.h>

#include "systemd/journal.h"
#include "systemd/unit_client_internal.h"
#include "systemd/unit_message.h"
#include "systemd/unit_properties.h"

#define SYSTEMD_ERROR_ALREADY_SUBSCRIBED "org.freedesktop.systemd1.AlreadySubscribed"

/* The first call of `q` that waits for a job of `unit` (NULL: of any) which is `job`, or, with
 * `other`, is another one. */
static Call *find_job(CallQueue *q, const char *unit, uint32_t job, bool other)
{
    Call *call;

    TAILQ_FOREACH (call, &q->in_flight, entries)
        if (call->job != 0 && (call->job != job) == other && (!unit || streq(call->unit, unit)))
            return call;
    return NULL;
}

static void finish_jobs(CallQueue *q, const char *unit, uint32_t job, bool other)
{
    Call *call;

    /* Ending one may send others: the list is another one then. */
    while ((call = find_job(q, unit, job, other))) {
        call_finish(call);
        call_free(call);
    }
}

void unit_client_observe(UnitClient *c, const char *unit, const UnitObservation *u)
{
    UnitName name;

    if (unit_name_parse(unit, &name) < 0)
        return;
    c->callbacks->observed(&name, u, c->userdata);
    if (u->fields & UNIT_FIELD_JOB) {
        finish_jobs(&c->starts, unit, u->job, true);
        finish_jobs(&c->stops, unit, u->job, true);
    }
}

/* A signal is lost for want of memory: ends the loop, for the next daemon to read how things are.
 */
static void signal_lost(UnitClient *c)
{
    journal_say(LOG_ERR, PM_MESSAGE_DAEMON_FAILED,
                "Out of memory: a signal of the service manager is lost. The daemon ends, for the "
                "next one to find out");
    (void)sd_event_exit(sd_bus_get_event(c->bus), -ENOMEM);
}

static void recheck(UnitClient *c, const char *unit, bool brief)
{
    int r = unit_client_ask(c, unit, QUERY_FIND, brief, false);

    if (r == -ENOMEM)
        signal_lost(c);
    else if (r < 0)
        journal_say(LOG_ERR, PM_MESSAGE_SERVICE_MANAGER, "%s: cannot ask for the unit's state: %s",
                    unit, strerror(-r));
}

void unit_client_recheck(UnitClient *c, const char *unit)
{
    UnitName name;

    if (unit_name_parse(unit, &name) >= 0)
        recheck(c, unit, false);
}

static int on_properties_changed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    const char *path = sd_bus_message_get_path(m);
    _cleanup_free_ char *unit = NULL;
    UnitClient *c = userdata;
    UnitObservation u = {0};
    int r;

    if (!path || !startswith(path, c->path_prefix))
        return 0;
    r = sd_bus_path_decode(path, SYSTEMD_UNIT_PATH, &unit);
    if (r == 0)
        return 0;
    if (r > 0)
        r = sd_bus_message_skip(m, "s");
    if (r >= 0)
        r = unit_properties_read(m, &u);
    /* Not later: how fast an end is known depends on this. */
    if (r >= 0 && u.fields != 0)
        unit_client_observe(c, unit, &u);
    if (r >= 0)
        r = unit_properties_read_invalidated(m);
    if (r > 0)
        unit_client_recheck(c, unit);
    else if (r == -ENOMEM)
        signal_lost(c);
    return 0;
}

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    UnitClient *c = userdata;
    const char *unit;
    UnitName name;
    uint32_t job;

    if (sd_bus_message_read(m, "uoss", &job, NULL, &unit, NULL) <= 0)
        return 0;
    /* Two calls that want the same of a unit share a job. */
    finish_jobs(&c->starts, NULL, job, false);
    finish_jobs(&c->stops, NULL, job, false);
    /* How the job ended says too little: `done` and `failed` come at random for an engine that
     * exits at once. Signals have said the rest before it, as a rule. */
    if (unit_name_parse(unit, &name) >= 0 &&
        c->callbacks->known(&name, job, c->userdata) == UNIT_KNOWN_LITTLE)
        recheck(c, unit, false);
    return 0;
}

static int on_unit_removed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    UnitClient *c = userdata;
    const char *unit;
    UnitName name;
    UnitKnown known;

    if (sd_bus_message_read(m, "so", &unit, NULL) <= 0 || unit_name_parse(unit, &name) < 0)
        return 0;
    /* Also sent for each unit that lives on when the service manager reloads: no news in itself. */
    known = c->callbacks->known(&name, 0, c->userdata);
    if (known != UNIT_KNOWN_ENDED)
        recheck(c, unit, known == UNIT_KNOWN_RUNNING);
    return 0;
}

/* JobRemoved of a job that ended while the service manager was away is not sent again: those in
 * flight are looked after. */
static void service_manager_back(UnitClient *c)
{
    const CallQueue *const queues[] = {&c->starts, &c->stops};
    const Call *call;

    for (size_t i = 0; i < ELEMENTSOF(queues); i++)
        TAILQ_FOREACH (call, &queues[i]->in_flight, entries)
            if (call->job != 0)
                unit_client_recheck(c, call->unit);
    unit_client_release(c);
}

static int on_reloading(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    UnitClient *c = userdata;
    int begins;

    if (sd_bus_message_read(m, "b", &begins) <= 0)
        return 0;
    if (begins)
        unit_client_hold(c);
    else
        service_manager_back(c);
    return 0;
}

/* The service manager lost its place on the bus, or is there again: it was executed anew, or the
 * bus had thrown it out. */
static int on_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    UnitClient *c = userdata;
    const char *owner;
    int r;

    if (sd_bus_message_read(m, "sss", NULL, NULL, &owner) <= 0)
        return 0;
    if (owner[0] == '\0') {
        unit_client_hold(c);
        return 0;
    }
    journal_say(LOG_NOTICE, PM_MESSAGE_SERVICE_MANAGER_BACK,
                "the service manager is on the bus again, reading all engine units");
    /* Who is there now may know nothing of our subscription, and signals of the time between are
     * lost. */
    service_manager_back(c);
    r = unit_client_subscribe(c);
    if (r < 0)
        unit_client_attach_failed(c, r, "cannot subscribe to the service manager again");
    return 0;
}

void unit_client_attach_failed(UnitClient *c, int error, const char *error_text)
{
    if (c->blind)
        return;
    c->blind = true;
    c->attaching = false;
    c->callbacks->attached(error < 0 ? error : -EIO, error_text, c->userdata);
}

static void attach_progress(UnitClient *c)
{
    if (c->attaching && !c->listing && c->reads_left == 0) {
        c->attaching = false;
        c->callbacks->attached(0, NULL, c->userdata);
    }
}

void unit_client_read_done(UnitClient *c)
{
    c->reads_left--;
    attach_progress(c);
}

/* Of a unit that runs the list tells most. Whatever becomes of it while the rest is asked for is
 * told by signals. */
static int ask_running(UnitClient *c, const char *unit)
{
    const UnitObservation u = {
            .fields = UNIT_FIELD_LOAD | UNIT_FIELD_ACTIVE | UNIT_FIELD_JOB,
            .load = UNIT_LOAD_LOADED,
            .active = UNIT_ACTIVE_ACTIVE,
    };

    unit_client_observe(c, unit, &u);
    return unit_client_ask(c, unit, QUERY_MAIN_PID, true, true);
}

/* Asks for the next unit of the list. Returns 1, 0 at the end of the list, or negative
 * errno. */
static int read_list_item(UnitClient *c, sd_bus_message *m)
{
    ListedUnit unit;
    UnitName parsed;
    int r = unit_list_next(m, &unit);

    if (r <= 0)
        return r;
    /* The pattern is wider than our names. */
    if (unit_name_parse(unit.name, &parsed) < 0)
        return 1;
    if (streq(unit.load, "loaded") && streq(unit.active, "active") && unit.job == 0)
        r = ask_running(c, unit.name);
    else
        r = unit_client_ask(c, unit.name, QUERY_ALL, false, true);
    return r < 0 ? r : 1;
}

static void list_refused(UnitClient *c, const sd_bus_error *error)
{
    int r = 0;

    if (!unit_client_is_unsure(c, error)) {
        r = -sd_bus_error_get_errno(error);
    } else if (!c->held) { /* else once the service manager is back */
        journal_say(LOG_WARNING, PM_MESSAGE_SERVICE_MANAGER,
                    "the service manager does not list its units, asking again: %s",
                    bus_error_text(error));
        r = unit_client_subscribe(c);
    }
    if (r < 0)
        unit_client_attach_failed(c, r, bus_error_text(error));
}

static int on_list(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    const sd_bus_error *error = sd_bus_message_get_error(m);
    UnitClient *c = userdata;
    int r;

    c->list_call = sd_bus_slot_unref(c->list_call);
    if (error) {
        list_refused(c, error);
        return 0;
    }
    r = sd_bus_message_enter_container(m, 'a', "(ssssssouso)");
    while (r > 0)
        r = read_list_item(c, m);
    if (r < 0) {
        unit_client_attach_failed(c, r, "cannot read the list of units");
        return 0;
    }
    c->listing = false;
    attach_progress(c);
    return 0;
}

static int send_list(UnitClient *c)
{
    return sd_bus_call_method_async(c->bus, &c->list_call, SYSTEMD_NAME, SYSTEMD_PATH,
                                    SYSTEMD_MANAGER_INTERFACE, "ListUnitsByPatterns", on_list, c,
                                    "asas", 0, 1, PM_UNIT_GLOB);
}

static int on_subscribed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    const sd_bus_error *error = sd_bus_message_get_error(m);
    UnitClient *c = userdata;
    int r;

    c->list_call = sd_bus_slot_unref(c->list_call);
    if (error && !sd_bus_error_has_name(error, SYSTEMD_ERROR_ALREADY_SUBSCRIBED)) {
        list_refused(c, error);
        return 0;
    }
    r = send_list(c);
    if (r < 0)
        unit_client_attach_failed(c, r, "cannot ask for the list of units");
    return 0;
}

int unit_client_subscribe(UnitClient *c)
{
    int r;

    /* The answer to an earlier one is no longer of interest. */
    c->list_call = sd_bus_slot_unref(c->list_call);
    c->listing = true;
    r = sd_bus_call_method_async(c->bus, &c->list_call, SYSTEMD_NAME, SYSTEMD_PATH,
                                 SYSTEMD_MANAGER_INTERFACE, "Subscribe", on_subscribed, c, "");
    return r < 0 ? r : 0;
}

/* A match that the bus did not take leaves us blind. */
static int on_match(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    const sd_bus_error *error = sd_bus_message_get_error(m);
    UnitClient *c = userdata;

    if (error)
        unit_client_attach_failed(c, -sd_bus_error_get_errno(error), bus_error_text(error));
    return 0;
}

static const struct {
    const char *rule;
    sd_bus_message_handler_t handler;
} matches[UNIT_CLIENT_MATCHES] = {
        {"type='signal',sender='" SYSTEMD_NAME "',path_namespace='" SYSTEMD_UNIT_PATH
         "',interface='" BUS_PROPERTIES_INTERFACE "',member='PropertiesChanged'",
         on_properties_changed},
        {"type='signal',sender='" SYSTEMD_NAME "',path='" SYSTEMD_PATH
         "',interface='" SYSTEMD_MANAGER_INTERFACE "',member='JobRemoved'",
         on_job_removed},
        {"type='signal',sender='" SYSTEMD_NAME "',path='" SYSTEMD_PATH
         "',interface='" SYSTEMD_MANAGER_INTERFACE "',member='UnitRemoved'",
         on_unit_removed},
        {"type='signal',sender='" SYSTEMD_NAME "',path='" SYSTEMD_PATH
         "',interface='" SYSTEMD_MANAGER_INTERFACE "',member='Reloading'",
         on_reloading},
        {"type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus'"
         ",interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" SYSTEMD_NAME "'",
         on_owner_changed},
};

int unit_client_attach(UnitClient *c)
{
    if (c->matches[0])
        return -EALREADY;
    for (size_t i = 0; i < ELEMENTSOF(matches); i++) {
        int r = sd_bus_add_match_async(c->bus, &c->matches[i], matches[i].rule, matches[i].handler,
                                       on_match, c);
        if (r < 0)
            return r;
    }
    c->attaching = true;
    return unit_client_subscribe(c);
}
