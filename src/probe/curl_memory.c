/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/curl_memory.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Names are looked up in threads, which take memory too. */
static atomic_uint_fast64_t shortages;

static void *noticed(void *p)
{
    if (!p)
        atomic_fetch_add_explicit(&shortages, 1, memory_order_relaxed);
    return p;
}

/* Of no bytes, nothing is what there may be. */
static void *take(size_t size)
{
    return noticed(malloc(size > 0 ? size : 1));
}

static void *take_zeroed(size_t n, size_t size)
{
    return noticed(calloc(n > 0 ? n : 1, size > 0 ? size : 1));
}

static void *take_more(void *p, size_t size)
{
    return noticed(realloc(p, size > 0 ? size : 1));
}

static char *take_copy(const char *s)
{
    return noticed(strdup(s));
}

int curl_memory_init(void)
{
    return curl_global_init_mem(CURL_GLOBAL_NOTHING, take, free, take_more, take_copy,
                                take_zeroed) == CURLE_OK
                   ? 0
                   : -ENOMEM;
}

uint64_t curl_memory_shortages(void)
{
    return atomic_load_explicit(&shortages, memory_order_relaxed);
}
