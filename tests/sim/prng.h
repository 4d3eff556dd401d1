/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* splitmix64: a seed gives the same numbers on every machine, and any seed will do. */
typedef struct Prng {
    uint64_t state;
} Prng;

uint64_t prng_next(Prng *p);

/* A number from `min` to `max`, both included. */
uint64_t prng_range(Prng *p, uint64_t min, uint64_t max);

/* True once in `n` times. */
bool prng_one_in(Prng *p, uint64_t n);
