/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>

#include "world.h"

/* The life of one unit under the service manager, stage by stage. */

enum {
    SERVICE_FIELDS = UNIT_FIELD_RESULT | UNIT_FIELD_MAIN_PID | UNIT_FIELD_EXEC_MAIN_PID |
                     UNIT_FIELD_EXEC_MAIN_CODE | UNIT_FIELD_EXEC_MAIN_STATUS,
    STATE_FIELDS =
            UNIT_FIELD_ACTIVE | UNIT_FIELD_JOB | UNIT_FIELD_INVOCATION_ID | UNIT_FIELD_ACTIVE_ENTER,
};

static void signal_half(World *w, const Unit *u, unsigned fields)
{
    Item news = {.kind = NEWS_OBSERVED, .unit = u->ref, .observation = u->truth};

    news.observation.fields = fields;
    news_send(w, &news);
}

/* What is lost is asked for later, as the manager does after JobRemoved and UnitRemoved. */
static bool signal_lost(World *w, const Unit *u)
{
    if (!world_mischief(w, 16))
        return false;
    world_note(w, "bus", "signal lost", u->ref.pool, u->ref.generation, 0, NULL);
    news_changed(w, u->ref, world_span(w, 0, 2 * USEC_PER_SEC));
    return true;
}

/* PropertiesChanged comes in two halves: of the service, then of the unit. Of a start they may come
 * apart; how a unit ended is said by both or by none. */
void unit_changed(World *w, Unit *u)
{
    bool starts = u->phase == UNIT_ACTIVATING || u->phase == UNIT_ACTIVE;

    if (signal_lost(w, u)) {
        if (starts && prng_one_in(&w->prng, 2))
            signal_half(w, u, STATE_FIELDS);
        return;
    }
    signal_half(w, u, SERVICE_FIELDS);
    signal_half(w, u, STATE_FIELDS);
    if (world_mischief(w, 16))
        news_changed(w, u->ref, world_span(w, 0, USEC_PER_SEC));
}

static void job_removed(World *w, const Unit *u)
{
    Item news = {.kind = NEWS_CHANGED, .unit = u->ref};

    news_send(w, &news);
}

/* Calls `run` for this unit, if it is still the same one then. */
static void later(World *w, const Unit *u, usec_t delay, ItemFunc run)
{
    Item item = {
            .at = usec_add(w->now, delay),
            .run = run,
            .unit = u->ref,
            .number = u->serial,
            .seed = u->stage,
    };

    if (item.at != USEC_INFINITY)
        agenda_add(&w->agenda, &item);
}

static Unit *unit_of(World *w, const Item *item)
{
    Unit *u = unit_find(w, item->unit);

    return u && u->serial == item->number ? u : NULL;
}

void unit_remove(World *w, Unit *u)
{
    world_note(w, "systemd", "unit removed", u->ref.pool, u->ref.generation, 0, NULL);
    job_removed(w, u);
    u->exists = false;
}

/* What failed is forgotten, but not while a process is left of it. */
void unit_reset_failed(World *w, Unit *u)
{
    if (u->phase != UNIT_FAILED)
        return;
    if (!u->process && !u->others) {
        unit_remove(w, u);
        return;
    }
    u->phase = UNIT_INACTIVE;
    u->truth.active = UNIT_ACTIVE_INACTIVE;
    u->truth.result = UNIT_RESULT_SUCCESS;
    unit_changed(w, u);
}

/* CollectMode=inactive: a unit that ended well goes by itself. */
static void collect(World *w, const Item *item)
{
    Unit *u = unit_of(w, item);

    if (u)
        unit_remove(w, u);
}

static void unit_ended(World *w, Unit *u)
{
    bool well = u->truth.result == UNIT_RESULT_SUCCESS, job = u->truth.job != 0;

    u->stage++;
    u->phase = well ? UNIT_INACTIVE : UNIT_FAILED;
    u->truth.active = well ? UNIT_ACTIVE_INACTIVE : UNIT_ACTIVE_FAILED;
    u->truth.main_pid = 0;
    u->truth.job = 0;
    world_note(w, "systemd", well ? "inactive" : "failed", u->ref.pool, u->ref.generation,
               u->truth.exec_main_status, NULL);
    unit_changed(w, u);
    if (job)
        job_removed(w, u);
    if (well)
        later(w, u, world_span(w, 0, 1000), collect);
}

