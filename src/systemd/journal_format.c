/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <time.h>

#include "base/parse.h"
#include "systemd/journal_format.h"

static const char *const level_names[] = {"emerg",   "alert",  "crit", "err",
                                          "warning", "notice", "info", "debug"};

const char *log_level_to_string(int priority)
{
    if (priority < 0)
        return level_names[0];
    if ((size_t)priority >= ELEMENTSOF(level_names))
        return level_names[ELEMENTSOF(level_names) - 1];
    return level_names[priority];
}

/* How many bytes of `s` make up its first character; 0 when they are not UTF-8. */
static size_t character_length(const char *s)
{
    size_t left = strnlen(s, 4);

    for (size_t n = 1; n <= left; n++)
        if (utf8_is_valid(s, n))
            return n;
    return 0;
}

/* Whether the character, of `n` bytes, would do something to a terminal: C0, DEL, and C1, which is
 * C2 80 to C2 9F. */
static bool is_control(const char *s, size_t n)
{
    unsigned char first = (unsigned char)s[0], second = n == 2 ? (unsigned char)s[1] : 0;

    return first < 0x20 || first == 0x7f || (first == 0xc2 && second < 0xa0 && n == 2);
}

static void append_control(Text *t, const char *s, size_t n)
{
    switch (s[0]) {
    case '\n':
        text_append(t, "\\n");
        break;
    case '\r':
        text_append(t, "\\r");
        break;
    case '\t':
        text_append(t, "\\t");
        break;
    default:
        /* The code of a C1 character is its second byte. */
        text_printf(t, "\\u%04x", (unsigned)(unsigned char)s[n - 1]);
        break;
    }
}

/* How a value is written. */
typedef struct Style {
    const char *escaped;     /* characters that a backslash precedes */
    const char *replacement; /* of each byte that is no UTF-8 */
    bool lines;              /* tabs and the ends of lines stay as they are */
} Style;

static const Style plain = {"", "\xef\xbf\xbd", false};
static const Style plain_lines = {"", "\xef\xbf\xbd", true};
static const Style json_string = {"\"\\", "\\ufffd", false};

/* Appends `s`, cut after `max` bytes, with control characters escaped. */
static void append_escaped(Text *t, const char *s, size_t max, const Style *style)
{
    const char *end = s + strnlen(s, max);

    while (s < end) {
        size_t n = character_length(s);

        if (n == 0) {
            text_append(t, style->replacement);
            s++;
            continue;
        }
        if (is_control(s, n) && !(style->lines && (*s == '\n' || *s == '\t'))) {
            append_control(t, s, n);
        } else {
            if (strchr(style->escaped, *s))
                text_append(t, "\\");
            text_append_bytes(t, s, n);
        }
        s += n;
    }
    if (*s)
        text_append(t, "…");
}

static void append_json_string(Text *t, const char *s, size_t max)
{
    text_append(t, "\"");
    append_escaped(t, s, max, &json_string);
    text_append(t, "\"");
}

void log_append_json_string(Text *t, const char *s)
{
    append_json_string(t, s, SIZE_MAX);
}

static void append_lower(Text *t, const char *s)
{
    for (; *s; s++) {
        char c = (char)tolower((unsigned char)*s);

        text_append_bytes(t, &c, 1);
    }
}

/* `key` is a name of ours: letters, digits, underscores. */
static void append_json_member(Text *t, const char *key, const char *value, LogFieldType type)
{
    text_append(t, ",\"");
    append_lower(t, key);
    text_append(t, "\":");
    if (type == LOG_FIELD_NUMBER)
        text_append(t, value);
    else
        append_json_string(t, value, LOG_VALUE_MAX);
}

void log_append_timestamp(Text *t, usec_t real_usec)
{
    time_t seconds = (time_t)(real_usec / USEC_PER_SEC);
    struct tm tm;

    if (!gmtime_r(&seconds, &tm))
        return;
    text_printf(t, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", tm.tm_year + 1900, tm.tm_mon + 1,
                tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                (unsigned)(real_usec % USEC_PER_SEC / USEC_PER_MSEC));
}

void log_append_plain(Text *t, const char *s)
{
    append_escaped(t, s, SIZE_MAX, &plain);
}

void log_append_value(Text *t, const char *s, LogFieldType type)
{
    append_escaped(t, s, LOG_VALUE_MAX, type == LOG_FIELD_LINES ? &plain_lines : &plain);
}

void log_entry_append_json(Text *t, const LogEntry *e)
{
    text_append(t, "{\"timestamp\":\"");
    log_append_timestamp(t, e->real_usec);
    text_printf(t, "\",\"priority\":%d", e->priority);
    append_json_member(t, "level", log_level_to_string(e->priority), LOG_FIELD_TEXT);
    append_json_member(t, "message", e->message, LOG_FIELD_TEXT);
    if (e->message_id)
        append_json_member(t, "message_id", e->message_id, LOG_FIELD_TEXT);
    for (size_t i = 0; i < e->n_fields; i++)
        if (e->fields[i].value)
            append_json_member(t, e->fields[i].name, e->fields[i].value, e->fields[i].type);
    text_append(t, "}\n");
}

void log_entry_append_text(Text *t, const LogEntry *e)
{
    const char *before = " (";

    text_printf(t, "%s: ", log_level_to_string(e->priority));
    log_append_value(t, e->message, LOG_FIELD_TEXT);
    for (size_t i = 0; i < e->n_fields; i++) {
        if (!e->fields[i].value)
            continue;
        text_append(t, before);
        append_lower(t, e->fields[i].name);
        text_append(t, "=");
        log_append_value(t, e->fields[i].value, LOG_FIELD_TEXT);
        before = " ";
    }
    text_append(t, before[1] == '\0' ? ")\n" : "\n");
}
