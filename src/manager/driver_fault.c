/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <syslog.h>

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
    PciAddress last_address;
    uint32_t last_number; /* 0: none yet */
    usec_t last_usec;
} DriverFaults;

/* Its place among the GPUs, or -1. The driver may have been loaded since they were looked for. */
static int device_index(DriverFaults *f, const PciAddress *address)
{
    int index = nvidia_devices_find(&f->devices, address);
    NvidiaDevices now;

    if (index < 0 && nvidia_devices_read(NVIDIA_PROC, &now) >= 0) {
        f->devices = now;
        index = nvidia_devices_find(&f->devices, address);
    }
    return index < 0 ? -1 : index;
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
    journal_send(xid_is_device_fault(xid) ? LOG_ERR : LOG_WARNING,
                 "6f1d3b5a7c9e4e2f8a0b2c4d6e8f1a40", fields, ELEMENTSOF(fields), "%s%s%s", what,
                 xid->text[0] ? ": " : "", xid->text);
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

    placement_device_ids(&f->devices, &known);
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
    if (xid_is_device_fault(&xid))
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
        journal_log(LOG_NOTICE,
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