static void children_gone(World *w, const Item *item)
{
    Unit *u = unit_of(w, item);

    if (!u || !u->others)
        return;
    u->others = false;
    if (u->phase == UNIT_INACTIVE)
        unit_remove(w, u); /* given up and reset: it stayed for them only */
    else if (u->phase != UNIT_FAILED)
        unit_ended(w, u);
}

static void set_deactivating(World *w, Unit *u)
{
    u->truth.active = UNIT_ACTIVE_DEACTIVATING;
    u->phase = UNIT_STOP_SIGTERM;
    unit_changed(w, u);
}

static void next_stop_stage(World *w, const Item *item);

static void arm_stop_stage(World *w, Unit *u)
{
    u->stage++;
    later(w, u, u->grace_usec, next_stop_stage);
}

static bool death_is_clean(int code, int status)
{
    if (code == CLD_EXITED)
        return status == 0;
    return code == CLD_KILLED && (status == SIGTERM || status == SIGHUP || status == SIGINT);
}

static UnitResult result_of(int code, int status)
{
    if (death_is_clean(code, status))
        return UNIT_RESULT_SUCCESS;
    if (code == CLD_EXITED)
        return UNIT_RESULT_EXIT_CODE;
    return code == CLD_KILLED ? UNIT_RESULT_SIGNAL : UNIT_RESULT_CORE_DUMP;
}

/* The main process is gone. */
static void process_ended(World *w, Unit *u, int code, int status, UnitResult result)
{
    if (!u->process)
        return;
    u->process = false;
    if (u->phase == UNIT_INACTIVE)
        unit_remove(w, u); /* given up and reset: it stayed for its process only */
    if (!u->exists || u->phase == UNIT_FAILED)
        return;
    world_note(w, "engine", "ended", u->ref.pool, u->ref.generation, status,
               code == CLD_EXITED ? "exit" : "signal");
    u->truth.main_pid = 0;
    u->truth.exec_main_code = code;
    u->truth.exec_main_status = status;
    if (u->truth.result == UNIT_RESULT_SUCCESS)
        u->truth.result = result;
    if (u->behaviour.children_usec == 0) {
        unit_ended(w, u);
        return;
    }
    if (u->phase == UNIT_ACTIVE || u->phase == UNIT_ACTIVATING) {
        set_deactivating(w, u);
        arm_stop_stage(w, u);
    }
    u->others = true;
    later(w, u, u->behaviour.children_usec, children_gone);
}

static void dies_by_itself(World *w, const Item *item)
{
    Unit *u = unit_of(w, item);

    if (u && !u->dying)
        process_ended(w, u, u->behaviour.exit_code, u->behaviour.exit_status,
                      u->behaviour.exit_result);
}

static void dies_by_term(World *w, const Item *item)
{
    Unit *u = unit_of(w, item);
    int code, status;

    if (!u || u->dying)
        return;
    code = u->behaviour.term_exits ? CLD_EXITED : CLD_KILLED;
    status = u->behaviour.term_exits ? 0 : SIGTERM;
    process_ended(w, u, code, status, result_of(code, status));
}

static void dies_by_kill(World *w, const Item *item)
{
    Unit *u = unit_of(w, item);

    if (u)
        process_ended(w, u, CLD_KILLED, SIGKILL, result_of(CLD_KILLED, SIGKILL));
}

static void send_term(World *w, Unit *u)
{
    if (u->process)
        later(w, u, u->behaviour.term_usec, dies_by_term);
}

void unit_kill(World *w, Unit *u)
{
    if (!u->process || u->dying)
        return;
    u->dying = true;
    later(w, u, w->calm ? 0 : u->behaviour.kill_usec, dies_by_kill);
}

/* What hangs in the kernel comes loose. */
void units_unhang(World *w)
{
    for (size_t i = 0; i < ELEMENTSOF(w->sm.units); i++) {
        Unit *u = &w->sm.units[i];

        if (u->exists && u->process && u->dying)
            later(w, u, 0, dies_by_kill);
        if (u->exists && u->others)
            later(w, u, 0, children_gone);
    }
}

