/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "core/registry.h"

#include "fake-manager.h"

enum {
    FAKE_OPERATIONS_MAX = 256,
    FAKE_EVENTS_KEPT = 8,
    FAKE_LISTENERS_MAX = 4,
};

typedef struct FakeEvent {
    uint64_t id;
    char *pool_id, *data;
} FakeEvent;

struct Manager {
    bool recovered;
    bool instant;
    size_t list_size;
    size_t more_metrics; /* lines */
    Registry registry;
    Operation *operations[FAKE_OPERATIONS_MAX];
    size_t n_operations;
    uint64_t last_operation;
    size_t n_warnings;
    char correlation_id[PM_CORRELATION_ID_MAX + 1];

    /* fake-registry.c */
    bool lock_is_held; /* by somebody else */
    usec_t slow_usec;
    AccessWaiter *access_waiters;
    unsigned reads, writes; /* accesses that were granted */
    int inside;             /* of an access: 0 none, 1 + ManagerAccess */
    char last_call[256];

    /* fake-events.c */
    const ManagerListener *listeners[FAKE_LISTENERS_MAX];
    size_t n_listeners;
    FakeEvent events[FAKE_EVENTS_KEPT]; /* that of id n at n % FAKE_EVENTS_KEPT */
    uint64_t last_event;
    int log_fd;    /* to give out next; -1: refuse */
    LogQuery logs; /* that were asked for last */
};

Pool *fake_manager_find(const Manager *m, const char *pool_id);

/* Notes the call for fake_manager_last_call(), and checks that the lock is held as it must be. */
void fake_manager_note(Manager *m, ManagerAccess access, const char *format, ...) _printf_(3, 4);
