/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <poolmgr/messages.h>
#include <stdio.h>
#include <syslog.h>

#include "base/exposition.h"
#include "gpu/amdgpu.h"
#include "gpu/inventory.h"
#include "manager/manager_internal.h"
#include "systemd/cgroup.h"
#include "systemd/journal.h"
#include "json/devices.h"
#include "json/encode.h"

/* What is known of the host's GPUs, and whose processes are on them. */

/* What is as young as this is not looked for again. */
static const usec_t FRESH_USEC = USEC_PER_SEC;
static const usec_t TIMER_ACCURACY_USEC = USEC_PER_SEC;

struct DevicesWaiter {
    DevicesWaiter *next; /* younger */
    uint64_t look;       /* the one that it waits for, or a later one */
    struct Devices *devices;
    DevicesFunc f;
    void *userdata;
};

typedef struct Devices {
    Manager *manager;
    Inventory *inventory;
    sd_event_source *timer;
    GpuInventory *known; /* NULL: nothing yet */
    usec_t known_usec;   /* since when, monotonic */
    DevicesWaiter *waiters;
    uint64_t looks;  /* how many were begun */
    uint64_t seen;   /* the one that `known` is from */
    uint64_t needed; /* what earlier ones have seen is out of date; see devices_expire() */
    bool silence_told;
} Devices;

static void arm(Devices *d)
{
    (void)sd_event_source_set_time_relative(d->timer, d->manager->gpu_refresh_usec);
    (void)sd_event_source_set_enabled(d->timer, SD_EVENT_ONESHOT);
}

static usec_t age(const Devices *d)
{
    return usec_sub(manager_now(d->manager).mono, d->known_usec);
}

/* The pool whose engine the process belongs to. */
static void find_pool(const Manager *m, GpuProcess *process)
{
    char unit[PM_UNIT_NAME_MAX + 1];
    UnitName name;

    if (!cgroup_unit_of(NULL, process->pid, unit) || unit_name_parse(unit, &name) < 0 ||
        !registry_get(&m->registry, name.pool_id))
        return;
    memcpy(process->pool_id, name.pool_id, sizeof(process->pool_id));
    process->generation = name.generation;
}

static const char *problem_of(const GpuInventory *inventory, size_t i)
{
    return inventory && i < inventory->count ? inventory->gpus[i].problem : "";
}

/* What is new since the last time. */
static void log_problems(const GpuInventory *before, const GpuInventory *now)
{
    if (now->problem[0] && !(before && streq(before->problem, now->problem)))
        journal_send(LOG_WARNING, PM_MESSAGE_GPU_PROBLEM, NULL, 0, "GPUs cannot be looked for: %s",
                     now->problem);
    for (size_t i = 0; i < now->count; i++)
        if (now->gpus[i].problem[0] && !streq(problem_of(before, i), now->gpus[i].problem))
            journal_send(LOG_WARNING, PM_MESSAGE_GPU_PROBLEM, NULL, 0, "GPU %" PRIu64 " (%s): %s",
                         now->gpus[i].index,
                         now->gpus[i].pci_id[0] ? now->gpus[i].pci_id : "PCI address not known",
                         now->gpus[i].problem);
    if ((before ? before->count : 0) != now->count)
        journal_say(LOG_INFO, PM_MESSAGE_GPU_COUNT, "There are %zu GPU(s)", now->count);
}

static void log_silence(Devices *d)
{
    char known[64] = "nothing is known of the GPUs";

    if (d->known)
        (void)snprintf(known, sizeof(known), "what is known of the GPUs is %" PRIu64 " s old",
                       (uint64_t)(age(d) / USEC_PER_SEC));
    journal_send(LOG_ERR, PM_MESSAGE_GPU_SILENT, NULL, 0,
                 "The driver of the GPUs does not answer ([GPU] AnswerSec= is over): %s", known);
    d->silence_told = true;
}

/* Those that no later look than `until` is for. A waiter's function may do anything. */
static void tell_waiters(Devices *d, uint64_t until)
{
    for (;;) {
        DevicesWaiter *w = d->waiters;
        DevicesFunc f;
        void *userdata;

        while (w && w->look > until)
            w = w->next;
        if (!w)
            return;
        f = w->f;
        userdata = w->userdata;
        devices_waiter_free(w);
        f(userdata);
    }
}

static void take_over(Devices *d, GpuInventory *found)
{
    for (size_t i = 0; i < found->count; i++)
        for (size_t j = 0; j < found->gpus[i].processes_count; j++)
            find_pool(d->manager, &found->gpus[i].processes[j]);
    gpu_release_see(d->manager, found);
    driver_fault_see(d->manager, found);
    log_problems(d->known, found);
    free(d->known);
    d->known = found;
    d->known_usec = manager_now(d->manager).mono;
    if (d->silence_told)
        journal_send(LOG_NOTICE, PM_MESSAGE_GPU_ANSWERS, NULL, 0,
                     "The driver of the GPUs answers again");
    d->silence_told = false;
    arm(d);
}

static int refresh(Devices *d)
{
    bool busy = inventory_is_busy(d->inventory);
    int r = inventory_refresh(d->inventory, d->manager->gpu_answer_usec);

    if (!busy && r >= 0)
        d->looks++;
    return r;
}

