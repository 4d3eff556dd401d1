/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/route.h"

/* What the rows of the route table call. Each answers the request, or makes it wait. */

enum {
    LOG_LINES_MAX = 1000000, /* that can be asked for at once */
    EVENT_ID_MAX = 64,       /* bytes of an event's id, as clients send it back */
};

/* of the daemon */
void handle_health(HttpRequest *request);
void handle_ready(HttpRequest *request);
void handle_openapi(HttpRequest *request);
void handle_metrics(HttpRequest *request);
void handle_operation(HttpRequest *request);
void handle_events(HttpRequest *request);
void handle_devices(HttpRequest *request);

/* reading pools */
void handle_pools(HttpRequest *request);
void handle_status(HttpRequest *request);
void handle_pool_health(HttpRequest *request);
void handle_logs(HttpRequest *request);

/* their engines, but only to see */
void handle_plan(HttpRequest *request);

/* their entries in the registry */
void handle_register(HttpRequest *request);
void handle_update(HttpRequest *request);
void handle_handoff(HttpRequest *request);
void handle_heartbeat(HttpRequest *request);
void handle_breaker_reset(HttpRequest *request);
void handle_breaker_allow(HttpRequest *request);

/* their engines */
void handle_preload(HttpRequest *request);
void handle_stop(HttpRequest *request);
void handle_drain(HttpRequest *request);
void handle_reload(HttpRequest *request);
void handle_restart(HttpRequest *request);
void handle_deregister(HttpRequest *request);

/* their leases */
void handle_lease(HttpRequest *request);
void handle_release(HttpRequest *request);
void handle_release_anonymous(HttpRequest *request);
