/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/gpu_trace.h"
#include "core/spec.h"

static const uint64_t MIB = 1ULL << 20;

/* Two GPUs of 24 GiB: before the engine, while it runs, and after its end. */
static GpuInventory before, during, after;
static GpuTrace trace;

static void add(GpuInventory *v, size_t gpu, uint64_t pid, uint64_t mib, const char *pool_id)
{
    Gpu *g = &v->gpus[gpu];
    GpuProcess *p = &g->processes[g->processes_count++];

    *p = (GpuProcess){
            .pid = pid, .memory_bytes = mib == SPEC_UNSET ? mib : mib * MIB, .generation = 7};
    (void)snprintf(p->pool_id, sizeof(p->pool_id), "%s", pool_id);
}

/* `used`: MiB of the second GPU, whatever its processes have. */
static void set_used(GpuInventory *v, uint64_t used)
{
    v->gpus[1].memory_free_bytes = v->gpus[1].memory_total_bytes - used * MIB;
}

static void empty(GpuInventory *v)
{
    *v = (GpuInventory){.source = "nvml", .count = 2};
    for (size_t i = 0; i < 2; i++) {
        v->gpus[i].index = i;
        v->gpus[i].memory_total_bytes = v->gpus[i].memory_free_bytes = 24576 * MIB;
        v->gpus[i].processes_known = true;
    }
}

static int setup(void **state)
{
    empty(&before);
    empty(&during);
    empty(&after);
    set_used(&before, 500);
    set_used(&during, 2600);
    set_used(&after, 500);
    add(&during, 1, 4711, 2048, "chat");
    gpu_trace_begin(&trace, "chat", 7, &before);
    return 0;
}

static GpuMemoryAnswer judge(void)
{
    GpuMemoryAnswer answer;

    gpu_trace_see(&trace, &during);
    gpu_trace_judge(&trace, &after, &answer);
    return answer;
}

static void assert_held(GpuMemoryAnswer a, uint64_t index, uint64_t pid, uint64_t mib)
{
    assert_int_equal(a.memory, GPU_MEMORY_HELD);
    assert_int_equal(a.index, index);
    assert_int_equal(a.pid, pid);
    assert_int_equal(a.bytes, mib == SPEC_UNSET ? mib : mib * MIB);
}

static void test_back(void **state)
{
    assert_int_equal(judge().memory, GPU_MEMORY_BACK);
}

static void test_process_is_left(void **state)
{
    add(&after, 1, 4711, 2048, "");
    assert_held(judge(), 1, 4711, 2048);
    /* One whose memory the driver does not tell has some all the same. */
    after.gpus[1].processes[0].memory_bytes = SPEC_UNSET;
    assert_held(judge(), 1, 4711, SPEC_UNSET);
    add(&after, 0, 4711, 10, "");
    assert_int_equal(judge().more, 1);
}

/* One that was never seen while it ran, but known by its number, or by its cgroup. */
static void test_process_by_other_means(void **state)
{
    during.gpus[1].processes_count = 0;
    add(&after, 1, 99, 300, "");
    assert_int_equal(judge().memory, GPU_MEMORY_BACK);
    gpu_trace_add_pid(&trace, 99);
    assert_held(judge(), 1, 99, 300);
    after.gpus[1].processes_count = 0;
    add(&after, 0, 100, 200, "chat");
    assert_held(judge(), 0, 100, 200);
}

/* Its number is that of another engine by now. */
static void test_number_used_again(void **state)
{
    add(&after, 1, 4711, 2048, "code");
    assert_int_equal(judge().memory, GPU_MEMORY_BACK);
    /* Or that of the engine that has taken this one's place. */
    after.gpus[1].processes_count = 0;
    add(&after, 1, 4712, 2048, "chat");
    after.gpus[1].processes[0].generation = 8;
    assert_int_equal(judge().memory, GPU_MEMORY_BACK);
}

/* Others that come, go, and were there are accused of nothing. */
static void test_others(void **state)
{
    add(&after, 1, 1, 300, "");
    add(&after, 1, 2, 9000, "code");
    set_used(&after, 9800);
    assert_int_equal(judge().memory, GPU_MEMORY_BACK);
    /* Not even when more is used than they tell: what they have is theirs to say. */
    set_used(&after, 20000);
    assert_int_equal(judge().memory, GPU_MEMORY_BACK);
}

