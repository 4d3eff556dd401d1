/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/*
 * Whether an engine could listen on TCP `port` of `host`: a numeric address (IPv6 without brackets)
 * or "localhost". Returns -EADDRINUSE when something else listens there, else 0: free, or it cannot
 * be told (another name, which is never looked up since that may block; an address that is not of
 * this host; a port that is not ours to bind).
 *
 * "localhost" is taken when either loopback address is: a health check of it asks both.
 */
int port_check_free(const char *host, uint16_t port);

/* A port of `host` that nobody listens on at this moment, as the kernel gives them out; 0: there is
 * none, or `host` is not an address of this host. */
uint16_t port_find_free(const char *host);
