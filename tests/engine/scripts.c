/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/macros.h"
#include "scripts.h"

enum { REPEAT_SIZE = 128 * 1024 };

#define OK      "HTTP/1.1 200 OK\r\n"
#define PADDING "the quick brown fox jumps over the lazy dog"

static const Script scripts[] = {
        {"close", "", NULL, "no answer, the connection is closed"},
        {"garbage", "\x16\x03\x01", "\x02\xfe\xdc\xba" PADDING, "bytes without end, none of HTTP"},
        {"redirect", "HTTP/1.1 302 Found\r\nLocation: /health\r\nContent-Length: 0\r\n\r\n", NULL,
         "a redirection to itself"},
        {"headers", OK, "X-Padding: " PADDING "\r\n", "header lines without end"},
        {"line", OK "X-Padding: ", PADDING, "a header line without end"},
        {"body", OK "\r\n", PADDING, "200, and a body without end"},
        {"chunk", OK "Transfer-Encoding: chunked\r\n\r\n7fffffffffffff\r\n", PADDING,
         "200, and a chunk without end"},
        {"interim", "", "HTTP/1.1 100 Continue\r\n\r\n", "interim answers without end"},
        {"http2", "\x01", "\x04\x01\x01\x01\x01\x01\x06\x04", "frames of HTTP/2"},
        {"half", "HTTP/1.1 2", NULL, "half a status line, then only silence", .then_silent = true},
};

const Script *script_find(const char *name)
{
    for (size_t i = 0; i < ELEMENTSOF(scripts); i++)
        if (streq(scripts[i].name, name))
            return &scripts[i];
    return NULL;
}

const Script *script_at(size_t i)
{
    return i < ELEMENTSOF(scripts) ? &scripts[i] : NULL;
}

char *script_repeat(const Script *script, size_t *ret_length)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, ret_length);

    while (ftell(f) < REPEAT_SIZE)
        fputs(script->again, f);
    fclose(f);
    return text;
}
