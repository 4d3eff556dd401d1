/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "http/percent.h"
#include "http/target.h"

static int bad_target(Error *error, const char *why)
{
    return error_set(error, PM_ERROR_BAD_REQUEST, "path", "%s", why);
}

/* Cuts the query off, where there is one. */
static char *cut_query(char *text)
{
    char *mark = strchr(text, '?');

    if (!mark)
        return NULL;
    *mark = '\0';
    return mark + 1;
}

static int check_bytes(const char *text, Error *error)
{
    for (const char *c = text; *c; c++)
        if (*c <= ' ' || *c > '~')
            return bad_target(error, "the path has a byte that must be percent-encoded: only "
                                     "printable ASCII without spaces is allowed");
    return 0;
}

/* The path of `text`, which has no query any more. */
static int find_path(char *text, char **ret, Error *error)
{
    static char root[] = "/";
    char *path = text;

    if (strncasecmp(text, "http://", 7) == 0) {
        path = text + 7 + strcspn(text + 7, "/");
        if (*path != '/')
            path = root; /* the path is empty, which means "/"; there is nothing to cut in it */
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
        const char *fault;

        if (t->count >= TARGET_SEGMENTS_MAX) {
            t->count = TARGET_SEGMENTS_MAX + 1;
            return 0;
        }
        next = strchr(segment, '/');
        if (next)
            *next = '\0';
        fault = percent_decode(segment);
        if (fault)
            return error_set(error, PM_ERROR_BAD_REQUEST, "path", "the path has %s", fault);
        t->segments[t->count++] = segment;
    }
    return 0;
}

static void drop_version(Target *t)
{
    if (t->count < 2 || t->count > TARGET_SEGMENTS_MAX || !streq(t->segments[0], "v2"))
        return;
    t->has_version = true;
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
    r = check_bytes(t.memory, error);
    if (r >= 0) {
        t.query = cut_query(t.memory);
        r = find_path(t.memory, &path, error);
    }
    if (r >= 0)
        r = cut(&t, path, error);
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
