/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <poolmgr/limits.h>
#include <strings.h>

#include "base/parse.h"

int parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;

    if (s[0] == '\0' || (s[0] == '0' && s[1] != '\0'))
        return -EINVAL;
    for (const char *p = s; *p; p++) {
        unsigned digit = (unsigned)(*p - '0');

        if (*p < '0' || *p > '9')
            return -EINVAL;
        if (value > (UINT64_MAX - digit) / 10)
            return -ERANGE;
        value = value * 10 + digit;
    }
    if (value < min || value > max)
        return -ERANGE;
    *ret = value;
    return 0;
}

int hex_digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int parse_bool(const char *s, bool *ret)
{
    static const char *const yes[] = {"yes", "true", "on", "1"};
    static const char *const no[] = {"no", "false", "off", "0"};

    for (size_t i = 0; i < ELEMENTSOF(yes); i++) {
        if (strcasecmp(s, yes[i]) == 0) {
            *ret = true;
            return 0;
        }
        if (strcasecmp(s, no[i]) == 0) {
            *ret = false;
            return 0;
        }
    }
    return -EINVAL;
}

static const struct {
    const char *suffix;
    usec_t usec;
} span_units[] = {
        {"usec", 1},
        {"us", 1},
        {"msec", USEC_PER_MSEC},
        {"ms", USEC_PER_MSEC},
        {"seconds", USEC_PER_SEC},
        {"second", USEC_PER_SEC},
        {"sec", USEC_PER_SEC},
        {"s", USEC_PER_SEC},
        {"minutes", USEC_PER_MINUTE},
        {"minute", USEC_PER_MINUTE},
        {"min", USEC_PER_MINUTE},
        {"m", USEC_PER_MINUTE},
        {"hours", 60 * USEC_PER_MINUTE},
        {"hour", 60 * USEC_PER_MINUTE},
        {"hr", 60 * USEC_PER_MINUTE},
        {"h", 60 * USEC_PER_MINUTE},
        {"days", 24 * 60 * USEC_PER_MINUTE},
        {"day", 24 * 60 * USEC_PER_MINUTE},
        {"d", 24 * 60 * USEC_PER_MINUTE},
};

/* Reads the unit at *p and moves behind it; no unit is seconds. Returns 0 when something else than
 * a unit, another number or the end is there. */
static usec_t parse_span_unit(const char **p)
{
    size_t n = 0;

    while (isalpha((unsigned char)(*p)[n]))
        n++;
    if (n == 0)
        return **p == '\0' || isdigit((unsigned char)**p) ? USEC_PER_SEC : 0;
    for (size_t i = 0; i < ELEMENTSOF(span_units); i++) {
        if (strlen(span_units[i].suffix) == n && strncmp(span_units[i].suffix, *p, n) == 0) {
            *p += n;
            return span_units[i].usec;
        }
    }
    return 0;
}

/* Digits with a fraction of at most six digits, in millionths. Moves *p behind it. */
static int parse_span_number(const char **p, uint64_t *ret_whole, uint64_t *ret_millionths)
{
    uint64_t whole = 0, millionths = 0, scale = 100000;
    bool digits = false;

    for (; isdigit((unsigned char)**p); (*p)++, digits = true) {
        if (whole > UINT64_MAX / 100)
            return -ERANGE;
        whole = whole * 10 + (uint64_t)(**p - '0');
    }
    if (**p == '.') {
        for ((*p)++; isdigit((unsigned char)**p); (*p)++, digits = true) {
            millionths += (uint64_t)(**p - '0') * scale;
            scale /= 10;
        }
    }
    if (!digits)
        return -EINVAL;
    *ret_whole = whole;
    *ret_millionths = millionths;
    return 0;
}

int parse_span(const char *s, usec_t *ret)
{
    const char *p = s;
    usec_t sum = 0;

    if (streq(s, "infinity")) {
        *ret = USEC_INFINITY;
        return 0;
    }
    if (*p == '\0' || s[strlen(s) - 1] == ' ')
        return -EINVAL;
    while (*p) {
        uint64_t whole, millionths;
        usec_t unit;
        int r = parse_span_number(&p, &whole, &millionths);

        if (r < 0)
            return r;
        while (*p == ' ')
            p++;
        unit = parse_span_unit(&p);
        if (unit == 0)
            return -EINVAL;
        if (whole > (UINT64_MAX / 2) / unit)
            return -ERANGE;
        sum = usec_add(sum, whole * unit);
        /* unit <= 1 d, millionths < 10^6: fits */
        sum = usec_add(sum, millionths * unit / 1000000);
        if (sum >= UINT64_MAX / 2)
            return -ERANGE;
        while (*p == ' ')
            p++;
    }
    *ret = sum;
    return 0;
}

bool id_is_valid(const char *s)
{
    size_t n;

    if (!s || !isascii((unsigned char)s[0]) || !isalnum((unsigned char)s[0]))
        return false;
    for (n = 1; s[n]; n++)
        if (n >= PM_ID_MAX || !isascii((unsigned char)s[n]) ||
            !(isalnum((unsigned char)s[n]) || strchr("._-", s[n])))
            return false;
    return true;
}

/* The length of the UTF-8 sequence at `s`, of which `n` bytes are there; 0 when it is none. */
static size_t utf8_sequence(const unsigned char *s, size_t n)
{
    uint32_t value;
    size_t length;

    if (s[0] < 0x80)
        return s[0] == 0 ? 0 : 1;
    if (s[0] >= 0xc2 && s[0] <= 0xdf) {
        length = 2;
        value = s[0] & 0x1fU;
    } else if ((s[0] & 0xf0U) == 0xe0) {
        length = 3;
        value = s[0] & 0x0fU;
    } else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        length = 4;
        value = s[0] & 0x07U;
    } else {
        return 0;
    }
    if (n < length)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0U) != 0x80)
            return 0;
        value = value << 6 | (s[i] & 0x3fU);
    }
    if ((length == 3 && value < 0x800) || (length == 4 && value < 0x10000))
        return 0;
    if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    return length;
}

bool utf8_is_valid(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;

    while (n > 0) {
        size_t length = utf8_sequence(p, n);

        if (length == 0)
            return false;
        p += length;
        n -= length;
    }
    return true;
}

/* Whether the `n` bytes, which are none, are the beginning of a sequence. */
static bool utf8_is_cut(const unsigned char *s, size_t n)
{
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

    if (s[0] < 0xc2 || s[0] > 0xf4 || n >= length)
        return false;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0U) != 0x80)
            return false;
    return true;
}

void utf8_repair(char *s)
{
    unsigned char *p = (unsigned char *)s;
    size_t n = strlen(s);

    while (n > 0) {
        size_t length = utf8_sequence(p, n);

        if (length == 0 && utf8_is_cut(p, n))
            break;
        if (length == 0) {
            *p = '?';
            length = 1;
        }
        p += length;
        n -= length;
    }
    *p = '\0';
}

bool path_is_absolute_and_plain(const char *s)
{
    if (s[0] != '/' || strlen(s) >= PATH_MAX)
        return false;
    for (const char *p = s; (p = strstr(p, "/..")); p += 3)
        if (p[3] == '/' || p[3] == '\0')
            return false;
    return true;
}