static void test_of_no_process(void **state)
{
    GpuMemoryAnswer a;
    char text[300];

    set_used(&after, 2548);
    a = judge();
    assert_held(a, 1, 0, 2048);
    gpu_memory_describe(&a, text, sizeof(text));
    assert_string_equal(text,
                        "GPU 1 has not given back the engine's memory: 2048 MiB more are used "
                        "than before its start, and no process accounts for them");
    /* The driver's own pages are not worth a word. */
    set_used(&after, 600);
    assert_int_equal(judge().memory, GPU_MEMORY_BACK);
    /* With the same neighbour before and after it is still told, however they are listed. */
    add(&before, 1, 7, 100, "code");
    add(&before, 1, 8, 100, "");
    gpu_trace_begin(&trace, "chat", 7, &before);
    add(&after, 1, 8, 100, "");
    add(&after, 1, 7, 100, "code");
    set_used(&after, 2748);
    assert_held(judge(), 1, 0, 2248);
}

/* Where anything is not known, nobody is accused. */
static void test_of_no_process_but_doubtful(void **state)
{
    set_used(&after, 2548);
    gpu_trace_begin(&trace, "chat", 7, NULL);
    assert_int_equal(judge().memory, GPU_MEMORY_BACK);
    before.gpus[1].memory_free_bytes = SPEC_UNSET;
    gpu_trace_begin(&trace, "chat", 7, &before);
    assert_int_equal(judge().memory, GPU_MEMORY_BACK);
    set_used(&before, 500);
    add(&before, 1, 5, SPEC_UNSET, "");
    add(&after, 1, 5, SPEC_UNSET, "");
    gpu_trace_begin(&trace, "chat", 7, &before);
    assert_int_equal(judge().memory, GPU_MEMORY_BACK);
    /* Nor by an engine that was never seen there. */
    empty(&before);
    gpu_trace_begin(&trace, "chat", 7, &before);
    after.gpus[1].processes_count = during.gpus[1].processes_count = 0;
    assert_int_equal(judge().memory, GPU_MEMORY_BACK);
}

static void test_not_known(void **state)
{
    GpuMemoryAnswer a;
    char text[300];

    after.gpus[1].processes_known = false;
    (void)snprintf(after.gpus[1].problem, sizeof(after.gpus[1].problem), "it cannot be used");
    a = judge();
    assert_int_equal(a.memory, GPU_MEMORY_UNKNOWN);
    gpu_memory_describe(&a, text, sizeof(text));
    assert_string_equal(text, "whether the engine's memory of the GPUs is free again is not known: "
                              "of GPU 1 it cannot be used");
    /* Of a GPU on which it never was nothing needs to be known. */
    after.gpus[1].processes_known = true;
    after.gpus[0].processes_known = false;
    assert_int_equal(judge().memory, GPU_MEMORY_BACK);
    /* What is known to be held counts more. */
    add(&after, 1, 4711, 2048, "");
    after.gpus[1].processes_known = false;
    assert_held(judge(), 1, 4711, 2048);
    after = (GpuInventory){.count = 0, .problem = "NVML: Driver Not Loaded"};
    a = judge();
    assert_int_equal(a.memory, GPU_MEMORY_UNKNOWN);
    assert_string_equal(a.why, "NVML: Driver Not Loaded");
}

/* More processes than there is room for cost nothing but that. */
static void test_many_processes(void **state)
{
    for (uint64_t i = 1; i <= 2 * GPU_TRACE_PIDS_MAX; i++)
        gpu_trace_add_pid(&trace, i);
    gpu_trace_add_pid(&trace, 0);
    assert_int_equal(trace.count, GPU_TRACE_PIDS_MAX);
}

static void test_describe(void **state)
{
    GpuMemoryAnswer a = {.memory = GPU_MEMORY_HELD,
                         .vendor = GPU_AMD,
                         .index = 3,
                         .bytes = SPEC_UNSET,
                         .pid = 12,
                         .more = 2};
    char text[300];

    gpu_memory_describe(&a, text, sizeof(text));
    assert_string_equal(text, "GPU amd3 has not given back the engine's memory: memory held by its "
                              "process 12, and 2 more");
    a.memory = GPU_MEMORY_BACK;
    gpu_memory_describe(&a, text, sizeof(text));
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(test_back, setup),
            cmocka_unit_test_setup(test_process_is_left, setup),
            cmocka_unit_test_setup(test_process_by_other_means, setup),
            cmocka_unit_test_setup(test_number_used_again, setup),
            cmocka_unit_test_setup(test_others, setup),
            cmocka_unit_test_setup(test_of_no_process, setup),
            cmocka_unit_test_setup(test_of_no_process_but_doubtful, setup),
            cmocka_unit_test_setup(test_not_known, setup),
            cmocka_unit_test_setup(test_many_processes, setup),
            cmocka_unit_test_setup(test_describe, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
