/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine.h"

typedef struct Request {
    const char *method;
    const char *path;
    const char *query; /* "" when there is none */
} Request;

/* What a request is answered with, and what the engine does once the answer is sent. */
typedef struct Answer {
    int status;
    char *body; /* the caller frees; NULL: empty */
    bool is_health;
    bool never;           /* no answer at all */
    uint64_t wait_checks; /* not before so many health checks came */
    int then_exit;        /* exit status, -1: goes on */
    int then_signal;      /* to itself, 0: none */
} Answer;

void route(Engine *e, const Request *request, Answer *ret);
