/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/refuse.h"

#include <stdarg.h>
#include <stdio.h>

/* How much of a text is shown; with the quotes, the dots and the longest escape it fits
 * EXCERPT_SIZE. */
enum { EXCERPT_SHOWN = EXCERPT_SIZE - 16 };

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The length of the character at text[0], invalid bytes counting one by one. */
static size_t character_length(const char *text, size_t length)
{
    size_t n = 1;

    while (n < length && n < 4 && is_continuation(text[n]))
        n++;
    return n;
}

/* Writes the character as it is, or its escape. Returns the bytes written, at most 8. */
static size_t put_character(char *out, const char *character, size_t n)
{
    unsigned char c = (unsigned char)*character;

    if (c < 0x20 || c == 0x7f)
        return (size_t)sprintf(out, "\\u%04x", c);
    if (n == 2 && c == 0xc2 && (unsigned char)character[1] < 0xa0)
        return (size_t)sprintf(out, "\\u%04x", (unsigned char)character[1]);
    memcpy(out, character, n);
    return n;
}

void excerpt_text(const char *text, size_t length, char buffer[static EXCERPT_SIZE])
{
    size_t written = 0, i = 0;

    buffer[written++] = '"';
    while (i < length && written < EXCERPT_SHOWN) {
        size_t n = character_length(text + i, length - i);

        written += put_character(buffer + written, text + i, n);
        i += n;
    }
    buffer[written++] = '"';
    snprintf(buffer + written, EXCERPT_SIZE - written, "%s", i < length ? "..." : "");
}

void excerpt_value(json_object *value, char buffer[static EXCERPT_SIZE])
{
    switch (json_object_get_type(value)) {
    case json_type_string:
        excerpt_text(json_object_get_string(value), (size_t)json_object_get_string_len(value),
                     buffer);
        break;
    case json_type_object:
        snprintf(buffer, EXCERPT_SIZE, "an object");
        break;
    case json_type_array:
        snprintf(buffer, EXCERPT_SIZE, "an array");
        break;
    case json_type_null:
    case json_type_boolean:
    case json_type_int:
    case json_type_double:
    default: {
        const char *text = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN);

        snprintf(buffer, EXCERPT_SIZE, "%s", text ? text : "null");
    }
    }
}

void field_name(const char *prefix, const char *name, char buffer[static PM_ERROR_FIELD_MAX + 1])
{
    size_t written = 0;

    for (const char *part = prefix; part; part = part == prefix ? name : NULL) {
        for (const char *s = part; *s;) {
            size_t n = character_length(s, strlen(s));

            if (written + n > PM_ERROR_FIELD_MAX)
                break;
            memcpy(buffer + written, s, n);
            if ((unsigned char)*s < 0x20 || *s == 0x7f)
                buffer[written] = '?';
            written += n;
            s += n;
        }
    }
    buffer[written] = '\0';
}

void error_strip_field(Error *error, const char *prefix)
{
    if (error && startswith(error->field, prefix))
        memmove(error->field, error->field + strlen(prefix),
                strlen(error->field + strlen(prefix)) + 1);
}

int field_refuse(Error *error, const char *field, const char *format, ...)
{
    char text[PM_ERROR_TEXT_MAX + 1];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return error_set(error, PM_ERROR_INVALID_FIELD, field, "%s: %s", field, text);
}

int refuse_no_memory(Error *error)
{
    error_set(error, PM_ERROR_INTERNAL, NULL, "out of memory");
    return -ENOMEM;
}
