/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/strv.h"

/* Sentences for people about what was taken but had no effect; a line of its own counts those
 * beyond PM_WARNINGS_MAX. */
typedef struct Warnings {
    char **list;
    size_t dropped;
} Warnings;

/* Adds a sentence. NULL for `w` is allowed: nobody wants to know. Returns 0 or -ENOMEM. */
int warnings_add(Warnings *w, const char *format, ...) _printf_(2, 3);

/* Whether the next sentence would be kept, so that making it is worth the time. */
bool warnings_has_room(const Warnings *w);

/* Hands the list over (NULL: none) and leaves `w` empty. Returns 0 or -ENOMEM. */
int warnings_take(Warnings *w, char ***ret);

/*
 * The end of a function that has collected warnings: `r` is what it is about to return. Hands the
 * list to *ret (NULL allowed) when that is no error, and leaves `w` empty. Returns `r`, or -ENOMEM.
 */
int warnings_finish(Warnings *w, int r, char ***ret);

void warnings_done(Warnings *w);
