/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <poolmgr/limits.h>
#include <stdint.h>
#include <sys/queue.h>
#include <systemd/sd-bus.h>

#include "base/macros.h"

/*
 * Method calls to the service manager, a bounded number of them at a time, the others waiting in
 * order. A call is in flight from when it is sent until call_finish(): for one that makes a job
 * that is when the job is gone, because each job costs the service manager a match rule on the bus.
 */

typedef enum CallKind {
    CALL_START,
    CALL_STOP,
    CALL_KILL,
    CALL_SET,
    CALL_RESET_FAILED,
    CALL_QUERY,
    CALL_KIND_MAX,
} CallKind;

/* What a query asks for next. Reading all properties of a unit costs the service manager as much as
 * a good part of a start does; one costs next to nothing. */
typedef enum QueryStep {
    QUERY_FIND, /* whether the unit exists */
    QUERY_ALL,
    QUERY_ACTIVE, /* then all, unless it is active */
    QUERY_MAIN_PID,
    QUERY_INVOCATION_ID,
} QueryStep;

typedef struct CallQueue CallQueue;

typedef struct Call {
    CallKind kind;
    char unit[PM_UNIT_NAME_MAX + 1];
    sd_bus_message *message;
    sd_bus_slot *slot; /* set while the reply is awaited */
    uint32_t job;      /* set from the reply to the end of the job */
    char **optional;   /* start: properties that may be left out */
    char **dropped;    /* start: those that were, for this attempt */
    bool unwanted;     /* start: its unit was to be stopped meanwhile, so it is not tried again */
    bool repeated;     /* it was sent before, and may have been carried out */
    QueryStep step;    /* query: what this call asks for */
    bool brief;        /* query: all is known of the unit but what its steps ask for */
    bool counted;      /* query: attaching is not complete without it */

    CallQueue *queue;
    TAILQ_ENTRY(Call) entries;
} Call;

typedef TAILQ_HEAD(CallList, Call) CallList;

/*
 * A call was answered: `reply` is the reply or NULL when it could not be sent, `error` is NULL on
 * success. The call is still in flight; the handler ends it or keeps it for its job.
 */
typedef void (*call_answered_t)(Call *call, sd_bus_message *reply, const sd_bus_error *error,
                                void *userdata);

struct CallQueue {
    sd_bus *bus;
    size_t max;
    bool held; /* nothing is sent, only queued */
    call_answered_t answered;
    void *userdata;

    CallList waiting;
    CallList in_flight;
    size_t n_in_flight;
    void *index; /* waiting calls but kills and sets: (kind, unit) -> Call, a tree of tsearch(3) */
    bool pumping;
};

/* `message` may be NULL until it is queued. Returns 0 or -ENOMEM. */
int call_new(CallKind kind, const char *unit, Call **ret);
Call *call_free(Call *call);

void call_queue_init(CallQueue *q, sd_bus *bus, size_t max, call_answered_t answered,
                     void *userdata);
/* Frees all calls; no reply is delivered any more. */
void call_queue_done(CallQueue *q);

/*
 * Sends the call or lets it wait. On success the queue owns it; on error the caller does: -EEXIST
 * when one of this kind for this unit waits already, -ENOMEM, or what sd-bus says.
 */
int call_queue_add(CallQueue *q, Call *call);

/* The call of this kind for this unit that has not been sent yet, or NULL. Kills and sets are not
 * found. */
Call *call_queue_find_waiting(CallQueue *q, CallKind kind, const char *unit);

/* Takes a waiting call out; the caller owns it. */
void call_queue_withdraw(CallQueue *q, Call *call);

/* Sends another message in the place of an answered call. Takes over `message`, also on error.
 * Returns 0, or what sd-bus says. */
int call_resend(Call *call, sd_bus_message *message);

/* Takes an answered call out of flight, and sends those that waited for its place. The caller owns
 * it. */
void call_finish(Call *call);

/* Between these two nothing is sent. Releasing sends what may be sent, so it is for callbacks of
 * the bus only. */
void call_queue_hold(CallQueue *q);
void call_queue_release(CallQueue *q);

DEFINE_CLEANUP(Call *, call_free)
