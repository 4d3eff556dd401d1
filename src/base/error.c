/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/error.h"
#include "base/parse.h"

int error_fill(Error *error, PmErrorCode code, const char *field, const char *format, ...)
{
    if (error) {
        va_list ap;

        error->code = code;
        (void)snprintf(error->field, sizeof(error->field), "%s", field ? field : "");
        utf8_repair(error->field);
        va_start(ap, format);
        (void)vsnprintf(error->text, sizeof(error->text), format, ap);
        va_end(ap);
        utf8_repair(error->text);
    }
    return pm_error_info(code)->http_status < 500 ? -EINVAL : -EIO;
}

void error_text_set(char **text, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    error_text_setv(text, format, ap);
    va_end(ap);
}

void error_text_setv(char **text, const char *format, va_list ap)
{
    char buffer[PM_ERROR_TEXT_MAX + 1];

    (void)vsnprintf(buffer, sizeof(buffer), format, ap);
    utf8_repair(buffer);
    free(*text);
    *text = buffer[0] ? strdup(buffer) : NULL;
}

void error_text_clear(char **text)
{
    free(*text);
    *text = NULL;
}
