/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/scan.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/parse.h"
#include "json/refuse.h"

enum {
    NUMBER_MAX = 64, /* characters of a number; a double needs 25 */
};

static const char escapes[] = "\"\\/bfnrt", escaped[] = "\"\\/\b\f\n\r\t";

/* The dotted name of the place where the scan is: "prepared.flags[3]"; "" at the top. */
static void scan_field(const Scan *s, char buffer[static PM_ERROR_FIELD_MAX + 1])
{
    char index[24], name[PM_ERROR_FIELD_MAX + 1];

    *buffer = '\0';
    for (unsigned i = 0; i < s->depth; i++) {
        const Level *level = &s->levels[i];

        memcpy(name, buffer, sizeof(name));
        if (json_object_is_type(level->value, json_type_array)) {
            snprintf(index, sizeof(index), "[%zu]", level->index);
            field_name(name, index, buffer);
        } else if (level->key) {
            if (*name)
                field_name(buffer, ".", name);
            field_name(name, level->key, buffer);
        }
    }
}

int scan_refuse(Scan *s, size_t at, const char *format, ...)
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

int scan_expected(Scan *s, const char *expected)
{
    unsigned char c;

    if (s->at >= s->length)
        return scan_refuse(s, s->at, "expected %s, got the end of the text", expected);
    c = (unsigned char)s->text[s->at];
    if (c > 0x20 && c < 0x7f)
        return scan_refuse(s, s->at, "expected %s, got %c", expected, c);
    return scan_refuse(s, s->at, "expected %s, got the byte 0x%02x", expected, c);
}

char scan_peek(const Scan *s, size_t ahead)
{
    if (ahead >= s->length - s->at)
        return '\0';
    return s->text[s->at + ahead];
}

