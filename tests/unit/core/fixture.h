/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/machine.h"
#include "core/pool_metrics.h"

/* One pool on a clock that stands still until it is moved. */
typedef struct Fixture {
    Pool *pool;
    PolicySettings settings;
    Instant now;
    uint64_t random;     /* of the steps to come */
    Effects effects;     /* of the last step */
    PoolMetrics metrics; /* of all of them */
    bool reads_output;   /* the test says what is read of an engine that ended; else: nothing */
    uint64_t operations;
} Fixture;

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* A test of its own pool. */
#define pool_test(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

/* A spec with all that is required. */
EngineSpec *spec_sample(void);

/* A handoff of the pool of which nothing but the place is known. */
Handoff *handoff_sample(const char *url);

/* A lease that is granted at once; ttl_ms SPEC_UNSET: without an end. */
const Lease *lease_for(Fixture *f, uint64_t ttl_ms);

/* Events, at the moment f->now. Those of the engine are of the pool's generation. */
void step(Fixture *f, Event event);
void preload(Fixture *f);
void preload_spec(Fixture *f, EngineSpec *spec);
void stop(Fixture *f);
void restart_engine(Fixture *f);
void deregister(Fixture *f);
void register_handoff(Fixture *f, Handoff *handoff, bool is_file);
void handoff_gone(Fixture *f);
void load(Fixture *f, uint64_t read_bytes, uint64_t model_bytes);
void facts_good(Fixture *f);
void facts_bad(Fixture *f);
void facts_refuse(Fixture *f, PmErrorCode code, const char *field, const char *text);
void start_failed(Fixture *f);
void output(Fixture *f, FailureClass failure, const char *line);
void stop_failed(Fixture *f);
void probe(Fixture *f, bool good);
void observe(Fixture *f, UnitObservation u);
void observe_of(Fixture *f, uint64_t generation, UnitObservation u);
/* The pool's next deadline comes. */
void timer(Fixture *f);
/* A process of the engine is killed by SIGSEGV. */
void crash(Fixture *f);
/* The restart that the pool waits for comes, and its engine is ready at once. */
void comes_back(Fixture *f);
/* What is kept over a restart, then the restart, with the unit as it is found. */
void restart(Fixture *f, UnitObservation u);

void pass(Fixture *f, usec_t span);

/* What the bus says of a unit. */
UnitObservation unit_starting(void);
UnitObservation unit_running(void);
UnitObservation unit_stopping(void);
UnitObservation unit_failed(int code, int status, UnitResult result);
UnitObservation unit_left(int code, int status); /* ended well: inactive */
UnitObservation unit_gone(void);
/* Called failed, but its process hangs in the kernel; then reset, which keeps it loaded. */
UnitObservation unit_abandoned(void);
UnitObservation unit_abandoned_and_reset(void);

/* Brings a new pool to `state`, the way that it goes there. */
void reach(Fixture *f, PoolState state);
/* The same of another new pool, instead of the one that there is. */
void fresh(Fixture *f, PoolState state);

/*
 * The state and exactly these effects of the last step, in order and separated by spaces; those of
 * an engine beside have a "+" before them. Log
 * lines are "log:KIND", operations that ended "end:KIND:success", ":unchanged", ":forced" or the
 * code of the error.
 */
#define expect(f, state, effects) expect_at(f, state, effects, __FILE__, __LINE__)
void expect_at(const Fixture *f, PoolState state, const char *effects, const char *file, int line);

/* The result of the operation that ended in the last step; fails when there is none. */
const OperationResult *ended_operation(const Fixture *f);
