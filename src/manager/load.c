/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <time.h>

#include "manager/manager_internal.h"
#include "probe/load_sampler.h"

/* How far a starting engine is with its model, without its help: what it has read, now and then. */

static const usec_t SAMPLE_USEC = 250 * USEC_PER_MSEC;
static const usec_t SAMPLE_ACCURACY_USEC = 20 * USEC_PER_MSEC;

/* One that has no process yet, as those that wait for their start, has read nothing. */
static bool is_loading(const Pool *pool)
{
    return (pool->state == POOL_STARTING || pool->state == POOL_WARMING) && pool->unit.main_pid > 0;
}

static uint64_t percent(uint64_t read, uint64_t model)
{
    return model == SPEC_UNSET || model == 0 ? SPEC_UNSET : read / (model / 100 + 1);
}

/* Tells the machine when there is something to see. */
static void sample(PoolShell *shell)
{
    Event event = {
            .type = EVENT_LOAD,
            .generation = shell->pool->generation,
            .load = {.model_bytes = shell->model_bytes},
    };
    uint64_t now;

    if (shell->model_bytes == SPEC_UNSET ||
        load_read_bytes(shell->pool->unit.main_pid, &event.load.read_bytes) < 0)
        return;
    now = percent(event.load.read_bytes, shell->model_bytes);
    if (now == shell->load_percent)
        return;
    shell->load_percent = now;
    (void)manager_post(shell->manager, shell->pool->id, &event);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
    (void)sd_event_source_set_time_relative(source, SAMPLE_USEC);
    (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    sample(userdata);
    return 0;
}

static void on_model_size(int error, uint64_t bytes, void *userdata)
{
    PoolShell *shell = userdata;

    shell->model_size = NULL;
    if (error >= 0)
        shell->model_bytes = bytes;
}

void load_done(PoolShell *shell)
{
    shell->load_generation = 0;
    shell->model_size = model_size_free(shell->model_size);
    shell->load_timer = sd_event_source_disable_unref(shell->load_timer);
}

void load_watch(PoolShell *shell)
{
    const Pool *pool = shell->pool;
    bool watched = shell->load_generation != 0;

    if (is_loading(pool) && shell->load_generation == pool->generation)
        return;
    if (watched)
        load_done(shell);
    if (!is_loading(pool) || !pool->spec || pool->spec->model_path[0] != '/')
        return;
    shell->load_generation = pool->generation;
    shell->model_bytes = shell->load_percent = SPEC_UNSET;
    /* Without it the status says less, that is all. */
    (void)model_size_start(shell->manager->event, pool->spec->model_path, on_model_size, shell,
                           &shell->model_size);
    (void)sd_event_add_time_relative(shell->manager->event, &shell->load_timer, CLOCK_MONOTONIC,
                                     SAMPLE_USEC, SAMPLE_ACCURACY_USEC, on_timer, shell);
}
