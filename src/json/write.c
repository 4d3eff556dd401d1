/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/write.h"

#include "json/build.h"

static void write_value(Text *t, json_object *value, bool pretty, unsigned level);

static void begin_line(Text *t, bool pretty, unsigned level)
{
    if (!pretty)
        return;
    text_append(t, "\n");
    for (unsigned i = 0; i < level; i++)
        text_append(t, "  ");
}

static const char *escape_of(char c)
{
    switch (c) {
    case '\b':
        return "\\b";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    case '\f':
        return "\\f";
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    default:
        return NULL;
    }
}

/* The same byte in each place of a word. */
#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Whether a byte of the word is less than `limit`, or not ASCII. */
static bool has_less(uint64_t word, unsigned limit)
{
    return ((word - EACH_BYTE(limit)) | word) & EACH_BYTE(0x80);
}

/* Whether eight bytes stand for themselves in a JSON string, and are ASCII. */
static bool word_is_plain(const char *s)
{
    uint64_t word;

    memcpy(&word, s, sizeof(word));
    return !has_less(word, ' ') && !has_less(word ^ EACH_BYTE('"'), 1) &&
           !has_less(word ^ EACH_BYTE('\\'), 1);
}

static bool is_plain(const char *s, size_t n)
{
    char last[sizeof(uint64_t)];
    size_t i = 0;

    for (; n - i >= sizeof(uint64_t); i += sizeof(uint64_t))
        if (!word_is_plain(s + i))
            return false;
    memset(last, ' ', sizeof(last));
    memcpy(last, s + i, n - i);
    return word_is_plain(last);
}

bool json_write_plain(Text *t, const char *s, size_t n)
{
    char *to;

    if (!is_plain(s, n))
        return false;
    to = text_extend(t, n + strlen("\"\""));
    if (!to)
        return true;
    to[0] = '"';
    memcpy(to + 1, s, n);
    to[n + 1] = '"';
    return true;
}

void json_write_string(Text *t, const char *s, size_t n)
{
    size_t written = 0;

    if (json_write_plain(t, s, n))
        return;
    text_append(t, "\"");
    for (size_t i = 0; i < n; i++) {
        const char *escape = escape_of(s[i]);

        if (!escape && (unsigned char)s[i] >= 0x20)
            continue;
        text_append_bytes(t, s + written, i - written);
        written = i + 1;
        if (escape)
            text_append(t, escape);
        else
            text_printf(t, "\\u%04x", (unsigned)(unsigned char)s[i]);
    }
    text_append_bytes(t, s + written, n - written);
    text_append(t, "\"");
}

static void write_object(Text *t, json_object *object, bool pretty, unsigned level)
{
    bool any = false;

    text_append(t, "{");
    json_object_object_foreach(object, key, value)
    {
        if (any)
            text_append(t, ",");
        any = true;
        begin_line(t, pretty, level + 1);
        json_write_string(t, key, strlen(key));
        text_append(t, pretty ? ": " : ":");
        write_value(t, value, pretty, level + 1);
    }
    if (any)
        begin_line(t, pretty, level);
    text_append(t, "}");
}

static void write_array(Text *t, json_object *array, bool pretty, unsigned level)
{
    size_t n = json_object_array_length(array);

    text_append(t, "[");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            text_append(t, ",");
        begin_line(t, pretty, level + 1);
        write_value(t, json_object_array_get_idx(array, i), pretty, level + 1);
    }
    if (n > 0)
        begin_line(t, pretty, level);
    text_append(t, "]");
}

/* A number, true or false: json-c writes that in one part, which is there or not. */
static void write_scalar(Text *t, json_object *value)
{
    const char *text = json_object_to_json_string_ext(value, JSON_TEXT_LINE);

    if (text && *text)
        text_append(t, text);
    else
        t->failed = true;
}

static void write_value(Text *t, json_object *value, bool pretty, unsigned level)
{
    switch (json_object_get_type(value)) {
    case json_type_object:
        write_object(t, value, pretty, level);
        break;
    case json_type_array:
        write_array(t, value, pretty, level);
        break;
    case json_type_string:
        json_write_string(t, json_object_get_string(value),
                          (size_t)json_object_get_string_len(value));
        break;
    case json_type_null:
        text_append(t, "null");
        break;
    case json_type_boolean:
    case json_type_int:
    case json_type_double:
    default:
        write_scalar(t, value);
    }
}

void json_write(Text *t, json_object *value, bool pretty)
{
    write_value(t, value, pretty, 0);
}

int json_write_text(json_object *value, bool pretty, char **ret, size_t *ret_length)
{
    _cleanup_(text_done) Text t = {0};

    json_write(&t, value, pretty);
    return text_take_all(&t, ret, ret_length);
}
