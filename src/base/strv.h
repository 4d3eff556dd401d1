/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macros.h"

/* Arrays of strings that end in NULL. NULL itself is the empty array. */

#define STRV_FOREACH(i, v) for (__typeof__(&*(v)) i = (v); i && *i; i++)

size_t strv_length(char *const *v);

/* Frees the strings and the array. Returns NULL. */
char **strv_free(char **v);

/* Returns 0 and a copy (NULL for an empty array), or -ENOMEM. */
int strv_copy(char *const *v, char ***ret);

/* Appends a copy of `s`. Returns 0, or -ENOMEM with `v` as it was. */
int strv_extend(char ***v, const char *s);
int strv_extendf(char ***v, const char *format, ...) _printf_(2, 3);

bool strv_contains(char *const *v, const char *s);

/* The same strings in the same order. */
bool strv_equal(char *const *a, char *const *b);

DEFINE_CLEANUP(char **, strv_free)
#define _cleanup_strv_free_ _cleanup_(strv_freep)
