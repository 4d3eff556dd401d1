/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
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
