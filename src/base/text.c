/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "base/text.h"

enum {
    TEXT_FIRST_SIZE = 256,
    NUMBER_SIZE = 20, /* of 64 bits in decimal */
};

/* Makes room for `n` more bytes and a NUL. */
static bool reserve(Text *t, size_t n)
{
    size_t size = t->allocated ? t->allocated : TEXT_FIRST_SIZE;
    char *data;

    if (t->failed || n > SIZE_MAX / 4 || t->length > SIZE_MAX / 4)
        return false;
    if (t->fixed)
        return n < t->allocated - t->length;
    while (size < t->length + n + 1)
        size *= 2;
    if (size == t->allocated)
        return true;
    data = realloc(t->data, size);
    if (!data)
        return false;
    t->data = data;
    t->allocated = size;
    return true;
}

Text text_in(char *buffer, size_t size)
{
    buffer[0] = '\0';
    return (Text){.data = buffer, .allocated = size, .fixed = true};
}

void text_reserve(Text *t, size_t n)
{
    if (!reserve(t, n))
        t->failed = true;
}

void text_append_bytes(Text *t, const char *data, size_t n)
{
    char *to = text_extend(t, n);

    if (to && n > 0)
        memcpy(to, data, n);
}

void text_append_number(Text *t, uint64_t number)
{
    char buffer[NUMBER_SIZE];
    char *s = buffer + sizeof(buffer);

    do {
        *--s = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    text_append_bytes(t, s, (size_t)(buffer + sizeof(buffer) - s));
}

void text_printf(Text *t, const char *format, ...)
{
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    if (n < 0 || !reserve(t, (size_t)n)) {
        t->failed = true;
        return;
    }
    va_start(ap, format);
    (void)vsnprintf(t->data + t->length, (size_t)n + 1, format, ap);
    va_end(ap);
    t->length += (size_t)n;
}

int text_take_all(Text *t, char **ret, size_t *ret_length)
{
    text_append_bytes(t, "", 0);
    if (t->failed) {
        text_done(t);
        return -ENOMEM;
    }
    *ret_length = t->length;
    *ret = TAKE_PTR(t->data);
    text_done(t);
    return 0;
}

int text_take(Text *t, char **ret)
{
    size_t length;

    return text_take_all(t, ret, &length);
}

void text_done(Text *t)
{
    free(t->data);
    *t = (Text){0};
}
