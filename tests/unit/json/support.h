/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* cmocka.h needs the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>

#include "base/error.h"

/* Fails, showing both, unless `part` stands in `text`. */
#define assert_contains(text, part)                              \
    do {                                                         \
        if (!strstr((text), (part)))                             \
            fail_msg("\"%s\" is not in \"%s\"", (part), (text)); \
    } while (0)

/* The first `n` bytes of `text` with nothing behind them, so that a read too far is seen. The
 * caller frees them. */
static inline char *copy_exactly(const char *text, size_t n)
{
    char *copy = malloc(n > 0 ? n : 1);

    assert_non_null(copy);
    memcpy(copy, text, n);
    return copy;
}

/* Fails, showing `what`, unless the error is the one that is expected. */
static inline void assert_error(const char *what, const Error *error, PmErrorCode code,
                                const char *field, const char *part)
{
    if (error->code != code || !streq(error->field, field) || !strstr(error->text, part))
        fail_msg("%s\n    wanted %s, field \"%s\", \"%s\"\n    got    %s, field \"%s\", \"%s\"",
                 what, pm_error_info(code)->code, field, part, pm_error_info(error->code)->code,
                 error->field, error->text);
}
