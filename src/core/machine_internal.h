/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/machine.h"

/* One step of the machine, as its parts hand it to each other. */
typedef struct Step {
    Pool *pool;
    const PolicySettings *settings;
    Instant now;
    Effects *effects;
} Step;

/* machine.c */
void step_log(Step *s, LogKind kind, const UnitEnd *end);
/* Records why the engine is not there (B-REG-010). */
void step_set_error(Step *s, FailureClass failure, const char *format, ...) _printf_(3, 4);
/* Ends the operation that holds the pool, if there is one. `error` NULL: success. */
void step_end_operation(Step *s, const Error *error, bool force_stopped);
/* Ends it with `code` and what pool->last_error says: a preload's text starts with "preload failed:
 * " (contract). */
void step_fail_operation(Step *s, PmErrorCode code);

/* machine_command.c */
void step_preload(Step *s, uint64_t operation, EngineSpec *spec);
void step_stop(Step *s, uint64_t operation);

/* machine_start.c */
void step_facts(Step *s, const Error *error);
void step_start_failed(Step *s, const char *why);
void step_running(Step *s); /* starting: the unit is active */
void step_probe(Step *s, bool good, const char *error);
void step_probe_now(Step *s);
void step_recover(Step *s, const UnitObservation *unit);

/* machine_stop.c */
void step_begin_stop(Step *s, StopReason reason);
/* The engine is going down, and not because we asked. */
void step_going_down(Step *s);
void step_stop_overdue(Step *s);
/* The service manager has given up stopping the engine. */
void step_abandoned(Step *s);
void step_ended(Step *s);
