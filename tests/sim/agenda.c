/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agenda.h"
#include "base/macros.h"

static bool comes_before(const Item *a, const Item *b)
{
    return a->at != b->at ? a->at < b->at : a->sequence < b->sequence;
}

static void swap(Agenda *a, size_t i, size_t k)
{
    Item *item = a->items[i];

    a->items[i] = a->items[k];
    a->items[k] = item;
}

void agenda_add(Agenda *a, const Item *item)
{
    Item *copy = malloc(sizeof(*copy));
    size_t i = a->count;

    if (a->count == a->allocated) {
        a->allocated = a->allocated ? a->allocated * 2 : 64;
        a->items = reallocarray(a->items, a->allocated, sizeof(Item *));
    }
    if (!copy || !a->items)
        abort();
    *copy = *item;
    copy->sequence = a->sequence++;
    a->items[a->count++] = copy;
    for (; i > 0 && comes_before(a->items[i], a->items[(i - 1) / 2]); i = (i - 1) / 2)
        swap(a, i, (i - 1) / 2);
}

Item *agenda_take(Agenda *a)
{
    size_t i = 0;
    Item *first;

    if (a->count == 0)
        return NULL;
    first = a->items[0];
    a->items[0] = a->items[--a->count];
    for (;;) {
        size_t least = i;

        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < a->count; child++)
            if (comes_before(a->items[child], a->items[least]))
                least = child;
        if (least == i)
            return first;
        swap(a, i, least);
        i = least;
    }
}

void agenda_done(Agenda *a)
{
    for (size_t i = 0; i < a->count; i++)
        free(a->items[i]);
    free(a->items);
    *a = (Agenda){0};
}
