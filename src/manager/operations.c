/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>

#include "manager/log_catalog.h"
#include "manager/manager_internal.h"
#include "json/encode.h"

enum {
    OPERATION_IDS_STEP = 1000, /* reserved on disk at a time */
};
static const usec_t OPERATION_KEPT_USEC = 10 * USEC_PER_MINUTE;

uint64_t operation_id(const Operation *o)
{
    return o->id;
}

/* Of one that has failed, when there is no memory for how. */
static Error forgotten = {.code = PM_ERROR_INTERNAL, .text = "out of memory"};

static Operation *operation_free(Operation *o)
{
    while (o->waiters)
        operation_waiter_free(o->waiters);
    strv_free(o->warnings);
    free(o->answer);
    if (o->outcome.error != &forgotten)
        free(o->outcome.error);
    free(o);
    return NULL;
}

/* Forgets what ended long ago, and, beyond OPERATIONS_MAX, what ended at all. */
static void operations_purge(Manager *m)
{
    usec_t now = manager_now(m).mono;
    size_t kept = 0;
    Operation **p = &m->operations;

    while (*p) {
        Operation *o = *p;
        bool old = usec_add(o->ended_usec, OPERATION_KEPT_USEC) < now || kept >= OPERATIONS_MAX;

        if (o->announced && old) {
            *p = o->next;
            m->operations_count--;
            operation_free(o);
        } else {
            kept++;
            p = &o->next;
        }
    }
}

static void add(Manager *m, Operation *o, uint64_t id, OperationKind kind, const char *pool_id)
{
    o->manager = m;
    o->id = id;
    o->kind = kind;
    (void)snprintf(o->pool_id, sizeof(o->pool_id), "%s", pool_id);
    o->next = m->operations;
    m->operations = o;
    m->operations_count++;
}

/* A restarted daemon must not give out a number again, under which somebody may still ask. */
static void reserve_ids(Manager *m)
{
    if (m->last_operation_id < m->numbers.operation_floor)
        return;
    m->numbers.operation_floor = m->last_operation_id + OPERATION_IDS_STEP;
    persist_numbers(m);
}

int operation_new(Manager *m, OperationKind kind, const char *pool_id, char *const *warnings,
                  Operation **ret)
{
    Operation *o = calloc(1, sizeof(Operation));

    if (!o)
        return -ENOMEM;
    if (strv_copy(warnings, &o->warnings) < 0) {
        free(o);
        return -ENOMEM;
    }
    reserve_ids(m);
    add(m, o, ++m->last_operation_id, kind, pool_id);
    o->started_real = manager_now(m).real;
    *ret = o;
    return 0;
}

void operation_warn(Manager *m, const Pool *pool, const char *text)
{
    Operation *o = operation_find(m, pool->operation.id);

    if (o && !o->ended)
        (void)strv_extend(&o->warnings, text);
}

int operation_restore(Manager *m, const Pool *pool)
{
    Operation *o = calloc(1, sizeof(Operation));

    if (!o)
        return -ENOMEM;
    add(m, o, pool->operation.id, pool->operation.kind, pool->id);
    o->started_real = pool->operation.started.real;
    if (m->last_operation_id < o->id)
        m->last_operation_id = o->id;
    return 0;
}

Operation *operation_find(const Manager *m, uint64_t id)
{
    Operation *o = m->operations;

    while (o && o->id != id)
        o = o->next;
    return o;
}

static void keep_outcome(Operation *o, const OperationResult *result)
{
    o->outcome = (OperationOutcome){
            .duration_usec = result->duration_usec,
            .generation = result->generation,
            .leases = result->leases,
            .force_stopped = result->force_stopped,
            .unchanged = result->unchanged,
            .refused = result->refused,
            .rolled_back = result->rolled_back,
    };
    if (!error_is_set(&result->error))
        return;
    o->outcome.error = malloc(sizeof(Error));
    if (o->outcome.error)
        *o->outcome.error = result->error;
    else
        o->outcome.error = &forgotten;
}

/* As it was, but for the texts that are among the warnings. */
static void result_of(const Operation *o, OperationResult *ret)
{
    *ret = (OperationResult){
            .id = o->id,
            .kind = o->kind,
            .duration_usec = o->outcome.duration_usec,
            .generation = o->outcome.generation,
            .leases = o->outcome.leases,
            .force_stopped = o->outcome.force_stopped,
            .unchanged = o->outcome.unchanged,
            .refused = o->outcome.refused,
            .rolled_back = o->outcome.rolled_back,
    };
    if (o->outcome.error)
        ret->error = *o->outcome.error;
}

