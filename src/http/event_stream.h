/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/request.h"

/*
 * Server-sent events (HTML standard, 9.2). Each stream has a position of its own in the manager's
 * ring and no memory beyond the event that it sends; one that the ring has overtaken is told so by
 * an event "reset" and goes on from now. The id of an event is "<run>-<number>"; it is sent alone,
 * too, at the beginning and when nothing happens, so that a client knows early where to resume.
 */

/*
 * Answers with a stream. `last_id` is what the client saw last; NULL: it wants what comes from now
 * on. `pool_id` NULL: of all pools.
 */
void event_stream_start(HttpRequest *request, const char *last_id, const char *pool_id);

/* An event was added to the ring: for the listener of the manager. */
void event_streams_notify(HttpServer *s, const ManagerEvent *event);
