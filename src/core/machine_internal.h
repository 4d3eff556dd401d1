/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/machine.h"

/* One step of the machine, as its parts hand it to each other. */
typedef struct Step {
    Pool *pool;
    const PolicySettings *settings;
    Instant now;
    uint64_t random;
    Effects *effects;
} Step;

/* machine.c */
/* Whatever `event` means for the one engine of the step. */
void step_event(Step *s, Event *event);
void step_log(Step *s, LogKind kind, const UnitEnd *end);
/* Records why the engine is not there (B-REG-010). */
void step_set_error(Step *s, FailureClass failure, const char *format, ...) _printf_(3, 4);
void step_clear_error(Step *s);
/* For people: what was recorded, and that nothing is known where there was no memory for it. */
const char *step_reason(const Step *s);
/* Ends the operation that holds the pool, if there is one. `error` NULL: success. */
void step_end_operation(Step *s, const Error *error, bool force_stopped);
/* What the error text of the operation starts with: "preload failed: " (contract). */
const char *step_failure_prefix(const Step *s);
/* Ends it with `code` and step_reason(). */
void step_fail_operation(Step *s, PmErrorCode code);

/* machine_command.c */
/* `unattended`: a failure is the supervision's, as that of an engine that was ready. */
void step_preload(Step *s, uint64_t operation, EngineSpec *spec, bool unattended);
void step_stop(Step *s, uint64_t operation);
void step_restart(Step *s, uint64_t operation);
void step_deregister(Step *s, uint64_t operation);
/* Preflight of the pool's spec, for the operation that holds it. */
void step_begin_preflight(Step *s);
/* An operation that never held the pool ends at once: with the error, or PM_ERROR_NONE when all was
 * so already. */
void step_answer(Step *s, OperationKind kind, uint64_t id, PmErrorCode code, const char *text);
/* The operation begins to hold the pool. */
void step_take_operation(Step *s, OperationKind kind, uint64_t id);
/* A pool that waits for its restart waits no more, which ends the operation: nothing else is to be
 * done. Returns false for one that does not wait. */
bool step_cancel_restart(Step *s, OperationKind kind, uint64_t operation);
/* The pool has no engine (any more) and is to be forgotten. */
void step_forget(Step *s);

/* machine_supervise.c */
/* Whether nobody waits for what the pool is at, who would decide about a failure. */
bool step_is_unattended(const Step *s);
/* Whether the supervision starts the engine again that has just ended. */
bool step_is_supervised(const Step *s);
/* It does so, at a time of its choice: `failure` is why the engine is not there. */
void step_supervise(Step *s, FailureClass failure);
/* It does not: somebody else has decided what becomes of the pool. */
void step_unsupervise(Step *s);
/* The restart that was pending is due. */
void step_restart_due(Step *s);
/* The engine is ready. */
void step_watch_stability(Step *s, bool adopted);
void step_stability_due(Step *s);
void step_breaker_reset(Step *s);
void step_breaker_allow(Step *s);
/* Our restart: what was pending still is. */
void step_resume_supervision(Step *s);

/* machine_beside.c */
/* The event is that of the engine beside. */
void step_beside(Step *s, Event *event);
/* An engine of `spec`, which is taken over, is started beside. false: out of memory. */
bool step_beside_begin(Step *s, EngineSpec *spec);
/* The engine beside, if there is one, is to go at once. */
void step_beside_stop(Step *s);
/* It has not been started, and is not going to be. */
void step_beside_drop(Step *s);
/* It takes the place of the one that has ended, starting or warming as it is. false: out of memory.
 */
bool step_beside_promote(Step *s);
/* After each step: what has become of it is followed up. */
void step_follow_beside(Step *s);

/* machine_drain.c */
/* An engine that serves no more: as a drain, for no operation. */
void step_leave(Step *s, usec_t within_usec);
void step_drain(Step *s, uint64_t operation, usec_t within_usec);
/* Leases were released, or have expired. */
void step_leases(Step *s);
void step_drain_overdue(Step *s);
/* Our restart has found the engine of a drain that was under way well. */
void step_resume_drain(Step *s);

/* machine_reload.c */
void step_reload(Step *s, uint64_t operation, ReloadRequest *request, usec_t within_usec);
/* The last lease is back, or the deadline of the drain over. */
void step_reload_drained(Step *s);
void step_reload_overdue(Step *s);
void step_staged(Step *s, uint64_t operation, char *model_path, const char *error);
/* The engine that runs for the reload has ended, or could not be started: last_error says why,
 * unless it was stopped for the reload. */
void step_reload_engine_gone(Step *s);
void step_reload_engine_ready(Step *s);
/* Blue-green: the new engine, which is ready, has taken over; and it could not be had. */
void step_reload_flip(Step *s);
void step_reload_beside_failed(Step *s);
/* It is not to be had beside the old one. Returns false when that is a failure like any other. */
bool step_reload_beside_refused(Step *s, const Error *found);
/* The reload is not to go on; its operation is ended by the caller. */
void step_reload_cancel(Step *s);

/* machine_external.c */
void step_handoff(Step *s, Handoff *handoff, bool is_file);
void step_handoff_gone(Step *s);
/* Nobody serves the pool any more as far as we know. */
void step_leave_external(Step *s);
void step_external_probe(Step *s, bool good);

/* machine_start.c */
void step_facts(Step *s, const Error *found);
void step_start_failed(Step *s, const char *why);
void step_running(Step *s); /* starting: the unit is active */
void step_probe_not_made(Step *s);
void step_probe(Step *s, bool good, const char *error);
void step_probe_now(Step *s);
void step_recover(Step *s, const UnitObservation *unit, bool uses_gpu);

/* machine_stop.c */
void step_begin_stop(Step *s, StopReason reason);
/* The engine is going down, and not because we asked. */
void step_going_down(Step *s);
void step_stop_overdue(Step *s);
/* The pool has no engine any more, or none but the one beside: then what waits for the end of both
 * goes on waiting. */
void step_stopped(Step *s, bool forced);
/* Whether an operation does. */
bool step_waits_for_beside(const Pool *p);
/* The service manager has given up stopping the engine. */
void step_abandoned(Step *s);
void step_ended(Step *s);
/* machine_release.c */
/* Its last process is gone: it has ended once its memory of GPUs is back, too. */
void step_engine_ended(Step *s, bool uses_gpu);
void step_gpu_memory(Step *s, const GpuMemoryAnswer *answer);
void step_release_due(Step *s);  /* time for another look, or for no more */
void step_release_over(Step *s); /* what is known by now has to do */
void step_note_held(Step *s);    /* adds what is held to last_error */

/* machine_stop.c */
/* What the output of the engine that has ended tells, or that there is nothing to be had. */
void step_judge(Step *s, FailureClass found, const char *line);
/* The driver says that a GPU of the engine fails. */
void step_driver_fault(Step *s, const char *what);
