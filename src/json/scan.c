/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/scan.h"

#include <json.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/parse.h"
#include "json/refuse.h"

enum {
    NUMBER_MAX = 64, /* characters of a number; a double needs 25 */
};

/* One object or array around the place where the scan is. */
typedef struct Level {
    json_object *keys; /* the keys so far; NULL: an array */
    char *key;         /* the one whose value is being read, NULL: none */
    size_t index;      /* of the item that is being read */
} Level;

typedef struct Scan {
    const char *text;
    size_t length;
    size_t at;
    json_tokener *tokener; /* decodes keys with escapes */
    Level levels[PM_JSON_DEPTH_MAX];
    unsigned depth;
    Error *error;
} Scan;

static int scan_value(Scan *s);

/* The dotted name of the place where the scan is: "prepared.flags[3]"; "" at the top. */
static void scan_field(const Scan *s, char buffer[static PM_ERROR_FIELD_MAX + 1])
{
    char index[24], name[PM_ERROR_FIELD_MAX + 1];

    *buffer = '\0';
    for (unsigned i = 0; i < s->depth; i++) {
        const Level *level = &s->levels[i];

        memcpy(name, buffer, sizeof(name));
        if (!level->keys) {
            snprintf(index, sizeof(index), "[%zu]", level->index);
            field_name(name, index, buffer);
        } else if (level->key) {
            if (*name)
                field_name(buffer, ".", name);
            field_name(name, level->key, buffer);
        }
    }
}

/* Refuses what stands at the offset `at`. */
_printf_(3, 4) static int scan_refuse(Scan *s, size_t at, const char *format, ...)
{
    char what[PM_ERROR_TEXT_MAX + 1], field[PM_ERROR_FIELD_MAX + 1];
    size_t line = 1, column = 1;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);

    for (size_t i = 0; i < at; i++) {
        if (s->text[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)s->text[i] & 0xc0) != 0x80) {
            column++;
        }
    }

    scan_field(s, field);
    return error_set(s->error, PM_ERROR_INVALID_JSON, field,
                     "invalid JSON at line %zu, column %zu%s%s: %s", line, column,
                     *field ? ", in " : "", field, what);
}

static int scan_expected(Scan *s, const char *expected)
{
    unsigned char c;

    if (s->at >= s->length)
        return scan_refuse(s, s->at, "expected %s, got the end of the text", expected);
    c = (unsigned char)s->text[s->at];
    if (c > 0x20 && c < 0x7f)
        return scan_refuse(s, s->at, "expected %s, got %c", expected, c);
    return scan_refuse(s, s->at, "expected %s, got the byte 0x%02x", expected, c);
}

/* The byte at the place of the scan plus `ahead`; 0 at the end, which is no byte of any token. */
static char peek(const Scan *s, size_t ahead)
{
    if (ahead >= s->length - s->at)
        return '\0';
    return s->text[s->at + ahead];
}