static void on_found(GpuInventory *found, void *userdata)
{
    Devices *d = userdata;

    if (!found) {
        log_silence(d);
        tell_waiters(d, UINT64_MAX);
        return;
    }
    take_over(d, found);
    d->seen = d->looks;
    tell_waiters(d, d->looks);
    if (d->waiters && refresh(d) < 0)
        tell_waiters(d, UINT64_MAX);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
    Devices *d = userdata;

    if (refresh(d) < 0)
        arm(d);
    return 0;
}

int devices_start(Manager *m, const char *nvml_library)
{
    const InventorySources sources = {nvml_library, getenv("PATH"), AMDGPU_ROOT};
    Devices *d = calloc(1, sizeof(*d));
    int r;

    if (!d)
        return -ENOMEM;
    m->devices = d;
    d->manager = m;
    r = inventory_new(m->event, &sources, on_found, d, &d->inventory);
    if (r >= 0)
        r = sd_event_add_time_relative(m->event, &d->timer, CLOCK_MONOTONIC, 0, TIMER_ACCURACY_USEC,
                                       on_timer, d);
    return r;
}

void devices_done(Manager *m)
{
    Devices *d = m->devices;

    if (!d)
        return;
    while (d->waiters)
        devices_waiter_free(d->waiters);
    sd_event_source_disable_unref(d->timer);
    inventory_free(d->inventory);
    free(d->known);
    free(d);
    m->devices = NULL;
}

/* For the look that is under way, or the next. */
static int add_waiter(Devices *d, uint64_t look, DevicesFunc f, void *userdata,
                      DevicesWaiter **ret_waiter)
{
    DevicesWaiter *w = calloc(1, sizeof(*w)), **end;

    if (!w || refresh(d) < 0) {
        free(w);
        return -ENOMEM;
    }
    *w = (DevicesWaiter){.look = look, .devices = d, .f = f, .userdata = userdata};
    for (end = &d->waiters; *end; end = &(*end)->next)
        ;
    *end = w;
    *ret_waiter = w;
    return 0;
}

void devices_expire(Manager *m)
{
    if (m->devices)
        m->devices->needed = m->devices->looks + 1;
}

int devices_look(Manager *m, DevicesFunc f, void *userdata, DevicesWaiter **ret_waiter)
{
    Devices *d = m->devices;

    if (inventory_is_overdue(d->inventory))
        return -EBUSY;
    return add_waiter(d, d->looks + 1, f, userdata, ret_waiter);
}

bool devices_answer(const Manager *m)
{
    return !inventory_is_overdue(m->devices->inventory);
}

void devices_remark(Manager *m)
{
    if (m->devices && m->devices->known)
        driver_fault_see(m, m->devices->known);
}

void devices_notice(Manager *m)
{
    if (m->devices->known && m->devices->known->count > 0)
        (void)refresh(m->devices);
}

int manager_refresh_devices(Manager *m, DevicesFunc f, void *userdata, DevicesWaiter **ret_waiter)
{
    Devices *d = m->devices;

    if (inventory_is_overdue(d->inventory) ||
        (d->known && d->seen >= d->needed && age(d) < FRESH_USEC)) {
        f(userdata);
        return 1;
    }
    return add_waiter(d, d->needed, f, userdata, ret_waiter);
}

DevicesWaiter *devices_waiter_free(DevicesWaiter *w)
{
    DevicesWaiter **p;

    if (!w)
        return NULL;
    for (p = &w->devices->waiters; *p && *p != w; p = &(*p)->next)
        ;
    if (*p)
        *p = w->next;
    free(w);
    return NULL;
}

const GpuInventory *manager_devices(const Manager *m, usec_t *ret_age)
{
    const Devices *d = m->devices;

    *ret_age = d->known ? age(d) : USEC_INFINITY;
    return d->known;
}

int manager_describe_devices(const Manager *m, char **ret_text, size_t *ret_length)
{
    const Devices *d = m->devices;
    const DevicesView view = {
            .inventory = d->known,
            .age_ms = usec_to_ms(age(d)),
            .answers = !inventory_is_overdue(d->inventory),
    };

    return json_text(json_devices(&view), false, ret_text, ret_length);
}

/* Those of NVIDIA's are named as in masks. */
static void write_gpu(Text *t, const char *name, const Gpu *gpu, uint64_t bytes)
{
    char device[32];
    const MetricLabel label = {"device", device};

    (void)snprintf(device, sizeof(device), "%s%" PRIu64, gpu->vendor == GPU_AMD ? "amd" : "",
                   gpu->index);
    if (bytes != SPEC_UNSET)
        metric_number(t, name, (MetricLabels){&label, 1}, bytes);
}

void devices_write_metrics(const Manager *m, Text *t)
{
    static const char total[] = "vram_total_bytes", unused[] = "vram_free_bytes";
    const Devices *d = m->devices;
    size_t count = d->known && !inventory_is_overdue(d->inventory) ? d->known->count : 0;

    metric_describe(t, total, METRIC_GAUGE, "Memory of the GPU.");
    for (size_t i = 0; i < count; i++)
        write_gpu(t, total, &d->known->gpus[i], d->known->gpus[i].memory_total_bytes);
    metric_describe(t, unused, METRIC_GAUGE, "Memory of the GPU that nobody uses.");
    for (size_t i = 0; i < count; i++)
        write_gpu(t, unused, &d->known->gpus[i], d->known->gpus[i].memory_free_bytes);
}
