/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "systemd/call_queue.h"
#include "systemd/unit_client.h"

/* What unit_client.c (calls and their answers) and unit_watch.c (attaching and signals) share. */

enum {
    UNIT_CLIENT_ORDERS =
            8, /* kills and resets in flight: they are short, and none may wait for a job */
    UNIT_CLIENT_MATCHES = 5,
};

struct UnitClient {
    sd_bus *bus;
    const UnitClientCallbacks *callbacks;
    void *userdata;

    /* All in flight together stay below the 128 calls that a bus lets one connection wait for. */
    CallQueue starts;
    CallQueue stops;
    CallQueue orders;
    CallQueue queries;
    char **unknown_properties; /* those that this service manager has refused to know */

    char *path_prefix; /* what the object paths of engine units begin with */
    sd_bus_slot *matches[UNIT_CLIENT_MATCHES];
    sd_bus_slot *list_call; /* Subscribe, then the list */
    bool attaching;         /* callbacks->attached is still to come: */
    bool listing;           /* until the list is there */
    size_t reads_left;      /* and each of its units is read */
    bool blind;             /* that, or doing it again, has failed */

    bool held;   /* the service manager is away, nothing is sent */
    bool silent; /* it did not answer a call, and none since */
};

/* Tells the owner what was said about a unit, and takes calls out of flight whose job it shows to
 * be over. Units that are not engine units are ignored. */
void unit_client_observe(UnitClient *c, const char *unit, const UnitObservation *u);

/*
 * Asks for `unit`, beginning with that step: QUERY_FIND, unless it exists as far as we know,
 * because reading a unit that is gone makes the service manager load it and remove it again.
 * `brief`: for no more than whether it is active still, or what follows the step; else for all
 * properties. Returns 0 or negative errno.
 */
int unit_client_ask(UnitClient *c, const char *unit, QueryStep step, bool brief, bool counted);

/* The call for the step. Returns 0 or negative errno. */
int unit_client_step_message(UnitClient *c, const char *unit, QueryStep step, sd_bus_message **ret);

/* The name of the property that the step asks for; NULL: of none alone. */
const char *query_step_property(QueryStep step);

/* The same as unit_client_ask() for all of a unit that a signal has told of; errors are logged.
 * Names that are not those of engine units are ignored. */
void unit_client_recheck(UnitClient *c, const char *unit);

/* The job is over: its calls are out of flight. */
void unit_client_job_removed(UnitClient *c, uint32_t job);

/* Nothing is sent while the service manager is away. When it is back, the jobs in flight are asked
 * for. */
void unit_client_hold(UnitClient *c);
void unit_client_release(UnitClient *c);

/* A counted query was answered, or another one has taken its place. */
void unit_client_read_done(UnitClient *c);
void unit_client_attach_failed(UnitClient *c, int error, const char *error_text);

/*
 * Whether the call may have been carried out for all that the error says: no reply came in time, or
 * the service manager left the bus to be executed anew, when calls that it had not read are lost.
 * Once our own connection is gone there is nobody left to ask.
 */
bool unit_client_is_unsure(UnitClient *c, const sd_bus_error *error);

/* Sends Subscribe and what follows. Returns 0 or negative errno. */
int unit_client_subscribe(UnitClient *c);
