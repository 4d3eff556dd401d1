/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/parameter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/nearest.h"
#include "base/parse.h"
#include "core/lease.h"
#include "http/percent.h"
#include "json/refuse.h"

enum {
    PARAMETERS_MAX = 8, /* of one query */
};

static const Parameter path_parameters[] = {
        {"id", PARAMETER_POOL_ID, offsetof(Parameters, pool_id), "The pool"},
        {"lease_id", PARAMETER_LEASE_ID, offsetof(Parameters, lease_id),
         "The lease, as it was named when it was granted"},
        {"op", PARAMETER_NUMBER, offsetof(Parameters, operation), "The operation's number", 1,
         INT64_MAX},
};

const Parameter *parameter_of_path(const char *name, size_t length)
{
    for (size_t i = 0; i < ELEMENTSOF(path_parameters); i++)
        if (strlen(path_parameters[i].name) == length &&
            strncmp(path_parameters[i].name, name, length) == 0)
            return &path_parameters[i];
    return NULL;
}

static bool looks_like_lease_id(const char *s)
{
    size_t n = strlen(s);

    for (size_t i = 0; i < n; i++)
        if (s[i] <= ' ' || s[i] > '~')
            return false;
    return n > 0 && n <= LEASE_ID_MAX;
}

/* Stores the value. Returns whether it is one. */
static bool store(const Parameter *p, const char *text, Parameters *values)
{
    char *at = (char *)values + p->offset;
    const char **string = (const char **)(void *)at;

    switch (p->type) {
    case PARAMETER_BOOL:
        return parse_bool(text, (bool *)at) >= 0;
    case PARAMETER_NUMBER:
        return parse_u64(text, p->min, p->max, (uint64_t *)(void *)at) >= 0;
    case PARAMETER_POOL_ID:
        *string = text;
        return id_is_valid(text);
    case PARAMETER_LEASE_ID:
        *string = text;
        return looks_like_lease_id(text);
    case PARAMETER_TEXT:
        *string = text;
        return strlen(text) <= p->max;
    }
    return false;
}

/* What the value must be instead. */
static void describe(const Parameter *p, char *buffer, size_t size)
{
    switch (p->type) {
    case PARAMETER_BOOL:
        (void)snprintf(buffer, size, "must be true or false");
        break;
    case PARAMETER_NUMBER:
        (void)snprintf(buffer, size, "must be a number from %" PRIu64 " to %" PRIu64, p->min,
                       p->max);
        break;
    case PARAMETER_POOL_ID:
        (void)snprintf(buffer, size,
                       "must be 1 to %d letters, digits, '.', '_' or '-', the first one a letter "
                       "or a digit",
                       PM_ID_MAX);
        break;
    case PARAMETER_LEASE_ID:
        (void)snprintf(buffer, size, "must be 1 to %d printable characters without spaces",
                       LEASE_ID_MAX);
        break;
    case PARAMETER_TEXT:
        (void)snprintf(buffer, size, "must be at most %" PRIu64 " bytes long", p->max);
        break;
    }
}

static int refuse(const Parameter *p, PmErrorCode code, const char *place, const char *text,
                  Error *error)
{
    char must[128], got[EXCERPT_SIZE];

    describe(p, must, sizeof(must));
    excerpt_text(text, strlen(text), got);
    return error_set(error, code, p->name, "%s in the %s is not valid: it %s, got %s", p->name,
                     place, must, got);
}

int parameter_read_path(const Parameter *p, const char *text, Parameters *values, Error *error)
{
    if (store(p, text, values))
        return 0;
    return refuse(p, PM_ERROR_INVALID_ID, "path", text, error);
}

static int refuse_unknown(const Parameter *table, size_t n, const char *name, Error *error)
{
    const char *names[PARAMETERS_MAX] = {NULL}, *nearest;
    char field[PM_ERROR_FIELD_MAX + 1];

    for (size_t i = 0; i < n && i < PARAMETERS_MAX; i++)
        names[i] = table[i].name;
    field_name("", name, field);
    nearest = nearest_name(name, names, n < PARAMETERS_MAX ? n : PARAMETERS_MAX);
    if (nearest)
        return error_set(error, PM_ERROR_BAD_REQUEST, field,
                         "the query parameter %s is not known here; did you mean %s?", field,
                         nearest);
    return error_set(error, PM_ERROR_BAD_REQUEST, field, "the query parameter %s is not known here",
                     field);
}

/* Reads "name=value" or "name". `seen` has a bit for each row of the table. */
static int read_one(const Parameter *table, size_t n, char *item, unsigned *seen,
                    Parameters *values, Error *error)
{
    char *value = strchr(item, '=');
    const char *fault;
    size_t i = 0;

    if (value)
        *value++ = '\0';
    fault = percent_decode(item);
    if (!fault && value)
        fault = percent_decode(value);
    if (fault)
        return error_set(error, PM_ERROR_BAD_REQUEST, "query", "the query has %s", fault);
    while (i < n && !streq(table[i].name, item))
        i++;
    if (i == n)
        return refuse_unknown(table, n, item, error);
    if (*seen & (1u << i))
        return error_set(error, PM_ERROR_BAD_REQUEST, item,
                         "the query parameter %s comes more than once", item);
    *seen |= 1u << i;
    if (!store(&table[i], value ? value : "", values))
        return refuse(&table[i], PM_ERROR_INVALID_FIELD, "query", value ? value : "", error);
    return 0;
}

int parameters_read_query(const Parameter *table, size_t n, char *query, Parameters *values,
                          Error *error)
{
    unsigned seen = 0;

    for (size_t i = 0; i < n; i++)
        if (table[i].fallback)
            (void)store(&table[i], table[i].fallback, values);
    while (query && *query) {
        char *item = strsep(&query, "&");
        int r = *item ? read_one(table, n, item, &seen, values, error) : 0;

        if (r < 0)
            return r;
    }
    return 0;
}
