/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"
#include "base/parse.h"

/* Cuts a UTF-8 text that vsnprintf() may have cut within a character. */
static void drop_partial_character(char *s)
{
    size_t n = strlen(s);

    while (n > 0 && !utf8_is_valid(s, n))
        n--;
    s[n] = '\0';
}

int error_fill(Error *error, PmErrorCode code, const char *field, const char *format, ...)
{
    if (error) {
        va_list ap;

        error->code = code;
        (void)snprintf(error->field, sizeof(error->field), "%s", field ? field : "");
        va_start(ap, format);
        if (vsnprintf(error->text, sizeof(error->text), format, ap) >= (int)sizeof(error->text))
            drop_partial_character(error->text);
        va_end(ap);
    }
    return pm_error_info(code)->http_status < 500 ? -EINVAL : -EIO;
}
