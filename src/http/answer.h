/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>
#include <microhttpd.h>
#include <stdint.h>

#include "base/error.h"
#include "http/route.h"

/* What a request is answered with. Every answer goes through here. */
typedef struct HttpAnswer {
    bool ready;
    unsigned status; /* 0: there was no memory for one, the connection is closed instead */
    char *text;      /* JSON; NULL: no body */
    size_t length;
    uint64_t retry_after_ms; /* 0: not known */
    char allow[ROUTE_ALLOW_MAX];
    bool challenge; /* 401: say how to authenticate */
} HttpAnswer;

/* Each of these sets the answer; there must be none yet. */

/* Takes `text` over, which is JSON of `length` bytes; NULL when there was no memory for it. */
void answer_text(HttpRequest *request, unsigned status, char *text, size_t length);
/* Takes the reference over; NULL when there was no memory for it. */
void answer_json(HttpRequest *request, unsigned status, json_object *object);
void answer_empty(HttpRequest *request, unsigned status);
/* The error object, with the status of the table. `retry_after_ms` of 0: not known. */
void answer_error(HttpRequest *request, const Error *error, uint64_t retry_after_ms);
/* The same for an error made here. */
void answer_refuse(HttpRequest *request, PmErrorCode code, const char *field, const char *format,
                   ...) _printf_(4, 5);

/* Hands the answer to libmicrohttpd. MHD_NO: close the connection. */
enum MHD_Result answer_queue(HttpRequest *request);

/*
 * Writes the answer to the socket past libmicrohttpd, which sends none while a body comes in. Tries
 * once; what follows must be the end of the connection.
 */
void answer_send(HttpRequest *request);

void answer_done(HttpAnswer *answer);
