/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* An answer to a health check that is none, or none that ends. */
typedef struct Script {
    const char *name;
    const char *head;  /* sent first; "": the connection is closed without a word */
    const char *again; /* sent again and again after it; NULL: the connection is closed */
    const char *help;
    bool then_silent; /* our side is closed after `head`, the connection stays */
} Script;

/* NULL when there is none of that name. */
const Script *script_find(const char *name);

/* `i` from 0; NULL behind the last one. */
const Script *script_at(size_t i);

/* So much of what is sent again that the kernel is kept busy; the caller frees. */
char *script_repeat(const Script *script, size_t *ret_length);
