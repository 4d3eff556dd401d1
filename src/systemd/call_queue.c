/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <search.h>
#include <stdio.h>

#include "base/strv.h"
#include "systemd/call_queue.h"

int call_new(CallKind kind, const char *unit, Call **ret)
{
    Call *call = calloc(1, sizeof(*call));

    if (!call)
        return -ENOMEM;
    call->kind = kind;
    (void)snprintf(call->unit, sizeof(call->unit), "%s", unit);
    *ret = call;
    return 0;
}

Call *call_free(Call *call)
{
    if (!call)
        return NULL;
    sd_bus_slot_unref(call->slot);
    sd_bus_message_unref(call->message);
    strv_free(call->optional);
    strv_free(call->dropped);
    free(call);
    return NULL;
}

void call_queue_init(CallQueue *q, sd_bus *bus, size_t max, call_answered_t answered,
                     void *userdata)
{
    *q = (CallQueue){
            .bus = bus,
            .max = max,
            .answered = answered,
            .userdata = userdata,
    };
    TAILQ_INIT(&q->waiting);
    TAILQ_INIT(&q->in_flight);
}

static int compare_calls(const void *a, const void *b)
{
    const Call *x = a, *y = b;

    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return strcmp(x->unit, y->unit);
}

Call *call_queue_find_waiting(CallQueue *q, CallKind kind, const char *unit)
{
    Call key = {.kind = kind}, *const * found;

    (void)snprintf(key.unit, sizeof(key.unit), "%s", unit);
    found = tfind(&key, &q->index, compare_calls);
    return found ? *found : NULL;
}

/* Two kills of one unit may differ in the signal, two sets in what they set. */
static bool is_indexed(const Call *call)
{
    return call->kind != CALL_KILL && call->kind != CALL_SET;
}

static int call_wait(CallQueue *q, Call *call)
{
    if (is_indexed(call)) {
        Call *const *node = tsearch(call, &q->index, compare_calls);

        if (!node)
            return -ENOMEM;
        if (*node != call)
            return -EEXIST;
    }
    TAILQ_INSERT_TAIL(&q->waiting, call, entries);
    return 0;
}

void call_queue_withdraw(CallQueue *q, Call *call)
{
    if (is_indexed(call))
        (void)tdelete(call, &q->index, compare_calls);
    TAILQ_REMOVE(&q->waiting, call, entries);
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Call *call = userdata;
    CallQueue *q = call->queue;

    call->slot = sd_bus_slot_unref(call->slot);
    q->answered(call, m, sd_bus_message_get_error(m), q->userdata);
    return 1;
}

static int call_send(Call *call)
{
    CallQueue *q = call->queue;
    int r = sd_bus_call_async(q->bus, &call->slot, call->message, on_reply, call, 0);

    return r < 0 ? r : 0;
}

int call_resend(Call *call, sd_bus_message *message)
{
    sd_bus_message_unref(call->message);
    call->message = message;
    return call_send(call);
}

static void call_set_in_flight(Call *call)
{
    TAILQ_INSERT_TAIL(&call->queue->in_flight, call, entries);
    call->queue->n_in_flight++;
}

static bool call_queue_may_send(const CallQueue *q)
{
    return !q->held && q->n_in_flight < q->max;
}

int call_queue_add(CallQueue *q, Call *call)
{
    int r;

    call->queue = q;
    if (!call_queue_may_send(q) || !TAILQ_EMPTY(&q->waiting))
        return call_wait(q, call);
    r = call_send(call);
    if (r < 0)
        return r;
    call_set_in_flight(call);
    return 0;
}

/* Sends the first of those that wait. When that fails, its reply is the error. */
static void call_queue_send_first(CallQueue *q)
{
    _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
    Call *call = TAILQ_FIRST(&q->waiting);
    int r;

    call_queue_withdraw(q, call);
    call_set_in_flight(call);
    r = call_send(call);
    if (r < 0) {
        (void)sd_bus_error_set_errno(&error, r);
        q->answered(call, NULL, &error, q->userdata);
    }
}

static void call_queue_pump(CallQueue *q)
{
    /* An error ends the call, which comes back here: the outer round goes on instead. */
    if (q->pumping)
        return;
    q->pumping = true;
    while (call_queue_may_send(q) && !TAILQ_EMPTY(&q->waiting))
        call_queue_send_first(q);
    q->pumping = false;
}

void call_finish(Call *call)
{
    CallQueue *q = call->queue;

    TAILQ_REMOVE(&q->in_flight, call, entries);
    q->n_in_flight--;
    call_queue_pump(q);
}

void call_queue_hold(CallQueue *q)
{
    q->held = true;
}

void call_queue_release(CallQueue *q)
{
    q->held = false;
    call_queue_pump(q);
}

static void call_list_done(CallList *list)
{
    Call *call;

    while ((call = TAILQ_FIRST(list))) {
        TAILQ_REMOVE(list, call, entries);
        call_free(call);
    }
}

static void keep_call(void *call)
{
}

void call_queue_done(CallQueue *q)
{
    tdestroy(q->index, keep_call);
    q->index = NULL;
    call_list_done(&q->waiting);
    call_list_done(&q->in_flight);
}
