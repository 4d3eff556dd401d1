/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/strv.h"

/* The command line of pool-managerd. */
typedef struct Options {
    bool user_mode;
    bool print_config;
    const char *config_file; /* NULL: the standard places */
    char **overrides;        /* "Section.Key=value" */
} Options;

/*
 * Reads argv. Returns 1 to go on; 0 when everything asked for was done (--help, --version); -EINVAL
 * after a message on stderr; -ENOMEM.
 */
int options_parse(int argc, char **argv, Options *ret);
void options_done(Options *o);
