/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>
#include <microhttpd.h>
#include <stdint.h>

#include "base/error.h"
#include "http/route.h"

typedef struct HttpStream HttpStream;

/* What a request is answered with. Every answer goes through here. */
typedef struct HttpAnswer {
    bool ready;
    unsigned status;          /* 0: there was no memory for one, the connection is closed instead */
    const char *content_type; /* NULL: none, there is no body */
    char *text;               /* NULL: no body, or a stream */
    size_t length;
    HttpStream *stream;      /* belongs to the request */
    char location[64];       /* "": none */
    char preference[64];     /* that was honoured; "": none */
    uint64_t retry_after_ms; /* 0: not known */
    char allow[ROUTE_ALLOW_MAX];
    bool challenge; /* 401: say how to authenticate */
} HttpAnswer;

/* Each of these sets the answer; there must be none yet. */

/* The same for a function that has failed: with `error`, or, where none was set, with what `r`
 * says. */
void answer_failure(HttpRequest *request, int r, Error *error);

/* Takes `text` over, which is JSON of `length` bytes; NULL when there was no memory for it. */
void answer_text(HttpRequest *request, unsigned status, char *text, size_t length);
/* The same for 200 and a text of another type, which must live as long as the program. */
void answer_typed(HttpRequest *request, const char *content_type, char *text, size_t length);
/* Takes the reference over; NULL when there was no memory for it. */
void answer_json(HttpRequest *request, unsigned status, json_object *object);
void answer_empty(HttpRequest *request, unsigned status);
/* 200 and what the stream gives; `content_type` must live as long as the program. A NULL stream: as
 * HEAD is answered, with the type only. */
void answer_stream(HttpRequest *request, HttpStream *stream, const char *content_type);
/* 202: the operation goes on, and where it is to be looked up. */
void answer_accepted(HttpRequest *request, uint64_t operation);
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
