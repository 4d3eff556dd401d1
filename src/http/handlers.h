/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/route.h"

/* What the rows of the route table call. Each answers the request, or makes it wait. */

void handle_health(HttpRequest *request);
void handle_ready(HttpRequest *request);

void handle_pools(HttpRequest *request);
void handle_status(HttpRequest *request);
void handle_preload(HttpRequest *request);
void handle_stop(HttpRequest *request);
