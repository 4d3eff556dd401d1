/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/status_text.h"

#include <stdio.h>

#include "base/parse.h"
#include "core/spec.h"

/* The letter behind the backslash; 0: it has none. */
static char escape_letter(char c)
{
    switch (c) {
    case '"':
    case '\\':
        return c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

static void append_escaped(Text *t, char c)
{
    const char pair[2] = {'\\', escape_letter(c)};
    char code[8];

    if (pair[1]) {
        text_append_bytes(t, pair, sizeof(pair));
        return;
    }
    (void)snprintf(code, sizeof(code), "\\u%04x", (unsigned)(unsigned char)c);
    text_append(t, code);
}

static bool must_be_escaped(char c)
{
    return (unsigned char)c < ' ' || c == '"' || c == '\\';
}

/* Bytes that are not ASCII become '?'. */
static void drop_foreign(char *from, const char *to)
{
    for (; from < to; from++)
        if ((unsigned char)*from >= 0x80)
            *from = '?';
}

/* As builder_add_string() does it. */
static void append_string(Text *t, const char *s)
{
    size_t n = strlen(s), done = 0, start;
    unsigned char all = 0;

    text_append_bytes(t, "\"", 1);
    start = t->length;
    for (size_t i = 0; i < n; i++) {
        all |= (unsigned char)s[i];
        if (!must_be_escaped(s[i]))
            continue;
        text_append_bytes(t, s + done, i - done);
        append_escaped(t, s[i]);
        done = i + 1;
    }
    text_append_bytes(t, s + done, n - done);
    if (all >= 0x80 && !t->failed && !utf8_is_valid(s, n))
        drop_foreign(t->data + start, t->data + t->length);
    text_append_bytes(t, "\"", 1);
}

static void append_value(Text *t, const StatusValue *v)
{
    if (v->type == STATUS_BOOL)
        text_append(t, v->boolean ? "true" : "false");
    else if (v->type == STATUS_NUMBER && v->number != SPEC_UNSET)
        text_append_number(t, v->number);
    else if (v->type == STATUS_STRING && v->string)
        append_string(t, v->string);
    else if (v->type == STATUS_OBJECT && v->string)
        text_append(t, v->string);
    else
        text_append(t, "null");
}

void json_write_status(Text *t, const PoolStatus *status)
{
    for (size_t i = 0; i < ELEMENTSOF(status->values); i++) {
        const StatusValue *v = &status->values[i];

        text_append(t, i == 0 ? "{\"" : ",\"");
        text_append(t, v->name);
        text_append(t, "\":");
        append_value(t, v);
    }
    text_append(t, "}");
}
