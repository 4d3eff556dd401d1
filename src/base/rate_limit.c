/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/rate_limit.h"

static bool is_over(const RateLimit *l, const RateLimitKey *k, usec_t now)
{
    return now >= usec_add(k->since, l->interval_usec);
}

/* The place of the pair; else the best one to have: free, its window over, or the oldest window.
 * NULL: all are suppressing, and what they have counted is still to be told. */
static RateLimitKey *find(RateLimit *l, const char *kind, const char *scope)
{
    RateLimitKey *best = NULL;

    for (RateLimitKey *k = l->keys; k < l->keys + RATE_LIMIT_KEYS; k++) {
        if (k->kind && streq(k->kind, kind) && streq(k->scope, scope))
            return k;
        if (k->suppressed > 0 || (best && !best->kind))
            continue;
        if (!best || !k->kind || k->since < best->since)
            best = k;
    }
    return best;
}

bool rate_limit_pass(RateLimit *l, const char *kind, const char *scope, usec_t now)
{
    char wanted[PM_ID_MAX + 1];
    size_t n = strnlen(scope, PM_ID_MAX);
    RateLimitKey *k;

    if (l->interval_usec == 0 || l->burst == 0)
        return true;
    memcpy(wanted, scope, n);
    wanted[n] = '\0';
    k = find(l, kind, wanted);
    if (!k)
        return true;
    if (!k->kind || !streq(k->kind, kind) || !streq(k->scope, wanted) ||
        (is_over(l, k, now) && k->suppressed == 0)) {
        *k = (RateLimitKey){.kind = kind, .since = now};
        memcpy(k->scope, wanted, n + 1);
    }
    if (k->passed < l->burst) {
        k->passed++;
        return true;
    }
    l->suppressing += k->suppressed == 0;
    k->suppressed++;
    return false;
}

bool rate_limit_take(RateLimit *l, usec_t now, RateLimitKey *ret)
{
    if (l->suppressing == 0)
        return false;
    for (RateLimitKey *k = l->keys; k < l->keys + RATE_LIMIT_KEYS; k++) {
        if (k->suppressed == 0 || !is_over(l, k, now))
            continue;
        *ret = *k;
        *k = (RateLimitKey){.kind = NULL};
        l->suppressing--;
        return true;
    }
    return false;
}
