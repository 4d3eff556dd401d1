/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fixture.h"

/* Pools on their way from one engine to another. */

#define RELOAD_WITHIN_USEC (30 * USEC_PER_SEC)

/* What is to run next: another engine with another model. */
EngineSpec *spec_next(void);

/* The command. `spec` is taken, NULL: none is given. */
void reload_within(Fixture *f, const char *ref, EngineSpec *spec, usec_t within_usec);
void reload(Fixture *f, const char *ref);
void reload_to(Fixture *f, EngineSpec *spec);

/* The provisioner ends: for the reload that there is, or that of another operation. */
void staged(Fixture *f, const char *path);
void staged_for(Fixture *f, uint64_t operation, const char *path);
void staging_failed(Fixture *f);

/* A client gives the oldest lease back; what the manager does then. */
void release_lease(Fixture *f);

void driver_fault(Fixture *f);

/*
 * A new pool in that phase of a reload. In RELOAD_DRAINING one lease is out, and the model is to be
 * provided; later phases are of a spec that was given. Arriving and returning begin with their
 * preflight.
 */
void reach_phase(Fixture *f, ReloadPhase phase);

/* The old engine leaves, the new one comes and is well. */
void arrive(Fixture *f);

/* What can become of an engine whose preflight has begun. */
void arriving_start_fails(Fixture *f);
void arriving_exits(Fixture *f);
void arriving_leaves(Fixture *f);
void arriving_is_no_program(Fixture *f);
void arriving_times_out(Fixture *f);
void arriving_has_driver_fault(Fixture *f);
