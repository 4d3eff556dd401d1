/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/warnings.h"

#include <errno.h>
#include <poolmgr/limits.h>
#include <stdarg.h>
#include <stdio.h>

bool warnings_has_room(const Warnings *w)
{
    return w && strv_length(w->list) < PM_WARNINGS_MAX;
}

int warnings_add(Warnings *w, const char *format, ...)
{
    char text[PM_ERROR_TEXT_MAX + 1];
    va_list arguments;

    if (!w)
        return 0;
    if (!warnings_has_room(w)) {
        w->dropped++;
        return 0;
    }
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return strv_extend(&w->list, text);
}

int warnings_take(Warnings *w, char ***ret)
{
    if (w->dropped > 0 && strv_extendf(&w->list, "%zu more warnings were left out", w->dropped) < 0)
        return -ENOMEM;
    *ret = TAKE_PTR(w->list);
    warnings_done(w);
    return 0;
}

int warnings_finish(Warnings *w, int r, char ***ret)
{
    char **list = NULL;

    if (r >= 0 && warnings_take(w, &list) < 0)
        r = -ENOMEM;
    warnings_done(w);
    if (r < 0)
        return r;
    if (ret)
        *ret = list;
    else
        strv_free(list);
    return r;
}

void warnings_done(Warnings *w)
{
    strv_free(w->list);
    *w = (Warnings){0};
}
