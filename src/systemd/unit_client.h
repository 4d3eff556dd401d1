/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "core/unit_name.h"
#include "core/unit_observation.h"
#include "core/unit_plan.h"

/*
 * Engine units over the bus: start, watch, stop, list. Everything is asynchronous; no unit is ever
 * referenced (AddRef) and none is polled. One match covers all units. At most UNIT_CLIENT_JOBS
 * starts and as many stops are in flight, each until its job is gone, and at most UNIT_CLIENT_READS
 * queries; the others wait here in order. While the service manager reloads itself nothing is sent.
 */
typedef struct UnitClient UnitClient;

enum {
    UNIT_CLIENT_JOBS = 32,
    UNIT_CLIENT_READS = 32,
};

/* How much the owner knows of a unit from what was observed. */
typedef enum UnitKnown {
    UNIT_KNOWN_LITTLE,
    UNIT_KNOWN_RUNNING, /* it runs, and how: its main process, its invocation, no other job */
    UNIT_KNOWN_ENDED,   /* it has ended, and nobody is interested any more */
} UnitKnown;

/* What comes back. None is called from within a unit_client_ function, and the client must not be
 * freed in one. `error_text` is for people. */
typedef struct UnitClientCallbacks {
    /*
     * Something about an engine unit was said: in a signal, or in answer to a query. Of a unit that
     * does not run that carries all fields; of one that the service manager does not know, only
     * that it is not found, is inactive and has no job, for the rest would be about nobody.
     */
    void (*observed)(const UnitName *name, const UnitObservation *u, void *userdata);
    /* The service manager refused: nothing was started. */
    void (*start_failed)(const UnitName *name, const char *error_text, void *userdata);
    /* The service manager refused to stop the unit, other than because it is gone (that is
     * observed). */
    void (*stop_failed)(const UnitName *name, const char *error_text, void *userdata);
    /* Asked before a unit is read because `job` of it, or the unit (0), was removed: what is known
     * need not be read. */
    UnitKnown (*known)(const UnitName *name, uint32_t job, void *userdata);
    /* unit_client_attach() is through: `error` 0, and all engine units that exist were observed
     * before; or negative errno, also long after it: the units are not watched any more. */
    void (*attached)(int error, const char *error_text, void *userdata);
} UnitClientCallbacks;

/* `bus`, `callbacks` must outlive the client. Returns 0 or -ENOMEM. */
int unit_client_new(sd_bus *bus, const UnitClientCallbacks *callbacks, void *userdata,
                    UnitClient **ret);
UnitClient *unit_client_free(UnitClient *c);

/*
 * Adds the matches, subscribes, then lists the engine units and reads each: in that order, so that
 * nothing is missed. Ends with callbacks->attached. Returns 0, -EALREADY the second time, or
 * negative errno of sd-bus.
 */
int unit_client_attach(UnitClient *c);

/*
 * The calls: 0 when queued, or negative errno when it could not be: -EINVAL for a unit that is no
 * engine unit, -ENOMEM, or what sd-bus says.
 *
 * start: -EEXIST when a start of this unit waits already, -EINVAL for a property whose list has a
 * wrong number of items. stop and kill take back a start that still waits here: what is observed
 * then is that there is no such unit. A query of a unit whose start still waits is answered by the
 * start. Errors of kill, reset_failed and query have no callback; they are logged, and after a kill
 * that failed the unit's state is read.
 */
int unit_client_start(UnitClient *c, const UnitPlan *plan);
int unit_client_stop(UnitClient *c, const char *unit);
int unit_client_kill(UnitClient *c, const char *unit, int signal); /* the whole cgroup */
int unit_client_reset_failed(UnitClient *c, const char *unit);
int unit_client_query(UnitClient *c, const char *unit);

/* Properties of a unit that runs, until it ends; errors are logged. */
typedef struct UnitNumber {
    const char *name;
    uint64_t value;
} UnitNumber;
int unit_client_set(UnitClient *c, const char *unit, const UnitNumber *numbers, size_t n);

DEFINE_CLEANUP(UnitClient *, unit_client_free)
