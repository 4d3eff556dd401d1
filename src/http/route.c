/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "http/handlers.h"
#include "http/route.h"

static const Route routes[] = {
        {"GET", "/health", "health", "Whether the daemon runs, whatever its pools do", ROUTE_OPEN,
         handle_health},
        {"GET", "/ready", "ready", "Whether start-up recovery is done", 0, handle_ready},
        {"GET", "/pools", "listPools", "The status of every pool, sorted by id", 0, handle_pools},
        {"POST", "/pools/{id}/preload", "preloadPool",
         "Start an engine; the answer comes when it is ready or has failed",
         ROUTE_COMMAND | ROUTE_WAITS | ROUTE_BODY_JSON | ROUTE_BODY_REQUIRED, handle_preload},
        {"GET", "/pools/{id}/status", "poolStatus", "The status of a pool", 0, handle_status},
        {"POST", "/pools/{id}/status", "poolStatusPost", "The same, for clients that only post", 0,
         handle_status},
        {"POST", "/pools/{id}/stop", "stopPool",
         "Stop the engine; the answer comes when all of its processes are gone",
         ROUTE_COMMAND | ROUTE_WAITS | ROUTE_BODY_JSON, handle_stop},
};

const Route *route_at(size_t i)
{
    return i < ELEMENTSOF(routes) ? &routes[i] : NULL;
}

/* Whether the pattern is the target's path; *ret_id is set when {id} is in it. */
static bool matches(const char *pattern, const Target *target, const char **ret_id)
{
    const char *id = NULL;
    size_t i = 0;

    if (target->count > TARGET_SEGMENTS_MAX)
        return false;
    for (const char *p = pattern; *p == '/'; i++) {
        size_t n = strcspn(++p, "/");

        if (i >= target->count)
            return false;
        if (n == strlen("{id}") && strncmp(p, "{id}", n) == 0)
            id = target->segments[i];
        else if (strlen(target->segments[i]) != n || strncmp(p, target->segments[i], n) != 0)
            return false;
        p += n;
    }
    if (i != target->count)
        return false;
    *ret_id = id;
    return true;
}

/* Adds a method to the list, once. The methods of the table all fit. */
static void add_allowed(char allow[ROUTE_ALLOW_MAX], const char *method)
{
    size_t length = strlen(allow), n = strlen(method);

    if (strstr(allow, method) || length + n + sizeof(", ") > ROUTE_ALLOW_MAX)
        return;
    if (length > 0) {
        allow[length++] = ',';
        allow[length++] = ' ';
    }
    memcpy(allow + length, method, n + 1);
    if (streq(method, "GET"))
        add_allowed(allow, "HEAD");
}

RouteFound route_find(const char *method, const Target *target, const Route **ret,
                      const char **ret_id, char allow[ROUTE_ALLOW_MAX])
{
    const char *wanted = streq(method, "HEAD") ? "GET" : method;

    allow[0] = '\0';
    for (size_t i = 0; i < ELEMENTSOF(routes); i++) {
        const char *id = NULL;

        if (!target->asterisk && !matches(routes[i].pattern, target, &id))
            continue;
        add_allowed(allow, routes[i].method);
        if (streq(wanted, routes[i].method) && !target->asterisk) {
            *ret = &routes[i];
            *ret_id = id;
            return ROUTE_FOUND;
        }
    }
    if (allow[0] == '\0')
        return ROUTE_NO_PATH;
    add_allowed(allow, "OPTIONS");
    return streq(method, "OPTIONS") ? ROUTE_OPTIONS : ROUTE_NO_METHOD;
}
