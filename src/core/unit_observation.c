/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/unit_observation.h"
#include "base/macros.h"

#define MERGE(flag, member)                                                                    \
    do {                                                                                       \
        if ((news->fields & (flag)) && (!(u->fields & (flag)) || u->member != news->member)) { \
            u->member = news->member;                                                          \
            changed = true;                                                                    \
        }                                                                                      \
    } while (0)

bool unit_observation_merge(UnitObservation *u, const UnitObservation *news)
{
    bool changed = false;

    MERGE(UNIT_FIELD_LOAD, load);
    MERGE(UNIT_FIELD_ACTIVE, active);
    MERGE(UNIT_FIELD_JOB, job);
    MERGE(UNIT_FIELD_RESULT, result);
    MERGE(UNIT_FIELD_MAIN_PID, main_pid);
    MERGE(UNIT_FIELD_EXEC_MAIN_PID, exec_main_pid);
    MERGE(UNIT_FIELD_EXEC_MAIN_CODE, exec_main_code);
    MERGE(UNIT_FIELD_EXEC_MAIN_STATUS, exec_main_status);
    MERGE(UNIT_FIELD_ACTIVE_ENTER, active_enter_real_usec);
    MERGE(UNIT_FIELD_POPULATED, populated);
    MERGE(UNIT_FIELD_POPULATED, left_pid);
    if ((news->fields & UNIT_FIELD_INVOCATION_ID) &&
        !streq(u->invocation_id, news->invocation_id)) {
        memcpy(u->invocation_id, news->invocation_id, sizeof(u->invocation_id));
        changed = true;
    }
    u->fields |= news->fields;
    return changed;
}

/* Whether how it ended is on record: an exit of the main process, or a failure without one
 * (resources, 200–243). */
static bool end_is_recorded(const UnitObservation *u)
{
    return u->exec_main_code != 0 ||
           (u->result != UNIT_RESULT_UNKNOWN && u->result != UNIT_RESULT_SUCCESS);
}

/*
 * A process that not even SIGKILL ended, because it hangs in the kernel, is waited for four times
 * TimeoutStopSec=; then the unit is called failed all the same (systemd.service(5)). What tells it
 * from one that ended is that no exit of the main process was ever recorded; and of any other
 * process, that the cgroup is not empty.
 */
static bool is_abandoned(const UnitObservation *u)
{
    if (u->populated)
        return true;
    return u->load != UNIT_LOAD_NOT_FOUND && u->result == UNIT_RESULT_TIMEOUT &&
           u->exec_main_code == 0 && u->exec_main_pid > 0;
}

bool unit_observation_is_doubtful(const UnitObservation *u)
{
    if (u->populated)
        return true;
    if (u->job != 0)
        return false;
    /* Inactive, and still there: its failure may have been reset before we heard of it. */
    return (u->active == UNIT_ACTIVE_FAILED && u->result == UNIT_RESULT_TIMEOUT) ||
           (u->active == UNIT_ACTIVE_INACTIVE && u->load != UNIT_LOAD_NOT_FOUND);
}

UnitVerdict unit_observation_verdict(const UnitObservation *u)
{
    switch (u->active) {
    case UNIT_ACTIVE_ACTIVE:
        return UNIT_VERDICT_RUNNING;
    case UNIT_ACTIVE_ACTIVATING:
        return UNIT_VERDICT_STARTING;
    case UNIT_ACTIVE_DEACTIVATING:
        return UNIT_VERDICT_STOPPING;
    case UNIT_ACTIVE_INACTIVE:
    case UNIT_ACTIVE_FAILED:
        if (u->job != 0)
            return UNIT_VERDICT_UNDECIDED;
        if (is_abandoned(u))
            return UNIT_VERDICT_ABANDONED;
        if (end_is_recorded(u))
            return UNIT_VERDICT_ENDED;
        return u->load == UNIT_LOAD_NOT_FOUND ? UNIT_VERDICT_GONE : UNIT_VERDICT_UNDECIDED;
    case UNIT_ACTIVE_UNKNOWN:
        break;
    }
    if (u->populated)
        return UNIT_VERDICT_ABANDONED;
    return u->load == UNIT_LOAD_NOT_FOUND ? UNIT_VERDICT_GONE : UNIT_VERDICT_UNDECIDED;
}
