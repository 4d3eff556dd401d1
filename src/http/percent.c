/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/percent.h"

#include "base/macros.h"
#include "base/parse.h"

const char *percent_decode(char *s)
{
    char *out = s;

    for (; *s; s++, out++) {
        int high, low;

        if (*s != '%') {
            *out = *s;
            continue;
        }
        high = hex_digit_value(s[1]);
        low = high < 0 ? -1 : hex_digit_value(s[2]);
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
