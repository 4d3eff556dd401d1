/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <poolmgr/messages.h>
#include <stdio.h>
#include <syslog.h>

#include "base/exposition.h"
#include "gpu/gpu_faults.h"
#include "gpu/nvidia_devices.h"
#include "manager/manager_internal.h"
#include "manager/placement.h"
#include "systemd/journal.h"
#include "systemd/kernel_log.h"

/* What NVIDIA's driver writes into the kernel's log of GPUs that fail, and whom it concerns. */

/* The same of the same GPU is said again at once, and then again: it is logged once in this time.
 */
static const usec_t REPEAT_USEC = 10 * USEC_PER_SEC;

typedef struct DriverFaults {
    Manager *manager;
    KernelLog *log;
    NvidiaDevices devices;
    GpuFaults faults;
    PciAddress last_address;
    uint32_t last_number; /* 0: none yet */
    usec_t last_usec;
} DriverFaults;

/* As the inventory has it, or -1. */
static int known_index(const Manager *m, const PciAddress *address)
{
    const GpuInventory *known;
    PciAddress found;
    usec_t age;

    known = m->devices ? manager_devices(m, &age) : NULL;
    for (size_t i = 0; known && i < known->count; i++)
        if (known->gpus[i].vendor == GPU_NVIDIA &&
            pci_address_parse(known->gpus[i].pci_id, &found) == 0 &&
            pci_address_same_device(&found, address))
            return (int)known->gpus[i].index;
    return -1;
}

/* Its place among the GPUs, or -1. The driver may have been loaded since they were looked for. */
static int device_index(DriverFaults *f, const PciAddress *address)
{
    int index = nvidia_devices_find(&f->devices, address);
    NvidiaDevices now;

    if (index < 0 && nvidia_devices_read(NVIDIA_PROC, &now) >= 0) {
        f->devices = now;
        index = nvidia_devices_find(&f->devices, address);
    }
    return index < 0 ? known_index(f->manager, address) : index;
}

static void describe(const Xid *xid, int index, char *buffer, size_t size)
{
    const PciAddress *a = &xid->address;
    const char *meaning = xid_meaning(xid->number);
    char which[24] = "";

    if (index >= 0)
        (void)snprintf(which, sizeof(which), "%d ", index);
    (void)snprintf(buffer, size, "GPU %sat PCI %04x:%02x:%02x.%x: Xid %u%s%s%s", which, a->domain,
                   a->bus, a->device, a->function, xid->number, meaning ? " (" : "",
                   meaning ? meaning : "", meaning ? ")" : "");
}

/* The pool whose engine the process is; NULL: it is somebody else's, or a child of an engine. */
static const Pool *pool_of(const Manager *m, uint64_t pid)
{
    for (size_t i = 0; i < m->registry.count && pid > 0; i++)
        for (const Pool *p = m->registry.pools[i]; p; p = p->beside)
            if (p->unit.main_pid > 0 && (uint64_t)p->unit.main_pid == pid)
                return p;
    return NULL;
}

static void log_xid(DriverFaults *f, const Xid *xid, const char *what)
{
    const Pool *pool = pool_of(f->manager, xid->pid);
    const LogField fields[] = {{"POOL_ID", pool ? pool->id : NULL}};
    usec_t now = manager_now(f->manager).mono;

    if (xid->number == f->last_number && usec_sub(now, f->last_usec) < REPEAT_USEC &&
        pci_address_same_device(&xid->address, &f->last_address))
        return;
    f->last_number = xid->number;
    f->last_address = xid->address;
    f->last_usec = now;
    journal_send(xid_is_device_fault(xid) ? LOG_ERR : LOG_WARNING, PM_MESSAGE_GPU_FAULT, fields,
                 ELEMENTSOF(fields), "%s%s%s", what, xid->text[0] ? ": " : "", xid->text);
}

static void tell_engine(Manager *m, const Pool *engine, const char *what)
{
    Event event = {.type = EVENT_DRIVER_FAULT, .generation = engine->generation};

    (void)snprintf(event.failure, sizeof(event.failure), "%s", what);
    (void)manager_post(m, engine->id, &event);
}

static void tell_pools(DriverFaults *f, int index, const char *what)
{
    Manager *m = f->manager;
    DeviceIds known;

    placement_find_devices(m, &known);
    for (size_t i = 0; i < m->registry.count; i++) {
        const Pool *pool = m->registry.pools[i];

        if (!pool->spec || device_mask_match(pool->spec->device_mask, &known, index) == MASK_OTHER)
            continue;
        if (pool->beside) /* before what happens to the other makes it take its place */
            tell_engine(m, pool->beside, what);
        if (pool_has_engine(pool))
            tell_engine(m, pool, what);
    }
}

static void format_address(const PciAddress *a, char buffer[static 24])
{
    (void)snprintf(buffer, 24, "%04x:%02x:%02x.%x", a->domain, a->bus, a->device, a->function);
}

