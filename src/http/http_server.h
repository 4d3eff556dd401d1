/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "base/usec.h"
#include "manager/api.h"

/*
 * The HTTP front end (contract: HTTP): any number of listening sockets on one event loop, over
 * libmicrohttpd. Every answer is JSON but those that the library gives by itself before we see a
 * request: to what is no HTTP (400, 505), a head that is too large (414, 431), and framing of a
 * body that cannot be understood (400, 413).
 */

typedef struct HttpServer HttpServer;

typedef struct HttpSettings {
    size_t connections_max;      /* open at once on each listening socket; beyond: closed at once */
    size_t waiting_max;          /* requests that wait for an operation at once, and answers that
                                  * follow events or logs at once; beyond: 503 */
    usec_t idle_timeout_usec;    /* without a byte in or out, also while an answer is not read */
    usec_t request_timeout_usec; /* from the connection's start, or its last answer, to the last
                                  * byte of the request */
    usec_t wait_timeout_usec; /* how long a request waits for its operation, which then goes on */
    const char *token;        /* NULL: open. Copied. */
    void (*log)(const char *text, void *userdata); /* the library's messages; NULL: dropped */
    void *log_userdata;
} HttpSettings;

/*
 * Makes a server without sockets. `event` and `m` must outlive it; `m` must tell nothing to its
 * listeners any more once the server is freed. The idle timeout is rounded up
 * to whole seconds. Returns 0, -EINVAL when a bound or a time is 0 or the token is empty, -ENOMEM,
 * or what sd-event answers.
 */
int http_server_new(sd_event *event, Manager *m, const HttpSettings *settings, HttpServer **ret);

/*
 * Serves what comes in on `fd`, a listening stream socket (TCP or AF_UNIX), which is made
 * non-blocking and is taken over on success. Returns 0, -EINVAL when it is no listening stream
 * socket, or another negative errno.
 */
int http_server_listen(HttpServer *s, int fd);

/*
 * Accepts no more, answers the requests that wait with 503 (their operations go on), ends the
 * streams, closes all connections. Takes NULL, returns NULL. Not from within a function that the
 * server called.
 */
HttpServer *http_server_free(HttpServer *s);

DEFINE_CLEANUP(HttpServer *, http_server_free)
