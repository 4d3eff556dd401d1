/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/route.h"

#include <string.h>

/* The next segment of a pattern: *s stands at its slash, and behind the segment afterwards. */
static const char *next_segment(const char **s, size_t *ret_length)
{
    const char *segment = *s + 1;

    *ret_length = strcspn(segment, "/");
    *s = segment + *ret_length;
    return segment;
}

/* The parameter that a segment of a pattern stands for; NULL when it stands for itself. */
static const Parameter *parameter_of_segment(const char *segment, size_t length)
{
    return *segment == '{' ? parameter_of_path(segment + 1, length - 2) : NULL;
}

/* Whether the segment at *pattern stands for that of a path; *pattern is behind it then. */
static bool segment_matches(const char **pattern, const char *segment)
{
    const char *p = *pattern + 1;

    if (*p == '{') {
        *pattern = strchrnul(p, '/');
        return true;
    }
    for (; *p && *p != '/'; p++, segment++)
        if (*p != *segment)
            return false;
    *pattern = p;
    return *segment == '\0';
}

static bool matches(const char *pattern, const Target *target)
{
    size_t i = 0;

    if (target->count > TARGET_SEGMENTS_MAX)
        return false;
    for (; *pattern; i++)
        if (i >= target->count || !segment_matches(&pattern, target->segments[i]))
            return false;
    return i == target->count;
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
                      char allow[ROUTE_ALLOW_MAX])
{
    const char *wanted = streq(method, "HEAD") ? "GET" : method, *pattern = NULL;
    const Route *route;

    allow[0] = '\0';
    for (size_t i = 0; (route = route_at(i)); i++) {
        if (target->asterisk) {
            add_allowed(allow, route->method);
            continue;
        }
        if (pattern ? !streq(pattern, route->pattern) : !matches(route->pattern, target))
            continue;
        pattern = route->pattern;
        add_allowed(allow, route->method);
        if (streq(wanted, route->method)) {
            *ret = route;
            return ROUTE_FOUND;
        }
    }
    if (allow[0] == '\0')
        return ROUTE_NO_PATH;
    add_allowed(allow, "OPTIONS");
    return streq(method, "OPTIONS") ? ROUTE_OPTIONS : ROUTE_NO_METHOD;
}

int route_read_path(const Route *route, const Target *target, Parameters *values, Error *error)
{
    const char *pattern = route->pattern;

    for (size_t i = 0; *pattern; i++) {
        size_t n;
        const char *segment = next_segment(&pattern, &n);
        const Parameter *p = parameter_of_segment(segment, n);
        int r = p ? parameter_read_path(p, target->segments[i], values, error) : 0;

        if (r < 0)
            return r;
    }
    return 0;
}