/* TimeoutStopSec= is over, for the first, second, third or last time. */
static void next_stop_stage(World *w, const Item *item)
{
    Unit *u = unit_of(w, item);

    if (!u || u->stage != item->seed)
        return;
    u->truth.result = UNIT_RESULT_TIMEOUT;
    switch (u->phase) {
    case UNIT_STOP_SIGTERM:
        u->phase = UNIT_STOP_SIGKILL;
        unit_kill(w, u);
        break;
    case UNIT_STOP_SIGKILL:
        u->phase = UNIT_FINAL_SIGTERM;
        send_term(w, u);
        break;
    case UNIT_FINAL_SIGTERM:
        u->phase = UNIT_FINAL_SIGKILL;
        unit_kill(w, u);
        break;
    default:
        /* It is given up: failed, whether or not a process is left. */
        if (u->process || u->others)
            w->coverage->left_running++;
        unit_ended(w, u);
        return;
    }
    arm_stop_stage(w, u);
}

void unit_stop(World *w, Unit *u)
{
    switch (u->phase) {
    case UNIT_QUEUED:
        /* Its start job is replaced: it never ran. */
        unit_ended(w, u);
        return;
    case UNIT_ACTIVATING:
    case UNIT_ACTIVE:
        u->truth.job = ++w->sm.job;
        set_deactivating(w, u);
        arm_stop_stage(w, u);
        send_term(w, u);
        return;
    case UNIT_STOP_SIGTERM:
    case UNIT_STOP_SIGKILL:
    case UNIT_FINAL_SIGTERM:
    case UNIT_FINAL_SIGKILL:
        u->truth.job = ++w->sm.job;
        unit_changed(w, u);
        return;
    case UNIT_INACTIVE:
    case UNIT_FAILED:
        job_removed(w, u);
        return;
    }
}

static void executed(World *w, const Item *item)
{
    Unit *u = unit_of(w, item);

    if (!u || u->phase != UNIT_ACTIVATING)
        return;
    if (u->behaviour.exec_fails) {
        process_ended(w, u, CLD_EXITED, 203, UNIT_RESULT_EXIT_CODE);
        return;
    }
    u->executed = w->now;
    u->phase = UNIT_ACTIVE;
    u->truth.active = UNIT_ACTIVE_ACTIVE;
    u->truth.job = 0;
    u->truth.active_enter_real_usec = world_now(w).real;
    unit_changed(w, u);
    job_removed(w, u);
    later(w, u, u->behaviour.exit_usec, dies_by_itself);
}

static void forked(World *w, const Item *item)
{
    Unit *u = unit_of(w, item);

    if (!u || u->phase != UNIT_QUEUED)
        return;
    u->phase = UNIT_ACTIVATING;
    u->process = true;
    u->truth.active = UNIT_ACTIVE_ACTIVATING;
    u->truth.main_pid = u->truth.exec_main_pid = ++w->sm.pid;
    (void)snprintf(u->truth.invocation_id, sizeof(u->truth.invocation_id), "%032x",
                   (unsigned)u->serial);
    unit_changed(w, u);
    later(w, u, u->behaviour.exec_usec, executed);
}

void unit_start(World *w, UnitRef ref, uint64_t seed, usec_t grace)
{
    Unit *u = w->sm.units;

    while (u->exists)
        if (++u == w->sm.units + ELEMENTSOF(w->sm.units))
            world_fail(w, "more than %d units: failed ones are not reset", (int)SIM_UNITS);
    *u = (Unit){
            .exists = true,
            .ref = ref,
            .serial = ++w->sm.serial,
            .phase = UNIT_QUEUED,
            .grace_usec = grace,
    };
    behaviour_draw(seed, &u->behaviour);
    u->truth = (UnitObservation){
            .fields = SERVICE_FIELDS | STATE_FIELDS | UNIT_FIELD_LOAD,
            .load = UNIT_LOAD_LOADED,
            .active = UNIT_ACTIVE_INACTIVE,
            .job = ++w->sm.job,
            .result = UNIT_RESULT_SUCCESS,
    };
    unit_changed(w, u);
    later(w, u, u->behaviour.queue_usec, forked);
}
