/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Whose turn it is to start an engine (contract: starts on one GPU are serialised): those that
 * share a GPU start one after the other, in the order in which they came; the others beside each
 * other. A start takes part in the list from the moment that it wants a turn until its engine is
 * ready or gone.
 */
typedef struct Turn {
    struct Turn *previous, *next; /* in its list, the oldest first */
    struct TurnList *list;        /* NULL: in none */
    uint64_t gpus;                /* that its engine uses, a bit each; 0: it never waits */
    bool holds;                   /* it is its turn, until it leaves */
    void *userdata;               /* of whoever takes part; not looked at here */
} Turn;

typedef struct TurnList {
    Turn *first, *last;
} TurnList;

/* Those that keep nobody waiting are in neither list once it is their turn. */
typedef struct Turns {
    TurnList waiting;
    TurnList holding;
} Turns;

/* Takes part, as the last; it waits until turns_next() says that it does not any more. */
void turns_join(Turns *turns, Turn *turn, uint64_t gpus);

/* Takes part without having waited: an engine that we have found starting. */
void turns_take(Turns *turns, Turn *turn, uint64_t gpus);

/* Takes part no more. Does nothing to one that does not. */
void turns_leave(Turns *turns, Turn *turn);

/* What it waits for: one that shares a GPU with it and has its turn, or else the first such that
 * came before it. NULL: nothing. */
const Turn *turns_blocker(const Turns *turns, const Turn *turn);

/* Gives the next one its turn that need not wait any more; NULL: there is none. */
Turn *turns_next(Turns *turns);
