/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "http/target.h"

typedef struct HttpRequest HttpRequest;

typedef enum RouteFlags {
    ROUTE_OPEN = 1 << 0,          /* needs no token */
    ROUTE_COMMAND = 1 << 1,       /* changes something: not before recovery is done */
    ROUTE_WAITS = 1 << 2,         /* waits for an operation: counted against waiting_max */
    ROUTE_BODY_JSON = 1 << 3,     /* a body, where there is one, is JSON */
    ROUTE_BODY_REQUIRED = 1 << 4, /* an empty body is an error */
} RouteFlags;

/* Answers the request, or makes it wait; called once it is read, and all of the flags hold. */
typedef void (*RouteHandler)(HttpRequest *request);

/* One row of the table from which everything about paths and methods is derived. */
typedef struct Route {
    const char *method;  /* GET serves HEAD, too */
    const char *pattern; /* "/pools/{id}/stop": {id} is one segment, a valid id */
    const char *name;    /* unique: of the operation, for descriptions and metrics */
    const char *summary; /* one line for people */
    RouteFlags flags;
    RouteHandler handler;
} Route;

/* The table; `i` counts from 0; NULL behind the last. */
const Route *route_at(size_t i);

typedef enum RouteFound {
    ROUTE_FOUND,
    ROUTE_NO_PATH,
    ROUTE_NO_METHOD,
    ROUTE_OPTIONS, /* the method is OPTIONS and the path is there */
} RouteFound;

enum {
    ROUTE_ALLOW_MAX = 64, /* bytes of an Allow header's value, the NUL included */
};

/*
 * Looks the target up. ROUTE_FOUND: *ret is the row, and *ret_id the segment that {id} stands for,
 * unchecked (NULL: none). ROUTE_NO_METHOD and ROUTE_OPTIONS: `allow` is what the path allows.
 */
RouteFound route_find(const char *method, const Target *target, const Route **ret,
                      const char **ret_id, char allow[ROUTE_ALLOW_MAX]);
