/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>

#include "base/nearest.h"

enum { WORD_MAX = 64 };

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

/* How many letters must be added, dropped or changed (Levenshtein). Both are at most WORD_MAX long.
 */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1], n = strlen(b);

    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t above = row[j];

            row[j] = min3(row[j] + 1, row[j - 1] + 1,
                          diagonal + (same_letter(a[i - 1], b[j - 1]) ? 0 : 1));
            diagonal = above;
        }
    }
    return row[n];
}

const char *nearest_name(const char *word, const char *const *names, size_t n)
{
    const char *best = NULL;
    size_t length = strlen(word), best_distance = length / 3 + 2;

    if (length == 0 || length > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t distance;

        if (!names[i] || strlen(names[i]) > WORD_MAX)
            continue;
        distance = edit_distance(word, names[i]);
        if (distance < best_distance) {
            best = names[i];
            best_distance = distance;
        }
    }
    return best;
}
