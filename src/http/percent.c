/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/percent.h"

#include "base/macros.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

const char *percent_decode(char *s)
{
    char *out = s;

    for (; *s; s++, out++) {
        int high, low;

        if (*s != '%') {
            *out = *s;
            continue;
        }
        high = hex_digit(s[1]);
        low = high < 0 ? -1 : hex_digit(s[2]);
        if (low < 0)
            return "a '%' without two hex digits behind it; write a percent sign as %25";
        if (high == 0 && low == 0)
            return "a NUL (%00)";
        *out = (char)(high * 16 + low);
        s += 2;
    }
    *out = '\0';
    return NULL;
}
