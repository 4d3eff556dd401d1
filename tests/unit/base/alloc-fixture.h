/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Lets memory run short on demand. The program is linked with --wrap for each allocating function,
 * see meson.build. */

/* From now on `n` allocations succeed and the one after them fails. */
void alloc_fail_after(size_t n);

/* Ends that. Returns whether one has failed. */
bool alloc_fail_end(void);

/* Runs `code`, which sets `result`, with the first, the second, … allocation failing, until it
 * needs none that fails; `check` follows each failure. */
#define FOR_EACH_FAILED_ALLOCATION(code, check)  \
    do {                                         \
        size_t _failures = 0;                    \
        for (;; _failures++) {                   \
            bool _failed;                        \
            alloc_fail_after(_failures);         \
            code;                                \
            _failed = alloc_fail_end();          \
            if (!_failed)                        \
                break;                           \
            check;                               \
        }                                        \
        assert_int_not_equal((int)_failures, 0); \
    } while (0)
