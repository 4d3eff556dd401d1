/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poolmgr/messages.h>
#include <syslog.h>

#include "base/parse.h"
#include "base/strv.h"
#include "systemd/journal.h"
#include "systemd/unit_answer.h"
#include "systemd/unit_client_internal.h"
#include "systemd/unit_message.h"
#include "systemd/unit_properties.h"

#define SYSTEMD_ERROR_NO_SUCH_UNIT "org.freedesktop.systemd1.NoSuchUnit"
#define SYSTEMD_ERROR_UNIT_EXISTS  "org.freedesktop.systemd1.UnitExists"

static bool is_gone(const sd_bus_error *error)
{
    return sd_bus_error_has_name(error, SYSTEMD_ERROR_NO_SUCH_UNIT) ||
           sd_bus_error_has_name(error, SD_BUS_ERROR_UNKNOWN_OBJECT);
}

static void log_refusal(const Call *call, const char *what, const sd_bus_error *error)
{
    UnitName name = {0};
    LogField field = {"POOL_ID", name.pool_id};

    (void)unit_name_parse(call->unit, &name);
    journal_send(LOG_WARNING, PM_MESSAGE_UNIT_REFUSED, &field, 1, "%s: the service manager %s: %s",
                 call->unit, what, bus_error_text(error));
}

/* Ends a call after which only the unit itself can say how things are. */
static void ask_instead(UnitClient *c, Call *call)
{
    unit_client_recheck(c, call->unit);
    call_finish(call);
    call_free(call);
}

/* Sends a call again when it is open whether it was carried out: all of ours may be carried out
 * twice. */
static void send_again(UnitClient *c, Call *call)
{
    sd_bus_message *m = NULL;
    int r = message_new_again(c->bus, call->message, &m);

    if (r < 0) {
        ask_instead(c, call);
        return;
    }
    call_finish(call);
    sd_bus_message_unref(call->message);
    call->message = m;
    call->repeated = true;
    r = call_queue_add(call->queue, call);
    if (r == -EEXIST) {
        /* The next one of its kind waits already. */
        call_free(call);
    } else if (r < 0) {
        unit_client_recheck(c, call->unit);
        call_free(call);
    }
}

/* The number at the end of a job's object path; 0 when it is none. */
static uint32_t job_number(sd_bus_message *reply)
{
    const char *path, *digits;
    uint64_t job;

    if (sd_bus_message_read(reply, "o", &path) <= 0 || !startswith(path, SYSTEMD_JOB_PATH "/"))
        return 0;
    digits = path + strlen(SYSTEMD_JOB_PATH "/");
    return parse_u64(digits, 1, UINT32_MAX, &job) < 0 ? 0 : (uint32_t)job;
}

/* Keeps the call in flight until its job is gone. */
static void await_job(Call *call, sd_bus_message *reply)
{
    call->job = job_number(reply);
    if (call->job == 0) {
        call_finish(call);
        call_free(call);
    }
}

/* Whether `text` has `word` in it, not as a part of a longer word. */
static bool has_word(const char *text, const char *word)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    size_t n = strlen(word);

    for (const char *p = text; (p = strstr(p, word)); p++)
        if ((p == text || !strchr(letters, p[-1])) && (p[n] == '\0' || !strchr(letters, p[n])))
            return true;
    return false;
}

/*
 * Which optional property the service manager did not like: the one that the error names, else all
 * that are left. Adds them to the dropped ones. Returns how many, or -ENOMEM.
 */
static int drop_optional(UnitClient *c, Call *call, const sd_bus_error *error)
{
    bool unknown = sd_bus_error_has_name(error, SD_BUS_ERROR_PROPERTY_READ_ONLY);
    int n = 0;

    STRV_FOREACH (name, call->optional) {
        if (strv_contains(call->dropped, *name) || !has_word(bus_error_text(error), *name))
            continue;
        if (unknown && !strv_contains(c->unknown_properties, *name) &&
            strv_extend(&c->unknown_properties, *name) < 0)
            return -ENOMEM;
        return strv_extend(&call->dropped, *name) < 0 ? -ENOMEM : 1;
    }
    STRV_FOREACH (name, call->optional) {
        if (strv_contains(call->dropped, *name))
            continue;
        if (strv_extend(&call->dropped, *name) < 0)
            return -ENOMEM;
        n++;
    }
    return n;
}

/* Starts once more without what the service manager does not know. Returns whether that was
 * possible. */
