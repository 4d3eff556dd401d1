/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

enum { SIZE_TEXT_MAX = 32 };

/* "1.5 GiB", "300 MiB"; "?" when it is not known (UINT64_MAX). */
void size_format(uint64_t bytes, char buffer[static SIZE_TEXT_MAX]);
