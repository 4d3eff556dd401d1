/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { MODEL_PARTS_MAX = 1000 };

/*
 * Whether `path` ends in "-00001-of-00003.gguf", as llama.cpp names the parts of a split model:
 * then how long what stands before that is, and how many parts there are (0 to 99999).
 */
bool model_is_part(const char *path, size_t *ret_stem, unsigned *ret_parts);

/* The path of part `number` into `buffer`, which has room for `path` and its NUL. */
void model_part_path(const char *path, size_t stem, unsigned number, unsigned parts, char *buffer,
                     size_t size);
