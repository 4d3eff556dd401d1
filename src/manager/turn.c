/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poolmgr/messages.h>
#include <syslog.h>

#include "manager/manager_internal.h"
#include "manager/placement.h"
#include "systemd/journal.h"

/*
 * The way of a start from its wish to its facts (contract: starts on one GPU are serialised). While
 * it waits for another one the pool is in preflight; what an engine takes of a GPU is known only
 * once it is ready.
 */

static PoolShell *shell_of(const Turn *turn)
{
    return turn->userdata;
}

/* Of the start that is to come the mask is the registry's. */
uint64_t turn_gpus(const Manager *m, const Pool *pool)
{
    if (!pool->meta.device_mask && pool->spec->vram_bytes == 0)
        return 0;
    return placement_gpus(m, pool->meta.device_mask);
}

static uint64_t gpus_of_engine(const Manager *m, const Pool *pool)
{
    if (!pool->spec->device_mask && pool->spec->vram_bytes == 0)
        return 0;
    return placement_gpus(m, pool->spec->device_mask);
}

/* The shell of the pool in the registry, whose engine it may be beside. */
static PoolShell *registered(const PoolShell *shell)
{
    return pool_shell(registry_get(&shell->manager->registry, shell->pool->id));
}

static void answer(PoolShell *shell, const Error *error)
{
    Event event = {.type = EVENT_FACTS, .facts = {.attempt = shell->pool->attempt}};

    if (error)
        event.facts.error = *error;
    (void)manager_post(shell->manager, shell->pool->id, &event);
}

static void tell_doubt(PoolShell *shell, const StartFacts *found)
{
    const LogField fields[] = {{"POOL_ID", shell->pool->id}};

    if (!found->fit.warning[0])
        return;
    operation_warn(shell->manager, registered(shell)->pool, found->fit.warning);
    journal_send(LOG_WARNING, PM_MESSAGE_START_DOUBT, fields, ELEMENTSOF(fields), "Pool %s: %s",
                 shell->pool->id, found->fit.warning);
}

static void on_facts(const StartFacts *found, void *userdata)
{
    PoolShell *shell = userdata;
    Error error = found->error;

    shell->facts = NULL;
    /* Its mask may have been changed meanwhile: then it is another one's turn. */
    if (turn_gpus(shell->manager, shell->pool) & ~shell->turn.gpus) {
        turn_ask(shell);
        return;
    }
    free(shell->tensor_split);
    shell->tensor_split = NULL;
    if (!error_is_set(&error) && found->fit.split.count > 0 &&
        split_plan_tensor_split(&found->fit.split, &shell->tensor_split) < 0)
        (void)error_set(&error, PM_ERROR_INTERNAL, NULL, "out of memory");
    /* Beside another engine nothing is tried that is in doubt: it can wait until that one is gone.
     */
    if (!error_is_set(&error) && shell->pool->role == ROLE_ARRIVING && found->fit.warning[0])
        (void)error_set(&error, PM_ERROR_DOES_NOT_FIT, NULL, "%s", found->fit.warning);
    if (!error_is_set(&error))
        tell_doubt(shell, found);
    answer(shell, &error);
}

static void gather(PoolShell *shell)
{
    Error error = {.code = PM_ERROR_NONE};
    Facts *facts = NULL; /* not in the shell: it may be done on return */
    int r = facts_begin(shell->manager, shell->pool, on_facts, shell, &facts);

    if (r == 0)
        shell->facts = facts;
    if (r >= 0)
        return;
    (void)error_set(&error, PM_ERROR_INTERNAL, NULL, "out of memory");
    answer(shell, &error);
}

/* Those whose turn it is. */
static void advance(Manager *m)
{
    Turn *turn;

    while (m->turns_open && (turn = turns_next(&m->turns)))
        gather(shell_of(turn));
}

/* What is known of the memory is not true any more when an engine has taken some, or given it back.
 */
static void leave(PoolShell *shell)
{
    if (!shell->takes_turn)
        return;
    shell->takes_turn = false;
    turns_leave(&shell->manager->turns, &shell->turn);
    if (shell->turn.holds && shell->turn.gpus)
        devices_expire(shell->manager);
}

const char *turn_waits_for(const Manager *m, const PoolShell *shell)
{
    const Turn *blocker;

    if (!shell->takes_turn || shell->turn.holds)
        return NULL;
    blocker = turns_blocker(&m->turns, &shell->turn);
    return blocker ? shell_of(blocker)->pool->id : NULL;
}

/* A wait may be long: it outlives our restart. */
static void tell_wait(PoolShell *shell)
{
    const char *other = turn_waits_for(shell->manager, shell);
    const LogField fields[] = {{"POOL_ID", shell->pool->id}};

    if (!other)
        return;
    journal_send(LOG_INFO, PM_MESSAGE_START_WAITS, fields, ELEMENTSOF(fields),
                 "Pool %s waits until the engine of pool %s, which uses a GPU of it, is ready or "
                 "gone",
                 shell->pool->id, other);
    (void)persist_state(registered(shell));
}

void turn_ask(PoolShell *shell)
{
    Manager *m = shell->manager;

    shell->facts = facts_free(shell->facts);
    leave(shell);
    turns_join(&m->turns, &shell->turn, turn_gpus(m, shell->pool));
    shell->takes_turn = true;
    tell_wait(shell);
    advance(m);
}

void turn_follow(PoolShell *shell)
{
    Manager *m = shell->manager;
    const Pool *pool = shell->pool;

    if (pool->state == POOL_PREFLIGHT)
        return;
    shell->facts = facts_free(shell->facts);
    if (pool_is_coming(pool)) {
        if (!shell->takes_turn)
            turns_take(&m->turns, &shell->turn, gpus_of_engine(m, pool));
        shell->takes_turn = true;
    } else if (shell->takes_turn) {
        leave(shell);
        advance(m);
    }
}

void turn_done(PoolShell *shell)
{
    shell->facts = facts_free(shell->facts);
    leave(shell);
    advance(shell->manager);
    free(shell->tensor_split);
    shell->tensor_split = NULL;
}

void turn_exchange(PoolShell *a, PoolShell *b)
{
    Turns *turns = &a->manager->turns;
    char *tensor_split = a->tensor_split;

    a->tensor_split = b->tensor_split;
    b->tensor_split = tensor_split;
    /* Only engines that have had their turn change places. */
    if (!b->takes_turn || a->takes_turn)
        return;
    turns_leave(turns, &b->turn);
    turns_take(turns, &a->turn, b->turn.gpus);
    a->takes_turn = true;
    b->takes_turn = false;
}

void turns_begin(Manager *m)
{
    m->turns_open = true;
    advance(m);
}
