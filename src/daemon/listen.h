/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"
#include "http/http_server.h"

/* Whether `listen`, addresses separated by spaces, can be used: an address beyond loopback needs a
 * token (contract: who may). Returns 0, or negative errno with `error` set. */
int listen_check(const char *listen, bool has_token, Error *error);

/*
 * Gives the server its sockets: those that systemd handed over, which win over everything else;
 * else one for each address of `listen`, which has passed listen_check(), and http.sock in
 * `runtime_directory`. Those that systemd handed over are checked in the same way. Returns 0, or
 * negative errno with `error` set.
 */
int listen_all(HttpServer *server, const char *listen, const char *runtime_directory,
               bool has_token, Error *error);

/* http.sock in `runtime_directory`, of a daemon that systemd has handed none over: as above. */
int listen_own(HttpServer *server, const char *runtime_directory, Error *error);
