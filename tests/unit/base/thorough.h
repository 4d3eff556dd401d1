/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdlib.h>

/*
 * Under a tool that makes everything fifty times slower, what is tried exhaustively elsewhere is
 * tried at every n-th place: the same code runs. 1: everything.
 */
static inline unsigned thorough_stride(void)
{
    return getenv("POOL_MANAGERD_TEST_SLOW") ? 17 : 1;
}
