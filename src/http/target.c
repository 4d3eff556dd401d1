/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "http/target.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static int bad_target(Error *error, const char *why)
{
    return error_set(error, PM_ERROR_BAD_REQUEST, "path", "%s", why);
}

/* In place: it only gets shorter. */
static int percent_decode(char *s, Error *error)
{
    char *out = s;

    for (; *s; s++, out++) {
        int high, low;

        if (*s != '%') {
            *out = *s;
            continue;
        }
        high = hex_digit(s[1]);
        low = high < 0 ? -1 : hex_digit(s[2]);
        if (low < 0)
            return bad_target(error, "the path has a '%' without two hex digits behind it; write "
                                     "a percent sign as %25");
        if (high == 0 && low == 0)
            return bad_target(error, "the path has a NUL (%00)");
        *out = (char)(high * 16 + low);
        s += 2;
    }
    *out = '\0';
    return 0;
}

/* The path of `text`, cut off at the query. */
static int find_path(char *text, char **ret, Error *error)
{
    char *path = text;

    for (const char *c = text; *c; c++)
        if (*c <= ' ' || *c > '~')
            return bad_target(error, "the path has a byte that must be percent-encoded: only "
                                     "printable ASCII without spaces is allowed");
    if (strncasecmp(text, "http://", 7) == 0) {
        path = text + 7 + strcspn(text + 7, "/?");
        if (*path != '/') { /* the path is empty, which means "/" */
            path = text;
            memcpy(path, "/", 2);
        }
    }
    if (*path != '/')
        return bad_target(error, "the path must start with '/'");
    *ret = path;
    return 0;
}

static int cut(Target *t, char *path, Error *error)
{
    for (char *next = path; next;) {
        char *segment = next + 1;
        int r;

        if (t->count >= TARGET_SEGMENTS_MAX) {
            t->count = TARGET_SEGMENTS_MAX + 1;
            return 0;
        }
        next = strchr(segment, '/');
        if (next)
            *next = '\0';
        r = percent_decode(segment, error);
        if (r < 0)
            return r;
        t->segments[t->count++] = segment;
    }
    return 0;
}

static void drop_version(Target *t)
{
    if (t->count < 2 || t->count > TARGET_SEGMENTS_MAX || !streq(t->segments[0], "v2"))
        return;
    t->count--;
    memmove(&t->segments[0], &t->segments[1], t->count * sizeof(t->segments[0]));
}

int target_parse(const char *text, Target *ret, Error *error)
{
    Target t = {.memory = strdup(text)};
    char *path = NULL;
    int r;

    if (!t.memory)
        return -ENOMEM;
    if (streq(text, "*")) {
        t.asterisk = true;
        *ret = t;
        return 0;
    }
    r = find_path(t.memory, &path, error);
    if (r >= 0) {
        path[strcspn(path, "?")] = '\0';
        r = cut(&t, path, error);
    }
    if (r < 0) {
        target_done(&t);
        return r;
    }
    drop_version(&t);
    *ret = t;
    return 0;
}

void target_done(Target *t)
{
    free(t->memory);
    memset(t, 0, sizeof(*t));
}
