/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Arrays of pointers to things that are sorted by a text. */

/* The text by which `item` is sorted. */
typedef const char *(*SortedKey)(const void *item);

/* The index of the item of that key among the `count` pointers at `items`, or of the place where it
 * would have to be inserted; *ret_found says which. */
size_t sorted_search(const void *items, size_t count, SortedKey key_of, const char *key,
                     bool *ret_found);

/* Makes room for one more pointer. Returns the array, which may have moved, with *allocated as it
 * is then; or NULL, with everything as it was, when out of memory. */
void *sorted_reserve(void *items, size_t count, size_t *allocated);
