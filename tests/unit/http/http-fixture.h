/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/text.h"
#include "http/http_server.h"

/* Before cmocka.h, which wants them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fake-manager.h"

/*
 * A server with a TCP and a Unix socket, and clients that send what a test gives them, byte for
 * byte. All on one loop and in one thread: nothing sleeps, and nothing hangs for more than
 * PATIENCE_USEC.
 */

#define PATIENCE_USEC (20 * USEC_PER_SEC)

typedef struct Fixture {
    sd_event *event;
    Manager *manager;
    HttpServer *server;
    HttpSettings settings;
    struct sockaddr_in address;
    struct sockaddr_un path;
    char directory[64];
} Fixture;

/* Settings that no test runs into by accident. Change them before fixture_start(). */
Fixture *fixture_new(void);
void fixture_start(Fixture *f);
void fixture_stop(Fixture *f);
void fixture_free(Fixture *f);

/* fixture_new() and fixture_start() for cmocka, and their end. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Runs the loop once; fails the test when nothing happens for too long. */
void fixture_run(Fixture *f);

#define RUN_UNTIL(f, condition) \
    do {                        \
        while (!(condition))    \
            fixture_run(f);     \
    } while (0)

/* Runs the loop until there is nothing to do at once. */
void fixture_settle(Fixture *f);

typedef struct Client {
    Fixture *fixture;
    int fd;
    sd_event_source *source;
    Text received; /* and not yet read by the test */
    bool closed;   /* by the server, */
    bool reset;    /* the hard way */
    bool refused;  /* it did not take all that was sent */
} Client;

Client *client_new(Fixture *f);      /* over TCP */
Client *client_new_unix(Fixture *f); /* over the Unix socket */
/* Also closes the connection. Takes NULL. */
void client_free(Client *c);

void client_send(Client *c, const char *text);
void client_send_bytes(Client *c, const void *data, size_t n);
/* Stops looking at what comes in, so that it stays in the socket. */
void client_stop_reading(Client *c);

typedef struct Answer {
    int status;
    char *head; /* status line and headers */
    char *body;
    size_t body_length;
} Answer;

/* Waits for the next answer on the connection. `has_body` is false for one to a HEAD. */
void client_receive(Client *c, bool has_body, Answer *ret);
/* Waits until `text` is in what was received, and drops everything up to its end: for answers that
 * go on. */
void client_expect_text(Client *c, const char *text);
/* The value of a header, or NULL; valid until the next call. */
const char *answer_header(const Answer *a, const char *name);
/* The value of a member of the JSON object, as text, or NULL; valid until the next call. */
const char *answer_member(const Answer *a, const char *name);
void answer_clear(Answer *a);

/* Sends the request, receives the answer, checks status and code ("" or NULL: no error). */
void client_expect(Client *c, const char *request, int status, const char *code);

/* A whole request with this body, which is sent as JSON. The caller frees it. */
char *make_request(const char *method, const char *path, const char *headers, const char *body);
/* A preload of that pool that is accepted. The caller frees it. */
char *make_preload(const char *pool_id);
