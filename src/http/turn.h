/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/connection.h"

/*
 * libmicrohttpd serves in one run whatever has come meanwhile, however long that takes, and all
 * else waits. So a turn has a length, and what comes to be served after it is put off: to the turns
 * that follow, a few requests of each kind at a time, in the order in which they came. Between
 * turns the loop does what is more urgent.
 */

/* A turn begins, of which what was put off first has its part. */
void http_turn_begin(HttpListener *l);

/* Whether the turn has lasted for as long as it may. */
bool http_turn_is_over(const HttpListener *l);

/* Suspends the request until its turn. To be called where libmicrohttpd may suspend. */
void http_turn_put_off(HttpRequest *request, TurnKind kind);

/* Turns are without end from here on, and nobody is left behind. */
void http_turn_end(HttpListener *l);
