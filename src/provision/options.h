/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"
#include "base/usec.h"

typedef struct Options {
    char *cache_dir; /* absolute */
    bool progress;
    unsigned retries;       /* in a row that bring nothing */
    usec_t retry_wait_usec; /* before the first of them; each further one waits twice as long */
    usec_t stall_usec;      /* a connection without a byte for this long is given up */
    const char *reference;  /* belongs to argv */
} Options;

/*
 * Reads the command line, and from the environment where the cache is. Returns 1; 0 when --help or
 * --version was asked for and printed; -EINVAL or -ENOMEM with `error` set.
 */
int options_parse(int argc, char **argv, Options *ret, Error *error);

void options_done(Options *o);
