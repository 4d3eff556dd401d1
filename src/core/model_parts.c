/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model_parts.h"

#include <stdio.h>
#include <string.h>

bool model_is_part(const char *path, size_t *ret_stem, unsigned *ret_parts)
{
    static const char form[] = "-#####-of-#####.gguf";
    const size_t n = sizeof(form) - 1, length = strlen(path), digits = 5;
    const char *end = path + length - n;
    unsigned parts = 0;

    if (length <= n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (form[i] == '#' ? end[i] < '0' || end[i] > '9' : end[i] != form[i])
            return false;
    for (size_t i = 0; i < digits; i++)
        parts = parts * 10 + (unsigned)(end[strlen("-#####-of-") + i] - '0');
    *ret_stem = length - n;
    *ret_parts = parts;
    return true;
}

void model_part_path(const char *path, size_t stem, unsigned number, unsigned parts, char *buffer,
                     size_t size)
{
    (void)snprintf(buffer, size, "%.*s-%05u-of-%05u.gguf", (int)stem, path, number, parts);
}