static bool start_with_less(UnitClient *c, Call *call, const sd_bus_error *error)
{
    sd_bus_message *m = NULL;

    if (call->unwanted || (!sd_bus_error_has_name(error, SD_BUS_ERROR_PROPERTY_READ_ONLY) &&
                           !sd_bus_error_has_name(error, SD_BUS_ERROR_INVALID_ARGS)))
        return false;
    if (drop_optional(c, call, error) <= 0)
        return false;
    log_refusal(call, "does not take an optional property, starting without it", error);
    return start_message_new_without(c->bus, call->message, call->dropped, &m) >= 0 &&
           call_resend(call, m) >= 0;
}

static void start_answered(UnitClient *c, Call *call, sd_bus_message *reply,
                           const sd_bus_error *error)
{
    UnitName name;

    if (!error) {
        await_job(call, reply);
        return;
    }
    if (start_with_less(c, call, error))
        return;
    /* The first attempt came through, or nobody wants to know any more. */
    if ((call->repeated && sd_bus_error_has_name(error, SYSTEMD_ERROR_UNIT_EXISTS)) ||
        (call->unwanted && unit_client_is_unsure(c, error))) {
        ask_instead(c, call);
        return;
    }
    if (unit_client_is_unsure(c, error)) {
        send_again(c, call);
        return;
    }
    call_finish(call);
    if (unit_name_parse(call->unit, &name) >= 0)
        c->callbacks->start_failed(&name, bus_error_text(error), c->userdata);
    call_free(call);
}

static void observe_gone(UnitClient *c, Call *call)
{
    UnitObservation gone = unit_observation_gone();

    call_finish(call);
    unit_client_observe(c, call->unit, &gone);
    call_free(call);
}

static void stop_answered(UnitClient *c, Call *call, sd_bus_message *reply,
                          const sd_bus_error *error)
{
    UnitName name;

    if (!error) {
        await_job(call, reply);
        return;
    }
    if (is_gone(error)) {
        observe_gone(c, call);
        return;
    }
    if (unit_client_is_unsure(c, error)) {
        send_again(c, call);
        return;
    }
    call_finish(call);
    if (unit_name_parse(call->unit, &name) >= 0)
        c->callbacks->stop_failed(&name, bus_error_text(error), c->userdata);
    call_free(call);
}

static void kill_answered(UnitClient *c, Call *call, const sd_bus_error *error)
{
    if (!error) {
        call_finish(call);
        call_free(call);
        return;
    }
    if (is_gone(error)) {
        observe_gone(c, call);
        return;
    }
    if (unit_client_is_unsure(c, error)) {
        send_again(c, call);
        return;
    }
    log_refusal(call, "did not kill the unit", error);
    ask_instead(c, call);
}

static void set_answered(UnitClient *c, Call *call, const sd_bus_error *error)
{
    if (error && unit_client_is_unsure(c, error)) {
        send_again(c, call);
        return;
    }
    if (error && !is_gone(error))
        log_refusal(call, "did not set the limits of the unit", error);
    call_finish(call);
    call_free(call);
}

static void reset_answered(UnitClient *c, Call *call, const sd_bus_error *error)
{
    if (error && unit_client_is_unsure(c, error)) {
        send_again(c, call);
        return;
    }
    if (error && !is_gone(error))
        log_refusal(call, "did not reset the failed unit", error);
    call_finish(call);
    call_free(call);
}

/* Ends a query without an observation. */
static void query_failed(UnitClient *c, Call *call, const sd_bus_error *error)
{
    log_refusal(call, "did not tell the unit's state", error);
    call_finish(call);
    if (call->counted && c->attaching)
        unit_client_attach_failed(c, -sd_bus_error_get_errno(error), bus_error_text(error));
    call_free(call);
}

/* Goes on with the next step. */
static void query_go_on(UnitClient *c, Call *call, QueryStep step)
{
    _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *m = NULL;
    int r = unit_client_step_message(c, call->unit, step, &m);

    call->step = step;
    if (r >= 0)
        r = call_resend(call, m);
    if (r < 0) {
        (void)sd_bus_error_set_errno(&error, r);
        query_failed(c, call, &error);
    }
}

/* How a unit that is gone looks when it is read. Its result and exit are those of nobody. */
static bool is_empty(const UnitObservation *u)
{
    return u->load == UNIT_LOAD_NOT_FOUND && u->exec_main_code == 0 &&
           (u->active == UNIT_ACTIVE_INACTIVE || u->active == UNIT_ACTIVE_UNKNOWN);
}

