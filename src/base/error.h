/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <poolmgr/errors.h>
#include <poolmgr/limits.h>
#include <stdarg.h>
#include <stdint.h>

#include "base/macros.h"

/*
 * An error that a user will see: a code of the one table, a text that says what was wrong and what
 * to do, and, where one is to blame, the field. A plain value without memory of its own.
 */
typedef struct Error {
    PmErrorCode code; /* PM_ERROR_NONE: no error */
    char field[PM_ERROR_FIELD_MAX + 1];
    char text[PM_ERROR_TEXT_MAX + 1];
} Error;

/*
 * Fills `error` (NULL is allowed) with `code`, `field` ("" or NULL: none) and the formatted text;
 * what is too long is cut at a character boundary. Returns -EINVAL for codes whose HTTP status is
 * below 500, else -EIO, so that callers can write `return error_set(...)`.
 */
#define error_set(error, code, field, ...)                                               \
    ({                                                                                   \
        int _error_r = error_fill((error), (code), (field), __VA_ARGS__);                \
        _error_r < 0 ? _error_r : -EIO; /* shows static analysers that it is negative */ \
    })

int error_fill(Error *error, PmErrorCode code, const char *field, const char *format, ...)
        _printf_(4, 5);

/*
 * Keeps the formatted text, as long as one of an Error may be and cut at a character boundary, in
 * *text instead of what was there, which may be an argument. No text, and without memory none
 * either, is NULL.
 */
void error_text_set(char **text, const char *format, ...) _printf_(2, 3);
void error_text_setv(char **text, const char *format, va_list ap) _printf_(2, 0);

/* No text. */
void error_text_clear(char **text);

static inline bool error_is_set(const Error *error)
{
    return error && error->code != PM_ERROR_NONE;
}