static void log_well(const GpuFault *fault, const char *how)
{
    char address[24];

    format_address(&fault->address, address);
    journal_send(LOG_NOTICE, PM_MESSAGE_GPU_WELL, NULL, 0,
                 "GPU at PCI %s is well again after Xid %u: %s", address, fault->xid, how);
}

/* Marks the GPU, and counts. */
static void note_fault(DriverFaults *f, const Xid *xid, int index, const char *what)
{
    char device[24];

    if (index >= 0)
        (void)snprintf(device, sizeof(device), "%d", index);
    else
        format_address(&xid->address, device);
    if (gpu_faults_add(&f->faults, xid, device, what, manager_now(f->manager)))
        devices_remark(f->manager);
}

static void note_recovery(DriverFaults *f, const Xid *xid)
{
    const GpuFault *fault = gpu_faults_clear(&f->faults, &xid->address);

    if (!fault)
        return;
    log_well(fault, "the driver says that nothing needs to be done");
    devices_remark(f->manager);
}

void driver_fault_see(Manager *m, GpuInventory *now)
{
    const GpuFault *fault;

    if (!m->driver_faults)
        return;
    while ((fault = gpu_faults_see(&m->driver_faults->faults, now)))
        log_well(fault, "the driver tells of it again");
    gpu_faults_mark(&m->driver_faults->faults, now);
}

/* Without a mask it may be on any of several. */
static bool runs_on(const Pool *pool, const DeviceIds *known, int index)
{
    if (!pool->spec || index < 0 || (!pool->spec->device_mask && known->count != 1))
        return false;
    return device_mask_match(pool->spec->device_mask, known, index) == MASK_COVERS;
}

void driver_fault_ready(Manager *m, const Pool *pool)
{
    DriverFaults *f = m->driver_faults;
    bool changed = false;
    DeviceIds known;

    if (!f || f->faults.count == 0)
        return;
    placement_find_devices(m, &known);
    for (size_t i = 0; i < f->faults.count; i++) {
        GpuFault *fault = &f->faults.items[i];

        if (!fault->active || !runs_on(pool, &known, device_index(f, &fault->address)) ||
            !gpu_faults_clear(&f->faults, &fault->address))
            continue;
        log_well(fault, "an engine is ready on it");
        changed = true;
    }
    if (changed)
        devices_remark(m);
}

static void write_count(Text *t, const char *device, uint64_t count)
{
    const MetricLabel label = {"device", device};

    metric_number(t, "driver_reset_total", (MetricLabels){&label, 1}, count);
}

/* Those that are known have a sample from the beginning. */
void driver_fault_write_metrics(const Manager *m, Text *t)
{
    static const GpuFaults none;
    const GpuFaults *faults = m->driver_faults ? &m->driver_faults->faults : &none;
    const GpuInventory *known;
    char device[24];
    usec_t age;

    metric_describe(t, "driver_reset_total", METRIC_COUNTER,
                    "Faults of the whole GPU that its driver has reported.");
    known = m->devices ? manager_devices(m, &age) : NULL;
    for (size_t i = 0; i < faults->count; i++)
        write_count(t, faults->items[i].device, faults->items[i].count);
    for (size_t i = 0; m->driver_faults && known && i < known->count; i++) {
        if (known->gpus[i].vendor != GPU_NVIDIA || gpu_faults_find(faults, &known->gpus[i]))
            continue;
        (void)snprintf(device, sizeof(device), "%" PRIu64, known->gpus[i].index);
        write_count(t, device, 0);
    }
}

static void on_message(const char *message, void *userdata)
{
    DriverFaults *f = userdata;
    char what[PM_ERROR_TEXT_MAX + 1];
    int index;
    Xid xid;

    if (xid_parse(message, &xid) < 0)
        return;
    index = device_index(f, &xid.address);
    describe(&xid, index, what, sizeof(what));
    log_xid(f, &xid, what);
    if (xid_is_recovery(&xid))
        note_recovery(f, &xid);
    if (!xid_is_device_fault(&xid))
        return;
    note_fault(f, &xid, index, what);
    tell_pools(f, index, what);
}

int driver_fault_start(Manager *m, const char *path)
{
    DriverFaults *f;
    int r;

    if (!path || !path[0])
        return 0;
    f = calloc(1, sizeof(*f));
    if (!f)
        return -ENOMEM;
    f->manager = m;
    r = kernel_log_new(m->event, path, on_message, f, &f->log);
    if (r < 0) {
        free(f);
        journal_say(LOG_NOTICE, PM_MESSAGE_GPU_FAULTS_UNSEEN,
                    "Faults of GPUs are not seen in the kernel's log, %s cannot be read: %s%s",
                    path, strerror(-r), r == -EPERM ? " (that takes CAP_SYSLOG)" : "");
        return r == -ENOMEM ? r : 0;
    }
    (void)nvidia_devices_read(NVIDIA_PROC, &f->devices);
    m->driver_faults = f;
    return 0;
}

void driver_fault_done(Manager *m)
{
    if (!m->driver_faults)
        return;
    kernel_log_free(m->driver_faults->log);
    free(m->driver_faults);
    m->driver_faults = NULL;
}
