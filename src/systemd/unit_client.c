/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poolmgr/names.h>

#include "base/strv.h"
#include "systemd/unit_answer.h"
#include "systemd/unit_client_internal.h"
#include "systemd/unit_message.h"

int unit_client_new(sd_bus *bus, const UnitClientCallbacks *callbacks, void *userdata,
                    UnitClient **ret)
{
    _cleanup_(unit_client_freep) UnitClient *c = calloc(1, sizeof(*c));
    int r;

    if (!c)
        return -ENOMEM;
    c->bus = sd_bus_ref(bus);
    c->callbacks = callbacks;
    c->userdata = userdata;
    call_queue_init(&c->starts, bus, UNIT_CLIENT_JOBS, unit_client_answered, c);
    call_queue_init(&c->stops, bus, UNIT_CLIENT_JOBS, unit_client_answered, c);
    call_queue_init(&c->orders, bus, UNIT_CLIENT_ORDERS, unit_client_answered, c);
    call_queue_init(&c->queries, bus, UNIT_CLIENT_READS, unit_client_answered, c);
    r = sd_bus_path_encode(SYSTEMD_UNIT_PATH, PM_UNIT_PREFIX, &c->path_prefix);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(c);
    return 0;
}

UnitClient *unit_client_free(UnitClient *c)
{
    if (!c)
        return NULL;
    for (size_t i = 0; i < ELEMENTSOF(c->matches); i++)
        sd_bus_slot_unref(c->matches[i]);
    sd_bus_slot_unref(c->list_call);
    call_queue_done(&c->starts);
    call_queue_done(&c->stops);
    call_queue_done(&c->orders);
    call_queue_done(&c->queries);
    strv_free(c->unknown_properties);
    free(c->path_prefix);
    sd_bus_unref(c->bus);
    free(c);
    return NULL;
}

/* Takes over `message`. */
static int enqueue(CallQueue *q, CallKind kind, const char *unit, sd_bus_message *message)
{
    _cleanup_(call_freep) Call *call = NULL;
    int r = call_new(kind, unit, &call);

    if (r < 0) {
        sd_bus_message_unref(message);
        return r;
    }
    call->message = message;
    r = call_queue_add(q, call);
    if (r < 0)
        return r;
    TAKE_PTR(call);
    return 0;
}

/*
 * The unit is to go: a start that waits here is taken back, one that is in flight is not tried
 * again. Returns whether there is nothing to end, because the start has never been sent.
 */
static bool take_back_start(UnitClient *c, const char *unit)
{
    Call *call = call_queue_find_waiting(&c->starts, CALL_START, unit);
    bool never_sent;

    if (call) {
        never_sent = !call->repeated;
        call_queue_withdraw(&c->starts, call);
        call_free(call);
        return never_sent;
    }
    TAILQ_FOREACH (call, &c->starts.in_flight, entries)
        if (streq(call->unit, unit))
            call->unwanted = true;
    return false;
}

static int plan_optional(const UnitPlan *plan, char ***ret)
{
    _cleanup_strv_free_ char **names = NULL;

    for (size_t i = 0; i < plan->count; i++)
        if (plan->properties[i].optional && strv_extend(&names, plan->properties[i].name) < 0)
            return -ENOMEM;
    *ret = TAKE_PTR(names);
    return 0;
}

int unit_client_start(UnitClient *c, const UnitPlan *plan)
{
    _cleanup_(call_freep) Call *call = NULL;
    UnitName name;
    int r;

    if (unit_name_parse(plan->name, &name) < 0)
        return -EINVAL;
    r = call_new(CALL_START, plan->name, &call);
    if (r < 0)
        return r;
    r = plan_optional(plan, &call->optional);
    if (r < 0)
        return r;
    r = strv_copy(c->unknown_properties, &call->dropped);
    if (r < 0)
        return r;
    r = start_message_new(c->bus, plan, call->dropped, &call->message);
    if (r < 0)
        return r;
    r = call_queue_add(&c->starts, call);
    if (r < 0)
        return r;
    TAKE_PTR(call);
    return 0;
}

int unit_client_stop(UnitClient *c, const char *unit)
{
    sd_bus_message *m = NULL;
    UnitName name;
    int r;

    if (unit_name_parse(unit, &name) < 0)
        return -EINVAL;
    if (take_back_start(c, unit))
        return unit_client_query(c, unit);
    if (call_queue_find_waiting(&c->stops, CALL_STOP, unit))
        return 0;
    r = manager_message_new(c->bus, &m, "StopUnit", "ss", unit, "replace");
    return r < 0 ? r : enqueue(&c->stops, CALL_STOP, unit, m);
}

