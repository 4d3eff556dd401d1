/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What the client would like, as its headers say it. What cannot be understood is left out: nobody
 * is refused for a wish. */
typedef struct Preferences {
    bool respond_async;
    bool has_wait;
    uint64_t wait_sec;
    /* Accept: the weight in thousandths of what stands in the list; -1: not there */
    int json;
    int text; /* wildcards included */
} Preferences;

void preferences_init(Preferences *p);

/* The value of a Prefer header (RFC 7240): respond-async, wait=SECONDS. Of several with one name
 * the first one counts. */
void preferences_add_prefer(Preferences *p, const char *value);

/* The value of an Accept header (RFC 9110, 12.5.1). */
void preferences_add_accept(Preferences *p, const char *value);

/* Whether JSON is wanted rather than text; text where nothing is said. */
bool preferences_want_json(const Preferences *p);
