/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/gpu_trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "core/spec.h"

/* Drivers round, and keep some pages of their own when a context is gone. */
static const uint64_t SLACK_BYTES = 256ULL * 1024 * 1024;
static const uint64_t MIB = 1024ULL * 1024;

static bool has_pid(const GpuTrace *t, uint64_t pid)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->pids[i] == pid)
            return true;
    return false;
}

/* Whether the process is the engine's, or was: its number may be another engine's by now. */
static bool is_of(const GpuTrace *t, const GpuProcess *p)
{
    if (p->pool_id[0])
        return streq(p->pool_id, t->pool_id) && p->generation == t->generation;
    return has_pid(t, p->pid);
}

/* A number that differs with the set of the other processes, in whatever order they are listed. */
static uint64_t digest_others(const GpuTrace *t, const Gpu *gpu)
{
    uint64_t digest = 0;

    for (size_t i = 0; i < gpu->processes_count; i++) {
        uint64_t x = gpu->processes[i].pid + 1;

        if (is_of(t, &gpu->processes[i]))
            continue;
        x *= 0x9e3779b97f4a7c15ULL;
        x ^= x >> 29;
        digest += x * 0xbf58476d1ce4e5b9ULL;
    }
    return digest;
}

/* What is used and of no process. False: it cannot be told. */
static bool unaccounted(const Gpu *gpu, uint64_t *ret)
{
    uint64_t used, listed = 0;

    if (!gpu->processes_known || gpu->processes_count >= GPU_PROCESSES_MAX ||
        gpu->memory_total_bytes == SPEC_UNSET || gpu->memory_free_bytes == SPEC_UNSET ||
        gpu->memory_free_bytes > gpu->memory_total_bytes)
        return false;
    for (size_t i = 0; i < gpu->processes_count; i++) {
        if (gpu->processes[i].memory_bytes == SPEC_UNSET)
            return false;
        listed += gpu->processes[i].memory_bytes;
    }
    used = gpu->memory_total_bytes - gpu->memory_free_bytes;
    *ret = used > listed ? used - listed : 0;
    return true;
}

void gpu_trace_begin(GpuTrace *t, const char *pool_id, uint64_t generation,
                     const GpuInventory *before)
{
    memset(t, 0, sizeof(*t));
    (void)snprintf(t->pool_id, sizeof(t->pool_id), "%s", pool_id);
    t->generation = generation;
    for (size_t i = 0; before && i < before->count; i++) {
        GpuBefore *b = &t->before[i];

        b->known = unaccounted(&before->gpus[i], &b->unaccounted_bytes);
        b->others = digest_others(t, &before->gpus[i]);
    }
}

void gpu_trace_add_pid(GpuTrace *t, uint64_t pid)
{
    if (pid > 0 && !has_pid(t, pid) && t->count < GPU_TRACE_PIDS_MAX)
        t->pids[t->count++] = pid;
}

void gpu_trace_see(GpuTrace *t, const GpuInventory *now)
{
    for (size_t i = 0; i < now->count; i++)
        for (size_t k = 0; k < now->gpus[i].processes_count; k++) {
            const GpuProcess *p = &now->gpus[i].processes[k];

            if (!is_of(t, p))
                continue;
            gpu_trace_add_pid(t, p->pid);
            t->seen[i] = t->seen_anywhere = true;
        }
}

static void hold(const Gpu *gpu, uint64_t pid, uint64_t bytes, GpuMemoryAnswer *ret)
{
    if (ret->memory == GPU_MEMORY_HELD) {
        ret->more++;
        return;
    }
    ret->memory = GPU_MEMORY_HELD;
    ret->vendor = gpu->vendor;
    ret->index = gpu->index;
    ret->bytes = bytes;
    ret->pid = pid;
}

static void doubt(GpuMemoryAnswer *ret, const Gpu *gpu, const char *why)
{
    if (ret->memory != GPU_MEMORY_BACK)
        return;
    ret->memory = GPU_MEMORY_UNKNOWN;
    if (gpu)
        (void)snprintf(ret->why, sizeof(ret->why), "of GPU %" PRIu64 " %.*s", gpu->index, 150, why);
    else
        (void)snprintf(ret->why, sizeof(ret->why), "%s", why);
}

static void judge_processes(const GpuTrace *t, const Gpu *gpu, GpuMemoryAnswer *ret)
{
    for (size_t k = 0; k < gpu->processes_count; k++)
        if (is_of(t, &gpu->processes[k]))
            hold(gpu, gpu->processes[k].pid, gpu->processes[k].memory_bytes, ret);
}

static void judge_unaccounted(const GpuTrace *t, size_t i, const Gpu *gpu, GpuMemoryAnswer *ret)
{
    const GpuBefore *before = &t->before[i];
    uint64_t now;

    if (!t->seen[i] || !before->known || !unaccounted(gpu, &now) ||
        digest_others(t, gpu) != before->others)
        return;
    if (now > before->unaccounted_bytes && now - before->unaccounted_bytes > SLACK_BYTES)
        hold(gpu, 0, now - before->unaccounted_bytes, ret);
}

void gpu_trace_judge(const GpuTrace *t, const GpuInventory *now, GpuMemoryAnswer *ret)
{
    memset(ret, 0, sizeof(*ret));
    for (size_t i = 0; i < now->count; i++)
        judge_processes(t, &now->gpus[i], ret);
    /* One thing is told once: what a process holds is accounted for. */
    for (size_t i = 0; i < now->count && ret->memory == GPU_MEMORY_BACK; i++)
        judge_unaccounted(t, i, &now->gpus[i], ret);
    for (size_t i = 0; i < now->count; i++)
        if (!now->gpus[i].processes_known && (t->seen[i] || !t->seen_anywhere))
            doubt(ret, &now->gpus[i],
                  now->gpus[i].problem[0] ? now->gpus[i].problem : "the processes are not known");
    if (now->count == 0 || (t->seen_anywhere && !now->source && now->problem[0]))
        doubt(ret, NULL, now->problem[0] ? now->problem : "there are no GPUs any more");
}

static void format_amount(uint64_t bytes, char buffer[static 40])
{
    if (bytes == SPEC_UNSET)
        (void)snprintf(buffer, 40, "memory");
    else
        (void)snprintf(buffer, 40, "%" PRIu64 " MiB", bytes / MIB);
}

void gpu_memory_describe(const GpuMemoryAnswer *answer, char *buffer, size_t size)
{
    char amount[40], more[48] = "";

    buffer[0] = '\0';
    if (answer->memory == GPU_MEMORY_UNKNOWN)
        (void)snprintf(buffer, size,
                       "whether the engine's memory of the GPUs is free again is not known: %s",
                       answer->why);
    if (answer->memory != GPU_MEMORY_HELD)
        return;
    format_amount(answer->bytes, amount);
    if (answer->more > 0)
        (void)snprintf(more, sizeof(more), ", and %zu more", answer->more);
    if (answer->pid > 0)
        (void)snprintf(buffer, size,
                       "GPU %s%" PRIu64 " has not given back the engine's memory: %s held by its "
                       "process %" PRIu64 "%s",
                       answer->vendor == GPU_AMD ? "amd" : "", answer->index, amount, answer->pid,
                       more);
    else
        (void)snprintf(buffer, size,
                       "GPU %s%" PRIu64 " has not given back the engine's memory: %s more are used "
                       "than before its start, and no process accounts for them%s",
                       answer->vendor == GPU_AMD ? "amd" : "", answer->index, amount, more);
}
