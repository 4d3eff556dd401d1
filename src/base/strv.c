/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/strv.h"

size_t strv_length(char *const *v)
{
    size_t n = 0;

    while (v && v[n])
        n++;
    return n;
}

char **strv_free(char **v)
{
    STRV_FOREACH (s, v)
        free(*s);
    free(v);
    return NULL;
}

/* Appends `s`, which is taken over also on failure. */
static int strv_consume(char ***v, char *s)
{
    size_t n = strv_length(*v);
    char **grown;

    if (!s)
        return -ENOMEM;
    grown = reallocarray(*v, n + 2, sizeof(char *));
    if (!grown) {
        free(s);
        return -ENOMEM;
    }
    grown[n] = s;
    grown[n + 1] = NULL;
    *v = grown;
    return 0;
}

int strv_extend(char ***v, const char *s)
{
    return strv_consume(v, strdup(s));
}

int strv_extendf(char ***v, const char *format, ...)
{
    char *s = NULL;
    va_list ap;
    int r;

    va_start(ap, format);
    r = vasprintf(&s, format, ap);
    va_end(ap);
    return r < 0 ? -ENOMEM : strv_consume(v, s);
}

int strv_copy(char *const *v, char ***ret)
{
    _cleanup_strv_free_ char **copy = NULL;
    size_t n = strv_length(v);

    if (n == 0) {
        *ret = NULL;
        return 0;
    }
    copy = calloc(n + 1, sizeof(char *));
    if (!copy)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        copy[i] = strdup(v[i]);
        if (!copy[i])
            return -ENOMEM;
    }
    *ret = TAKE_PTR(copy);
    return 0;
}

bool strv_contains(char *const *v, const char *s)
{
    for (; v && *v; v++)
        if (streq(*v, s))
            return true;
    return false;
}

bool strv_equal(char *const *a, char *const *b)
{
    size_t n = strv_length(a);

    if (n != strv_length(b))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!streq(a[i], b[i]))
            return false;
    return true;
}
