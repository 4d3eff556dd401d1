/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "base/usec.h"
#include "core/unit_observation.h"

typedef struct World World;
typedef struct Item Item;
typedef void (*ItemFunc)(World *w, const Item *item);

/* Which engine unit: its name in numbers. */
typedef struct UnitRef {
    size_t pool;
    uint64_t generation;
    unsigned replica;
} UnitRef;

/* Something that will happen. Which members mean something is up to `run`. */
struct Item {
    usec_t at;
    uint64_t sequence; /* items of one moment happen in the order in which they were added */
    ItemFunc run;
    uint64_t incarnation; /* of the manager that it is meant for; 0: of none in particular */
    UnitRef unit;
    int kind;
    uint64_t number;
    uint64_t seed;
    bool flag;
    usec_t span_usec;
    UnitObservation observation;
};

/* What will happen, the next first. */
typedef struct Agenda {
    Item **items;
    size_t count;
    size_t allocated;
    uint64_t sequence;
} Agenda;

/* Adds a copy of `item`. */
void agenda_add(Agenda *a, const Item *item);

/* Takes the next one out; the caller frees it. NULL when there is none. */
Item *agenda_take(Agenda *a);

void agenda_done(Agenda *a);