/* The JSON that answers it. NULL when out of memory. */
static json_object *make_answer(Manager *m, const Operation *o, const OperationResult *result,
                                const Pool *pool)
{
    _cleanup_free_ char *handoff = NULL;

    if (o->kind == OPERATION_RELOAD)
        return json_reload_answer(pool, result, o->warnings);
    if (error_is_set(&result->error))
        return json_error(&result->error, o->pool_id);
    if (o->kind == OPERATION_STOP)
        return json_stop_answer(pool, result, o->warnings);
    if (o->kind == OPERATION_DRAIN)
        return json_drain_answer(pool, result, o->warnings);
    if (o->kind == OPERATION_DEREGISTER)
        return json_deregister_answer(pool->id, o->warnings);
    if (runtime_dir_handoff_path(m->runtime, pool->id, pool->spec->replica_id, &handoff) < 0)
        return NULL;
    return json_preload_answer(pool, handoff, o->warnings);
}

void operation_end(Manager *m, const Pool *pool, const OperationResult *result)
{
    Operation *o = operation_find(m, result->id);
    json_object *answer;

    if (!o || o->ended)
        return;
    o->ended = true;
    o->ended_usec = manager_now(m).mono;
    keep_outcome(o, result);
    if (result->note[0])
        (void)strv_extend(&o->warnings, result->note);
    if (result->warning[0])
        (void)strv_extend(&o->warnings, result->warning);
    o->http_status =
            error_is_set(&result->error) ? pm_error_info(result->error.code)->http_status : 200;
    answer = make_answer(m, o, result, pool);
    if (!answer || json_text(answer, false, &o->answer, &o->answer_length) < 0)
        o->answer = NULL;
    m->operations_untold++;
    notify_arm(m);
    if (!result->refused)
        log_operation(pool, result);
}

int manager_operation_answer(Manager *m, const OperationResult *result, const char *pool_id,
                             int *ret_http_status, char **ret_text, size_t *ret_length)
{
    const Operation *o = operation_find(m, result->id);

    if (!o || !o->answer)
        return -ENOMEM;
    *ret_text = strndup(o->answer, o->answer_length);
    if (!*ret_text)
        return -ENOMEM;
    *ret_length = o->answer_length;
    *ret_http_status = o->http_status;
    return 0;
}

int operation_wait(Operation *o, OperationFunc f, void *userdata, OperationWaiter **ret)
{
    OperationWaiter *w = calloc(1, sizeof(OperationWaiter));

    if (!w)
        return -ENOMEM;
    w->operation = o;
    w->f = f;
    w->userdata = userdata;
    w->next = o->waiters;
    o->waiters = w;
    if (o->announced) {
        o->manager->operations_untold++;
        notify_arm(o->manager);
    }
    *ret = w;
    return 0;
}

OperationWaiter *operation_waiter_free(OperationWaiter *w)
{
    OperationWaiter **p;

    if (!w)
        return NULL;
    for (p = &w->operation->waiters; *p != w; p = &(*p)->next)
        ;
    *p = w->next;
    free(w);
    return NULL;
}

/* Tells each waiter once. A waiter's function may do anything, waiting for others and stopping to
 * wait included. */
static void tell_waiters(Operation *o)
{
    OperationResult result;

    result_of(o, &result);
    while (o->waiters) {
        OperationWaiter *w = o->waiters;
        OperationFunc f = w->f;
        void *userdata = w->userdata;

        operation_waiter_free(w);
        f(&result, o->pool_id, userdata);
    }
}

static void announce(Manager *m, Operation *o)
{
    OperationResult result;

    result_of(o, &result);
    o->announced = true;
    events_add(m, "operation", o->pool_id, describe_operation(m, o));
    for (size_t i = 0; i < m->n_listeners; i++)
        if (m->listeners[i]->operation_ended)
            m->listeners[i]->operation_ended(&result, o->pool_id, m->listeners[i]->userdata);
}

void operations_tell(Manager *m)
{
    /* What ended just now stands near the front: the newest come first. */
    for (Operation *o = m->operations; o && m->operations_untold > 0; o = o->next) {
        if (!o->ended || (o->announced && !o->waiters))
            continue;
        m->operations_untold--;
        if (!o->announced)
            announce(m, o);
        tell_waiters(o);
    }
    m->operations_untold = 0;
    /* Here, where nobody is in the middle of the list. */
    if (m->operations_count >= m->operations_purge_at) {
        operations_purge(m);
        m->operations_purge_at = m->operations_count + OPERATIONS_PURGE_STEP;
    }
}

void operations_free(Manager *m)
{
    while (m->operations) {
        Operation *o = m->operations;

        m->operations = o->next;
        operation_free(o);
    }
}
