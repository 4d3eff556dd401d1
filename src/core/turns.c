/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/turns.h"

static void add(Turns *turns, Turn *turn, uint64_t gpus, bool holds)
{
    Turn **end = &turns->first;

    while (*end)
        end = &(*end)->next;
    *turn = (Turn){.gpus = gpus, .holds = holds, .userdata = turn->userdata};
    *end = turn;
}

void turns_join(Turns *turns, Turn *turn, uint64_t gpus)
{
    add(turns, turn, gpus, false);
}

void turns_take(Turns *turns, Turn *turn, uint64_t gpus)
{
    add(turns, turn, gpus, true);
}

void turns_leave(Turns *turns, Turn *turn)
{
    Turn **p = &turns->first;

    while (*p && *p != turn)
        p = &(*p)->next;
    if (*p)
        *p = turn->next;
}

const Turn *turns_blocker(const Turns *turns, const Turn *turn)
{
    bool before = true;

    for (const Turn *other = turns->first; other; other = other->next) {
        if (other == turn)
            before = false;
        else if ((other->gpus & turn->gpus) && (other->holds || before))
            return other;
    }
    return NULL;
}

Turn *turns_next(Turns *turns)
{
    for (Turn *turn = turns->first; turn; turn = turn->next)
        if (!turn->holds && !turns_blocker(turns, turn)) {
            turn->holds = true;
            return turn;
        }
    return NULL;
}
