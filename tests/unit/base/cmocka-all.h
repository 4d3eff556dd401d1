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

#include "base/macros.h"

/* Memory of exactly these `n` bytes, so that a read too far is seen. The caller frees it. */
static inline char *copy_exactly(const char *bytes, size_t n)
{
    char *copy = malloc(n > 0 ? n : 1);

    assert_non_null(copy);
    memcpy(copy, bytes, n);
    return copy;
}
