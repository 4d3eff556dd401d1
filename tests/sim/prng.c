/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "prng.h"

uint64_t prng_next(Prng *p)
{
    uint64_t z = p->state += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

uint64_t prng_range(Prng *p, uint64_t min, uint64_t max)
{
    return min + prng_next(p) % (max - min + 1);
}

bool prng_one_in(Prng *p, uint64_t n)
{
    return prng_next(p) % n == 0;
}
