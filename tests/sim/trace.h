/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macros.h"
#include "base/usec.h"

/* What happened last, kept cheaply: it is put into words only when it is shown. */
typedef struct TraceEntry {
    usec_t at;
    const char *who;  /* a constant */
    const char *what; /* a constant */
    const char *pool; /* a constant */
    uint64_t generation;
    int64_t number;
    const char *detail; /* a constant, or NULL */
} TraceEntry;

enum { TRACE_ENTRIES = 50 };

typedef struct Trace {
    TraceEntry entries[TRACE_ENTRIES];
    uint64_t count;
    bool verbose; /* show each entry at once */
} Trace;

void trace_add(Trace *t, const TraceEntry *e);

/* Shows the last entries, the oldest first, on stderr. */
void trace_dump(const Trace *t);
