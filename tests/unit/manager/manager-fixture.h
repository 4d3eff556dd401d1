/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "../store/store-fixture.h"
#include "../systemd/fake-manager.h"
#include "manager/manager_internal.h"

/* A manager with a runtime directory of its own, on a loop with a service manager that answers when
 * the test says so. */
typedef struct ManagerFixture {
    Folder *folder;       /* R */
    Folder *state_folder; /* the state directory */
    FakeManager *systemd;
    Settings *settings;
    Manager *m;
    int recovered; /* -1: not yet; else the error of the recovery, positive */
    int lock_fd;   /* somebody else's, -1: not held */
    int listen_fd; /* where external engines are: they take long to answer a health check */
    char url[32];
} ManagerFixture;

/* cmocka setup and teardown; *state is a ManagerFixture, its manager recovered, without engines. */
int manager_setup(void **state);
int manager_teardown(void **state);
#define manager_test(f) cmocka_unit_test_setup_teardown(f, manager_setup, manager_teardown)

/* The manager dies, with everything on disk as it is, and the next one reads it. */
void manager_die(ManagerFixture *f);
void manager_begin(ManagerFixture *f);

/* For those who run the loop until something is so: one turn of it, and when it is too long. */
usec_t loop_deadline(const ManagerFixture *f);
void run_once(ManagerFixture *f, usec_t deadline);
/* Runs the loop until *what is true; fails the test when that takes 10 s. */
void run_until(ManagerFixture *f, const bool *what);
/* Runs it until nothing is left to do but to wait. */
void settle(ManagerFixture *f);

/* Somebody else takes the registry lock (F_RDLCK, F_WRLCK), or gives it back. */
void others_lock(ManagerFixture *f, short type);
void others_unlock(ManagerFixture *f);

/* Whether the file below R is there. */
bool has_file(const ManagerFixture *f, const char *name);
/* Its text. The caller frees it. */
char *read_file(const ManagerFixture *f, const char *name);
/* Fails unless `part` stands in it. */
void assert_in_file(const ManagerFixture *f, const char *name, const char *part);

/* Runs the loop until the GPUs were looked for the first time: before, each start waits for that.
 */
void await_devices(ManagerFixture *f);

/* Registers the pool, which was not there. */
Pool *add_pool(ManagerFixture *f, const char *id);
/* The same, served by somebody else's engine, so that it grants leases. */
Pool *add_external(ManagerFixture *f, const char *id);
/* Preloads an engine. Its port is free, its model is not looked for. */
Pool *add_engine(ManagerFixture *f, const char *id, Operation **ret_operation);
/* The same of another replica than r0, and on another port. */
Pool *add_replica(ManagerFixture *f, const char *id, const char *replica, uint16_t port,
                  Operation **ret_operation);

/* The service manager tells of the pool's unit. */
void post_unit(ManagerFixture *f, const Pool *pool, const UnitObservation *u);
/* Its engine runs, and answers its first health check; the pool is ready after that. */
void starts_well(ManagerFixture *f, const Pool *pool);
void becomes_ready(ManagerFixture *f, const Pool *pool);
/* It is killed, and the pool is judged. */
void crashes(ManagerFixture *f, const Pool *pool);
