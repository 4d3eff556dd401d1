/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "base/error.h"

/*
 * What a request says in its path and in its query. Tables describe the parameters: from them they
 * are read, checked, and described to the outside.
 */

typedef enum ParameterType {
    PARAMETER_BOOL,     /* bool */
    PARAMETER_NUMBER,   /* uint64_t from `min` to `max` */
    PARAMETER_POOL_ID,  /* const char *: a valid pool id */
    PARAMETER_LEASE_ID, /* const char *: what a lease's id may look like; whether there is one is
                         * another question */
    PARAMETER_TEXT,     /* const char *: anything, at most `max` bytes */
} ParameterType;

typedef struct Parameter {
    const char *name;
    ParameterType type;
    size_t offset; /* of the value in Parameters */
    const char *summary;
    uint64_t min, max;
    const char *fallback; /* what it is when it is left out, as text; NULL: unset */
} Parameter;

/* The values. Strings belong to the request's target. */
typedef struct Parameters {
    /* of the path */
    const char *pool_id; /* NULL: there is none in the path */
    const char *lease_id;
    uint64_t operation;
    /* of the query */
    bool force;
    bool enforce_slots;
    bool follow;
    bool wait;
    uint64_t lines;
    uint64_t generation;
    const char *pool;          /* NULL: not given */
    const char *last_event_id; /* NULL: not given */
} Parameters;

/* What {NAME} in the pattern of a route stands for; NULL when there is no such parameter. */
const Parameter *parameter_of_path(const char *name, size_t length);

/* Reads one of the path. Returns 0, or -EINVAL with `error` of PM_ERROR_INVALID_ID naming it. */
int parameter_read_path(const Parameter *p, const char *text, Parameters *values, Error *error);

/*
 * Reads the query (NULL: there is none), which is decoded in place, and fills in what is left out.
 * Returns 0, or -EINVAL with `error` naming the parameter: one that is not in the table, one that
 * comes twice, or a value that it cannot have.
 */
int parameters_read_query(const Parameter *table, size_t n, char *query, Parameters *values,
                          Error *error);