static void skip_space(Scan *s)
{
    while (peek(s, 0) != '\0' && strchr(" \t\r\n", peek(s, 0)))
        s->at++;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The four hexadecimal digits of \uXXXX at the place of the scan, or -1. */
static long peek_unicode(const Scan *s)
{
    long value = 0;

    if (peek(s, 0) != '\\' || peek(s, 1) != 'u')
        return -1;
    for (size_t i = 2; i < 6; i++) {
        int digit = hex_digit_value(peek(s, i));

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static int scan_unicode(Scan *s)
{
    size_t start = s->at;
    long first = peek_unicode(s), second;

    if (first < 0)
        return scan_refuse(s, start, "\\u needs four hexadecimal digits");
    if (first == 0)
        return scan_refuse(s, start, "the character \\u0000 is not allowed");
    s->at += 6;
    if (first < 0xd800 || first > 0xdfff)
        return 0;

    second = peek_unicode(s);
    if (first > 0xdbff || second < 0xdc00 || second > 0xdfff)
        return scan_refuse(s, start, "\\u%04lx is half of a surrogate pair", (unsigned long)first);
    s->at += 6;
    return 0;
}

static int scan_escape(Scan *s)
{
    if (peek(s, 1) == 'u')
        return scan_unicode(s);
    if (peek(s, 1) == '\0' || !strchr("\"\\/bfnrt", peek(s, 1)))
        return scan_refuse(s, s->at, "unknown escape in a string");
    s->at += 2;
    return 0;
}

static int scan_string(Scan *s)
{
    size_t start = s->at++;
    int r;

    while (s->at < s->length && s->text[s->at] != '"') {
        unsigned char c = (unsigned char)s->text[s->at];

        if (c < 0x20)
            return scan_refuse(s, s->at,
                               "a string holds the raw control character 0x%02x, write \\u%04x", c,
                               c);
        if (c != '\\') {
            s->at++;
            continue;
        }
        r = scan_escape(s);
        if (r < 0)
            return r;
    }
    if (s->at >= s->length)
        return scan_refuse(s, start, "the string that starts here has no end");
    s->at++;
    if (!utf8_is_valid(s->text + start, s->at - start))
        return scan_refuse(s, start, "the string that starts here is not valid UTF-8");
    return 0;
}

static size_t skip_digits(Scan *s)
{
    size_t start = s->at;

    while (is_digit(peek(s, 0)))
        s->at++;
    return s->at - start;
}

/* Whether the number fits int64_t or uint64_t, or with a fraction or an exponent a finite double.
 */
static bool number_fits(const char *number)
{
    errno = 0;
    if (strpbrk(number, ".eE"))
        return isfinite(strtod(number, NULL));
    if (*number == '-')
        (void)strtoll(number, NULL, 10);
    else
        (void)strtoull(number, NULL, 10);
    return errno == 0;
}

static int scan_number(Scan *s)
{
    size_t start = s->at;
    char number[NUMBER_MAX + 1];

    if (peek(s, 0) == '-')
        s->at++;
    if (peek(s, 0) == '0' && is_digit(peek(s, 1)))
        return scan_refuse(s, start, "a number must not start with 0, remove the zero");
    if (skip_digits(s) == 0)
        return scan_expected(s, "a digit");
    if (peek(s, 0) == '.') {
        s->at++;
        if (skip_digits(s) == 0)
            return scan_expected(s, "a digit after the point");
    }
    if (peek(s, 0) == 'e' || peek(s, 0) == 'E') {
        s->at++;
        if (peek(s, 0) == '+' || peek(s, 0) == '-')
            s->at++;
        if (skip_digits(s) == 0)
            return scan_expected(s, "a digit of the exponent");
    }

    if (s->at - start > NUMBER_MAX)
        return scan_refuse(s, start, "a number has more than %d characters", NUMBER_MAX);
    memcpy(number, s->text + start, s->at - start);
    number[s->at - start] = '\0';
    if (!number_fits(number))
        return scan_refuse(s, start, "the number %s is out of range", number);
    return 0;
}

static int scan_literal(Scan *s)
{
    static const char *const literals[] = {"true", "false", "null"};

    for (size_t i = 0; i < ELEMENTSOF(literals); i++) {
        size_t n = strlen(literals[i]);

        if (n <= s->length - s->at && memcmp(s->text + s->at, literals[i], n) == 0) {
            s->at += n;
            return 0;
        }
    }
    return scan_expected(s, "a value");
}

/* The text of the string between two offsets, its quotes included there. NULL when out of memory.
 */
static char *decode_string(Scan *s, size_t start, size_t end)
{
    json_object *string;
    char *decoded;

    if (!memchr(s->text + start, '\\', end - start))
        return strndup(s->text + start + 1, end - start - 2);
    json_tokener_reset(s->tokener);
    string = json_tokener_parse_ex(s->tokener, s->text + start, (int)(end - start));
    decoded = string ? strdup(json_object_get_string(string)) : NULL;
    json_object_put(string);
    return decoded;
}

/* Notes the key that was just read as the current one of its object. */
static int scan_add_key(Scan *s, Level *level, size_t start)
{
    int r = 0;

    level->key = decode_string(s, start, s->at);
    if (!level->key)
        return refuse_no_memory(s->error);

    if (json_object_object_get_ex(level->keys, level->key, NULL))
        r = scan_refuse(s, start, "the key is there twice in one object");
    else if (json_object_object_add(level->keys, level->key, NULL) < 0)
        r = refuse_no_memory(s->error);
    return r;
}

static int scan_member(Scan *s, Level *level)
{
    size_t start = s->at;
    int r;

    if (peek(s, 0) != '"')
        return scan_expected(s, "a key in double quotes");
    r = scan_string(s);
    if (r < 0)
        return r;
    r = scan_add_key(s, level, start);
    if (r < 0)
        return r;

    skip_space(s);
    if (peek(s, 0) != ':')
        return scan_expected(s, "a colon after the key");
    s->at++;
    r = scan_value(s);
    if (r < 0)
        return r;
    free(level->key);
    level->key = NULL;
    return 0;
}

/* The items or members up to the closing bracket; the opening one has been read. */
static int scan_members(Scan *s, Level *level, char close)
{
    int r;

    skip_space(s);
    if (peek(s, 0) == close) {
        s->at++;
        return 0;
    }
    for (;;) {
        r = level->keys ? scan_member(s, level) : scan_value(s);
        if (r < 0)
            return r;
        skip_space(s);
        if (peek(s, 0) == close) {
            s->at++;
            return 0;
        }
        if (peek(s, 0) != ',')
            return scan_expected(s, close == '}' ? "a comma or }" : "a comma or ]");
        s->at++;
        level->index++;
        skip_space(s);
    }
}

static int scan_container(Scan *s)
{
    bool object = peek(s, 0) == '{';
    Level *level;
    int r;

    if (s->depth >= PM_JSON_DEPTH_MAX)
        return scan_refuse(s, s->at, "nested more than %d levels deep", PM_JSON_DEPTH_MAX);
    level = &s->levels[s->depth];
    *level = (Level){.keys = object ? json_object_new_object() : NULL};
    if (object && !level->keys)
        return refuse_no_memory(s->error);
    s->depth++;
    s->at++;
    r = scan_members(s, level, object ? '}' : ']');
    s->depth--;
    json_object_put(level->keys);
    free(level->key);
    return r;
}

static int scan_value(Scan *s)
{
    skip_space(s);
    switch (peek(s, 0)) {
    case '{':
    case '[':
        return scan_container(s);
    case '"':
        return scan_string(s);
    case '-':
    case '0' ... '9':
        return scan_number(s);
    default:
        return scan_literal(s);
    }
}

int scan_json(const char *text, size_t length, size_t *ret_start, size_t *ret_length, Error *error)
{
    Scan s = {.text = text, .length = length, .error = error};
    size_t start, end;
    int r;

    s.tokener = json_tokener_new();
    if (!s.tokener)
        return refuse_no_memory(error);

    skip_space(&s);
    start = s.at;
    r = scan_value(&s);
    end = s.at;
    skip_space(&s);
    if (r >= 0 && s.at < length)
        r = scan_expected(&s, "the end of the text");
    json_tokener_free(s.tokener);
    if (r < 0)
        return r;
    *ret_start = start;
    *ret_length = end - start;
    return 0;
}
