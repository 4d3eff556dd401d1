/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/preferences.h"

#include <strings.h>

#include "base/parse.h"

enum {
    ITEM_MAX = 128, /* bytes of one item of a list; longer ones are none of ours */
    WEIGHT_FULL = 1000,
};

void preferences_init(Preferences *p)
{
    *p = (Preferences){.json = -1, .text = -1};
}

/* Cuts the next piece off *s at `separator`, outside of quotes, and copies it without the white
 * space around it. Returns false at the end of the list. */
static bool next_piece(const char **s, char separator, char piece[static ITEM_MAX])
{
    const char *start = *s, *end;
    bool quoted = false;
    size_t n;

    if (!start)
        return false;
    for (end = start; *end && (quoted || *end != separator); end++) {
        if (*end == '"')
            quoted = !quoted;
        else if (quoted && *end == '\\' && end[1])
            end++;
    }
    *s = *end ? end + 1 : NULL;
    start += strspn(start, " \t");
    while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    n = (size_t)(end > start ? end - start : 0);
    piece[0] = '\0';
    if (n < ITEM_MAX) {
        memcpy(piece, start, n);
        piece[n] = '\0';
    }
    return true;
}

/* The value behind `name=`, quotes taken away; NULL when that is not what the piece is. */
static char *value_of(char *piece, const char *name)
{
    size_t n = strlen(name);
    char *value = piece + n;

    if (strncasecmp(piece, name, n) != 0)
        return NULL;
    value += strspn(value, " \t");
    if (*value != '=')
        return NULL;
    value++;
    value += strspn(value, " \t\"");
    value[strcspn(value, "\" \t")] = '\0';
    return value;
}

void preferences_add_prefer(Preferences *p, const char *value)
{
    char item[ITEM_MAX], piece[ITEM_MAX];

    while (next_piece(&value, ',', item)) {
        const char *rest = item;
        const char *wait;

        (void)next_piece(&rest, ';', piece);
        wait = value_of(piece, "wait");
        if (strcasecmp(piece, "respond-async") == 0)
            p->respond_async = true;
        else if (wait && !p->has_wait)
            p->has_wait = parse_u64(wait, 0, UINT32_MAX, &p->wait_sec) >= 0;
    }
}

/* "0.8" in thousandths; what is no weight is the full one. */
static int parse_weight(const char *s)
{
    int weight = 0, digit = WEIGHT_FULL / 10;

    if (*s != '0')
        return WEIGHT_FULL;
    if (*++s == '\0')
        return 0;
    if (*s++ != '.')
        return WEIGHT_FULL;
    for (; *s >= '0' && *s <= '9' && digit > 0; s++, digit /= 10)
        weight += (*s - '0') * digit;
    return weight;
}

static bool is_one_of(const char *type, const char *const *types, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(type, types[i]) == 0)
            return true;
    return false;
}

void preferences_add_accept(Preferences *p, const char *value)
{
    static const char *const json[] = {"application/json", "application/x-ndjson",
                                       "application/jsonl", "application/*"};
    static const char *const text[] = {"text/plain", "text/*", "*/*"};
    char item[ITEM_MAX], type[ITEM_MAX], piece[ITEM_MAX];

    while (next_piece(&value, ',', item)) {
        const char *rest = item;
        int weight = WEIGHT_FULL;

        (void)next_piece(&rest, ';', type);
        while (next_piece(&rest, ';', piece)) {
            const char *q = value_of(piece, "q");

            if (q)
                weight = parse_weight(q);
        }
        if (is_one_of(type, json, ELEMENTSOF(json)) && weight > p->json)
            p->json = weight;
        if (is_one_of(type, text, ELEMENTSOF(text)) && weight > p->text)
            p->text = weight;
    }
}

bool preferences_want_json(const Preferences *p)
{
    return p->json > 0 && p->json >= p->text;
}
