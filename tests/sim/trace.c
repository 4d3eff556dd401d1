/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "trace.h"

static void show(FILE *f, const TraceEntry *e)
{
    fprintf(f, "%12" PRIu64 ".%06" PRIu64 " s  %-8s %-16s %-6s", e->at / USEC_PER_SEC,
            e->at % USEC_PER_SEC, e->who, e->what, e->pool);
    if (e->generation != 0)
        fprintf(f, " g%" PRIu64, e->generation);
    if (e->detail)
        fprintf(f, " %s", e->detail);
    if (e->number != 0)
        fprintf(f, " (%" PRId64 ")", e->number);
    fputc('\n', f);
}

void trace_add(Trace *t, const TraceEntry *e)
{
    t->entries[t->count++ % TRACE_ENTRIES] = *e;
    if (t->verbose)
        show(stdout, e);
}

void trace_dump(const Trace *t)
{
    uint64_t first = t->count > TRACE_ENTRIES ? t->count - TRACE_ENTRIES : 0;

    for (uint64_t i = first; i < t->count; i++)
        show(stderr, &t->entries[i % TRACE_ENTRIES]);
}
