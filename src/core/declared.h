/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/pool.h"

/*
 * What becomes of a pool that a file declares (contract: declared pools). The file is compared with
 * what was applied of it last, never with what runs: what somebody has made of the pool since stays
 * until the file changes.
 */

/* What the file says. */
typedef struct Declaration {
    EngineSpec *spec;
    bool autostart; /* its engine is started at boot, and when the file is new */
} Declaration;

void declaration_done(Declaration *d);

typedef enum DeclaredAction {
    DECLARED_NOTHING,    /* all is as declared, or as somebody has made it since */
    DECLARED_WAIT,       /* something holds the pool: ask again when that is over */
    DECLARED_NOTE,       /* it is so already: only to be noted as applied */
    DECLARED_KEEP,       /* the pool is registered, and keeps the spec for its next start */
    DECLARED_START,      /* starts the engine that is declared */
    DECLARED_RESUME,     /* starts the engine that the pool had before the boot */
    DECLARED_ADJUST,     /* what changed holds for an engine that runs, too */
    DECLARED_RELOAD,     /* another engine takes its place, with a way back */
    DECLARED_DRAIN,      /* stops the engine once its leases are back; then ask again */
    DECLARED_STOP,       /* stops an engine that has not been ready; then ask again */
    DECLARED_DEREGISTER, /* only the file made the pool, and the file is gone */
    DECLARED_FORGET,     /* the file is gone, and nothing else is to be done */
    DECLARED_ACTION_MAX,
} DeclaredAction;

/* What is known when that is decided. */
typedef struct DeclaredCase {
    const Declaration *applied; /* of the file, last; NULL: nothing yet */
    const Declaration *next;    /* as the file is now; NULL: it is gone */
    const Pool *pool;           /* NULL: not registered */
    bool owned;                 /* nothing but the file made the pool */
    bool reached;               /* the engine of `applied` has been ready */
    bool new_boot;              /* nothing was applied in this boot yet */
    bool leaving;               /* we have stopped the engine, for what comes after that */
} DeclaredCase;

/* Pure: the same case gives the same action. */
DeclaredAction declared_decide(const DeclaredCase *c);

/* Whether the two differ at most in what an engine that runs need not be restarted for: how it is
 * supervised and probed, slots, what the memory plan knows of it, digest and catalog id. */
bool declared_is_adjustment(const EngineSpec *applied, const EngineSpec *next);

/* The pool's spec, with those of `next` that differ from `applied`, and its supervision and health
 * checks. Returns 0 or -ENOMEM. */
int declared_adjust(const Pool *pool, const EngineSpec *applied, const EngineSpec *next,
                    EngineSpec **ret);

/* The same for the registry's entry of the pool, with a mask that is not declared any more; *ret
 * borrows the texts of `next`. */
void declared_update(const EngineSpec *applied, const EngineSpec *next, PoolUpdate *ret);

/* Whether the pool's engine is the one that `spec` describes; its mask need not be given. */
bool declared_is_engine(const Pool *pool, const EngineSpec *spec);
