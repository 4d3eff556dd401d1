/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

#include "ctl/options.h"

/* What engines of a pool wrote, as the journal has it. */
typedef struct OutputQuery {
    const char *pool_id;
    uint64_t generation;    /* 0: every one */
    uint64_t lines;         /* the last ones; LINES_ALL: all */
    bool follow;            /* go on until interrupted */
    uint64_t patience_usec; /* when there is nothing: wait so long for a first line, which may be on
                               its way */
    bool json;              /* one object a line */
    bool user;              /* of the user's own service manager */
} OutputQuery;

/*
 * Writes the lines to `f`, oldest first, in the journal's short form. *ret_count (NULL allowed):
 * how many. Returns 0, or negative with `error` set; finding none is no error.
 */
int engine_output_print(const OutputQuery *q, FILE *f, uint64_t *ret_count, Error *error);

/*
 * Why there may be nothing to see: NULL when whoever runs this may read the system's journal.
 */
const char *engine_output_permission_hint(void);
