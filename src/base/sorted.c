/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/sorted.h"

#include <stdlib.h>
#include <string.h>

enum { ALLOCATED_FIRST = 16 };

static const void *item_at(const void *items, size_t index)
{
    const void *item;

    memcpy(&item, (const char *)items + index * sizeof(item), sizeof(item));
    return item;
}

size_t sorted_search(const void *items, size_t count, SortedKey key_of, const char *key,
                     bool *ret_found)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int c = strcmp(key_of(item_at(items, middle)), key);

        if (c == 0) {
            *ret_found = true;
            return middle;
        }
        if (c < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_found = false;
    return low;
}

void *sorted_reserve(void *items, size_t count, size_t *allocated)
{
    size_t n = *allocated ? *allocated * 2 : ALLOCATED_FIRST;
    void *moved;

    if (count < *allocated)
        return items;
    moved = reallocarray(items, n, sizeof(void *));
    if (moved)
        *allocated = n;
    return moved;
}
