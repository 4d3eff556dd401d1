/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <poolmgr/limits.h>

#include "base/error.h"
#include "core/classify.h"
#include "core/spec.h"

/* How the engines change places. */
typedef enum ReloadStrategy {
    RELOAD_DRAIN,      /* the old one goes before the new one comes */
    RELOAD_BLUE_GREEN, /* the new one comes beside the old one, which goes when it is ready */
    RELOAD_STRATEGY_MAX,
    RELOAD_STRATEGY_INVALID = -EINVAL,
} ReloadStrategy;

/* "drain", "blue-green"; NULL for values out of range. */
const char *reload_strategy_to_string(ReloadStrategy strategy);

/* What a reload was asked to do. */
typedef struct ReloadRequest {
    char *model_ref;  /* for the model provisioner; without a spec it becomes the model's id */
    EngineSpec *spec; /* what is to run; NULL: what runs, with the model that the reference names */
    ReloadStrategy strategy;
    uint16_t free_port; /* blue-green: for an engine that would listen where the old one does; 0:
                           there is none */
} ReloadRequest;

ReloadRequest *reload_request_free(ReloadRequest *request);

DEFINE_CLEANUP(ReloadRequest *, reload_request_free)

/* How far a reload is (contract: reload; B-RELOAD-001 to 006). */
typedef enum ReloadPhase {
    RELOAD_NONE,
    RELOAD_DRAINING,  /* leases are waited for */
    RELOAD_STAGING,   /* the model is being provided; no leases are out, and none are granted */
    RELOAD_LEAVING,   /* the old engine is being stopped */
    RELOAD_ARRIVING,  /* the new one is being started */
    RELOAD_RETURNING, /* the old one is being started again */
    RELOAD_BESIDE,    /* blue-green: the new one is being started beside the old one */
    RELOAD_PHASE_MAX,
    RELOAD_PHASE_INVALID = -EINVAL,
} ReloadPhase;

const char *reload_phase_to_string(ReloadPhase phase); /* NULL for values out of range */

/* The reload that holds a pool. While the new engine arrives `spec` of the pool is the new one's,
 * and what the registry knows of the engine (PoolMeta) still the old one's. */
typedef struct Reload {
    ReloadPhase phase;
    char *model_ref;
    EngineSpec *next;     /* draining to leaving, and beside; NULL: its model is still to be
                             provided */
    EngineSpec *previous; /* arriving: what comes back when the new engine fails */
    char *error;          /* returning: why, as Pool has texts */
    FailureClass failure;
    ReloadStrategy strategy; /* blue-green becomes drain where that is not possible */
    uint16_t free_port;
    usec_t within_usec; /* how long leases are waited for */
} Reload;

/* Frees what it holds; it is RELOAD_NONE then. */
void reload_done(Reload *reload);

/* Gives `spec` the pool's device mask and the replica of `current`, which a reload keeps
 * (B-RELOAD-009). Returns 0, -EINVAL with `error` naming the one in which it differs, or -ENOMEM
 * with `error` set. */
int reload_keep(const EngineSpec *current, const char *mask, EngineSpec *spec, Error *error);

/*
 * Replaces the model of `spec`: the path, also wherever a flag equals the old one or ends in "="
 * and it (contract, decision 8), and the id, which is `model_ref` unless that is a path only.
 * Returns 0 or -ENOMEM, with nothing changed.
 */
int engine_spec_set_model(EngineSpec *spec, const char *model_path, const char *model_ref);

/*
 * Has the engine of `spec` listen on another port: in the flag after "--port", in "--port=PORT",
 * and wherever a flag ends in ":PORT". Returns 0; with nothing changed -ENOENT when no flag names
 * the port, so that the engine cannot be told, or -ENOMEM.
 */
int engine_spec_set_port(EngineSpec *spec, uint16_t port);

/* In how many places of `spec` that would put the new path. */
size_t engine_spec_count_model(const EngineSpec *spec);

/* Whether `model_ref` names the model of `spec` without asking anybody: its path, a file: reference
 * to that, or its id. */
bool engine_spec_has_model(const EngineSpec *spec, const char *model_ref);