static void query_done(UnitClient *c, Call *call, const UnitObservation *u)
{
    call_finish(call);
    unit_client_observe(c, call->unit, u);
    if (call->counted)
        unit_client_read_done(c);
    call_free(call);
}

/* Asks again in a new call; the one that was not answered gives its place up. */
static void query_again(UnitClient *c, Call *call, const sd_bus_error *error)
{
    if (unit_client_ask(c, call->unit, QUERY_FIND, call->brief, call->counted) < 0) {
        query_failed(c, call, error);
        return;
    }
    call_finish(call);
    if (call->counted)
        unit_client_read_done(c);
    call_free(call);
}

/* All properties were read. */
static void all_answered(UnitClient *c, Call *call, sd_bus_message *reply)
{
    _cleanup_(sd_bus_error_free) sd_bus_error unreadable = SD_BUS_ERROR_NULL;
    UnitObservation u;
    int r = unit_properties_read(reply, &u);

    if (r < 0) {
        (void)sd_bus_error_set_errno(&unreadable, r);
        query_failed(c, call, &unreadable);
        return;
    }
    if (is_empty(&u))
        u = unit_observation_gone();
    query_done(c, call, &u);
}

static bool is_last_step(const Call *call, const UnitObservation *u)
{
    return call->brief && (call->step == QUERY_INVOCATION_ID ||
                           (call->step == QUERY_ACTIVE && u->active == UNIT_ACTIVE_ACTIVE));
}

/* One property was read. How a unit has ended is no matter of one. */
static void one_answered(UnitClient *c, Call *call, sd_bus_message *reply)
{
    UnitObservation u = {0};

    if (unit_property_read(reply, query_step_property(call->step), &u) < 0 || u.fields == 0 ||
        (call->step == QUERY_ACTIVE && u.active != UNIT_ACTIVE_ACTIVE)) {
        query_go_on(c, call, QUERY_ALL);
    } else if (is_last_step(call, &u)) {
        query_done(c, call, &u);
    } else {
        unit_client_observe(c, call->unit, &u);
        query_go_on(c, call, call->step == QUERY_MAIN_PID ? QUERY_INVOCATION_ID : QUERY_ALL);
    }
}

static void query_answered(UnitClient *c, Call *call, sd_bus_message *reply,
                           const sd_bus_error *error)
{
    UnitObservation gone = unit_observation_gone();

    if (error && unit_client_is_unsure(c, error))
        query_again(c, call, error);
    else if (error && is_gone(error))
        query_done(c, call, &gone);
    else if (error)
        query_failed(c, call, error);
    else if (call->step == QUERY_FIND)
        query_go_on(c, call, call->brief ? QUERY_ACTIVE : QUERY_ALL);
    else if (call->step == QUERY_ALL)
        all_answered(c, call, reply);
    else
        one_answered(c, call, reply);
}

/* One line for a silence, not one for each call. */
static void note_silence(UnitClient *c, const sd_bus_error *error)
{
    bool silent = error && unit_client_is_unsure(c, error);

    if (silent && !c->silent)
        journal_say(LOG_WARNING, PM_MESSAGE_SERVICE_MANAGER,
                    "the service manager does not answer, calls are sent again: %s",
                    bus_error_text(error));
    c->silent = silent;
}

bool unit_client_is_unsure(UnitClient *c, const sd_bus_error *error)
{
    if (sd_bus_is_open(c->bus) <= 0)
        return false;
    /* It has gone before it could read the call; what is sent now waits until it is back. */
    if (c->held && (sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
                    sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER)))
        return true;
    return sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY) ||
           sd_bus_error_has_name(error, SD_BUS_ERROR_TIMEOUT);
}

void unit_client_answered(Call *call, sd_bus_message *reply, const sd_bus_error *error,
                          void *userdata)
{
    UnitClient *c = userdata;

    /* Our own connection is gone, and so is the daemon in a moment. Whether the call was carried
     * out the next one finds out. */
    if (error && sd_bus_is_open(c->bus) <= 0)
        return;
    note_silence(c, error);
    switch (call->kind) {
    case CALL_START:
        start_answered(c, call, reply, error);
        return;
    case CALL_STOP:
        stop_answered(c, call, reply, error);
        return;
    case CALL_KILL:
        kill_answered(c, call, error);
        return;
    case CALL_SET:
        set_answered(c, call, error);
        return;
    case CALL_RESET_FAILED:
        reset_answered(c, call, error);
        return;
    case CALL_QUERY:
        query_answered(c, call, reply, error);
        return;
    case CALL_KIND_MAX:
        return;
    }
}
