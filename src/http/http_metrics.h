/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/request.h"

/* What was answered, and how long that took, in numbers (contract: metrics). */

/* Returns 0 or -ENOMEM. */
int http_metrics_new(HttpServer *s);
void http_metrics_done(HttpServer *s);

/* The clock by which requests are timed, monotonic: not that of the loop, which stands still while
 * a request is answered. */
usec_t http_metrics_clock(void);

/* The request is about to be answered: once for each. Of an answer that goes on, this is its
 * beginning. */
void http_metrics_count(const HttpRequest *request);

void http_metrics_write(const HttpServer *s, Text *text);
