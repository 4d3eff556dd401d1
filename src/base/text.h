/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "base/macros.h"

/*
 * A growing text. Running out of memory is remembered instead of returned by each call: append at
 * will, then text_take() says whether it all went well.
 */
typedef struct Text {
    char *data; /* NUL-terminated once anything was appended, else NULL */
    size_t length;
    size_t allocated;
    bool failed;
} Text;

/* Makes room for `n` more bytes at once. */
void text_reserve(Text *t, size_t n);

/* Appends `n` bytes of `data`, NULs included. */
void text_append_bytes(Text *t, const char *data, size_t n);
void text_append(Text *t, const char *s);
/* In decimal. */
void text_append_number(Text *t, uint64_t number);
void text_printf(Text *t, const char *format, ...) _printf_(2, 3);

/*
 * Hands the text over (the caller frees it; "" when nothing was appended) and leaves `t` empty.
 * Returns 0, or -ENOMEM when any append failed.
 */
int text_take(Text *t, char **ret);
/* The same, and how many bytes it has, NULs within it included. */
int text_take_all(Text *t, char **ret, size_t *ret_length);

void text_done(Text *t);
