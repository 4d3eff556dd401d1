/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/parse.h"
#include "core/machine_internal.h"

/*
 * An engine that had a GPU is gone when its memory there is, too: until then the pool is stopping,
 * and nothing else begins. Memory that does not come back is waited for no longer than
 * [GPU] ReleaseSec=, and is told of.
 */

/* From one look to the next: as long again each time. */
static const usec_t PAUSE_MIN_USEC = 50 * USEC_PER_MSEC;
static const usec_t PAUSE_MAX_USEC = USEC_PER_SEC;

static void look(Step *s)
{
    s->pool->release.asked = true;
    s->pool->phase_deadline = s->pool->release.deadline; /* there may be no answer */
    effects_add(s->effects, EFFECT_CHECK_GPU);
}

static void begin(Step *s)
{
    Pool *p = s->pool;

    if (p->state == POOL_STOPPING)
        effects_add(s->effects, EFFECT_SAVE);
    else
        step_going_down(s);
    p->releasing = true;
    p->release = (Release){
            .deadline = usec_add(s->now.mono, s->settings->gpu_release_usec),
            .pause = PAUSE_MIN_USEC,
            .answer = {.memory = GPU_MEMORY_UNKNOWN,
                       .why = "the driver of the GPUs does not answer"},
    };
    look(s);
}

void step_engine_ended(Step *s, bool uses_gpu)
{
    if (uses_gpu && s->settings->gpu_release_usec > 0)
        begin(s);
    else
        step_ended(s);
}

void step_release_over(Step *s)
{
    Pool *p = s->pool;

    p->releasing = false;
    gpu_memory_describe(&p->release.answer, p->gpu_warning, sizeof(p->gpu_warning));
    utf8_repair(p->gpu_warning);
    if (p->release.answer.memory != GPU_MEMORY_BACK)
        step_log(s,
                 p->release.answer.memory == GPU_MEMORY_HELD ? LOG_GPU_MEMORY_HELD
                                                             : LOG_GPU_MEMORY_UNKNOWN,
                 NULL);
    step_ended(s);
}

void step_gpu_memory(Step *s, const GpuMemoryAnswer *answer)
{
    Pool *p = s->pool;
    Release *r = &p->release;

    if (!p->releasing || !r->asked)
        return;
    r->asked = false;
    r->answer = *answer;
    if (answer->memory != GPU_MEMORY_HELD || r->deadline <= s->now.mono) {
        step_release_over(s);
        return;
    }
    p->phase_deadline = usec_min(usec_add(s->now.mono, r->pause), r->deadline);
    r->pause = usec_min(2 * r->pause, PAUSE_MAX_USEC);
    /* Who it was outlives our restart. */
    if (answer->pid != p->held_pid) {
        p->held_pid = answer->pid;
        effects_add(s->effects, EFFECT_SAVE);
    }
}

void step_release_due(Step *s)
{
    if (s->pool->release.deadline <= s->now.mono)
        step_release_over(s);
    else
        look(s);
}

void step_note_held(Step *s)
{
    Pool *p = s->pool;
    char error[sizeof(p->last_error)];

    if (!p->gpu_warning[0])
        return;
    (void)snprintf(error, sizeof(error), "%s", p->state == POOL_FAILED ? p->last_error : "");
    step_set_error(s, p->state == POOL_FAILED ? p->last_error_class : FAILURE_NONE, "%s%s%s", error,
                   error[0] ? "; " : "", p->gpu_warning);
    if (p->operation.kind == OPERATION_NONE && p->role == ROLE_SERVING)
        p->gpu_warning[0] = '\0'; /* nobody waits for an answer */
}
