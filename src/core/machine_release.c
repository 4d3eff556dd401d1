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

static void note_answer(Release *r, const GpuMemoryAnswer *answer)
{
    char held[OPERATION_WARNING_MAX + 1];

    gpu_memory_describe(answer, held, sizeof(held));
    r->memory = answer->memory;
    error_text_set(&r->held, "%s", held);
}

static void begin(Step *s)
{
    static const GpuMemoryAnswer none = {
            .memory = GPU_MEMORY_UNKNOWN,
            .why = "the driver of the GPUs does not answer",
    };
    Pool *p = s->pool;

    if (p->state == POOL_STOPPING)
        effects_add(s->effects, EFFECT_SAVE);
    else
        step_going_down(s);
    p->releasing = true;
    p->release.deadline = usec_add(s->now.mono, s->settings->gpu_release_usec);
    p->release.pause = PAUSE_MIN_USEC;
    note_answer(&p->release, &none);
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
    error_text_set(&p->gpu_warning, "%s", strempty(p->release.held));
    if (p->release.memory != GPU_MEMORY_BACK)
        step_log(s,
                 p->release.memory == GPU_MEMORY_HELD ? LOG_GPU_MEMORY_HELD
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
    note_answer(r, answer);
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

    if (!p->gpu_warning)
        return;
    if (p->state == POOL_FAILED && p->last_error)
        step_set_error(s, p->last_error_class, "%s; %s", p->last_error, p->gpu_warning);
    else
        step_set_error(s, p->state == POOL_FAILED ? p->last_error_class : FAILURE_NONE, "%s",
                       p->gpu_warning);
    if (p->operation.kind == OPERATION_NONE && p->role == ROLE_SERVING)
        error_text_clear(&p->gpu_warning); /* nobody waits for an answer */
}
