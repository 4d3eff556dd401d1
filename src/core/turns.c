/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/turns.h"

static void append(TurnList *list, Turn *turn)
{
    turn->list = list;
    turn->previous = list->last;
    turn->next = NULL;
    if (list->last)
        list->last->next = turn;
    else
        list->first = turn;
    list->last = turn;
}

static void take_out(Turn *turn)
{
    TurnList *list = turn->list;

    if (!list)
        return;
    if (turn->previous)
        turn->previous->next = turn->next;
    else
        list->first = turn->next;
    if (turn->next)
        turn->next->previous = turn->previous;
    else
        list->last = turn->previous;
    turn->list = NULL;
}

static void begin(Turns *turns, Turn *turn)
{
    turn->holds = true;
    if (turn->gpus != 0)
        append(&turns->holding, turn);
}

void turns_join(Turns *turns, Turn *turn, uint64_t gpus)
{
    *turn = (Turn){.gpus = gpus, .userdata = turn->userdata};
    append(&turns->waiting, turn);
}

void turns_take(Turns *turns, Turn *turn, uint64_t gpus)
{
    *turn = (Turn){.gpus = gpus, .userdata = turn->userdata};
    begin(turns, turn);
}

void turns_leave(Turns *turns, Turn *turn)
{
    take_out(turn);
}

const Turn *turns_blocker(const Turns *turns, const Turn *turn)
{
    if (turn->gpus == 0)
        return NULL;
    for (const Turn *other = turns->holding.first; other; other = other->next)
        if (other != turn && (other->gpus & turn->gpus))
            return other;
    for (const Turn *other = turn->holds ? NULL : turns->waiting.first; other && other != turn;
         other = other->next)
        if (other->gpus & turn->gpus)
            return other;
    return NULL;
}

Turn *turns_next(Turns *turns)
{
    uint64_t busy = 0;

    if (!turns->waiting.first)
        return NULL;
    for (const Turn *turn = turns->holding.first; turn; turn = turn->next)
        busy |= turn->gpus;
    for (Turn *turn = turns->waiting.first; turn; turn = turn->next) {
        if (!(turn->gpus & busy)) {
            take_out(turn);
            begin(turns, turn);
            return turn;
        }
        busy |= turn->gpus; /* nobody overtakes it */
    }
    return NULL;
}
