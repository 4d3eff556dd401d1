/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/request.h"

/*
 * Waiting for the registry lock, for the GPUs, for a plan, and for an operation. The connection is
 * suspended in libmicrohttpd meanwhile, which then does not look at it at all: that its client goes
 * away is noticed here.
 */

/* Has the route's function answer the request, inside of the lock that the route asks for. */
void request_enter(HttpRequest *request);

/*
 * Answers the request when `o` has ended, or with 202 as early as the client prefers (RFC 7240); at
 * once with an error when there is no memory.
 */
void request_wait(HttpRequest *request, Operation *o);

/* Answers the request with the plan of a start (manager_plan()), once that is made. Returns as that
 * does; after an error there is no answer yet. */
int request_plan(HttpRequest *request, EngineSpec **spec, char *const *warnings, Error *error);

/* Suspends the connection of a request that waits. Only from libmicrohttpd's access handler. */
void request_suspend(HttpRequest *request);

/* Stops waiting, without an answer. The operation goes on. */
void request_wait_done(HttpRequest *request);

/* Answers a request that waits, before what it waits for has come. */
void request_wait_refuse(HttpRequest *request, const char *why);

/* Of the queue `waiting` of the server. */
void request_wait_expired(Deadline *d);
