/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <stdio.h>

#include "attempt.h"
#include "base/macros.h"
#include "routes.h"

typedef struct Route {
    const char *method;
    const char *path;
    void (*answer)(Engine *e, const char *query, Answer *a);
} Route;

/* The value of `key` in a query string, which is that string's tail; NULL when it is not there. */
static const char *query_find(const char *query, const char *key)
{
    size_t n = strlen(key);

    while (query && *query) {
        if (strncmp(query, key, n) == 0 && query[n] == '=')
            return query + n + 1;
        query = strchr(query, '&');
        if (query)
            query++;
    }
    return NULL;
}

/* A number out of the query; one that is missing or odd makes the answer a 400. */
static int query_number(const char *query, const char *key, Answer *a)
{
    const char *value = query_find(query, key);
    char *end = NULL;
    long n = value ? strtol(value, &end, 10) : -1;

    if (n >= 0 && n <= INT_MAX && end != value)
        return (int)n;
    a->status = 400;
    return 0;
}

static void answer_self(Engine *e, const char *query, Answer *a)
{
    a->body = engine_describe(e);
}

static void answer_requests(Engine *e, const char *query, Answer *a)
{
    a->body = engine_describe_checks(e);
}

static void answer_wait(Engine *e, const char *query, Answer *a)
{
    a->wait_checks = (uint64_t)query_number(query, "checks", a);
}

/* The place that is the last thing in the query. */
static void answer_attempt(char *(*attempt)(const char *where), const char *query, Answer *a)
{
    const char *where = query_find(query, "path");

    if (where)
        a->body = attempt(where);
    else
        a->status = 400;
}

static void answer_open(Engine *e, const char *query, Answer *a)
{
    answer_attempt(attempt_open, query, a);
}

static void answer_read(Engine *e, const char *query, Answer *a)
{
    answer_attempt(attempt_read, query, a);
}

static void answer_make(Engine *e, const char *query, Answer *a)
{
    answer_attempt(attempt_make, query, a);
}

static void answer_send(Engine *e, const char *query, Answer *a)
{
    answer_attempt(attempt_send, query, a);
}

static void answer_allocate(Engine *e, const char *query, Answer *a)
{
    answer_attempt(attempt_allocate, query, a);
}

static void answer_spawn(Engine *e, const char *query, Answer *a)
{
    answer_attempt(attempt_spawn, query, a);
}

static void answer_burn(Engine *e, const char *query, Answer *a)
{
    answer_attempt(attempt_burn, query, a);
}

static void answer_control(Engine *e, const char *query, Answer *a)
{
    const char *health = query_find(query, "health");

    if (!health) {
        a->status = 400;
        return;
    }
    e->health_hangs = startswith(health, "hang");
    if (!e->health_hangs)
        e->health_status = query_number(query, "health", a);
}

static void answer_exit(Engine *e, const char *query, Answer *a)
{
    a->then_exit = query_number(query, "status", a);
}

static void answer_kill(Engine *e, const char *query, Answer *a)
{
    a->then_signal = query_number(query, "signal", a);
}

static const Route routes[] = {
        {"GET", "/self", answer_self},         {"GET", "/requests", answer_requests},
        {"GET", "/wait", answer_wait},         {"POST", "/control", answer_control},
        {"POST", "/exit", answer_exit},        {"POST", "/kill", answer_kill},
        {"GET", "/open", answer_open},         {"GET", "/read", answer_read},
        {"GET", "/make", answer_make},         {"GET", "/send", answer_send},
        {"GET", "/allocate", answer_allocate}, {"GET", "/spawn", answer_spawn},
        {"GET", "/burn", answer_burn},
};

void route(Engine *e, const Request *request, Answer *ret)
{
    *ret = (Answer){.status = 200, .then_exit = -1};

    if (streq(request->path, e->options.health_path)) {
        engine_count_check(e);
        ret->status = e->health_status;
        ret->is_health = true;
        ret->never = e->health_hangs;
        return;
    }
    for (size_t i = 0; i < ELEMENTSOF(routes); i++)
        if (streq(routes[i].method, request->method) && streq(routes[i].path, request->path)) {
            routes[i].answer(e, request->query, ret);
            return;
        }
    ret->status = 404;
}
