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
    bool fixed; /* `data` is the caller's, and all that there is: see text_in() */
} Text;

/*
 * A text in `buffer`, of `size` bytes > 0, which is "" then: what does not fit any more counts as
 * out of memory. It is neither taken nor given back; the buffer is what one reads.
 */
Text text_in(char *buffer, size_t size);

/* Makes room for `n` more bytes at once. */
void text_reserve(Text *t, size_t n);

/* Appends `n` bytes that the caller writes to where it returns; NULL when that has failed. */
static inline char *text_extend(Text *t, size_t n)
{
    /* What is allocated has room for a NUL, once there is anything. */
    if (n >= t->allocated - t->length)
        text_reserve(t, n);
    if (t->failed)
        return NULL;
    t->length += n;
    t->data[t->length] = '\0';
    return t->data + t->length - n;
}

/* Appends `n` bytes of `data`, NULs included. */
void text_append_bytes(Text *t, const char *data, size_t n);
/* Inline, so that the length of a literal is known when it is compiled. */
static inline void text_append(Text *t, const char *s)
{
    text_append_bytes(t, s, strlen(s));
}
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
