/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/parameter.h"
#include "http/target.h"

typedef struct HttpRequest HttpRequest;

typedef enum RouteFlags {
    ROUTE_OPEN = 1 << 0,          /* needs no token */
    ROUTE_COMMAND = 1 << 1,       /* changes something: not before recovery is done */
    ROUTE_WAITS = 1 << 2,         /* may wait for an operation: counted against waiting_max */
    ROUTE_BODY_JSON = 1 << 3,     /* a body, where there is one, is JSON */
    ROUTE_BODY_REQUIRED = 1 << 4, /* an empty body is an error */
    ROUTE_READ = 1 << 5,          /* reads pools: inside of the shared registry lock */
    ROUTE_WRITE = 1 << 6,         /* changes pools: inside of the exclusive one */
    ROUTE_STREAM = 1 << 7,        /* the answer may go on for ever: counted, too */
    ROUTE_ANY_QUERY = 1 << 8,     /* whatever stands in the query is ignored */
    ROUTE_DEVICES = 1 << 9,       /* reads the GPUs: they are looked for before */
    ROUTE_LIGHT = 1 << 10,        /* takes microseconds, however many pools: in any turn */
} RouteFlags;

/* Answers the request, or makes it wait; called once it is read, and all of the flags hold. */
typedef void (*RouteHandler)(HttpRequest *request);

/* What a good answer looks like. */
typedef struct RouteAnswer {
    unsigned status; /* 0: there is no such answer */
    const char *summary;
    const char *schema; /* a name of schema.h; NULL: any JSON object */
    bool is_list;       /* an array of these */
    /* NULL: application/json; else the type of a text, one line of which is the schema's */
    const char *type, *other_type;
} RouteAnswer;

enum {
    ROUTE_ANSWERS_MAX = 2,
    ROUTE_ERRORS_MAX = 12,
    ROUTE_ALLOW_MAX = 64, /* bytes of an Allow header's value, the NUL included */
};

/*
 * One row of the table from which everything about paths and methods is derived, the description of
 * the API included. What follows from the flags is not repeated among the errors.
 */
typedef struct Route {
    const char *method;  /* GET serves HEAD, too */
    const char *pattern; /* "/pools/{id}/stop": {…} is one segment, see parameter_of_path() */
    const char *name;    /* unique: of the operation, for descriptions and metrics */
    const char *summary; /* one line for people */
    RouteFlags flags;
    RouteHandler handler;
    const Parameter *query;
    size_t n_query;
    const char *body; /* a name of schema.h; NULL: an empty object */
    RouteAnswer answers[ROUTE_ANSWERS_MAX];
    PmErrorCode errors[ROUTE_ERRORS_MAX]; /* that may be answered, up to PM_ERROR_NONE */
    const char *error; /* what they look like: a name of schema.h; NULL: as everywhere */
} Route;

/* The table; `i` counts from 0; NULL behind the last. Where two patterns match the same path, the
 * first one of the table is meant, with all of its methods. */
const Route *route_at(size_t i);
size_t route_count(void);
size_t route_index(const Route *route); /* of a row of the table */

typedef enum RouteFound {
    ROUTE_FOUND,
    ROUTE_NO_PATH,
    ROUTE_NO_METHOD,
    ROUTE_OPTIONS, /* the method is OPTIONS and the path is there */
} RouteFound;

/*
 * Looks the target up. ROUTE_FOUND: *ret is the row. ROUTE_NO_METHOD and ROUTE_OPTIONS: `allow` is
 * what the path allows.
 */
RouteFound route_find(const char *method, const Target *target, const Route **ret,
                      char allow[ROUTE_ALLOW_MAX]);

/* Reads the parameters of a path that route_find() found. Returns 0, or -EINVAL with `error`. */
int route_read_path(const Route *route, const Target *target, Parameters *values, Error *error);