int unit_client_kill(UnitClient *c, const char *unit, int signal)
{
    sd_bus_message *m = NULL;
    UnitName name;
    int r;

    if (unit_name_parse(unit, &name) < 0)
        return -EINVAL;
    if (take_back_start(c, unit))
        return unit_client_query(c, unit);
    r = manager_message_new(c->bus, &m, "KillUnit", "ssi", unit, "all", (int32_t)signal);
    return r < 0 ? r : enqueue(&c->orders, CALL_KILL, unit, m);
}

int unit_client_set(UnitClient *c, const char *unit, const UnitNumber *numbers, size_t n)
{
    sd_bus_message *m = NULL;
    UnitName name;
    int r;

    if (unit_name_parse(unit, &name) < 0)
        return -EINVAL;
    r = set_message_new(c->bus, unit, numbers, n, &m);
    return r < 0 ? r : enqueue(&c->orders, CALL_SET, unit, m);
}

int unit_client_reset_failed(UnitClient *c, const char *unit)
{
    sd_bus_message *m = NULL;
    UnitName name;
    int r;

    if (unit_name_parse(unit, &name) < 0)
        return -EINVAL;
    if (call_queue_find_waiting(&c->orders, CALL_RESET_FAILED, unit))
        return 0;
    r = manager_message_new(c->bus, &m, "ResetFailedUnit", "s", unit);
    return r < 0 ? r : enqueue(&c->orders, CALL_RESET_FAILED, unit, m);
}

int unit_client_query(UnitClient *c, const char *unit)
{
    UnitName name;

    if (unit_name_parse(unit, &name) < 0)
        return -EINVAL;
    /* It has no state before it is started, and then its start tells. */
    if (call_queue_find_waiting(&c->starts, CALL_START, unit))
        return 0;
    return unit_client_ask(c, unit, QUERY_FIND, false, false);
}

const char *query_step_property(QueryStep step)
{
    switch (step) {
    case QUERY_ACTIVE:
        return "ActiveState";
    case QUERY_MAIN_PID:
        return "MainPID";
    case QUERY_INVOCATION_ID:
        return "InvocationID";
    case QUERY_FIND:
    case QUERY_ALL:
        break;
    }
    return NULL;
}

int unit_client_step_message(UnitClient *c, const char *unit, QueryStep step, sd_bus_message **ret)
{
    if (step == QUERY_FIND)
        return manager_message_new(c->bus, ret, "GetUnit", "s", unit);
    if (step == QUERY_ALL)
        return read_message_new(c->bus, unit, ret);
    return read_one_message_new(c->bus, unit, step == QUERY_MAIN_PID ? "Service" : "Unit",
                                query_step_property(step), ret);
}

static int query_new(UnitClient *c, const char *unit, QueryStep step, bool brief, Call **ret)
{
    _cleanup_(call_freep) Call *call = NULL;
    int r = call_new(CALL_QUERY, unit, &call);

    if (r < 0)
        return r;
    call->step = step;
    call->brief = brief;
    r = unit_client_step_message(c, unit, step, &call->message);
    if (r < 0)
        return r;
    r = call_queue_add(&c->queries, call);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(call);
    return 0;
}

int unit_client_ask(UnitClient *c, const char *unit, QueryStep step, bool brief, bool counted)
{
    Call *call = call_queue_find_waiting(&c->queries, CALL_QUERY, unit);
    int r;

    if (!call) {
        r = query_new(c, unit, step, brief, &call);
        if (r < 0)
            return r;
    }
    call->brief = call->brief && brief;
    if (counted && !call->counted) {
        call->counted = true;
        c->reads_left++;
    }
    return 0;
}

void unit_client_hold(UnitClient *c)
{
    c->held = true;
    call_queue_hold(&c->starts);
    call_queue_hold(&c->stops);
    call_queue_hold(&c->orders);
    call_queue_hold(&c->queries);
}

void unit_client_release(UnitClient *c)
{
    c->held = false;
    call_queue_release(&c->orders);
    call_queue_release(&c->queries);
    call_queue_release(&c->stops);
    call_queue_release(&c->starts);
}