void scan_skip_space(Scan *s)
{
    while (scan_peek(s, 0) != '\0' && strchr(" \t\r\n", scan_peek(s, 0)))
        s->at++;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The value of the four hexadecimal digits, or -1 where they are none. */
static long hex4(const char digits[static 4])
{
    long value = 0;

    for (size_t i = 0; i < 4; i++) {
        int digit = hex_digit_value(digits[i]);

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* The value of \uXXXX at the place of the scan, or -1. */
static long peek_unicode(const Scan *s)
{
    if (s->length - s->at < 6 || scan_peek(s, 0) != '\\' || scan_peek(s, 1) != 'u')
        return -1;
    return hex4(s->text + s->at + 2);
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
    if (scan_peek(s, 1) == 'u')
        return scan_unicode(s);
    if (scan_peek(s, 1) == '\0' || !strchr(escapes, scan_peek(s, 1)))
        return scan_refuse(s, s->at, "unknown escape in a string");
    s->at += 2;
    return 0;
}

/* Checks the string at the place of the scan, and goes behind it. */
static int check_string(Scan *s)
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

static size_t encode_utf8(unsigned long c, char to[static 4])
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xc0 | c >> 6);
        to[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xe0 | c >> 12);
        to[1] = (char)(0x80 | (c >> 6 & 0x3f));
        to[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | c >> 18);
    to[1] = (char)(0x80 | (c >> 12 & 0x3f));
    to[2] = (char)(0x80 | (c >> 6 & 0x3f));
    to[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* What the escape at `s` stands for. Returns the length of the escape. */
static size_t decode_escape(const char *s, char to[static 4], size_t *ret_length)
{
    unsigned long first, second;

    *ret_length = 1;
    if (s[1] != 'u') {
        to[0] = escaped[strchr(escapes, s[1]) - escapes];
        return 2;
    }
    first = (unsigned long)hex4(s + 2);
    if (first < 0xd800 || first > 0xdfff) {
        *ret_length = encode_utf8(first, to);
        return 6;
    }
    second = (unsigned long)hex4(s + 8);
    *ret_length = encode_utf8(0x10000 + ((first - 0xd800) << 10 | (second - 0xdc00)), to);
    return 12;
}

/* Decodes what check_string() has passed, without its quotes. No escape is shorter than what it
 * stands for. */
static void decode(const char *s, size_t n, char *to, size_t *ret_length)
{
    size_t length = 0, written;

    for (size_t i = 0; i < n; length += written) {
        if (s[i] == '\\') {
            i += decode_escape(s + i, to + length, &written);
        } else {
            to[length] = s[i++];
            written = 1;
        }
    }
    to[length] = '\0';
    *ret_length = length;
}

int scan_string(Scan *s, char **ret, size_t *ret_length)
{
    size_t start = s->at + 1, end;
    char *decoded;
    int r = check_string(s);

    if (r < 0)
        return r;
    end = s->at - 1;
    decoded = malloc(end - start + 1);
    if (!decoded)
        return refuse_no_memory(s->error);
    decode(s->text + start, end - start, decoded, ret_length);
    *ret = decoded;
    return 0;
}

static size_t skip_digits(Scan *s)
{
    size_t start = s->at;

    while (is_digit(scan_peek(s, 0)))
        s->at++;
    return s->at - start;
}

/* Goes behind the number at the place of the scan. */
static int check_number(Scan *s)
{
    size_t start = s->at;

    if (scan_peek(s, 0) == '-')
        s->at++;
    if (scan_peek(s, 0) == '0' && is_digit(scan_peek(s, 1)))
        return scan_refuse(s, start, "a number must not start with 0, remove the zero");
    if (skip_digits(s) == 0)
        return scan_expected(s, "a digit");
    if (scan_peek(s, 0) == '.') {
        s->at++;
        if (skip_digits(s) == 0)
            return scan_expected(s, "a digit after the point");
    }
    if (scan_peek(s, 0) == 'e' || scan_peek(s, 0) == 'E') {
        s->at++;
        if (scan_peek(s, 0) == '+' || scan_peek(s, 0) == '-')
            s->at++;
        if (skip_digits(s) == 0)
            return scan_expected(s, "a digit of the exponent");
    }
    return 0;
}

/* An int64_t or uint64_t, or with a fraction or an exponent a finite double, which remembers how it
 * was written. Returns 0, -ERANGE or -ENOMEM. */
static int make_number(const char *number, json_object **ret)
{
    errno = 0;
    if (strpbrk(number, ".eE")) {
        double value = strtod(number, NULL);

        if (!isfinite(value))
            return -ERANGE;
        *ret = json_object_new_double_s(value, number);
    } else if (*number == '-') {
        long long value = strtoll(number, NULL, 10);

        if (errno != 0)
            return -errno;
        *ret = json_object_new_int64(value);
    } else {
        unsigned long long value = strtoull(number, NULL, 10);

        if (errno != 0)
            return -errno;
        *ret = value > INT64_MAX ? json_object_new_uint64(value)
                                 : json_object_new_int64((int64_t)value);
    }
    return *ret ? 0 : -ENOMEM;
}

int scan_number(Scan *s, json_object **ret)
{
    size_t start = s->at;
    char number[NUMBER_MAX + 1];
    int r = check_number(s);

    if (r < 0)
        return r;
    if (s->at - start > NUMBER_MAX)
        return scan_refuse(s, start, "a number has more than %d characters", NUMBER_MAX);
    memcpy(number, s->text + start, s->at - start);
    number[s->at - start] = '\0';
    r = make_number(number, ret);
    if (r == -ENOMEM)
        return refuse_no_memory(s->error);
    return r < 0 ? scan_refuse(s, start, "the number %s is out of range", number) : 0;
}

static bool take_word(Scan *s, const char *word)
{
    size_t n = strlen(word);

    if (n > s->length - s->at || memcmp(s->text + s->at, word, n) != 0)
        return false;
    s->at += n;
    return true;
}

int scan_literal(Scan *s, json_object **ret)
{
    bool is_true = take_word(s, "true");

    *ret = NULL;
    if (!is_true && !take_word(s, "false"))
        return take_word(s, "null") ? 0 : scan_expected(s, "a value");
    *ret = json_object_new_boolean(is_true);
    return *ret ? 0 : refuse_no_memory(s->error);
}
