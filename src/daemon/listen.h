/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"
#include "http/http_server.h"

/*
 * Gives the server its sockets: those that systemd handed over, which win over everything else;
 * else one for each address of `listen` (separated by spaces), and http.sock in
 * `runtime_directory`. An address beyond loopback needs a token (contract: who may). Returns 0, or
 * negative errno with `error` set.
 */
int listen_all(HttpServer *server, const char *listen, const char *runtime_directory,
               bool has_token, Error *error);
