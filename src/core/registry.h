/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/pool.h"

/* The pools, sorted by id (B-REG-121). */
typedef struct Registry {
    Pool **pools;
    size_t count;
    size_t allocated;
} Registry;

/* NULL when there is none (B-REG-003). */
Pool *registry_get(const Registry *r, const char *id);

/* The index of the first pool behind where `id` is or would be; `count` when there is none. */
size_t registry_after(const Registry *r, const char *id);

/*
 * The pool of that id, made when it is not there; *ret_new (NULL allowed) says which. Returns 0,
 * -EINVAL for a bad id, -E2BIG beyond PM_POOLS_MAX, or -ENOMEM.
 */
int registry_ensure(Registry *r, const char *id, Pool **ret, bool *ret_new);

/* Removes without freeing; NULL when it was not there. */
Pool *registry_take(Registry *r, const char *id);

/* Removes and frees. Returns false when it was not there (B-REG-084, B-REG-085). */
bool registry_remove(Registry *r, const char *id);

void registry_done(Registry *r);
